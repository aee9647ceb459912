"""Signals that a process sends to itself; the installed command meets them in `acceptance/test_endings.py`."""

from __future__ import annotations

import signal
import subprocess
import sys

import click
import pytest

from migrator.cli.signals import signals
from migrator.core.clock import Clock
from migrator.core.errors import Interrupted, StopRun

NUMBERS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.mark.parametrize("number", NUMBERS)
def test_the_first_signal_asks_to_stop_and_names_the_exit_code(number: signal.Signals) -> None:
    clock = Clock()
    before = signal.getsignal(number)

    with signals(clock) as stopping:
        assert stopping.exit_code(Interrupted("no")) == 130
        signal.raise_signal(number)
        assert stopping.exit_code(Interrupted("no")) == 128 + number
        assert stopping.exit_code(StopRun("an error on the way out")) == 4
        with pytest.raises(Interrupted) as ended:
            clock.check()

    assert ended.value.exit_code == 128 + number
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("first", NUMBERS)
def test_a_hang_up_soon_behind_another_signal_belongs_to_it(first: signal.Signals) -> None:
    with signals(Clock()) as stopping:
        signal.raise_signal(first)
        signal.raise_signal(signal.SIGHUP)
        signal.raise_signal(signal.SIGHUP)

    assert stopping.asked_by == first


@pytest.mark.parametrize("second", NUMBERS)
def test_a_second_signal_leaves_at_once(second: signal.Signals) -> None:
    """A later SIGHUP too; nothing behind it is done."""
    program = f"""
import signal
from migrator.cli import signals
from migrator.core.clock import Clock
signals.SAME_END = 0.0
with signals.signals(Clock()):
    signal.raise_signal(signal.SIGHUP)
    signal.raise_signal({int(second)})
    print("still here")
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False, timeout=60)

    assert (ended.returncode, ended.stdout) == (128 + second, b"")


def test_a_hang_up_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals(Clock()) as stopping:
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)

    assert stopping.asked_by is None


def end(error: Exception, *, hung_up: bool) -> None:
    with signals(Clock()):
        if hung_up:
            signal.raise_signal(signal.SIGHUP)
        raise error


@pytest.mark.parametrize("error", [click.Abort(), OSError(5, "Input/output error")])
def test_a_question_that_can_no_longer_be_answered_is_an_end_by_the_signal(error: Exception) -> None:
    with pytest.raises(Interrupted) as ended:
        end(error, hung_up=True)
    assert ended.value.exit_code == 129

    with pytest.raises(type(error)):
        end(error, hung_up=False)
