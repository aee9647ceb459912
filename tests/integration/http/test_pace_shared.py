"""Limits that change, and workers that share them, against servers that count by the same clock."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from limited_server import LimitedServer
from virtual_clock import VirtualClock
from wire import get, identity, post

from migrator.http.pace import Limit, Pacer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wire import Wire

    from migrator.http.client import Transport

WORKERS = 4


@pytest.fixture
def limited(wire: Wire) -> Iterator[Callable[..., tuple[LimitedServer, Transport]]]:
    """Makes a server with a limit, and a transport to it that believes in another one."""
    clock = VirtualClock()
    # Real time plus every wait, as several workers need it.
    wire.clock = clock  # type: ignore[assignment]
    servers = []

    def make(limit: int, believed: int, window: float = 60.0, *, told: bool = True) -> tuple[LimitedServer, Transport]:
        server = LimitedServer(clock, limit, window, told=told)
        servers.append(server)
        wire.pacer = Pacer(clock, {"create": Limit(believed, window)}, "Descope")
        return server, wire.transport(server, default_throttle_wait=60.0)

    yield make
    for server in servers:
        server.close()


def create(transport: Transport, calls: int, workers: int = WORKERS) -> None:
    """So many calls by several workers."""
    with ThreadPoolExecutor(workers) as pool:
        for done in [pool.submit(transport.call, post(), identity) for _ in range(calls)]:
            assert done.result() == {"ok": True}


@pytest.mark.parametrize("told", [True, False], ids=["Retry-After", "no header"])
@pytest.mark.parametrize("before", [5, 30, 60, 95, 130], ids=lambda calls: f"after {calls} calls")
def test_n18_a_limit_that_drops_costs_two_refused_calls(
    limited: Callable[..., tuple[LimitedServer, Transport]], before: int, told: bool
) -> None:
    """From 100 to 20 in the middle of a run of four workers: one call teaches that it dropped, one how far."""
    server, transport = limited(100, 100, told=told)
    create(transport, before)
    assert server.refused == []

    server.limit = 20
    create(transport, 100)

    assert 1 <= len(server.refused) <= 2
    assert len(server.passed) == before + 100


def test_n18_a_limit_that_rises_again_is_used_again(
    limited: Callable[..., tuple[LimitedServer, Transport]],
) -> None:
    """Slowly, and without a single call refused; and the next drop costs as little as the first."""
    server, transport = limited(100, 100)
    create(transport, 60)
    server.limit = 20
    create(transport, 60)
    first = len(server.refused)
    server.limit = 100
    create(transport, 1800, workers=1)

    assert first <= 2
    assert len(server.refused) == first
    last = server.passed[-1]
    assert sum(moment > last - 300 for moment in server.passed) > 4 * 90

    server.limit = 20
    create(transport, 100)
    assert len(server.refused) <= first + 2


def test_n18_a_limit_that_stays_low_is_tried_ever_more_rarely(
    limited: Callable[..., tuple[LimitedServer, Transport]],
) -> None:
    """In two hours at 20 calls a minute instead of 100, trying whether the limit has risen costs a handful of calls."""
    server, transport = limited(20, 100)
    create(transport, 120 * 19, workers=1)

    assert len(server.refused) <= 5
    assert server.passed[-1] - server.passed[0] <= 1.06 * 120 * 60.6 + 3 * 60


@pytest.mark.parametrize("believed", [100, 20])
def test_n19_no_window_holds_more_calls_than_the_limit_however_many_workers(
    limited: Callable[..., tuple[LimitedServer, Transport]], believed: int
) -> None:
    server, transport = limited(believed, believed)
    create(transport, 3 * believed, workers=8)

    assert server.refused == []
    assert server.most_in_a_window() <= believed


def test_n19_two_apis_never_wait_for_each_other(wire: Wire) -> None:
    """While one asks for a pause and has no calls left, the other one is called at once, as often as it allows."""
    clock = wire.clock
    wire.pacer = Pacer(clock, {"search": Limit(1, 3600)}, "Docebo")
    closed = LimitedServer(clock, 1, 3600.0, told=False)
    docebo = wire.transport(closed, api="Docebo")
    wire.pacer = Pacer(clock, {"create": Limit(100, 60)}, "Descope")
    is_open = LimitedServer(clock, 100)
    descope = wire.transport(is_open)
    docebo.call(get(), identity)
    waiting, go_on = threading.Event(), threading.Event()

    def wait(seconds: float) -> None:
        waiting.set()
        assert go_on.wait(30), seconds
        clock.now += seconds

    clock.wait = wait  # type: ignore[method-assign]
    reader = threading.Thread(target=lambda: docebo.call(get(), identity))
    reader.start()
    assert waiting.wait(30)

    for _ in range(95):
        descope.call(post(), identity)

    assert (len(is_open.passed), len(closed.passed)) == (95, 1)
    assert set(is_open.passed) == {clock.now}
    go_on.set()
    reader.join(30)
    assert len(closed.passed) == 2
    closed.close()
    is_open.close()
