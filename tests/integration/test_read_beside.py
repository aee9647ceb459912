"""Users are read back while others are sent (docs/decisions/0019-read-back-beside-sending.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import oracle
from crash_trials import die_at
from runs import CREATE, go, small
from virtual_clock import VirtualClock

if TYPE_CHECKING:
    from world import Place

LOAD = "/v1/mgmt/users/load"


def order(place: Place) -> str:
    """The creates (c) and loads (l) in the order in which they arrived."""
    kinds = {CREATE: "c", LOAD: "l"}
    return "".join(kinds.get(entry["path"], "") for entry in place.sandbox.control.journal())


def large(place: Place) -> oracle.Before:
    start = small(place, 250)
    place.configure(docebo={"page_size": 200}, descope={"batch_size": 50}, run={"concurrency": 1})
    return start


def test_whoever_has_arrived_is_read_back_before_the_last_batch_is_sent(any_place: Place) -> None:
    """Each of 250 users is read back once, a hundred per call, the last fifty at the end; and all are counted."""
    start = large(any_place)

    figures = any_place.migrate(VirtualClock())

    assert order(any_place) == "cclcclcl"
    assert figures.read_back == {"same": 250, "differs": 0, "missing": 0, "extra": 0}
    document = figures.document()["verify"]
    assert (document["read"], document["scope"]) == (250, "sent")
    oracle.check(any_place, start, again=True)


def test_whoever_is_shown_late_is_read_again_at_the_end(place: Place) -> None:
    """Nobody counts as missing, or twice, because the server shows new users some seconds late."""
    start = large(place)
    place.configure(descope={"batch_size": 50, "settle_seconds": 3})
    place.sandbox.control.set_switches(descope={"get_lag": 2, "search_lag": 2})

    figures = place.migrate()

    assert figures.read_back == {"same": 250, "differs": 0, "missing": 0, "extra": 0}
    oracle.check(place, start)


def test_without_reading_back_nobody_is_read_back_meanwhile(place: Place) -> None:
    """`--no-verify` holds while others are sent, too."""
    large(place)

    assert go(place, verify=False).code == 0

    assert order(place) == "ccccc"


def test_a_kill_leaves_told_who_was_read_back(any_place: Place) -> None:
    """What the killed run has seen stands in the checkpoint; the next run reads back the others only."""
    start = large(any_place)
    fate = die_at(5, any_place.migrate, label=f"send Descope POST {CREATE}")
    assert fate.killed, fate.points

    told = any_place.forked("status", "--json").document["verify"]
    figures = any_place.migrate(VirtualClock())

    assert (told["read"], told["scope"]) == (200, "sent")
    assert figures.read_back == {"same": 50, "differs": 0, "missing": 0, "extra": 0}
    oracle.check(any_place, start, again=True)
