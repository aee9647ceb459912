"""A part of a test in a forked process of its own, so that it can be stopped, killed and limited."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from typing import TYPE_CHECKING

from migrator.core.errors import MigratorError

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.report.summary import RunFigures

BROKEN = 99


class Child:
    """Runs `work` in a fork; its exit code is what `exit_code` says."""

    def __init__(self, work: Callable[[], RunFigures]) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            code = BROKEN
            try:
                code = exit_code(work)
            except BaseException:  # noqa: BLE001 -- the child must end here, whatever happened
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(code)

    def wait(self) -> int:
        """The exit code, negative for a signal's number; returns when the child has ended."""
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def wait_stopped(self) -> None:
        """Return when the child has stopped itself."""
        status = os.waitpid(self.pid, os.WUNTRACED)[1]
        assert os.WIFSTOPPED(status), f"the child ended instead: {status}"

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal."""
        os.kill(self.pid, number)


def exit_code(work: Callable[[], RunFigures]) -> int:
    """How the command would end, `--allow-partial` given; an error's text goes to stderr."""
    try:
        error = work().error
    except MigratorError as raised:
        error = raised
    if error is None:
        return 0
    print(f"Error: {error.message} Fix: {error.fix}", file=sys.stderr, flush=True)
    return error.exit_code
