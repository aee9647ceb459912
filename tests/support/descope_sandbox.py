"""The Descope half of the sandbox on a real socket, for the contract tests."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests
import uvicorn

from migrator.sandbox.descope import MANAGEMENT_KEY, PROJECT_ID, Store, build
from migrator.sandbox.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp, Receive, Scope, Send


ANA, BEN, CLEO = "ana@example.org", "ben@example.org", "cleo@example.org"


@dataclass
class FakeClock:
    """Seconds that move when a test says so."""

    now: float = 1000.0

    def __call__(self) -> float:
        """The current second."""
        return self.now


@dataclass
class World:
    """One running project: its inside (`store`, `journal`, `clock`) and its address."""

    url: str
    store: Store
    clock: FakeClock
    journal: Journal
    session: requests.Session
    since: int = 0
    headers: dict[str, str] = field(default_factory=dict)

    def call(
        self, method: str, path: str, body: Any = None, *, status: int | None = 200, **more: Any
    ) -> requests.Response:
        """Send one request; `status` is what must come back, None means anything."""
        headers = self.headers | more.pop("headers", {})
        answer = self.session.request(
            method, self.url + path, json=body, headers=headers, timeout=20, allow_redirects=False, **more
        )
        assert status is None or answer.status_code == status, (answer.status_code, answer.text)
        return answer

    def post(self, path: str, body: Any, *, status: int | None = 200) -> Any:
        """POST under /v1/mgmt and give the JSON back."""
        return self.call("POST", f"/v1/mgmt/{path}", body, status=status).json()

    def patch(self, path: str, body: Any, *, status: int | None = 200) -> Any:
        """PATCH under /v1/mgmt and give the JSON back."""
        return self.call("PATCH", f"/v1/mgmt/{path}", body, status=status).json()

    def get(self, path: str, *, status: int | None = 200, **query: str) -> Any:
        """GET under /v1/mgmt and give the JSON back."""
        return self.call("GET", f"/v1/mgmt/{path}", status=status, params=query).json()

    def make(self, login: str = "ana@example.org", **fields: Any) -> Any:
        """Create one user and give it back."""
        return self.post("user/create", {"loginId": login, **fields})["user"]

    def search(self, **body: Any) -> list[str]:
        """First login ids of the users found."""
        answer = self.call("POST", "/v2/mgmt/user/search", body).json()
        return [user["loginIds"][0] for user in answer["users"]]

    def load(self, login: str) -> Any:
        """One user by login id."""
        return self.get("user", loginId=login)["user"]

    def ops(self) -> list[str]:
        """What the requests of this test committed, in order."""
        return [effect["op"] for entry in self.journal.dump(self.since) for effect in entry["committed"]]

    def refresh(self) -> None:
        """A fresh project for the next test."""
        self.store.reset()
        self.since = len(self.journal.dump())


class _Journaling:
    def __init__(self, app: ASGIApp, journal: Journal) -> None:
        self._app = app
        self._journal = journal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        entry = self._journal.attempt("descope", scope["method"], scope["path"], {}, None, {})
        await self._app({**scope, "journal_entry": entry}, receive, send)


def _listening() -> socket.socket:
    """A socket that listens before the server starts: a client that comes early waits in the queue.

    asyncio turns Nagle's algorithm off only on sockets that name TCP; with it each answer takes 40 ms.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener


@contextmanager
def running() -> Iterator[World]:
    """Serve a project on a free loopback port until the block ends."""
    clock, journal = FakeClock(), Journal()
    store = Store(clock)
    app = _Journaling(build(store), journal)
    config = uvicorn.Config(app, log_config=None, lifespan="off", ws="none", access_log=False)
    server = uvicorn.Server(config)
    with _listening() as listener, requests.Session() as session:
        session.trust_env = False
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            bearer = {"Authorization": f"Bearer {PROJECT_ID}:{MANAGEMENT_KEY}"}
            world = World(url, store, clock, journal, session, headers=bearer)
            world.call("GET", "/v1/mgmt/license")
            yield world
        finally:
            server.should_exit = True
            thread.join(timeout=20)


def declare(world: World, **types: int) -> None:
    """Define custom attributes: name and type number."""
    attributes = [{"name": name, "type": kind} for name, kind in types.items()]
    world.post("user/customattribute/create", {"attributes": attributes})


def batch(world: World, *logins: str, **more: Any) -> Any:
    """Create a user per login id in one call and give the answer back."""
    return world.post("user/create/batch", {"users": [{"loginId": login} for login in logins], **more})


def logins(users: list[Any]) -> list[str]:
    """The first login id of each user."""
    return [user["loginIds"][0] for user in users]
