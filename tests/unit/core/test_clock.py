"""A stop ends every wait, a halt those of other threads; a pause holds everybody up until it is resumed."""

from __future__ import annotations

import threading

import pytest

from migrator.core.clock import Clock
from migrator.core.errors import Interrupted, LeaseLost


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


class Resuming(Clock):
    """Resumes at the n-th look; the waits cost nothing."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self.looks = looks

    def wait(self, seconds: float) -> None:
        assert seconds <= 1
        self.looks -= 1
        if not self.looks:
            self.resume()


def test_nobody_waits_unless_there_is_a_pause() -> None:
    """And whoever asks later sees that one has begun, even if it is over."""
    clock = Resuming(1)
    before = clock.wait_while_paused()
    assert clock.looks == 1

    clock.pause(5.0)
    assert clock.paused_since == 5.0
    clock.resume()

    assert clock.pauses == before + 1
    assert clock.wait_while_paused() == clock.pauses


def test_a_pause_lasts_until_it_is_resumed() -> None:
    """Whoever waits looks again and again."""
    clock = Resuming(3)
    clock.pause(5.0)

    assert clock.wait_while_paused() == clock.pauses
    assert (clock.looks, clock.paused_since) == (0, None)


def test_a_stop_ends_a_pause_at_once() -> None:
    """Ctrl-C is for a paused run too."""
    clock = Clock()
    clock.pause(5.0)
    clock.request_stop()

    with pytest.raises(Interrupted):
        clock.wait_while_paused()


def test_whatever_forbids_to_go_on_ends_a_pause() -> None:
    """A run that lost its lease while it was paused does not wait for anybody."""
    clock = Clock()

    def lost() -> None:
        raise LeaseLost("gone")

    clock.guard(lost)
    clock.pause(5.0)

    with pytest.raises(LeaseLost):
        clock.wait_while_paused()


def test_a_wait_can_be_looked_at_before_it_is_over() -> None:
    """It tells its whole length all the same."""
    clock = Clock()
    told: list[float] = []
    clock.activity.listener = lambda wait: told.append(wait.seconds)

    clock.wait_saying(3600, "Staying below a limit", at_most=0.0)

    assert told == [3600]
