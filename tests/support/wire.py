"""What the tests of calls share: a virtual clock, credentials, servers and requests."""

from __future__ import annotations

from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import pytest
from raw_server import Server

from migrator.core.clock import Clock
from migrator.http.client import Request, Transport
from migrator.http.pace import Pacer
from migrator.http.retry import Idempotence

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from raw_server import Reply


TOKEN = "Bearer planted-token-0001"
PERSON = "planted.person@example.com"
ALL_KINDS = pytest.mark.parametrize("kind", list(Idempotence), ids=lambda kind: kind.name)


class VirtualClock(Clock):
    """Time that passes only by waiting; the wall clock can be set wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.wall = 1_800_000_000.0
        self.waits: list[float] = []

    def monotonic(self) -> float:
        """Stand still."""
        return self.now

    def time(self) -> float:
        """Tell what the wall clock shows."""
        return self.wall

    def wait(self, seconds: float) -> None:
        """Let the time pass at once."""
        self.check()
        self.waits.append(seconds)
        self.now += seconds


class Wire:
    """Servers and transports that are closed at the end."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.pacer = Pacer(self.clock, {})
        self._close: list[Callable[[], None]] = []

    def server(self, *replies: Reply, tls: ssl.SSLContext | None = None) -> Server:
        """Start a server."""
        server = Server(*replies, tls=tls)
        self._close.append(server.close)
        return server

    def transport(self, base: Server | str, **options: Any) -> Transport:
        """Make a transport to a server or a URL."""
        options.setdefault("base_url", base if isinstance(base, str) else f"http://127.0.0.1:{base.port}")
        options.setdefault("auth", Credentials())
        options.setdefault("api", "Descope")
        allowed = {("GET", "/users"), ("POST", "/create"), ("GET", "/open")}
        transport = Transport(allowed=allowed, pacer=self.pacer, clock=self.clock, **options)
        self._close.append(transport.close)
        return transport

    def close(self) -> None:
        """Close everything, the youngest first."""
        for close in reversed(self._close):
            close()


class Credentials:
    """Knows `renewals` further tokens after the first."""

    def __init__(self, renewals: int = 0) -> None:
        self.value = TOKEN
        self.renewals = renewals
        self.refusals: list[str] = []

    def header(self) -> str:
        """Give the present token."""
        return self.value

    def refused(self, used: str) -> bool:
        """Renew while renewals are left."""
        self.refusals.append(used)
        if len(self.refusals) > self.renewals:
            return False
        self.value = f"Bearer renewed-{len(self.refusals)}"
        return True


def identity(value: Any) -> Any:
    return value


def get(attempts: int | None = None, deadline: float = 5.0, **options: Any) -> Request:
    return Request(
        "GET",
        "/users",
        Idempotence.READ,
        "search",
        {"search_text": PERSON},
        attempts=attempts,
        deadline=deadline,
        **options,
    )


def post(kind: Idempotence = Idempotence.UNSAFE_WRITE, deadline: float = 5.0, **options: Any) -> Request:
    return Request("POST", "/create", kind, "create", json={"users": [PERSON]}, deadline=deadline, **options)


def of(kind: Idempotence) -> Request:
    return get() if kind is Idempotence.READ else post(kind)


def tries(kind: Idempotence) -> int:
    """How often an operation is tried when what it did is unknown."""
    return 1 if kind is Idempotence.UNSAFE_WRITE else 5


def http_date(seconds: float) -> str:
    return formatdate(1_800_000_000.0 + seconds, usegmt=True)
