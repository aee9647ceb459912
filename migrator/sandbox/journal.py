"""What the two servers saw, kept outside the migrator so that the judge survives its crash."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from migrator.core.model import Json

_OK: Final = 200
_USER_ID: Final = re.compile(rb'"userId":\s*"([^"]*)"')


@dataclass(slots=True)
class Entry:
    """One request: attempted when it arrived, committed what it changed, answered with a status and what it told.

    `n` counts from 1 over both APIs. `committed` lists one dict per effect, at least
    `{"op": "create", "userId": "U2…", "loginIds": […]}`; it stays empty for reads and refusals.
    `status` is None while no answer went out (or never will: a reset, a lost answer). `told` lists the Descope users
    whose ids stood in an answer that went out whole with status 200.
    """

    n: int
    api: str
    method: str
    path: str
    query: dict[str, str]
    body: Json
    headers: dict[str, str]
    at: float
    committed: list[dict[str, Any]] = field(default_factory=list)
    status: int | None = None
    told: list[str] = field(default_factory=list)
    fault: str | None = None

    def tell(self, body: bytes) -> None:
        """Record whom an answer named; called with each part of it, or with the whole, once it went out."""
        if self.status == _OK:
            self.told += [user_id.decode("utf-8", "replace") for user_id in _USER_ID.findall(body)]

    def commit(self, op: str, **what: Any) -> None:  # noqa: ANN401 -- free-form JSON values
        """Record one durable effect of this request."""
        self.committed.append({"op": op, **what})


class Journal:
    """All entries in order of arrival; thread-safe."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._lock = threading.Lock()

    def attempt(
        self, api: str, method: str, path: str, query: dict[str, str], body: Json, headers: dict[str, str]
    ) -> Entry:
        """Open the entry of a request that has just arrived."""
        with self._lock:
            entry = Entry(len(self._entries) + 1, api, method, path, query, body, headers, time.time())
            self._entries.append(entry)
        return entry

    def dump(self, since: int = 0) -> list[dict[str, Any]]:
        """Entries after number `since` as plain dicts."""
        with self._lock:
            return [asdict(entry) for entry in self._entries[since:]]
