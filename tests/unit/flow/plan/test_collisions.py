"""Who of several users with one login may go on, and who needs a person (docs/decisions/0008)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import pytest
from stored_users import waiting
from two_migrations import put, put_logins, share_login, states, target

from migrator.checkpoint.users.collisions import colliding_users
from migrator.config.schema import PolicyConfig
from migrator.core.fields import SentFields, login_hash
from migrator.core.model import State
from migrator.core.reasons import Reason
from migrator.flow.plan import collisions
from migrator.flow.plan.collisions import Ruling, rule_on_group, set_losers_aside

if TYPE_CHECKING:
    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.checkpoint.users.stored_user import StoredUser

Choice: TypeAlias = Literal["conflict", "oldest", "newest_login"]


def member(
    user_id: str, email: str = "a@x.org", login_ids: tuple[str, ...] = ("a@x.org",), **columns: Any
) -> StoredUser:
    wanted = replace(target(user_id), login_id=login_ids[0], extra_login_ids=login_ids[1:], email=email)
    return replace(waiting(wanted), **columns)


def ruling(*group: StoredUser, choice: Choice = "conflict") -> Ruling:
    return rule_on_group("a key", group, PolicyConfig(duplicate_email=choice))


def winner(*group: StoredUser, choice: Choice) -> str | None:
    return ruling(*group, choice=choice).winner


def test_without_a_rule_all_of_them_wait_for_a_person() -> None:
    assert ruling(member("1"), member("2")) == Ruling(Reason.DUPLICATE_EMAIL, None, newcomers_only=False)


@pytest.mark.parametrize("choice", ["oldest", "newest_login"])
def test_the_rule_never_chooses_among_people_with_different_addresses(choice: Choice) -> None:
    group = [member("1", email="b@x.org", login_ids=("b@x.org",)), member("2")]
    assert ruling(*group, choice=choice) == Ruling(Reason.DUPLICATE_LOGIN, None, newcomers_only=False)


def test_the_rule_never_chooses_among_people_with_different_login_ids() -> None:
    group = [member("1", login_ids=("a@x.org", "extra")), member("2")]
    assert ruling(*group, choice="oldest") == Ruling(Reason.DUPLICATE_EMAIL, None, newcomers_only=False)


def test_an_address_spelled_differently_is_still_the_same_address() -> None:
    assert ruling(member("1", email="A@x.org"), member("2")).reason == "duplicate_email"


def test_who_has_no_address_collides_by_login() -> None:
    assert ruling(member("1", email=""), member("2", email="")).reason == "duplicate_login"
    assert ruling(member("1", email=""), member("2")).reason == "duplicate_email"


@pytest.mark.parametrize(
    ("held", "wanted", "reason"),
    [
        (("b@x.org", "lou"), ("a@x.org", "lou"), "duplicate_login"),
        (("a@x.org", "lou"), ("a@x.org", "lou"), "duplicate_email"),
        (("stra\u00dfe@x.org", "stra\u00dfe@x.org"), ("strasse@x.org", "strasse@x.org"), "duplicate_email"),
        (("", "lou"), ("a@x.org", "lou"), "duplicate_login"),
    ],
)
def test_d1_whose_profile_was_erased_shares_only_the_address_it_was_sent_with(
    held: tuple[str, str], wanted: tuple[str, str], reason: str
) -> None:
    """Who arrived has no profile any more; a newcomer with the same user name and another address shares a login."""
    (held_email, held_login), (email, login_id) = held, wanted
    arrived = member("1", email=held_email, login_ids=(held_login,), state=State.CREATED, target_id="U1")
    arrived = replace(arrived, sent=SentFields.of(arrived.target), profile=None)
    newcomer = member("2", email=email, login_ids=(login_id,))

    assert rule_on_group(login_hash(login_id), [arrived, newcomer], PolicyConfig()).reason == reason


def test_the_oldest_goes_on_and_an_unknown_date_is_the_youngest() -> None:
    group = [
        member("1"),
        member("2", source_created="2021-01-01", source_last_login="2024-01-01"),
        member("3", source_created="2020-01-01"),
    ]
    assert winner(*group, choice="oldest") == "3"


def test_of_equally_old_users_the_smaller_number_goes_on() -> None:
    assert winner(member("10"), member("9"), member("11"), choice="oldest") == "9"


def test_the_last_one_to_log_in_goes_on_and_the_older_one_of_two() -> None:
    group = [
        member("1", source_last_login="2020-01-01", source_created="2018-01-01"),
        member("3", source_last_login="2024-01-01", source_created="2019-01-01"),
        member("2", source_last_login="2024-01-01", source_created="2020-01-01"),
    ]
    assert winner(*group, choice="newest_login") == "3"
    assert winner(*reversed(group), choice="newest_login") == "3"


@pytest.mark.parametrize("choice", ["conflict", "oldest", "newest_login"])
@pytest.mark.parametrize("state", [State.CREATED, State.UPDATED, State.UNCHANGED, State.PENDING])
def test_a4_d1_who_holds_the_login_keeps_it_and_only_newcomers_are_set_aside(state: State, choice: Choice) -> None:
    """Whether who arrived has changed since or not: the change is sent, and no policy gives the login away."""
    holder = member("2", state=state, target_id="U2")
    expected = Ruling(Reason.DUPLICATE_EMAIL, None, newcomers_only=True)
    assert (
        ruling(member("1", source_created="2001-01-01", source_last_login="2030"), holder, member("3"), choice=choice)
        == expected
    )


def test_who_arrived_with_another_login_and_moves_to_one_that_newcomers_want_waits_with_them() -> None:
    group = [member("1"), member("2", target_id="U2", sent=SentFields({}, frozenset({"another key"})))]
    assert ruling(*group) == Ruling(Reason.DUPLICATE_EMAIL, None, newcomers_only=False)


def test_whoever_loses_is_set_aside_in_every_group_however_many(
    store: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three groups, two at a time: the oldest of each goes on."""
    monkeypatch.setattr(collisions, "GROUPS_AT_ONCE", 2)
    for user_id in ("1", "2", "3", "4", "5", "6"):
        created = "2020" if user_id in ("2", "4", "5") else "2021"
        put(store, user_id, source_created=created, profile=target(f"{-(-int(user_id) // 2)}").to_json())
        put_logins(store, user_id, f"key {-(-int(user_id) // 2)}")

    set_losers_aside(store, colliding_users(store), PolicyConfig(duplicate_email="oldest"))

    aside, waiting = (State.CONFLICT, "duplicate_email"), (State.PENDING, None)
    assert states(store) == {"1": aside, "2": waiting, "3": aside, "4": waiting, "5": waiting, "6": aside}


def test_who_holds_the_login_goes_on_in_the_checkpoint_too(store: Checkpoint) -> None:
    put(store, "1", target_id="U1", profile=target("9").to_json())
    put(store, "2", profile=target("9").to_json())
    share_login(store, "key", "1", "2")

    set_losers_aside(store, colliding_users(store), PolicyConfig(duplicate_email="oldest"))

    assert states(store) == {"1": (State.PENDING, None), "2": (State.CONFLICT, "duplicate_email")}


def test_whom_a_person_keeps_wins_and_two_of_them_win_nothing() -> None:
    """A decision comes before the policy; where two of a group are to be kept, everybody waits."""
    group = [member("1"), member("2"), member("3")]
    rules = PolicyConfig(duplicate_email="oldest")

    assert rule_on_group("a key", group, rules, {"2"}).winner == "2"
    assert rule_on_group("a key", group, rules, {"2", "3"}).winner is None
    assert rule_on_group("a key", group, rules).winner == "1"
