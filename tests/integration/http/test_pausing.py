"""A paused run sends nothing: whoever has waited for anything looks again right before the request goes out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from raw_server import OK, Server, reply
from wire import Credentials, VirtualClock, get, identity

from migrator.core.errors import Interrupted
from migrator.http.pace import Limit, Pacer

if TYPE_CHECKING:
    from wire import Wire


class Pausing(VirtualClock):
    """Pauses in the wait with this number, the first of 0, and resumes so many waits later."""

    def __init__(self, at: int, lasts: int = 5) -> None:
        super().__init__()
        self._at = at
        self._lasts = lasts
        self.server: Server | None = None
        self.seen: list[int] = []  # requests that the server had seen, at each wait of the pause

    def wait(self, seconds: float) -> None:
        if len(self.waits) == self._at:
            self.pause(self.time())
        elif len(self.waits) == self._at + self._lasts:
            self.resume()
        if self.paused_since is not None and self.server is not None:
            self.seen.append(len(self.server.requests))
        super().wait(seconds)


def test_a_call_that_waits_for_its_pace_sees_the_pause(wire: Wire) -> None:
    """The pause begins while the second call waits for the limit; it goes out when the run goes on."""
    clock = wire.clock = Pausing(0)
    wire.pacer = Pacer(clock, {"search": Limit(1, 60)})
    clock.server = server = wire.server(OK)
    transport = wire.transport(server)

    for _ in range(2):
        transport.call(get(), identity)

    assert clock.seen == [1] * 5
    assert len(server.requests) == 2


def test_a_call_that_waits_for_a_429_sees_the_pause(wire: Wire) -> None:
    """The pause that the server asked for is over first, the person's lasts on, and no try is lost by it."""
    clock = wire.clock = Pausing(0)
    wire.pacer = Pacer(clock, {})
    clock.server = server = wire.server(reply(429, Retry_After="7"), OK)

    wire.transport(server).call(get(attempts=2), identity)

    assert clock.waits[0] == pytest.approx(7)
    assert clock.seen == [1] * 5
    assert len(server.requests) == 2


def test_a_call_that_gets_its_token_sees_a_pause_that_began_meanwhile(wire: Wire) -> None:
    """However short it was: the turn was taken before it, and so were the credentials."""
    asked: list[int] = []

    class Slow(Credentials):
        def header(self) -> str:
            asked.append(1)
            if len(asked) == 1:
                wire.clock.pause(0.0)
                wire.clock.resume()
            return super().header()

    server = wire.server(OK)
    wire.transport(server, auth=Slow()).call(get(), identity)

    assert len(asked) == 2
    assert len(server.requests) == 1


def test_a_stop_ends_a_paused_call(wire: Wire) -> None:
    """Nothing was sent."""
    server = wire.server(OK)
    wire.clock.pause(0.0)
    wire.clock.request_stop()

    with pytest.raises(Interrupted):
        wire.transport(server).call(get(), identity)
    assert server.requests == []
