"""Standard streams that outlive whoever reads them: output that cannot be written ends no migration."""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from typing import TYPE_CHECKING, TextIO

from migrator.cli.command import show_error
from migrator.core.errors import StopRun

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import ReadableBuffer

_READER_LEFT = (errno.EPIPE, errno.ECONNRESET)


class _Outlet(io.BufferedIOBase):
    """Writes to a descriptor until that fails, and swallows everything from then on.

    It keeps nothing back: a signal may interrupt a write and write something itself.
    """

    name = ""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._is_terminal = os.isatty(descriptor)  # a terminal that is closed would say no, in the middle of a screen
        self.error: OSError | None = None

    def write(self, data: ReadableBuffer) -> int:
        left = memoryview(data).cast("B")
        size = len(left)
        while left and self.error is None:
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:
                select.select([], [self._descriptor], [])
            except OSError as error:
                self.error = error
        return size

    @property
    def loss(self) -> str:
        """Why not everything was written; empty when it was, or when the reader left, which is nobody's mistake."""
        if self.error is None or self.error.errno in _READER_LEFT:
            return ""
        closed = self._is_terminal and self.error.errno == errno.EIO
        return "" if closed else str(self.error.strerror)

    def is_unread(self) -> bool:
        """Whether the pipe or terminal is closed on the other side."""
        poll = select.poll()
        poll.register(self._descriptor, 0)  # an end on the other side is told without being asked for
        return self.error is not None or bool(poll.poll(0))

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return self._is_terminal


def outlive_readers(main: Callable[[], object]) -> None:
    """Run a command whose stdout and stderr may be closed at any time; its exit code stays what it is.

    Raises:
        SystemExit: as `main` does; with 4 in place of 0 when stdout could not take the result (a full disk).
    """
    _fill_closed()
    stdout, sys.stdout = _lasting(sys.stdout)
    _, sys.stderr = _lasting(sys.stderr)
    try:
        main()
    except SystemExit as ended:
        sys.stdout.flush()
        if not stdout.loss:
            raise
        error = StopRun(
            f"The output could not be written: {stdout.loss}.",
            fix="Free space where it goes, or send it elsewhere, and run the same command again: it is safe.",
        )
        show_error(error)
        sys.exit(ended.code or error.exit_code)


def is_unread(stream: TextIO) -> bool:
    """Whether nobody can read any more what is written there, as far as that can be seen without writing."""
    outlet = getattr(stream, "buffer", None)
    return isinstance(outlet, _Outlet) and outlet.is_unread()


def _fill_closed() -> None:
    """Open the standard descriptors that are closed, so that no file of ours takes the place of one."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:  # noqa: PLR2004 -- stderr
        pass
    os.close(descriptor)
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))


def _lasting(stream: TextIO) -> tuple[_Outlet, TextIO]:
    outlet = _Outlet(stream.fileno())
    text = io.TextIOWrapper(outlet, encoding=stream.encoding, errors=stream.errors, line_buffering=True)
    return outlet, text
