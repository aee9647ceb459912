"""One runner at a time, and what happens to a runner that lost its place (docs/reliability.md L1 to L4)."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import oracle
import pytest
from children import Child, exit_code
from sqlalchemy import Engine, create_engine, event, text
from virtual_clock import At, VirtualClock

from migrator.checkpoint.db import database, lease
from migrator.checkpoint.db.lease import TTL, LeaseHolder
from migrator.core.errors import LeaseHeld, StopRun

if TYPE_CHECKING:
    from figures import Note
    from world import Place, Postgres

    from migrator.report.summary import RunFigures

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


def stop_myself() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def paused(place: Place, number: int) -> Child:
    """A run in a process of its own, paused right before its n-th request."""
    child = Child(lambda: place.migrate(At(number, stop_myself)))
    child.wait_stopped()
    return child


# --- L1 ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [3, pytest.param(50, marks=pytest.mark.soak)])
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


def _at_the_signal(place: Place, reading: int, writing: int) -> RunFigures:
    os.close(writing)
    os.read(reading, 1)
    return place.migrate()


def test_l1_the_second_command_exits_5(place: Place) -> None:
    """The installed command says who holds the checkpoint and exits 5; `status` calls the first one running."""
    place.sandbox.control.reset(users=USERS, difficult=0)
    child = paused(place, 3)

    second = place.forked("run", "--yes")
    status = place.forked("status", "--json")

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
    elsewhere = LeaseHolder("elsewhere|1|1", 1, "1").to_json()
    statement(place, "UPDATE migration SET holder = :who, lease_until = :until", who=elsewhere, until=time.time() + TTL)
    clock = VirtualClock()

    with pytest.raises(LeaseHeld):
        place.migrate(clock)
    clock.wait(TTL - 5)
    with pytest.raises(LeaseHeld):
        place.migrate(clock)
    clock.wait(6)

    assert place.migrate(clock).books.states["created"] == USERS


def test_l2_a_process_that_has_the_dead_holders_number_is_not_taken_for_it(place: Place) -> None:
    """A process number is used again one day: the start time tells the two apart."""
    me = LeaseHolder.me()

    assert not me.is_surely_dead()
    assert LeaseHolder(me.host, me.pid, "1").is_surely_dead()
    assert not LeaseHolder("elsewhere", me.pid, "1").is_surely_dead()
    assert place.migrate(dry_run=True).error is None


NO_PROCESS = 2**22 + 1  # above the highest number Linux gives


@pytest.mark.parametrize("lacking", ["boot", "pid namespace", "start", "all"])
def test_b11_a_holder_that_cannot_be_told_from_another_is_never_proven_dead(
    any_place: Place, monkeypatch: pytest.MonkeyPatch, lacking: str
) -> None:
    """Where the system gives no boot id, pid namespace or start time, two machines of one name are not mixed up."""
    name = "MacBook-Pro.local"
    boot = "" if lacking in ("boot", "all") else "6f1c"
    space = "" if lacking in ("pid namespace", "all") else "pid:[4026531836]"
    started = "" if lacking in ("start", "all") else "77"
    host = f"{name}|{boot}|{space}"
    any_place.sandbox.control.reset(users=USERS, difficult=0)
    any_place.migrate(dry_run=True)
    there = LeaseHolder(host, NO_PROCESS, started)
    monkeypatch.setattr(LeaseHolder, "me", classmethod(lambda cls, *command: cls(host, os.getpid(), started, *command)))
    statement(
        any_place,
        "UPDATE migration SET holder = :who, lease_until = :until",
        who=there.to_json(),
        until=time.time() + TTL,
    )

    assert not there.is_surely_dead()
    with pytest.raises(LeaseHeld):
        any_place.migrate()
    statement(any_place, "UPDATE migration SET lease_until = 0")
    assert any_place.migrate().books.states["created"] == USERS


def test_b11_a_machine_without_proc_proves_nothing() -> None:
    """A process that sees no /proc takes nobody's lease over, a dead one's of the same host name neither."""
    look = "from migrator.checkpoint.db.lease import LeaseHolder as H; me = H.me(); "
    look += f"print(H(me.host, {NO_PROCESS}, me.started).is_surely_dead())"
    hide = 'mount -t tmpfs tmpfs /proc && exec "$0" -c "$1"'
    command = ("unshare", "--mount", "sh", "-c", hide, sys.executable, look)
    if shutil.which("unshare") is None:
        pytest.skip("only Linux can hide /proc")
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        pytest.skip("this machine lets nobody hide /proc")

    assert ended.stdout == "False\n"


# --- L3 ------------------------------------------------------------------------------------------


def take_over(place: Place) -> None:
    """The paused run's minute is over, and another run does everything."""
    statement(place, "UPDATE migration SET lease_until = 0")
    assert exit_code(place.migrate) == 0


@pytest.mark.parametrize("number", [1, 4, 7, 8, 10])
def test_l3_a_run_that_slept_too_long_sends_nothing_more(crowd: Place, number: int) -> None:
    """Paused before a request, overtaken, woken: it ends with 4 before that request.

    One thread alone, as a run that is paused in a transaction holds SQLite's lock (S2).
    """
    crowd.configure(docebo={"sweeps": "single", "concurrency": 1})
    start = oracle.before(crowd)
    child = Child(lambda: _trusting_until_paused(crowd, number))
    child.wait_stopped()
    take_over(crowd)
    requests = len(crowd.sandbox.control.journal())

    child.kill(signal.SIGCONT)

    assert child.wait() == StopRun.exit_code
    assert len(crowd.sandbox.control.journal()) == requests
    assert oracle.check(crowd, start).states == {"created": USERS}


def _trusting_until_paused(place: Place, number: int) -> RunFigures:
    """Trust the lease until the pause, and for no time after it."""

    def pause() -> None:
        stop_myself()
        lease.GIVE_UP_AFTER = 0.0

    lease.GIVE_UP_AFTER = 1000.0
    return place.migrate(At(number, pause))


def stopping(place: Place, number: int, words: str) -> Child:
    """A run in a process of its own, paused right before the n-th statement that begins so."""

    def stale() -> RunFigures:
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


@pytest.mark.parametrize("number", range(2, 22, 4))
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
