"""Durations, ends and states in words, the same on the live screen and in `status`."""

from __future__ import annotations

import signal

import pytest

from migrator.checkpoint.books import Books
from migrator.cli import watch, words
from migrator.errors import StopRun
from migrator.model import Outcome, State
from migrator.report.eta import Progress
from migrator.report.summary import Figures


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (12, "0:12"), (83, "1:23"), (754, "12:34"), (3723, "1:02:03"), (90000, "1 day, 1:00:00")],
)
def test_a_duration_reads_like_a_clock(seconds: float, text: str) -> None:
    """Minutes and seconds, hours only where there are some."""
    assert words.elapsed(seconds) == text


def test_ends_are_told_as_far_as_they_are_known() -> None:
    """The run's end is told beside the step's only where it is another; of reading only this reading's end is known."""
    send = Progress("send", 300, 700, 52.34, None, (35.0, 40.0))
    assert words.pace_and_ends(send, (60.0, 90.0)) == [
        "52 users/s",
        "this step ends in 35 s to 40 s",
        "the run in 1 min to 2 min",
    ]
    assert words.pace_and_ends(send, send.eta) == ["52 users/s", "this step ends in 35 s to 40 s"]
    assert words.pace_and_ends(Progress("read", 1, None, None, None, None)) == []
    assert words.ends(Progress("read", 300, 700, 5.0, None, (9.0, 9.0))) == ["this reading ends in 9 s"]


def test_a_time_to_come_cannot_be_read_as_one_of_the_clock() -> None:
    """It has its units, and no more figures than are known."""
    assert [words.about(seconds) for seconds in (0, 59, 60, 437, 3599, 7500)] == [
        "0 s", "59 s", "1 min", "7 min", "1 h 0 min", "2 h 5 min",
    ]  # fmt: skip


def test_what_a_stop_waits_for_is_said() -> None:
    """The requests in flight, and how to leave at once."""
    told = [words.stopping(number, signal.SIGINT) for number in (4, 1, 0)]
    assert told == [
        "Finishing 4 requests in flight; Ctrl-C again leaves at once.",
        "Finishing 1 request in flight; Ctrl-C again leaves at once.",
        "Stopping; Ctrl-C again leaves at once.",
    ]
    assert words.stopping(1, signal.SIGTERM).endswith("; the same signal again leaves at once.")


def test_a_stopped_run_shows_its_reason() -> None:
    """The line of `status` says why, where it is known."""
    figures = Figures("acme", "P2x", Outcome.STOPPED, Books(dict.fromkeys(State, 0), {}))
    assert "acme -> P2x: Stopped early: The run did not end properly" in watch.line(figures, None)
    figures.error = StopRun("Descope leaves every write unanswered.")
    assert watch.line(figures, None).startswith("acme -> P2x: Stopped early: Descope leaves every write unanswered.")
    assert watch.state_of_run(figures) == "acme -> P2x: stopped"
