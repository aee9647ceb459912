"""Request limits per bucket with a back-off after a breach (docs/contract/descope.md 7)."""

from __future__ import annotations

import math
from collections import deque
from email.utils import formatdate
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, Response

from migrator.sandbox.descope.refusal import RATE_LIMIT, Refusal
from migrator.sandbox.descope.wire import json_response

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.sandbox.descope.switches import Bucket, DescopeSwitches

_DOCUMENTED: dict[Bucket, int] = {"create": 100, "search": 200, "user": 500, "general": 100, "audit": 10}
_DOCUMENTED_SECONDS = 60.0
_CREATE = {"/v1/mgmt/user/create", "/v1/mgmt/user/create/batch"}
_AUDIT = "/v1/mgmt/audit/search"
_SEARCH = {"/v1/mgmt/user/update", "/v1/mgmt/user/search", "/v2/mgmt/user/search"}


def bucket_of(path: str) -> Bucket:
    """The bucket a path counts against; sub-paths of /user/update count as other user calls."""
    if path in _CREATE:
        return "create"
    if path in _SEARCH:
        return "search"
    if path == _AUDIT:
        return "audit"
    user_path = path.startswith(("/v1/mgmt/user/", "/v2/mgmt/user/")) or path == "/v1/mgmt/user"
    return "user" if user_path else "general"


class Limiter:
    """A sliding window per bucket; one call too many closes the bucket for the whole back-off."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._hits: dict[tuple[Bucket, str], deque[float]] = {}
        self._closed_until: dict[tuple[Bucket, str], float] = {}

    def clear(self) -> None:
        """Forget every request."""
        self._hits.clear()
        self._closed_until.clear()

    def refuse_for(self, path: str, caller: str, *, licensed: bool, switches: DescopeSwitches) -> float | None:
        """Count one request; the seconds left to wait when it is refused, else None.

        Args:
            path: the request's path, which names the bucket.
            caller: the caller's address; it parts the general bucket, the others are per project.
            licensed: whether the right licence header was sent.
            switches: the limits in force.
        """
        bucket = bucket_of(path)
        limit, window, backoff = _limit(bucket, switches)
        if limit is None:
            return None
        key = (bucket, caller if bucket == "general" else "")
        now = self._clock()
        closed_until = self._closed_until.get(key, -math.inf)
        if now < closed_until:
            return closed_until - now
        hits = self._hits.setdefault(key, deque())
        while hits and hits[0] <= now - window:
            hits.popleft()
        if len(hits) >= limit * (switches.licensed_factor if licensed else 1):
            hits.clear()
            self._closed_until[key] = now + backoff
            return backoff
        hits.append(now)
        return None


def _limit(bucket: Bucket, switches: DescopeSwitches) -> tuple[int | None, float, float]:
    match switches.rate_limits:
        case "off":
            return None, 0, 0
        case "documented":
            return _DOCUMENTED[bucket], _DOCUMENTED_SECONDS, _DOCUMENTED_SECONDS
        case "custom":
            limit = switches.custom_limits.get(bucket)
            return limit, switches.window_seconds, switches.backoff_seconds


def throttled(seconds: float, wall: float, switches: DescopeSwitches) -> Response:
    """The 429 answer.

    Args:
        seconds: what is left of the back-off.
        wall: now in epoch seconds, for the date form of `Retry-After`.
        switches: the form of header and body.
    """
    headers = {}
    if switches.retry_after == "seconds":
        headers["Retry-After"] = str(math.ceil(seconds))
    elif switches.retry_after == "date":
        headers["Retry-After"] = formatdate(math.ceil(wall + seconds), usegmt=True)
    match switches.throttle_body:
        case "json":
            refusal = Refusal(429, RATE_LIMIT, "API rate limit exceeded.")
            body = refusal.body(with_message=switches.error_message == "present")
            return json_response(body, status=429, headers=headers)
        case "html":
            page = "<html><body><h1>Error 1015</h1>You are being rate limited</body></html>"
            return HTMLResponse(page, status_code=429, headers=headers)
        case "empty":
            return Response(status_code=429, headers=headers)
