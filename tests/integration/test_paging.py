"""What pages may do while they are read, in whole runs (docs/reliability.md P3 to P8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import oracle
import pytest
from runs import LIST, calls, go, small
from virtual_clock import VirtualClock

if TYPE_CHECKING:
    from world import Place

    from migrator.report.summary import RunFigures

USERS = 21  # three pages of 7, two sweeps: six list requests
LAST = 6


def on_page_one(place: Place) -> dict[str, Any]:
    return min(place.sources(), key=lambda user: str(user["username"]).lower())


@pytest.mark.parametrize(("before_request", "first", "second"), [(1, 0, 0), (3, 1, 0), (LAST, 0, 1)])
def test_p3_an_edit_during_the_run_arrives(place: Place, before_request: int, first: int, second: int) -> None:
    """Edited before being read: created so; before being read again: updated; later: updated by the next run."""
    place.configure(docebo={"concurrency": 1})
    start = small(place, USERS)
    user_id = str(on_page_one(place)["user_id"])
    edit = {"op": "update", "before_request": before_request, "user_id": user_id, "keys": {"fullname": "Neue Frau"}}
    place.sandbox.control.set_script(edit)

    one = go(place)
    oracle.check(place, start, whole=before_request != LAST)
    assert (one.code, one.counts.get("updated", 0)) == (0, first)
    two = go(place)

    assert (two.code, two.counts.get("updated", 0)) == (0, first or second)
    assert oracle.check(place, start).targets[user_id]["name"] == "Neue Frau"


@pytest.mark.parametrize("before_sending", [False, True])
def test_p4_somebody_deleted_after_being_read_is_not_dropped(place: Place, before_sending: bool) -> None:
    """In a run that confirms the list before it plans: never sent; gone later: created, and vanished in the next."""
    start = small(place, USERS)
    user_id = str(on_page_one(place)["user_id"])

    def leaves(_figures: RunFigures) -> bool:
        place.sandbox.control.delete_docebo_user(user_id)
        return True

    if not before_sending:
        place.sandbox.control.set_script({"op": "delete", "before_request": 3, "user_id": user_id})
    one = go(place, limit=USERS, confirm=leaves) if before_sending else go(place, limit=USERS)

    arrived = USERS if before_sending else USERS - 1
    assert (one.code, one.counts["created"], one.counts["found"]) == (0, arrived, USERS)
    assert one.counts.get("vanished", 0) == USERS - arrived
    assert len(place.targets()) == arrived
    assert go(place).counts == {"found": USERS, "created": USERS - 1, "vanished": 1}
    assert (user_id in oracle.check(place, start).targets) == before_sending


def test_p4_somebody_deleted_before_the_list_is_confirmed_is_known_to_be_gone(place: Place) -> None:
    """Read by the first sweep and sent, and not shown by the confirming one: vanished at the end of the same run."""
    start = small(place, USERS)
    user_id = str(on_page_one(place)["user_id"])
    place.sandbox.control.set_script({"op": "delete", "before_request": 3, "user_id": user_id})

    run = go(place)

    assert run.counts == {"found": USERS, "created": USERS - 1, "vanished": 1}
    assert len(place.targets()) == USERS
    assert user_id in oracle.check(place, start).targets
    assert go(place).counts == run.counts


@pytest.mark.parametrize("repeat", [1, 6])
def test_p5_a_user_on_two_pages_is_one_user(place: Place, repeat: int) -> None:
    """Rows that come again on the next page are counted and sent once."""
    start = small(place, USERS)
    place.sandbox.control.set_switches(docebo={"repeat_rows": repeat})

    assert go(place).counts == {"found": USERS, "created": USERS}

    assert oracle.check(place, start).creates == USERS


ENDS: list[tuple[dict[str, Any], int]] = [
    ({"ties": "shuffled"}, 0),
    ({"empty_page": 2}, 0),
    ({"empty_page": 3, "total_count": "missing"}, 0),
    ({"has_more_data": "stuck_on_last_full_page"}, 0),
    ({"has_more_data": "stuck_on_last_full_page", "total_count": "missing"}, 0),
    ({"has_more_data": "always_true"}, 0),
    ({"has_more_data": "always_true", "total_count": "missing"}, 4),
    ({"has_more_data": "missing"}, 4),
    ({"stuck_page": 1}, 4),
    ({"stuck_page": 2, "total_count": "zero"}, 4),
    ({"hidden_rows": 3}, 4),
    ({"total_count": "zero"}, 0),
    ({"count": "overall", "total_count": "missing"}, 0),
]


@pytest.mark.parametrize(("switches", "code"), ENDS, ids=str)
def test_p6_the_end_is_the_end_only_when_all_agree(place: Place, switches: dict[str, Any], code: int) -> None:
    """However the list ends, or does not: everybody is read, or the run stops with 4 and has sent nobody."""
    start = small(place, USERS)
    place.sandbox.control.set_switches(docebo=switches)

    run = go(place)

    assert run.code == code, run.error
    assert oracle.check(place, start, whole=code == 0).creates == (USERS if code == 0 else 0)
    assert len(calls(place, LIST)) <= 4 * 6


def test_p6_equal_names_in_another_order_each_time_hide_nobody(place: Place) -> None:
    """With the sort column not unique and ties shuffled, pages overlap and miss; all are found before one is sent."""
    start = small(place, 40)
    for user in place.sources():
        place.sandbox.control.patch_docebo_user(str(user["user_id"]), username="same")
    start = oracle.before(place)
    place.sandbox.control.set_switches(docebo={"ties": "shuffled"})

    run = go(place)
    while run.code == 4:  # three sweeps in a row may all miss the last one
        assert oracle.check(place, start, whole=False).writes == 0
        run = go(place)

    assert run.counts == {"found": 40, "created": 40}
    oracle.check(place, start)


def test_p6_hidden_people_can_be_accepted(place: Place) -> None:
    """Fewer shown than counted stops the run; --accept-short-list goes by the pages."""
    start = small(place, USERS)
    place.sandbox.control.set_switches(docebo={"hidden_rows": 3})
    assert go(place).code == 4

    run = go(place, accept_short_list=True)

    assert (run.code, run.counts) == (0, {"found": USERS - 3, "created": USERS - 3})
    oracle.check(place, start, whole=False)


def test_p6_a_total_that_moves_is_only_a_hint(place: Place) -> None:
    """People who come and go between the pages move the total; the run ends, with everybody who stayed."""
    users = USERS + 14  # five pages, so that those who leave are less than a tenth
    start = small(place, users)
    ids = sorted(str(user["user_id"]) for user in place.sources())
    newcomer = {**on_page_one(place), "user_id": "77777777", "username": "aaa", "email": "aaa@example.org"}
    place.sandbox.control.set_script(
        {"op": "delete", "before_request": 2, "user_id": ids[4]},
        {"op": "delete", "before_request": 3, "user_id": ids[5]},
        {"op": "insert", "before_request": 3, "record": newcomer},
        {"op": "delete", "before_request": 8, "user_id": ids[6]},
    )

    run = go(place)

    assert (run.code, run.counts["found"]) == (0, run.counts["created"] + run.counts["vanished"])
    assert oracle.check(place, start).rows["77777777"]["state"] == "created"
    assert run.counts["created"] == users - 3 + 1


@pytest.mark.parametrize(("gone", "code"), [(2, 0), (3, 4), (21, 4)])
def test_p7_a_list_that_shrank_stops_the_run(place: Place, gone: int, code: int) -> None:
    """More than a tenth gone, or all: exit 4 and nothing changed; --accept-shrink goes on and deletes nobody."""
    start = small(place, USERS)
    go(place)
    rows = oracle.read_rows(place.checkpoint, place)
    for user in place.sources()[:gone]:
        place.sandbox.control.delete_docebo_user(str(user["user_id"]))
    so_far = oracle.before(place)

    run = go(place)

    assert run.code == code
    if code:
        now = oracle.read_rows(place.checkpoint, place)
        assert {key: row["state"] for key, row in now.items()} == {key: row["state"] for key, row in rows.items()}
        run = go(place, accept_shrink=True)
    assert run.counts == {"found": USERS, "vanished": gone} | ({"created": USERS - gone} if gone < USERS else {})
    assert len(place.targets()) == USERS
    assert oracle.check(place, so_far).writes == 0
    oracle.check(place, start)


@pytest.mark.parametrize("page", [1, 2, 3, 4, 5, 6])
def test_p8_a_sweep_that_broke_off_begins_again_at_page_one(place: Place, page: int) -> None:
    """Whichever page breaks the run, the next one reads from page 1: a page number means nothing later on."""
    start = small(place, USERS)
    place.sandbox.control.set_faults({"kind": "reset", "path": f"{LIST}$", "nth": page, "times": 1000})
    stopped = go(place)
    assert stopped.code == 4
    assert page > LAST // 2 or not oracle.check(place, start, whole=False).writes
    place.sandbox.control.clear_faults()
    so_far = len(place.sandbox.control.journal())

    run = go(place, VirtualClock())

    assert (run.code, run.counts) == (0, {"found": USERS, "created": USERS})
    assert next(entry["query"]["page"] for entry in calls(place, LIST) if entry["n"] > so_far) == "1"
    oracle.check(place, start)
