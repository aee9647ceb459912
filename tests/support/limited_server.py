"""A server that counts calls by the clock of the program under test, and answers 429 beyond its limit."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from raw_server import Server

if TYPE_CHECKING:
    import socket

    from migrator.core.clock import Clock

_BODY = b'{"ok": true}'


class LimitedServer(Server):
    """As docs/contract/descope.md 7 says: a window per limit, and a back-off in which everything is refused.

    Attributes:
        limit: calls in any window; may be set while it serves.
        passed: when the calls came that were let through, in monotonic seconds of the clock.
        refused: when those came that were not.
    """

    def __init__(self, clock: Clock, limit: int, window: float = 60.0, *, told: bool = True) -> None:
        self.limit = limit
        self.passed: list[float] = []
        self.refused: list[float] = []
        self._clock = clock
        self._window = window
        self._told = told
        self._recent: deque[float] = deque()
        self._closed_until = 0.0
        self._counting = threading.Lock()
        super().__init__(self._answer)

    def most_in_a_window(self) -> int:
        """The most calls that were let through in any window."""
        return max(sum(start <= moment < start + self._window for moment in self.passed) for start in self.passed)

    def _answer(self, sock: socket.socket) -> None:
        with self._counting:
            now = self._clock.monotonic()
            while self._recent and self._recent[0] <= now - self._window:
                self._recent.popleft()
            if now >= self._closed_until and len(self._recent) < self.limit:
                self._recent.append(now)
                self.passed.append(now)
                sock.sendall(_head("200 Any", "Content-Type: application/json", "Content-Length: 12") + _BODY)
                return
            if now >= self._closed_until:
                self._recent.clear()
                self._closed_until = now + self._window
            self.refused.append(now)
            told = [f"Retry-After: {-int(now - self._closed_until)}"] if self._told else []
            sock.sendall(_head("429 Any", "Content-Length: 0", *told))


def _head(*lines: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 " + lines[0], *lines[1:], "Connection: close", "", ""]).encode()
