"""A list that collapses, at whatever moment of a migration's life: nobody is called gone on a guess."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import oracle
import pytest
from docebo_proxy import docebo_that_says
from runs import LIST, Run, calls, go, small

if TYPE_CHECKING:
    from collections.abc import Callable

    from world import Place

USERS, PAGES = 21, 3
SESSION = f"{LIST}/session"
RIGHTS_END = {"session_level": "admin", "power_user_sees": 3}


def go_while(place: Place, number: int, what: Callable[[], object], **options: Any) -> Run:
    """One run, with something that happens right behind the n-th page that Docebo hands out to it."""
    left = number

    def hand_out(_page: int, data: dict[str, Any]) -> dict[str, Any]:
        nonlocal left
        left -= 1
        if left == 0:
            what()
        return data

    platform = place.config.docebo.platform
    with docebo_that_says(hand_out, place.sandbox.docebo_url) as url:
        place.configure(docebo={"base_url": url, "platform": platform, "concurrency": 1})
        try:
            return go(place, **options)
        finally:
            place.configure(docebo={"base_url": place.sandbox.docebo_url})


def states(place: Place) -> dict[str, str]:
    return {user_id: row["state"] for user_id, row in oracle.read_rows(place.checkpoint, place).items()}


def words(run: Run) -> str:
    assert run.error is not None
    return f"{run.error.message} {run.error.fix}"


def delete(place: Place, number: int) -> None:
    for user in sorted(place.sources(), key=lambda user: str(user["user_id"]))[:number]:
        place.sandbox.control.delete_docebo_user(str(user["user_id"]))


@pytest.mark.parametrize("page", range(1, 7))
@pytest.mark.parametrize("total", ["correct", "missing"])
def test_a1_rights_that_end_in_a_first_run_stop_it(place: Place, page: int, total: str) -> None:
    """Whichever page is the last one read with full rights: exit 4 names the rights, and nobody is gone.

    A first sweep that was read without them is never planned.
    """
    start = small(place, USERS)
    control = place.sandbox.control
    control.set_switches(docebo={"total_count": total})

    run = go_while(place, page, lambda: control.set_switches(docebo=RIGHTS_END))

    assert (run.code, "not super_admin" in words(run)) == (4, True), run.error
    first_sweep = page < PAGES
    assert set(states(place).values()) <= {"pending", *([] if first_sweep else ["created"])}
    assert not (first_sweep and oracle.check(place, start, whole=False).writes)
    control.set_switches(docebo={"session_level": "super_admin"})
    assert go(place).counts == {"found": USERS, "created": USERS}
    oracle.check(place, start)


@pytest.mark.parametrize("page", range(1, 7))
def test_a1_rights_that_end_in_a_catch_up_stop_it(place: Place, page: int) -> None:
    """With everybody migrated and somebody gone, the same: nobody is marked, no profile asked for again."""
    small(place, USERS)
    go(place)
    delete(place, 1)  # else one sweep of three pages is all there is to read
    before = states(place)
    control = place.sandbox.control

    run = go_while(place, page, lambda: control.set_switches(docebo=RIGHTS_END), accept_shrink=True)

    assert (run.code, "not super_admin" in words(run)) == (4, True), run.error
    assert states(place) == before
    control.set_switches(docebo={"session_level": "super_admin"})
    assert go(place).counts == {"found": USERS, "created": USERS - 1, "vanished": 1}


def test_a1_rights_that_ended_are_named_before_hidden_people(place: Place) -> None:
    """A list that is short because the rights ended is not something to accept."""
    small(place, USERS)
    control = place.sandbox.control
    control.set_switches(docebo={"hidden_rows": 10})

    run = go_while(place, 1, lambda: control.set_switches(docebo=RIGHTS_END | {"power_user_sees": 18}))

    assert (run.code, "not super_admin" in words(run), "--accept" in words(run)) == (4, True, False), run.error


def test_a1_the_session_is_asked_once_more_behind_the_last_sweep(place: Place) -> None:
    """Before the first page, before a list is planned, and behind the last page; a filtered reading marks nobody."""
    small(place, USERS)
    go(place)
    assert len(calls(place, SESSION)) == 3

    go(place)
    assert len(calls(place, SESSION)) == 5  # one sweep was enough

    go(place, search_text="nobody at all")
    assert len(calls(place, SESSION)) == 6


@pytest.mark.parametrize("first_run", [True, False])
@pytest.mark.parametrize("total", ["correct", "missing"])
def test_a1_a_list_that_collapses_between_two_sweeps_stops_the_run(place: Place, first_run: bool, total: str) -> None:
    """A sweep that shows more than a tenth fewer than an earlier one of its run proves nothing about the rest."""
    start = small(place, USERS)
    control = place.sandbox.control
    control.set_switches(docebo={"total_count": total})
    if not first_run:
        go(place)
        newcomer = {**place.sources()[0], "user_id": "77777777", "username": "zzz", "email": "zzz@example.org"}
        control.put_docebo_user(newcomer)  # so that there is a second sweep
    before = states(place) if not first_run else {}
    pages = 3 if first_run else 4
    so_far = len(calls(place, LIST))

    run = go_while(place, pages, lambda: delete(place, 15))

    assert (run.code, "--accept-shrink" in words(run)) == (4, True), run.error
    assert "vanished" not in states(place).values()
    assert before.items() <= states(place).items()
    assert len(calls(place, LIST)) - so_far == pages + 1  # one look at the short list is enough
    oracle.check(place, start, whole=False)


@pytest.mark.parametrize("left", [0, 3, 18])
def test_a1_a_first_run_killed_after_its_sweep_still_knows_whom_it_saw(place: Place, left: int) -> None:
    """No earlier whole reading is needed: more than a tenth of the known users may not go, all of them included."""
    start = small(place, USERS)
    control = place.sandbox.control
    control.set_faults({"kind": "reset", "path": "/user/search$", "times": 1000})
    assert go(place).code == 4
    control.clear_faults()
    assert set(states(place).values()) == {"pending"}
    delete(place, USERS - left)

    run = go(place)

    assert (run.code, "--accept-shrink" in words(run)) == (4, True), run.error
    assert set(states(place).values()) == {"pending"}
    assert oracle.check(place, start, whole=False).writes == 0
    run = go(place, accept_shrink=True)
    assert run.counts == {"found": USERS, "vanished": USERS - left} | ({"created": left} if left else {})


@pytest.mark.parametrize("sweeps", ["settle", "single"])
@pytest.mark.parametrize("total", ["correct", "missing"])
def test_a1_newcomers_do_not_make_up_for_those_who_left(place: Place, sweeps: str, total: str) -> None:
    """The list is as long as before, yet a third of the known users is not in it: the run stops."""
    place.configure(docebo={"sweeps": sweeps})
    small(place, USERS)
    place.sandbox.control.set_switches(docebo={"total_count": total})
    go(place)
    before = states(place)
    one = place.sources()[0]
    delete(place, 7)
    for number in range(7):
        name = f"new{number}@example.org"
        place.sandbox.control.put_docebo_user({**one, "user_id": str(880 + number), "username": name, "email": name})

    run = go(place)

    assert (run.code, "--accept-shrink" in words(run)) == (4, True), run.error
    assert before.items() <= states(place).items()


def test_a1_people_called_gone_earlier_are_not_counted_again(place: Place) -> None:
    """Two of 21 leave each night: less than a tenth of those present each time until they are too few."""
    small(place, USERS)
    go(place)
    codes = []
    for _ in range(3):
        delete(place, 2)
        codes.append(go(place).code)

    assert codes == [0, 4, 4]  # 2 of 21; 2 of 19; 4 of 19


# --- which option answers which question -----------------------------------------------------------------------


@pytest.mark.parametrize("command", ["run", "plan"])
def test_item_3_a_short_list_is_not_accepted_as_a_shrunken_one(place: Place, command: str) -> None:
    """Docebo counts people it does not show: the error names --accept-short-list, and --accept-shrink is no answer."""
    start = small(place, USERS)
    place.sandbox.control.set_switches(docebo={"hidden_rows": 3})
    dry = command == "plan"

    run = go(place, accept_shrink=True, dry_run=dry)

    assert run.code == 4
    assert "--accept-short-list" in words(run)
    assert "--accept-shrink" not in words(run)
    assert go(place, accept_short_list=True, dry_run=dry).code == 0
    assert oracle.check(place, start, whole=False).creates == (0 if dry else USERS - 3)


def test_item_3_a_shrunken_list_is_not_accepted_as_a_short_one(place: Place) -> None:
    """With --accept-short-list most people gone still stop the run, and the error names --accept-shrink."""
    small(place, 40)
    place.sandbox.control.set_switches(docebo={"hidden_rows": 4})
    assert go(place, accept_short_list=True).code == 0
    before = states(place)
    delete(place, 30)

    run = go(place, accept_short_list=True)

    assert run.code == 4
    assert "--accept-shrink" in words(run)
    assert "--accept-short-list" not in words(run)
    assert states(place) == before
    assert go(place, accept_shrink=True).code == 4  # the list is short, too
    assert go(place, accept_short_list=True, accept_shrink=True).code == 0
    assert "vanished" in states(place).values()


def test_item_3_pending_registrations_can_be_lived_with_every_night(place: Place) -> None:
    """The total is too large each night, by more and more; who left is found, by two whole sweeps that agree."""
    small(place, 40)
    for night in range(1, 4):
        place.sandbox.control.set_switches(docebo={"hidden_rows": 3 + night})
        so_far = len(calls(place, LIST))
        delete(place, 1)
        assert go(place, accept_short_list=True).code == 0
        pages = [entry["query"]["page"] for entry in calls(place, LIST)[so_far:]]
        assert pages.count("1") == 2
        assert len(pages) <= 2 * (6 + 3)  # nor does a sweep look for the missing more than three pages on

    assert 0 < list(states(place).values()).count("vanished") <= 5


@pytest.mark.parametrize("option", ["--accept-shrink", "--accept-short-list"])
def test_item_3_both_commands_know_both_options(place: Place, option: str) -> None:
    """`plan` and `run` take the same answers."""
    small(place, 5)

    assert place.forked("plan", option, "--json").code == 0
    assert place.forked("run", "--yes", option, "--json").code == 0


# --- left out once ------------------------------------------------------------------------------------------------


def test_b14_somebody_left_out_by_a_search_and_then_deleted_is_vanished(place: Place) -> None:
    """What a run was asked to leave out says nothing about who is in Docebo's list: whole readings do."""
    small(place, USERS)
    go(place, limit=2)
    chosen, other = sorted(place.sources(), key=lambda user: str(user["user_id"]))[3:5]
    for user in place.sources():
        place.sandbox.control.patch_docebo_user(str(user["user_id"]), fullname=f"New {user['fullname']}")
    go(place, dry_run=True)
    go(place, search_text=chosen["email"])
    assert oracle.read_rows(place.checkpoint, place)[other["user_id"]]["reason"] == "search_text"
    place.sandbox.control.delete_docebo_user(other["user_id"])

    run = go(place)

    assert run.counts.get("vanished") == 1
    assert states(place)[other["user_id"]] == "vanished"
