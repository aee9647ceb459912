"""The installed command, and signals sent to it at a moment that the servers or its own words tell."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from world import Ended

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable

    from world import Place

PATIENCE = 60.0  # seconds until a moment must have come


@dataclass
class Watched:
    """A running `migrator run --yes --json`; leaves no process behind."""

    place: Place
    said: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.process = self.place.start("run", "--yes", "--json")
        assert self.process.stderr is not None
        self._stderr = self.process.stderr
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def until_seen(self, moment: Callable[[list[dict[str, Any]]], bool]) -> bool:
        """Return when the journal shows the moment; False when the command ended before."""
        deadline = time.monotonic() + PATIENCE
        while not moment(self.place.sandbox.control.journal()):
            assert time.monotonic() < deadline, "the moment never came"
            if self.process.poll() is not None:
                return False
        return True

    def until_requests(self, number: int) -> None:
        """Return when the servers have seen so many requests, or when the command has ended."""
        self.until_seen(lambda entries: len(entries) >= number)

    def until_said(self, text: str) -> None:
        """Return when the command has said this on stderr."""
        for line in self._stderr:
            self.said.append(line)
            if text in line:
                return
        raise AssertionError(f"it never said {text!r} but\n{''.join(self.said)}")

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def ended(self, seconds: float) -> Ended:
        """How it ended, which must be within so many seconds from now."""
        out, err = self.process.communicate(timeout=seconds)
        return Ended(self.process.returncode, out, "".join(self.said) + err)
