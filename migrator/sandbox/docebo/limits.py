"""The call limit per source address (docs/contract/docebo.md 8.1)."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from email.utils import formatdate
from math import ceil
from typing import TYPE_CHECKING

from migrator.sandbox.docebo import answers

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response

    from migrator.sandbox.docebo.switches import DoceboSwitches


class Limiter:
    """A sliding window of calls per client address; refused calls do not count."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._calls: defaultdict[str, deque[float]] = defaultdict(deque)

    def refuse(self, address: str, switches: DoceboSwitches) -> Response | None:
        """Count one call; the 429 to answer with when it is one too many."""
        if not switches.rate_calls:
            return None
        now = self._clock()
        calls = self._calls[address]
        while calls and calls[0] <= now - switches.rate_window:
            calls.popleft()
        if len(calls) < switches.rate_calls:
            calls.append(now)
            return None
        return _too_many(calls[0] + switches.rate_window - now, switches)


def _too_many(wait: float, switches: DoceboSwitches) -> Response:
    match switches.rate_body:
        case "json":
            response = answers.error(answers.PlatformError(429, "Too many requests.", 1029))
        case "html":
            response = answers.html(429, "429 Too Many Requests")
        case "empty":
            response = answers.raw(b"", 429)
    match switches.rate_header:
        case "seconds":
            response.headers["Retry-After"] = str(ceil(wait))
        case "date":
            # A date has whole seconds and loses a fraction: round up so that nobody comes too early.
            response.headers["Retry-After"] = formatdate(ceil(time.time() + wait), usegmt=True)
        case "none":
            pass
    return response
