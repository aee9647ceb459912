"""What may be set of a running run, word by word, and how a steered run looks in `status`."""

from __future__ import annotations

import time

import pytest

from migrator.checkpoint.runs.control import Control
from migrator.checkpoint.users.counts import UserCounts
from migrator.cli.commands.set import parse_setting
from migrator.cli.watch import watch_line
from migrator.core.model import RUNNING, State
from migrator.report.eta import StageProgress
from migrator.report.summary import RunFigures

FIGURES = RunFigures("acme", "P2x", RUNNING, UserCounts(dict.fromkeys(State, 0), {}))
SENDING = StageProgress("send", 300, 700, None, None, None)


@pytest.mark.parametrize(
    ("word", "setting"),
    [
        ("rate=50%", ("rate", 0.5)),
        ("rate=1%", ("rate", 0.01)),
        ("rate=100%", ("rate", 1.0)),
        ("rate=12.5%", ("rate", 0.125)),
        ("concurrency=1", ("concurrency", 1)),
        ("concurrency=16", ("concurrency", 16)),
    ],
)
def test_a_setting_is_a_name_and_a_value(word: str, setting: tuple[str, float]) -> None:
    """A rate is a share, a concurrency a number."""
    assert parse_setting(word) == setting


@pytest.mark.parametrize(
    "word",
    [
        "", "rate", "rate=", "rate=50", "rate=0.5", "rate=0%", "rate=0.9%", "rate=101%", "rate=-5%", "rate=1e1%",
        "rate=5\u0660%", "Rate=50%", "rate =50%", "concurrency=0", "concurrency=17", "concurrency=4.5",
        "concurrency=\u0664", "concurrency=50%", "speed=3", "50%", "rate=50%,concurrency=8",
    ],
)  # fmt: skip
def test_nothing_else_is_a_setting(word: str) -> None:
    """A share needs its sign, so that nobody means one per cent and says all."""
    assert parse_setting(word) is None


def test_a_paused_run_says_since_when_and_what_ends_it() -> None:
    """Whatever stage it is in, and whether or not that is known."""
    now = time.localtime()
    since = time.mktime((now.tm_year, now.tm_mon, now.tm_mday, 0, 4, 0, 0, 0, -1))
    asked = Control(paused_since=since)

    assert watch_line(FIGURES, SENDING, asked) == (
        "acme -> P2x: paused since 00:04. `migrator resume` goes on. Sending to Descope: 300 of 700 (42 %)"
    )
    assert watch_line(FIGURES, None, asked, begins=True) == (
        "acme -> P2x: paused since 00:04 (starting or finishing). `migrator resume` goes on"
    )


def test_what_was_set_is_shown_while_the_run_works() -> None:
    """Beside how far it is."""
    line = watch_line(FIGURES, SENDING, Control(rate=0.5, concurrency=8))

    assert line == "acme -> P2x: running. Sending to Descope: 300 of 700 (42 %). Set: rate 50 %, concurrency 8"
