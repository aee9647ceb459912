"""A stop ends every wait, and a halt those of other threads."""

from __future__ import annotations

import threading

import pytest

from migrator.core.clock import Clock
from migrator.core.errors import Interrupted


def test_a_halt_ends_the_waits_of_other_threads_and_is_over_then() -> None:
    """A thread that would wait for an hour ends at once; afterwards the clock waits as before."""
    clock = Clock()
    ended: list[BaseException] = []
    begun = threading.Event()

    def wait() -> None:
        begun.set()
        try:
            clock.wait(3600)
        except Interrupted as error:
            ended.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    begun.wait()
    with clock.halted():
        thread.join(10)

    assert len(ended) == 1
    clock.wait(0)
    clock.check()


def test_a_stop_that_a_person_asks_for_during_a_halt_stays() -> None:
    """Whoever presses Ctrl-C is heard, whenever it is."""
    clock = Clock()
    with clock.halted():
        clock.request_stop()

    with pytest.raises(Interrupted):
        clock.check()
