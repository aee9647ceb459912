"""A lease that cannot be renewed is given up before anybody may take it (docs/reliability.md L4)."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

from deadline import until
from steering_shell import let_pass
from virtual_clock import At

from migrator.checkpoint.db import lease
from migrator.checkpoint.db.checkpoint import Checkpoint
from migrator.checkpoint.db.lease import Heartbeat
from migrator.core.errors import LeaseLost, StopRun

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from world import Place


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
    place.sandbox.control.reset(users=12, difficult=0)
    monkeypatch.setattr(Checkpoint, "_renew", lambda _self: _unreachable())
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


def test_a_paused_run_keeps_its_lease(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is paused for longer than a lease is trusted without a renewal, and goes on when it is resumed."""
    place.sandbox.control.reset(users=12, difficult=0)
    monkeypatch.setattr(lease, "RENEW_EVERY", 0.05)
    monkeypatch.setattr(lease, "GIVE_UP_AFTER", 1.0)
    clock = At(5, lambda: clock.pause(clock.time()))

    def resume() -> None:
        until(lambda: clock.paused_since is not None)
        let_pass(2.0)
        clock.resume()

    thread = threading.Thread(target=resume)
    thread.start()
    figures = place.migrate(clock)
    thread.join()

    assert (figures.error, clock.pauses) == (None, 1)
    assert len(place.targets()) == 12


# --- L5 ------------------------------------------------------------------------------------------
