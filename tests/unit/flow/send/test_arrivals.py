"""Who of those sent is at Descope by now: by mark before login id, in the list or each asked for alone."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from in_memory import PLATFORM, Descope, run_context
from read_back import person
from stored_users import waiting
from two_migrations import target

from migrator.core.errors import StopRun
from migrator.core.model import FRESHLY_MIGRATED, MARK_PLATFORM, MARK_USER
from migrator.descope.attribute_value import AttributeDefinition
from migrator.flow.context import ProjectAttributes
from migrator.flow.send.arrivals import find_listed, find_one_by_one

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.descope.user import DescopeUser
    from migrator.flow.context import RunContext

AT_ONCE = 3


def queued(*user_ids: str) -> list[StoredUser]:
    """Docebo users who were sent."""
    return [waiting(target(user_id)) for user_id in user_ids]


def other(user_id: str, descope_id: str, **changes: Any) -> DescopeUser:
    """A stranger who has that user's login id."""
    return replace(person(user_id, attributes={}), user_id=descope_id, **changes)


def moved(user_id: str) -> DescopeUser:
    """That user, marked, under another login id by now."""
    return person(user_id, login_ids=(f"moved{user_id}@example.org",))


def ids(found: dict[str, DescopeUser]) -> dict[str, str]:
    """Docebo user id to Descope user id."""
    return {user_id: one.user_id for user_id, one in found.items()}


@pytest.fixture
def work(store: Checkpoint, tmp_path: Path) -> RunContext:
    return run_context(store, tmp_path)


def listed(work: RunContext, users: list[StoredUser], *held: DescopeUser, unlisted: str = "") -> dict[str, str]:
    """Who is found in the list of a Descope that holds these users."""
    assert isinstance(work.descope, Descope)
    work.descope.held, work.descope.unlisted = list(held), {unlisted}
    return ids(find_listed(work, users))


def asked(work: RunContext, kind: str) -> list[tuple[Any, ...]]:
    assert isinstance(work.descope, Descope)
    return work.descope.names(kind)


# --- in the list ---------------------------------------------------------------------------------


def test_everybody_is_looked_for_in_one_search_and_who_is_ours_not_again(work: RunContext) -> None:
    found = listed(work, queued("1", "2"), person("2"), person("1"), person("3"))

    assert found == {"1": "U1", "2": "U2"}
    assert asked(work, "search") == [("u1@example.org", "u2@example.org")]
    assert asked(work, "marked_as") == []


def test_who_is_not_found_by_login_is_looked_for_by_mark_and_nobody_else(work: RunContext) -> None:
    """Neither those who were found, nor whoever was not sent."""
    found = listed(work, queued("1", "2", "3"), moved("3"), person("1"), moved("4"))

    assert found == {"1": "U1", "3": "U3"}
    assert asked(work, "marked_as") == [(PLATFORM, "2", "3")]


def test_who_is_not_listed_yet_is_not_found(work: RunContext) -> None:
    assert listed(work, queued("1", "2"), person("1"), person("2"), unlisted="U1") == {"2": "U2"}


@pytest.mark.parametrize("first", ["ours", "the stranger"])
def test_of_several_with_one_login_the_marked_one_counts(work: RunContext, first: str) -> None:
    """A server may tell spellings apart that we take for one; in whatever order it shows them."""
    both = [person("1"), other("1", "S1", login_ids=("u1@example.org", "U1@Example.org"))]

    found = listed(work, queued("1"), *(both if first == "ours" else reversed(both)))

    assert found == {"1": "U1"}
    assert asked(work, "marked_as") == []


def test_of_several_strangers_the_first_one_counts(work: RunContext) -> None:
    assert listed(work, queued("1"), other("1", "S2"), other("1", "S1")) == {"1": "S2"}


def test_a_stranger_counts_where_nobody_carries_the_mark(work: RunContext) -> None:
    """Whoever sends must know that the login is taken; the mark is looked for all the same."""
    found = listed(work, queued("1"), other("1", "S1"))

    assert found == {"1": "S1"}
    assert asked(work, "marked_as") == [(PLATFORM, "1")]


def test_a_mark_outweighs_a_strangers_login(work: RunContext) -> None:
    assert listed(work, queued("1"), other("1", "S1"), moved("1")) == {"1": "U1"}


@pytest.mark.parametrize(
    "mark",
    [
        {MARK_PLATFORM: "other.docebosaas.com", MARK_USER: "1"},
        {MARK_PLATFORM: PLATFORM, MARK_USER: "2"},
        {MARK_PLATFORM: PLATFORM},
        {MARK_USER: "1"},
    ],
    ids=str,
)
def test_another_mark_or_half_of_one_is_a_strangers(work: RunContext, mark: dict[str, str]) -> None:
    """Such a user has the login id, and does not stand in the way of the one who is ours."""
    stranger = other("1", "S1", attributes=mark)

    assert listed(work, queued("1"), stranger) == {"1": "S1"}
    assert asked(work, "marked_as") == [(PLATFORM, "1")]
    assert listed(work, queued("1"), moved("1"), stranger) == {"1": "U1"}


def test_a_user_is_found_under_its_own_id_only(work: RunContext) -> None:
    """One search answers for many: nobody gets the user of somebody else."""
    swapped = [person("1", login_ids=("u2@example.org",)), person("2", login_ids=("u1@example.org",))]

    assert listed(work, queued("1", "2"), *swapped) == {"1": "U1", "2": "U2"}
    assert listed(work, queued("1", "2"), other("2", "S2")) == {"2": "S2"}


@pytest.mark.parametrize("undefined", [(MARK_PLATFORM,), (MARK_USER,), (MARK_PLATFORM, MARK_USER, FRESHLY_MIGRATED)])
def test_a_mark_that_is_not_defined_is_not_asked_for(work: RunContext, undefined: tuple[str, ...]) -> None:
    """Descope refuses a search by an attribute that it does not know."""
    work = replace(work, attributes=ProjectAttributes(missing=dict.fromkeys(undefined, AttributeDefinition(1))))

    assert listed(work, queued("1", "2"), moved("1"), other("2", "S2")) == {"2": "S2"}
    assert asked(work, "marked_as") == []


def test_any_other_attribute_that_is_not_defined_does_not_matter(work: RunContext) -> None:
    undefined = dict.fromkeys((FRESHLY_MIGRATED, "city"), AttributeDefinition(1))
    work = replace(work, attributes=ProjectAttributes(missing=undefined))

    assert listed(work, queued("1"), moved("1")) == {"1": "U1"}


def test_of_nobody_nobody_is_found(work: RunContext) -> None:
    assert listed(work, [], person("1")) == {}
    assert asked(work, "marked_as") == []


# --- one by one ----------------------------------------------------------------------------------


def test_each_is_asked_for_once_by_login_and_who_is_not_there_is_left_out(work: RunContext) -> None:
    """Whom search does not know yet is found, and so is a stranger; the mark is not looked at."""
    descope = Descope(person("1"), other("3", "S3"), moved("4"))
    work = replace(work, descope=descope)
    descope.unlisted = {"U1"}

    found = find_one_by_one(work, queued("1", "2", "3", "4"))

    assert ids(found) == {"1": "U1", "3": "S3"}
    assert descope.asked == [("by_login", f"u{number}@example.org") for number in (1, 2, 3, 4)]


def test_who_came_between_two_rounds_is_found_by_the_second(work: RunContext) -> None:
    descope = Descope()
    work = replace(work, descope=descope)
    assert find_one_by_one(work, queued("1")) == {}
    descope.held.append(person("1"))

    assert ids(find_one_by_one(work, queued("1"))) == {"1": "U1"}


def test_nobody_is_asked_for_where_nobody_is_left(work: RunContext) -> None:
    descope = Descope(person("1"))
    work = replace(work, descope=descope)

    assert find_one_by_one(work, []) == {}
    assert descope.asked == []


def test_as_many_are_asked_for_at_once_as_the_configuration_allows(store: Checkpoint, tmp_path: Path) -> None:
    """Requests that wait for each other come through together, and everybody gets the own answer."""
    together = threading.Barrier(AT_ONCE, timeout=20)

    class Waiting(Descope):
        def by_login(self, login_id: str) -> DescopeUser | None:
            together.wait()
            return super().by_login(login_id)

    user_ids = [str(number) for number in range(1, 2 * AT_ONCE + 1)]
    descope = Waiting(*map(person, user_ids))
    work = run_context(store, tmp_path, descope=descope, settings={"run": {"concurrency": AT_ONCE}})

    assert ids(find_one_by_one(work, queued(*user_ids))) == {user_id: f"U{user_id}" for user_id in user_ids}
    assert len(descope.names("by_login")) == len(user_ids)


def test_a_request_that_stops_the_run_is_the_last_one(work: RunContext) -> None:
    """What nobody could find out must not be taken for "is not there"."""

    class Stopping(Descope):
        def by_login(self, login_id: str) -> DescopeUser | None:
            if login_id.startswith("u2"):
                raise StopRun("Descope does not answer.")
            return super().by_login(login_id)

    descope = Stopping(person("1"), person("3"))
    work = replace(work, descope=descope)

    with pytest.raises(StopRun, match="does not answer"):
        find_one_by_one(work, queued("1", "2", "3"))
    assert descope.asked == [("by_login", "u1@example.org")]
