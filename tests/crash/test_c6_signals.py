"""SIGINT and SIGTERM once (end in order) and twice (leave at once); the next run goes on (docs/reliability.md C6)."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import oracle
import pytest
from crash_trials import database, mend, new_world
from sqlalchemy import create_engine, select
from virtual_clock import VirtualClock
from watching import Watched

from migrator.checkpoint.db.tables import migration

if TYPE_CHECKING:
    from figures import Note
    from oracle import Before
    from world import Place

AT_ONCE = 5.0  # seconds; the target is 1, the rest is for a busy machine
CREATE = "user/create/batch$"
# Where a run can stand when the signal comes: a path whose second answer is slow, and how many users arrive.
READING, SENDING = ("/manage/v1/user$", 0), (CREATE, 20)
ONCE = [
    ("sqlite", signal.SIGINT, *READING),
    pytest.param("sqlite", signal.SIGTERM, *READING, marks=pytest.mark.soak),
    ("sqlite", signal.SIGINT, *SENDING),
    pytest.param("sqlite", signal.SIGTERM, *SENDING, marks=pytest.mark.soak),
    ("postgres", signal.SIGTERM, *SENDING),
]


def first(place: Place) -> Before:
    """30 users for three batches."""
    return new_world(place, users=30, difficult=0)


def met(kind: str) -> Any:
    """The moment at which a request met a fault of this kind."""
    return lambda entries: any(entry["fault"] == kind for entry in entries)


def leave_and_mend(place: Place, start: Before) -> None:
    """Nothing was done twice so far, and a run brings everybody over."""
    oracle.check(place, start, whole=False)
    place.sandbox.control.clear_faults()
    # A pause that a server asked for is over then: it outlives the run (docs/reliability.md N19).
    assert mend(place, start, clock=VirtualClock()).states == {"created": 30}


def is_free(place: Place) -> bool:
    """Whether nobody holds the lease."""
    engine = create_engine(place.config.checkpoint.sqlalchemy_url)
    with engine.connect() as connection:
        holder = connection.execute(select(migration.c.holder)).scalar_one()
    engine.dispose()
    return holder is None


@pytest.mark.parametrize(("any_place", "number", "path", "arrived"), ONCE, indirect=["any_place"])
def test_c6_once_ends_in_order(any_place: Place, number: signal.Signals, path: str, arrived: int, note: Note) -> None:
    """The request in flight is finished and stored, the lease released, the exit code tells the signal."""
    place = any_place
    start = first(place)
    place.sandbox.control.set_faults({"kind": "slow", "path": path, "nth": 2, "params": {"seconds": 2}})

    with Watched(place) as running:
        assert running.until_seen(met("slow"))
        running.send(number)
        ended = running.ended(35)

    assert ended.code == 128 + number
    assert ended.document["outcome"] == "interrupted"
    assert ended.document["counts"]["created"] == arrived == len(place.targets())
    assert "sending" not in {row["state"] for row in oracle.read_rows(place.checkpoint, place).values()}
    assert is_free(place)
    leave_and_mend(place, start)
    note("C6", f"signals once, {database(place)}", 1)


@pytest.mark.parametrize(
    ("any_place", "number"), [("sqlite", signal.SIGINT), ("postgres", signal.SIGTERM)], indirect=["any_place"]
)
def test_c6_twice_leaves_at_once(any_place: Place, number: signal.Signals, note: Note) -> None:
    """The second signal does not wait for an answer that never comes."""
    place = any_place
    start = first(place)
    place.sandbox.control.set_faults({"kind": "lost", "path": CREATE, "nth": 2})

    with Watched(place) as running:
        assert running.until_seen(met("lost"))
        running.send(number)
        running.until_said("to quit at once")
        running.send(number)
        ended = running.ended(AT_ONCE)

    assert ended.code == 128 + number
    leave_and_mend(place, start)
    note("C6", f"signals twice, {database(place)}", 1)


def test_c6_ends_promptly_while_waiting_to_settle(place: Place, note: Note) -> None:
    """Nobody has to sit through the minute before the second look."""
    start = first(place)
    place.configure(descope={"settle_seconds": 120})
    place.sandbox.control.set_faults({"kind": "close", "path": CREATE, "when": "before"})

    with Watched(place) as running:
        running.until_said("not in Descope yet")
        running.send(signal.SIGINT)
        ended = running.ended(AT_ONCE)

    assert ended.code == 130
    assert ended.document["outcome"] == "interrupted"
    assert is_free(place)
    place.configure(descope={"settle_seconds": 0})
    leave_and_mend(place, start)
    note("C6", "signals while waiting", 1)


@pytest.mark.parametrize("path", ["/manage/v1/user$", "user/search$", CREATE], ids=["reading", "planning", "sending"])
def test_c6_ends_promptly_in_a_pause_after_429(place: Place, path: str, note: Note) -> None:
    """Nobody has to sit through a pause that a server asked for."""
    start = first(place)
    place.sandbox.control.set_faults(
        {"kind": "status", "path": path, "nth": 1, "params": {"code": 429, "headers": {"Retry-After": "600"}}}
    )

    with Watched(place) as running:
        assert running.until_seen(met("status"))
        running.send(signal.SIGINT)
        ended = running.ended(AT_ONCE)

    assert ended.code == 130
    assert ended.document["outcome"] == "interrupted"
    assert is_free(place)
    leave_and_mend(place, start)
    note("C6", "signals while waiting", 1)
