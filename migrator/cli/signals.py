"""How signals end a command: once in order, twice at once."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import click

from migrator.cli import display
from migrator.cli.pace_words import stopping_text
from migrator.core.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migrator.core.clock import Clock
    from migrator.core.errors import MigratorError

# Seconds in which a SIGHUP belongs to the signal before it: for one closed terminal the kernel sends one, the
# shell another as it ends, and a log-out sends one behind SIGTERM.
SAME_END = 10.0


class Stopping:
    """Which signal asked the command to stop, None while nobody did."""

    def __init__(self) -> None:
        self.asked_by: signal.Signals | None = None

    def exit_code(self, error: MigratorError) -> int:
        """The exit code for what ended the command: 128 + the signal's number where that was a signal."""
        if self.asked_by is not None and isinstance(error, Interrupted):
            return 128 + self.asked_by
        return error.exit_code


def _say_at_once(line: bytes) -> None:
    """One line past all buffers; not a word where nobody reads, as that would hold up the end."""
    with suppress(OSError, ValueError):
        descriptor = sys.stderr.fileno()
        if select.select([], [descriptor], [], 0)[1]:
            os.write(descriptor, line)


@contextmanager
def signals(clock: Clock) -> Iterator[Stopping]:
    """Once: finish what is in flight. Twice: leave now; that is as safe as a crash, which is safe.

    SIGINT, SIGTERM, and SIGHUP (the terminal was closed), which stays ignored where it is (`nohup`).

    Raises:
        Interrupted: the terminal was closed while a question was open.
    """
    stopping = Stopping()
    since = 0.0

    def handle(signum: int, _frame: object) -> None:
        nonlocal since
        if stopping.asked_by is not None:
            if signum == signal.SIGHUP and time.monotonic() - since < SAME_END:
                return
            display.let_go()
            _say_at_once(b"Stopped at once; run again to continue.\n")
            os._exit(128 + signum)
        since = time.monotonic()
        stopping.asked_by = signal.Signals(signum)
        click.echo(stopping_text(clock.activity.requests, stopping.asked_by), err=True)
        clock.request_stop(stopping.asked_by)

    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield stopping
    except (click.Abort, OSError):  # an answer can no longer be read
        clock.check()
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
