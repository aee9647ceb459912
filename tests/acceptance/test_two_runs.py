"""Two runs on one checkpoint."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import oracle

if TYPE_CHECKING:
    from world import Place

SLOW = {"kind": "slow", "api": "docebo", "path": "/manage/v1/user$", "nth": 1, "params": {"seconds": 2}}


def test_l1_the_second_of_two_runs_exits_5_at_once(any_place: Place) -> None:
    """While one run works, another one, a plan too, says who is at work and exits 5; the first is not disturbed."""
    place = any_place
    place.sandbox.control.reset(users=50, difficult=0)
    place.sandbox.control.set_faults(SLOW)
    start = oracle.before(place)
    first = place.start("run", "--yes", "--json")
    while not any(entry["path"] == "/manage/v1/user" for entry in place.journal("docebo")):
        assert first.poll() is None
    first.send_signal(signal.SIGSTOP)  # it holds the lease for as long as we like

    began = time.monotonic()
    second = place.forked("run", "--yes", "--json")
    took = time.monotonic() - began
    third = place.forked("plan")
    status = place.forked("status", "--json")

    assert (second.code, third.code) == (5, 5)
    assert f"process {first.pid}" in second.document["error"]["message"]
    assert second.document["error"]["fix"] in second.err
    assert took < 10  # it waits for nobody; the program's own start is included
    assert status.document["outcome"] == "running"
    first.send_signal(signal.SIGCONT)
    out, err = first.communicate(timeout=60)
    assert first.returncode == 0, err
    oracle.check(place, start, second, third, type(second)(first.returncode, out, err))
