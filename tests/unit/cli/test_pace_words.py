"""Durations, ends and states in words, the same on the live screen and in `status`."""

from __future__ import annotations

import signal

import pytest

from migrator.checkpoint.runs.control import NOTHING_ASKED
from migrator.checkpoint.users.counts import UserCounts
from migrator.cli.pace_words import about_text, elapsed_text, ends_text, pace_and_ends, stopping_text, takes_text
from migrator.cli.watch import run_state, watch_line
from migrator.core.errors import StopRun
from migrator.core.model import RunOutcome, State
from migrator.report.eta import StageProgress
from migrator.report.summary import RunFigures


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (12, "0:12"), (83, "1:23"), (754, "12:34"), (3723, "1:02:03"), (90000, "1 day, 1:00:00")],
)
def test_a_duration_reads_like_a_clock(seconds: float, text: str) -> None:
    """Minutes and seconds, hours only where there are some."""
    assert elapsed_text(seconds) == text


def test_ends_are_told_as_far_as_they_are_known() -> None:
    """The run's end is told beside the step's only where it is another; of reading only this reading's end is known."""
    send = StageProgress("send", 300, 700, 52.34, None, (35.0, 40.0))
    assert pace_and_ends(send, (60.0, 90.0)) == [
        "52 users/s",
        "this stage ends in 35 s to 40 s",
        "the run in 1 min to 2 min",
    ]
    assert pace_and_ends(send, send.eta) == ["52 users/s", "this stage ends in 35 s to 40 s"]
    assert pace_and_ends(StageProgress("read", 1, None, None, None, None)) == []
    assert ends_text(StageProgress("read", 300, 700, 5.0, None, (9.0, 9.0))) == ["this reading ends in 9 s"]


def test_a_time_to_come_cannot_be_read_as_one_of_the_clock() -> None:
    """It has its units, and no more figures than are known."""
    assert [about_text(seconds) for seconds in (0, 59, 60, 437, 3599, 7500, 36_000, 53_000)] == [
        "0 s", "59 s", "1 min", "7 min", "1 h 0 min", "2 h 5 min", "10 h", "15 h",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0, 12, "less than a minute"),
        (0, 170, "up to 3 min"),
        (301, 861, "5 min to 15 min"),
        (3636, 4052, "1 h 0 min to 1 h 8 min"),
        (36_360, 54_900, "10 h to 16 h"),
    ],
)
def test_a_duration_to_come_is_told_as_a_range_that_holds_it(low: float, high: float, text: str) -> None:
    """Rounded down at its beginning and up at its end; in whole hours where minutes say nothing."""
    assert takes_text(low, high) == text


def test_what_a_stop_waits_for_is_said() -> None:
    """The requests in flight, and how to leave at once."""
    told = [stopping_text(number, signal.SIGINT) for number in (4, 1, 0)]
    assert told == [
        "Finishing 4 requests in flight; press Ctrl-C again to quit at once.",
        "Finishing 1 request in flight; press Ctrl-C again to quit at once.",
        "Stopping; press Ctrl-C again to quit at once.",
    ]
    assert stopping_text(1, signal.SIGTERM).endswith("; send the same signal again to quit at once.")


def test_a_stopped_run_shows_its_reason() -> None:
    """The line of `status` says why, where it is known."""
    figures = RunFigures("acme", "P2x", RunOutcome.STOPPED, UserCounts(dict.fromkeys(State, 0), {}))
    assert "acme -> P2x: Stopped early: The run did not end properly" in watch_line(figures, None, NOTHING_ASKED)
    figures.error = StopRun("Descope is not answering any write.")
    assert watch_line(figures, None, NOTHING_ASKED).startswith(
        "acme -> P2x: Stopped early: Descope is not answering any write."
    )
    assert run_state(figures) == "acme -> P2x: stopped"
