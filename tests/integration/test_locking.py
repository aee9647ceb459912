"""One runner at a time, and what happens to a runner that lost its place (matrix L1-L5)."""

from __future__ import annotations

import os
import signal
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import oracle
import pytest
from children import Child, exit_code
from sqlalchemy import Engine, create_engine, event, text
from virtual_clock import VirtualClock
from world import Place, Postgres

from migrator.checkpoint import checkpoint, database, lease
from migrator.checkpoint.lease import Heartbeat, Holder
from migrator.clock import Clock
from migrator.errors import LeaseHeld, LeaseLost, StopRun

if TYPE_CHECKING:
    from collections.abc import Callable

    from figures import Note

    from migrator.report.summary import Figures

USERS = 12


@pytest.fixture
def crowd(any_place: Place) -> Place:
    """Twelve users, one request in flight, on each kind of checkpoint."""
    any_place.sandbox.control.reset(users=USERS, difficult=0)
    any_place.configure(descope={"batch_size": 5}, run={"concurrency": 1})
    return any_place


def statement(place: Place, words: str, **values: Any) -> None:
    """Change the checkpoint past the program."""
    engine = create_engine(place.config.checkpoint.sqlalchemy_url)
    with engine.begin() as connection:
        connection.execute(text(words), values)
    engine.dispose()


class At(Clock):
    """Does something right before the n-th request."""

    def __init__(self, number: int, what: Callable[[], object]) -> None:
        super().__init__()
        self._left = number
        self._what = what

    def check(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._what()
        super().check()


def stop_myself() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def paused(place: Place, number: int) -> Child:
    """A run in a process of its own, paused right before its n-th request."""
    child = Child(lambda: place.migrate(At(number, stop_myself)))
    child.wait_stopped()
    return child


# --- L1 ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [5, pytest.param(50, marks=pytest.mark.soak)])
def test_l1_of_two_runs_started_together_one_works(crowd: Place, note: Note, times: int) -> None:
    """Both begin on an empty checkpoint at the same moment: one migrates, the other exits 5 within two seconds."""
    for number in range(times):
        crowd.sandbox.control.reset(users=USERS, difficult=0)
        crowd.configure(checkpoint={"key": f"round-{number}"})
        crowd.sandbox.control.set_faults({"kind": "slow", "api": "docebo", "nth": 1})
        start = oracle.before(crowd)
        reading, writing = os.pipe()
        children = [Child(partial(_at_the_signal, crowd, reading, writing)) for _ in range(2)]
        os.close(reading)
        before = time.monotonic()
        os.close(writing)  # both see the end of the pipe at once
        first, status = os.wait()
        took = time.monotonic() - before
        other = next(child for child in children if child.pid != first)

        assert os.waitstatus_to_exitcode(status) == LeaseHeld.exit_code
        assert took <= 2
        assert other.wait() == 0
        crowd.sandbox.control.clear_faults()
        states = {key: row["state"] for key, row in oracle.read_rows(crowd.checkpoint, crowd).items()}
        assert list(states.values()) == ["created"] * USERS
        oracle.check(crowd, start, whole=False)
    note("L1", "pairs of runs started together", times)


def _at_the_signal(place: Place, reading: int, writing: int) -> Figures:
    os.close(writing)
    os.read(reading, 1)
    return place.migrate()


def test_l1_the_second_command_exits_5(place: Place) -> None:
    """The installed command says who holds the checkpoint and exits 5; `status` calls the first one running."""
    place.sandbox.control.reset(users=USERS, difficult=0)
    child = paused(place, 3)

    second = place.command("run", "--yes")
    status = place.command("status", "--json")

    assert second.code == LeaseHeld.exit_code
    assert str(child.pid) in second.err
    assert status.document["outcome"] == "running"
    child.kill(signal.SIGCONT)
    assert child.wait() == 0


# --- L2 ------------------------------------------------------------------------------------------


def test_l2_a_killed_holder_is_no_obstacle_on_its_own_machine(crowd: Place) -> None:
    """After SIGKILL the next run starts at once and finishes."""
    start = oracle.before(crowd)
    for number in (2, 5, 8):
        child = paused(crowd, number)
        child.kill()
        assert child.wait() == -signal.SIGKILL

    assert exit_code(crowd.migrate) == 0

    assert oracle.check(crowd, start).states == {"created": USERS}


def test_l2_a_holder_on_another_machine_is_waited_for(place: Place) -> None:
    """Nobody here can prove it dead, so the lease stays its own until its minute is over, and not longer."""
    place.sandbox.control.reset(users=USERS, difficult=0)
    place.migrate(dry_run=True)
    elsewhere = Holder("elsewhere|1|1", 1, "1").to_json()
    statement(
        place, "UPDATE migration SET holder = :who, lease_until = :until", who=elsewhere, until=time.time() + lease.TTL
    )
    clock = VirtualClock()

    with pytest.raises(LeaseHeld):
        place.migrate(clock)
    clock.wait(lease.TTL - 5)
    with pytest.raises(LeaseHeld):
        place.migrate(clock)
    clock.wait(6)

    assert place.migrate(clock).books.states["created"] == USERS


def test_l2_a_process_that_has_the_dead_holders_number_is_not_taken_for_it(place: Place) -> None:
    """A process number is used again one day: the start time tells the two apart."""
    me = Holder.me()

    assert not me.is_surely_dead()
    assert Holder(me.host, me.pid, "1").is_surely_dead()
    assert not Holder("elsewhere", me.pid, "1").is_surely_dead()
    assert place.migrate(dry_run=True).error is None


# --- L3 ------------------------------------------------------------------------------------------


def take_over(place: Place) -> None:
    """The paused run's minute is over, and another run does everything."""
    statement(place, "UPDATE migration SET lease_until = 0")
    assert exit_code(place.migrate) == 0


@pytest.mark.parametrize("number", [1, 4, 7, 8, 10])
def test_l3_a_run_that_slept_too_long_sends_nothing_more(crowd: Place, number: int) -> None:
    """Paused before a request, overtaken, woken: it ends with 4 before that request."""
    start = oracle.before(crowd)
    child = Child(lambda: _trusting_until_paused(crowd, number))
    child.wait_stopped()
    take_over(crowd)
    requests = len(crowd.sandbox.control.journal())

    child.kill(signal.SIGCONT)

    assert child.wait() == StopRun.exit_code
    assert len(crowd.sandbox.control.journal()) == requests
    assert oracle.check(crowd, start).states == {"created": USERS}


def _trusting_until_paused(place: Place, number: int) -> Figures:
    """Trust the lease until the pause, and for no time after it."""

    def pause() -> None:
        stop_myself()
        lease.GIVE_UP_AFTER = 0.0

    lease.GIVE_UP_AFTER = 1000.0
    return place.migrate(At(number, pause))


def stopping(place: Place, number: int, words: str) -> Child:
    """A run in a process of its own, paused right before the n-th statement that begins so."""

    def stale() -> Figures:
        left = number

        def before(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            nonlocal left
            if statement.startswith(words) and (left := left - 1) == 0:
                stop_myself()

        event.listen(Engine, "before_cursor_execute", before)
        return place.migrate()

    child = Child(stale)
    child.wait_stopped()
    return child


@pytest.mark.parametrize("number", range(2, 22, 2))
def test_l3_a_write_of_a_run_that_was_overtaken_is_refused(crowd: Place, number: int) -> None:
    """Paused before a transaction, overtaken, woken: the fencing number refuses the write, and it ends with 4."""
    start = oracle.before(crowd)
    crowd.migrate(dry_run=True)
    first_word = "BEGIN IMMEDIATE" if crowd.checkpoint.startswith("sqlite") else "SELECT EXTRACT"
    child = stopping(crowd, number, first_word)
    take_over(crowd)
    before = oracle.read_rows(crowd.checkpoint, crowd)
    writes = oracle.check(crowd, start).writes

    child.kill(signal.SIGCONT)

    assert child.wait() == StopRun.exit_code
    assert oracle.check(crowd, start).writes == writes
    assert oracle.read_rows(crowd.checkpoint, crowd) == before


def test_l3_a_run_paused_inside_a_transaction_holds_nobody_up(
    place: Place, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL ends a transaction that does nothing, and its locks with it; on SQLite, see S2."""
    place.checkpoint = postgres.new_database()
    place.configure(run={"concurrency": 1})
    place.sandbox.control.reset(users=USERS, difficult=0)
    start = oracle.before(place)
    place.migrate(dry_run=True)
    monkeypatch.setattr(database, "IDLE_SECONDS", 1)
    child = stopping(place, 5, "UPDATE source_user")
    take_over(place)

    child.kill(signal.SIGCONT)

    assert child.wait() == StopRun.exit_code
    assert oracle.check(place, start).states == {"created": USERS}


# --- L4 ------------------------------------------------------------------------------------------


def _beats(renew: Callable[[], bool], until: Callable[[Heartbeat], bool]) -> Heartbeat:
    heartbeat = Heartbeat(renew)
    heartbeat.start()
    deadline = time.monotonic() + 20
    while not until(heartbeat) and time.monotonic() < deadline:
        os.sched_yield()
    heartbeat.stop()
    return heartbeat


def _lost(heartbeat: Heartbeat) -> bool:
    try:
        heartbeat.check()
    except LeaseLost:
        return True
    return False


def _unreachable() -> bool:
    raise OSError


def test_l4_a_lease_that_cannot_be_renewed_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Renewals that fail, or say that somebody else is there, end the trust; two thirds of the TTL at the latest."""
    assert lease.GIVE_UP_AFTER == lease.TTL * 2 / 3
    monkeypatch.setattr(lease, "RENEW_EVERY", 0.01)
    monkeypatch.setattr(lease, "GIVE_UP_AFTER", 0.2)
    before = time.monotonic()
    assert _lost(_beats(_unreachable, _lost))
    assert time.monotonic() - before >= 0.2

    calls: list[int] = []

    def renewed() -> bool:
        calls.append(1)
        return True

    assert not _lost(_beats(renewed, lambda _: len(calls) > 30))
    assert _lost(_beats(lambda: False, _lost))


def test_l4_a_run_whose_renewals_fail_stops_itself(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it waits long, nobody renews: the next request is not sent any more, and it ends with 4."""
    place.sandbox.control.reset(users=USERS, difficult=0)
    monkeypatch.setattr(checkpoint.Checkpoint, "_renew", lambda _self: _unreachable())
    monkeypatch.setattr(lease, "RENEW_EVERY", 0.05)
    monkeypatch.setattr(lease, "GIVE_UP_AFTER", 0.5)
    asked: list[int] = []

    def long_wait() -> None:
        asked.append(len(place.sandbox.control.journal()))
        clock.wait(0.6)

    clock = At(5, long_wait)
    figures = place.migrate(clock)

    assert isinstance(figures.error, LeaseLost)
    assert figures.error.exit_code == StopRun.exit_code
    assert [len(place.sandbox.control.journal())] == asked


# --- L5 ------------------------------------------------------------------------------------------


@pytest.fixture
def two(place: Place, tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, Place]:
    """Two machines, each with a checkpoint of its own, one project."""
    second = Place(tmp_path_factory.mktemp("second"), place.sandbox, "sqlite:///migrator.db")
    place.sandbox.control.reset(users=40, strangers=3, difficult=0)
    for machine in (place, second):
        machine.configure(descope={"batch_size": 5})
    return place, second


def test_l5_a_second_checkpoint_finds_everybody_by_the_mark(two: tuple[Place, Place]) -> None:
    """One machine after the other: the second one creates nobody and changes nothing."""
    start = oracle.before(two[0])
    assert exit_code(two[0].migrate) == 0
    writes = oracle.check(two[0], start).writes

    assert exit_code(two[1].migrate) == 0

    verdict = oracle.check(two[1], start)
    assert verdict.states == {"unchanged": 37, "conflict": 3}
    assert verdict.writes == writes


def test_l5_a_lost_checkpoint_and_a_changed_address(two: tuple[Place, Place]) -> None:
    """The mark recognises somebody whose address changed after the first checkpoint was lost: moved, not doubled."""
    two[0].migrate()
    somebody = two[0].sources()[0]
    two[0].sandbox.control.patch_docebo_user(somebody["user_id"], email="moved@example.org")
    start = oracle.before(two[0])

    two[1].migrate()

    verdict = oracle.check(two[1], start)
    assert verdict.creates == 0
    assert verdict.rows[somebody["user_id"]]["state"] == "updated"
    assert verdict.targets[somebody["user_id"]]["loginIds"] == ["moved@example.org"]


def test_l5_two_machines_at_once(two: tuple[Place, Place], note: Note) -> None:
    """Both at the same time, ten times: nobody is doubled, and both know everybody in the end."""
    for _ in range(10):
        two[0].sandbox.control.reset(users=40, strangers=3, difficult=0)
        for machine in two:
            for path in machine.folder.glob("migrator.db*"):
                path.unlink()
        start = oracle.before(two[0])
        children = [Child(machine.migrate) for machine in two]
        assert [child.wait() for child in children] == [0, 0]
        for machine in two:
            verdict = oracle.check(machine, start)
            assert verdict.creates == 37
            assert verdict.states["conflict"] == 3
    note("L5", "concurrent runs with two checkpoints", 10)
