"""Who holds the lease: a holder recognised, a dead one told from a living one, and how long it is trusted."""

from __future__ import annotations

import os
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from migrator.checkpoint.db import lease
from migrator.checkpoint.db.lease import Heartbeat, LeaseHolder
from migrator.core.errors import LeaseLost

if TYPE_CHECKING:
    from collections.abc import Callable

NO_PROCESS = 2**22 + 1  # above the highest number Linux gives

linux = pytest.mark.skipif(not Path("/proc/self/ns/pid").is_symlink(), reason="names of Linux")


@linux
def test_a_holder_is_named_by_machine_boot_namespace_number_and_start() -> None:
    me = LeaseHolder.me()

    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    assert me.host == f"{socket.gethostname()}|{boot}|{Path('/proc/self/ns/pid').readlink()}"
    assert me.pid == os.getpid()
    assert me.started == Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]


def test_a_holder_comes_back_as_it_was() -> None:
    holder = LeaseHolder("host", 7, "77")

    assert LeaseHolder.from_json(holder.to_json()) == holder
    assert holder.to_json() == '{"host": "host", "pid": 7, "started": "77", "command": ""}'


@linux
def test_only_this_machine_can_prove_a_holder_dead() -> None:
    me = LeaseHolder.me()

    assert not me.is_surely_dead()
    assert LeaseHolder(me.host, NO_PROCESS, "77").is_surely_dead()
    assert LeaseHolder(me.host, me.pid, "77").is_surely_dead()
    assert not LeaseHolder("elsewhere|boot|space", NO_PROCESS, "77").is_surely_dead()


@linux
def test_a_process_of_another_user_is_known_by_its_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may not be signalled, and is alive all the same."""

    def forbidden(_pid: int, _signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", forbidden)
    me = LeaseHolder.me()

    assert not me.is_surely_dead()
    assert LeaseHolder(me.host, me.pid, "77").is_surely_dead()


@linux
def test_the_question_whether_a_process_is_alive_does_not_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    signals: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, signal: signals.append((pid, signal)))

    LeaseHolder.me().is_surely_dead()

    assert signals == [(os.getpid(), 0)]


@linux
@pytest.mark.parametrize("lacking", [0, 1, 2, "started"])
def test_a_holder_whose_name_lacks_a_part_is_never_proven_dead(
    monkeypatch: pytest.MonkeyPatch, lacking: int | str
) -> None:
    parts = ["" if place == lacking else text for place, text in enumerate(("host", "boot", "space"))]
    there = LeaseHolder("|".join(parts), NO_PROCESS, "" if lacking == "started" else "77")
    monkeypatch.setattr(LeaseHolder, "me", classmethod(lambda cls: cls(there.host, os.getpid(), "77")))

    assert not there.is_surely_dead()


def test_what_the_system_does_not_tell_is_empty(tmp_path: Path) -> None:
    assert lease._read(str(tmp_path / "nothing")) == ""
    (tmp_path / "some").write_bytes(b" \xff7\n")
    assert lease._read(str(tmp_path / "some")) == "\ufffd7"
    assert lease._started(NO_PROCESS) == ""


@pytest.mark.parametrize(("fields", "started"), [(19, ""), (20, "20"), (30, "20")])
def test_the_start_is_the_twentieth_field_behind_the_name(
    monkeypatch: pytest.MonkeyPatch, fields: int, started: str
) -> None:
    """The name may hold blanks and brackets of its own (proc(5))."""
    rest = " ".join(map(str, range(1, fields + 1)))
    asked: list[str] = []

    def read(path: str) -> str:
        asked.append(path)
        return f"9 (a) b) {rest}"

    monkeypatch.setattr(lease, "_read", read)

    assert lease._started(9) == started
    assert asked == ["/proc/9/stat"]


# --- the heartbeat -------------------------------------------------------------------------------


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let time pass for the lease."""
    now = [1000.0]
    monkeypatch.setattr(lease, "_suspend_aware", lambda: now[0])

    def go(seconds: float) -> None:
        now[0] += seconds

    return go


def test_a_lease_is_trusted_for_two_thirds_of_its_time(passing: Callable[[float], None]) -> None:
    heartbeat = Heartbeat(lambda: True)
    passing(lease.GIVE_UP_AFTER)
    heartbeat.check()
    passing(0.5)
    with pytest.raises(LeaseLost) as caught:
        heartbeat.check()
    assert caught.value.message == (
        "Another run may have taken over the lease, because this one did not renew it in time."
    )
    assert caught.value.fix == ("Let the other run finish, or run again: it continues where this one stopped.")
    heartbeat.renewed()
    heartbeat.check()


def beats(monkeypatch: pytest.MonkeyPatch, *answers: bool | Exception) -> tuple[Heartbeat, list[str]]:
    """A heartbeat after these renewals."""
    monkeypatch.setattr(lease, "RENEW_EVERY", 0.0)
    done = threading.Event()
    left = list(answers)
    names: list[str] = []

    def renew() -> bool:
        names.append(threading.current_thread().name)
        answer = left.pop(0) if len(left) > 1 else left[0]
        if len(names) > len(answers):
            done.set()
        if isinstance(answer, Exception):
            raise answer
        return answer

    heartbeat = Heartbeat(renew)
    assert heartbeat._thread.daemon
    heartbeat.start()
    assert done.wait(10)
    heartbeat.stop()
    assert not heartbeat._thread.is_alive()
    return heartbeat, names


def test_a_renewal_prolongs_the_trust_and_beats_go_on(
    monkeypatch: pytest.MonkeyPatch, passing: Callable[[float], None]
) -> None:
    started = Heartbeat(lambda: True)._renewed
    passing(100)
    heartbeat, names = beats(monkeypatch, True)

    heartbeat.check()
    assert heartbeat._renewed == started + 100
    assert set(names) == {"lease"}


def test_a_lease_that_somebody_else_has_is_lost_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    heartbeat, _ = beats(monkeypatch, False, True)

    with pytest.raises(LeaseLost):
        heartbeat.check()


def test_a_renewal_that_fails_is_tried_again_and_prolongs_nothing(
    monkeypatch: pytest.MonkeyPatch, passing: Callable[[float], None]
) -> None:
    monkeypatch.setattr(lease, "GIVE_UP_AFTER", 10)
    heartbeat, names = beats(monkeypatch, OSError(), OSError())
    assert len(names) >= 3
    heartbeat.check()
    passing(11)
    with pytest.raises(LeaseLost):
        heartbeat.check()


def test_nothing_is_renewed_before_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    asked: list[int] = []

    def renew() -> bool:
        asked.append(1)
        return True

    def wait(seconds: float) -> bool:
        waited.append(seconds)
        return True

    heartbeat = Heartbeat(renew)
    monkeypatch.setattr(heartbeat._end, "wait", wait)

    heartbeat._beat()

    assert waited == [15.0]
    assert not asked


def test_time_goes_on_while_the_machine_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def clock(number: int) -> float:
        asked.append(number)
        return 1.0

    monkeypatch.setattr(time, "clock_gettime", clock)
    lease._suspend_aware()
    if hasattr(time, "CLOCK_BOOTTIME"):
        assert asked == [time.CLOCK_BOOTTIME]
        monkeypatch.delattr(time, "CLOCK_BOOTTIME")
    lease._suspend_aware()
    assert asked[-1] == time.CLOCK_MONOTONIC
