"""Whole runs with rate limits: what was used is remembered, and what is left to others is left."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import oracle
import pytest
from crash_trials import die_at, new_world
from runs import CREATE, LIST, go
from sqlalchemy import select
from virtual_clock import FastClock, VirtualClock

from migrator.checkpoint.db.checkpoint import Checkpoint
from migrator.checkpoint.db.tables import pace
from migrator.checkpoint.runs.pace_memory import StoredPace
from migrator.core.clock import Clock
from migrator.core.past_calls import LoweredPace, PastCalls
from migrator.http.session import HttpSession

if TYPE_CHECKING:
    from pathlib import Path

    from world import Place

MINUTE, HOUR = 60.0, 3600.0
LIMITS: dict[str, Any] = {
    "docebo": {"page_size": 5, "calls_per_hour": 30},
    "descope": {"batch_size": 5, "rate_limits": {"create": 10, "search": 40, "user": 50}},
}


class LaterClock(VirtualClock):
    """A virtual clock that begins where another process's was."""

    def __init__(self, wall: float = 0.0) -> None:
        super().__init__()
        self._skipped = max(0.0, wall - self.time())


def limited(place: Place, users: int) -> oracle.Before:
    """Plain people, few calls allowed; nothing migrated yet."""
    place.configure(**LIMITS)
    return new_world(place, users=users, difficult=0)


def traced(place: Place, trace: Path, clock: Clock, **options: Any) -> None:
    """One run that writes the wall-clock time of each request to a file, right before it is sent."""
    exchange = HttpSession.exchange

    def noted(self: HttpSession, what: str, method: str, path: str, **others: Any) -> Any:
        handle = os.open(trace, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(handle, f"{path} {clock.time()!r}\n".encode())
        os.close(handle)
        return exchange(self, what, method, path, **others)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HttpSession, "exchange", noted)
        figures = place.migrate(clock, **options)
    assert figures.error is None


def times(trace: Path, *paths: str) -> list[float]:
    """When the requests of these paths were sent, in order."""
    lines = [line.split() for line in trace.read_text().splitlines()]
    return sorted(float(at) for path, at in lines if path in paths)


def most_in(moments: list[float], window: float) -> int:
    """The most requests in any window."""
    return max(sum(start <= moment < start + window for moment in moments) for start in moments)


@pytest.mark.parametrize("kill", [40, 60, 90, 130])
def test_n19_a_killed_run_and_the_next_one_stay_below_the_limits_together(
    any_place: Place, tmp_path: Path, kill: int
) -> None:
    """Killed in the middle of a minute and run again at once: no minute or hour of both runs holds too many calls."""
    place, trace = any_place, tmp_path / "trace"
    start = limited(place, 120)
    fate = die_at(kill, lambda: traced(place, trace, VirtualClock()))
    assert fate.killed
    before = times(trace, CREATE, LIST)

    traced(place, trace, LaterClock(max(times(trace, *{line.split()[0] for line in trace.read_text().splitlines()}))))

    assert len(before) < len(times(trace, CREATE, LIST))
    assert most_in(times(trace, CREATE), MINUTE) <= 10
    assert most_in([*times(trace, LIST), *times(trace, "/oauth2/token")], HOUR) <= 30
    oracle.check(place, start)


def test_n19_after_an_hour_nothing_is_held_up(place: Place, tmp_path: Path) -> None:
    """Whatever a killed run had reserved or learned, a run an hour later waits for nothing."""
    trace = tmp_path / "trace"
    limited(place, 20)
    assert die_at(30, lambda: traced(place, trace, VirtualClock())).killed
    clock = LaterClock(max(times(trace, LIST)) + 1.02 * HOUR)

    traced(place, trace, clock)

    assert clock.waits == []


@pytest.mark.parametrize("jump", [-86_400.0, -600.0])
def test_n19_a_clock_that_was_set_back_blocks_for_one_window_at_most(place: Place, tmp_path: Path, jump: float) -> None:
    trace = tmp_path / "trace"
    limited(place, 45)
    place.configure(docebo={"calls_per_hour": 0})
    traced(place, trace, VirtualClock())
    place.sandbox.control.patch_docebo_user(place.sources()[0]["user_id"], fullname="Neue Frau")
    clock = VirtualClock()
    clock.jump = jump

    traced(place, trace, clock)

    assert sum(clock.waits) <= 1.02 * MINUTE


def test_n19_other_migrations_have_a_pace_of_their_own(any_place: Place) -> None:
    """In one database, what one migration used is nothing to another; each reads and writes rows of its own."""
    url = any_place.config.checkpoint.sqlalchemy_url
    past = PastCalls(((1.5, 3), (2.5, 4)), 9, 7.5, 1.0, 60.0, LoweredPace(19.0, 61.0, 15, 20))
    other = PastCalls(((5.0, 1),))
    with Checkpoint(url, "one", Clock(), upgrade=True) as one, Checkpoint(url, "two", Clock(), upgrade=False) as two:
        for checkpoint, what in ((one, other), (one, past), (two, other)):
            StoredPace(checkpoint, "Descope", checkpoint.write).keep("create", what)
        StoredPace(one, "Docebo", one.write).keep("docebo", other)

        assert StoredPace(one, "Descope", one.write).recall() == {"create": past}
        assert StoredPace(two, "Descope", two.write).recall() == {"create": other}
        assert len(one.read(lambda c: c.execute(select(pace)).all())) == 3
        assert not one.note(lambda _connection: None)  # a run is alive: who only looks stores nothing


def test_n19_a_pause_outlives_the_run_that_was_asked_for_it(place: Place, tmp_path: Path) -> None:
    """Killed in the pause after a 429, the next run waits for the rest of it."""
    trace = tmp_path / "trace"
    limited(place, 20)
    # Of several workers, another one may begin to wait before the pause is stored.
    place.configure(run={"concurrency": 1})
    params = {"code": 429, "headers": {"Retry-After": "50"}}
    place.sandbox.control.set_faults({"kind": "status", "path": f"{CREATE}$", "nth": 1, "params": params})
    clock = VirtualClock()
    with pytest.MonkeyPatch.context() as patch:

        def die(_seconds: float) -> None:
            os._exit(137)

        patch.setattr(clock, "wait", die)
        child = os.fork()
        if child == 0:
            traced(place, trace, clock)
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 137
    asked = times(trace, CREATE)[-1]
    later = LaterClock(asked + 10)

    traced(place, trace, later)

    assert 38 <= max(later.waits) <= 41
    assert [entry["status"] for entry in place.journal() if entry["path"] == CREATE].count(429) == 1


def test_n19_storing_the_pace_takes_few_transactions(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """At most a tenth of an allowance is reserved at a time, so a window costs some ten transactions of each limit."""
    kept: list[str] = []
    keep = StoredPace.keep

    def counted(self: StoredPace, bucket: str, past: PastCalls) -> None:
        kept.append(bucket)
        keep(self, bucket, past)

    monkeypatch.setattr(StoredPace, "keep", counted)
    new_world(place, users=200, difficult=0)
    place.configure(
        docebo={"page_size": 5, "calls_per_hour": 1000}, descope={"batch_size": 5, "rate_limits": "documented"}
    )

    assert go(place).code == 0

    calls = len(place.journal("docebo")) + len(place.journal())
    assert calls > 120
    assert len(kept) < calls / 4


@pytest.mark.parametrize(("leave", "most"), [("0%", 9), ("50%", 4)])
def test_run_leaves_room_to_others(place: Place, leave: str, most: int) -> None:
    """The installed command: of ten create calls a minute it uses nine, or four when half of them are left."""
    limited(place, 5 * most)

    ended = place.forked("run", "--yes", "--json", "--leave", leave)

    assert (ended.code, ended.document["calls"]["throttled"]) == (0, 0), ended.err
    state = Checkpoint(place.config.checkpoint.sqlalchemy_url, "default", Clock(), upgrade=False)
    past = StoredPace(state, "Descope", state.note).recall()["create"]
    state.db.close()
    assert (sum(calls for _, calls in past.used), past.reserved) == (most, 0)


def test_run_says_where_no_room_is_left(place: Place) -> None:
    new_world(place, users=5, difficult=0)

    ended = place.forked("plan", "--leave", "30%")

    assert ended.code == 0
    said = " ".join(ended.err.split())
    for api in ("Docebo", "Descope"):
        assert f"--leave keeps no room at {api}, because the configuration sets no limit there." in said


def test_n18_a_run_meets_a_limit_that_drops_with_two_refused_calls(place: Place) -> None:
    """Four workers, 100 create calls a minute: 20 are allowed from the middle of the run on.

    Time runs 60 times as fast as the server's, which therefore tells no wait.
    """
    start = new_world(place, users=120, difficult=0)
    place.configure(descope={"batch_size": 1, "rate_limits": {"create": 100}}, run={"concurrency": 4})
    limit = {"custom_limits": {"create": 100}, "rate_limits": "custom", "retry_after": "none"}
    place.sandbox.control.set_switches(descope={**limit, "window_seconds": 1, "backoff_seconds": 1})
    clock = FastClock(60)
    sent: list[int] = []
    exchange = HttpSession.exchange

    def noted(self: HttpSession, what: str, method: str, path: str, **others: Any) -> Any:
        sent.extend([1] * (path == CREATE))
        if path == CREATE and len(sent) == 40:
            place.sandbox.control.set_switches(descope={"custom_limits": {"create": 20}})
        return exchange(self, what, method, path, **others)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HttpSession, "exchange", noted)
        assert go(place, clock).code == 0

    refused = [entry for entry in place.journal() if entry["path"] == CREATE and entry["status"] == 429]
    assert 1 <= len(refused) <= 2
    oracle.check(place, start)
