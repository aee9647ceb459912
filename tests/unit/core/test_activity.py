"""What is known of waits: one reason at a time, told once however many workers wait for the same thing."""

from __future__ import annotations

import threading
import time

import pytest

from migrator.core.activity import Activity, Wait, moment_text, pause_text, spoken
from migrator.core.clock import Clock
from migrator.core.errors import Interrupted


def wait(seconds: float, until: float, why: str = "Docebo does not answer") -> Wait:
    return Wait(why, ": {}", seconds, until)


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "1 s"), (54, "54 s"), (120, "120 s"), (121, "3 min"), (3660, "1 h 1 min")]
)
def test_durations_are_spoken_and_rounded_up(seconds: float, words: str) -> None:
    """Nobody is told to wait for less than it takes."""
    assert spoken(seconds) == words


def test_what_is_left_of_a_wait_counts_down() -> None:
    """A wait whose length is a fact of its own keeps it and says what is left."""
    assert wait(9, 109).now(101) == "Docebo does not answer: 8 s"
    assert (
        Wait("Descope asked for a pause", " of 20 s", 20, 120).now(115)
        == "Descope asked for a pause of 20 s; 5 s to go"
    )


def test_the_wait_that_ends_last_is_the_one_to_tell() -> None:
    """Of several workers the last one says when it goes on; a wait of two seconds needs no reason."""
    activity = Activity()
    with activity.waiting(wait(2, 102)):
        assert activity.wait is None
    seen: list[Wait | None] = []

    def other() -> None:
        with activity.waiting(wait(5, 105, "the other")):
            seen.append(activity.wait)

    with activity.waiting(wait(9, 109)):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert [one.until for one in seen if one] == [109]
    assert activity.wait is None


def test_workers_that_wait_together_tell_it_once() -> None:
    """The same reason until about the same moment is one wait; a later end or another reason is news."""
    activity = Activity()
    told: list[str] = []
    activity.listener = lambda one: told.append(one.text)
    for one in (wait(2, 102), wait(9, 109), wait(8.5, 109.5), wait(9, 118), wait(9, 118, "Descope asked for a pause")):
        with activity.waiting(one):
            pass

    assert told == ["Docebo does not answer: 9 s", "Docebo does not answer: 9 s", "Descope asked for a pause: 9 s"]


def test_a_stop_ends_a_wait_that_says_why() -> None:
    """Whoever waits leaves nothing behind when a stop ends it."""
    clock = Clock()
    clock.request_stop()
    with pytest.raises(Interrupted):
        clock.wait_saying(600, "Docebo does not answer", ": next try in {}")
    assert clock.activity.wait is None


def test_requests_in_flight_are_counted() -> None:
    """Up when one begins, down when it ends, whatever its end."""
    activity = Activity()
    with activity.requesting(), activity.requesting():
        assert activity.requests == 2
    assert activity.requests == 0


def test_asking_for_the_wait_never_waits_itself() -> None:
    """The screen asks while a thread that holds the lock handles Ctrl-C, and the handler prints to the screen."""
    activity = Activity()
    with activity._lock:
        assert activity.wait is None


def test_a_pause_says_since_when_and_what_ends_it() -> None:
    """By this machine's clock; a day that is not today's is named."""
    since = time.mktime((2026, 11, 28, 21, 4, 30, 0, 0, -1))

    assert pause_text(since, since + 600) == "Paused since 21:04. `migrator resume` goes on."
    assert moment_text(since, since + 86_400) == "2026-11-28 21:04"
