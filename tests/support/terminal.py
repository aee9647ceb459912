"""The installed command on a real pseudo-terminal, and what stands on its screen (pyte draws it)."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from typing import TYPE_CHECKING, Self

import pyte

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

PATIENCE = 60.0  # seconds until a text must have come
LOOK = 0.25  # seconds between two looks at what does not show on the screen
COLUMNS, LINES = 100, 60


class Terminal:
    """A command that believes a person sits before it: `with Terminal(["plan"], folder) as terminal: ...`.

    `screen` holds what can be seen, `raw` everything that was ever written to it. Leaves no process behind.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        folder: Path,
        *,
        columns: int = COLUMNS,
        lines: int = LINES,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.screen = pyte.HistoryScreen(columns, lines, history=10_000, ratio=0.5)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self._master = master
        # A controlling terminal of its own, so that Ctrl-C and a hang-up reach it as they would a person's command.
        self.process = subprocess.Popen(
            [sys.executable, "-m", "migrator", *arguments],
            cwd=folder,
            env={**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8", **(environment or {})},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 -- no thread is at work in between
        )
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.hang_up()

    @property
    def text(self) -> str:
        """What scrolled away and what stands on the screen, line by line, without trailing blanks."""
        above = ["".join(line[x].data for x in range(self.screen.columns)) for line in self.screen.history.top]
        return "\n".join(line.rstrip() for line in [*above, *self.screen.display]).rstrip()

    def type(self, keys: str) -> None:
        """Press keys; the character 3 is Ctrl-C.

        What was written is read first, as a person's terminal has shown it by then: at a Ctrl-C the system drops
        whatever nobody has read yet, half a frame too.
        """
        while select.select([self._master], [], [], 0)[0] and self._read(time.monotonic()):
            pass
        os.write(self._master, keys.encode())

    def hang_up(self) -> None:
        """Close the terminal, as a dropped connection does."""
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def until(self, seen: str | Callable[[str], bool], patience: float = PATIENCE) -> str:
        """Return the text when this can be seen in it, or is so; what is written meanwhile is read all the time."""
        deadline = time.monotonic() + patience
        while not (seen in self.text if isinstance(seen, str) else seen(self.text)):
            assert time.monotonic() < deadline, f"never seen: {seen!r}\n{self.text}"
            if not self._read(deadline):
                assert seen in self.text if isinstance(seen, str) else seen(self.text), (
                    f"it ended before {seen!r} was seen\n{self.text}"
                )
        return self.text

    def ended(self, patience: float = PATIENCE) -> int:
        """The exit code, when everything it said was read."""
        deadline = time.monotonic() + patience
        while self._read(deadline):
            assert time.monotonic() < deadline, f"it never ended\n{self.text}"
        return self.process.wait(timeout=patience)

    def _read(self, deadline: float) -> bool:
        """Take in what was written meanwhile; False when nobody will write any more."""
        if self._master < 0:
            return False
        # Not until the deadline: what is waited for may be seen elsewhere than on the screen.
        ready, _, _ = select.select([self._master], [], [], max(0.0, min(LOOK, deadline - time.monotonic())))
        if not ready:
            return True
        try:
            chunk = os.read(self._master, 65536)
        except OSError:  # how Linux says that the other side is closed
            return False
        self.raw += chunk
        self._stream.feed(chunk)
        return bool(chunk)
