"""Calls through a proxy: the same deadlines, the same knowledge of what was sent, and errors that name the proxy."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from raw_server import OK, cut, drip, reply, silent
from relays import Relay, relay
from self_signed import certificate
from wire import ALL_KINDS, PERSON, TOKEN, Wire, get, identity, of, post, tries

from migrator.core.errors import NoAnswer, NotSent, ProxyRefused, Untrusted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from raw_server import Reply

    from migrator.http.retry import Idempotence

PLACE = "config.yaml, line 9"


@pytest.fixture
def proxy() -> Iterator[Relay]:
    with relay() as server:
        yield server


def through(port: int) -> dict[str, object]:
    return {"proxy": f"http://127.0.0.1:{port}", "place_of": lambda key: f"{key} ({PLACE})", "setting": "descope.url"}


def test_w4_a_call_goes_through_the_proxy_that_is_named(wire: Wire, proxy: Relay) -> None:
    """One tunnel for each connection; the proxy is told host and port, and nothing of the request."""
    server = wire.server(OK)
    transport = wire.transport(server, **through(proxy.port))

    assert [transport.call(get(), identity) for _ in range(3)] == [{"ok": True}] * 3

    target = f"127.0.0.1:{server.port}"
    assert proxy.asked == [f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode()]
    assert server.requests[0].startswith(b"GET /users?")
    assert f"Authorization: {TOKEN}".encode() in server.requests[0]


def test_w4_tls_is_with_the_server_and_not_with_the_proxy(wire: Wire, proxy: Relay, tmp_path: Path) -> None:
    """The proxy sees no byte of the request, and the server's certificate counts as without a proxy."""
    context, trusted = certificate(tmp_path)
    server = wire.server(OK, tls=context)
    url = f"https://127.0.0.1:{server.port}"

    assert wire.transport(url, ca_file=trusted, **through(proxy.port)).call(get(), identity) == {"ok": True}
    with pytest.raises(Untrusted, match="its certificate is from an unknown authority") as caught:
        wire.transport(url, **through(proxy.port)).call(get(), identity)

    assert f"through the proxy 127.0.0.1:{proxy.port}" in str(caught.value)
    assert len(server.requests) == 1
    assert TOKEN.encode() not in b"".join(proxy.asked)


@ALL_KINDS
@pytest.mark.parametrize(
    ("answer", "says", "attempts"),
    [
        (reply(407, b"", Proxy_Authenticate="Basic"), "the proxy asks for credentials (HTTP 407)", 1),
        (reply(403, b"planted"), "the proxy does not let it through (HTTP 403)", 1),
        (reply(502, b"planted"), "the proxy cannot reach it (HTTP 502)", 5),
        (reply(302, b"", Location="http://planted"), "the proxy does not answer like one (HTTP 302)", 1),
        (b"SSH-2.0-planted\r\n\r\n", "the proxy does not answer like one", 1),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 20_000, "the proxy does not answer like one", 1),
        (b"HTTP/1.1 200 OK\r\n", "the connection was reset", 5),
        (b"", "the connection was reset", 5),
    ],
    ids=["407", "403", "502", "302", "no HTTP", "huge", "cut", "nothing"],
)
def test_w4_a_proxy_that_opens_no_tunnel_is_named_and_nothing_was_sent(
    wire: Wire, proxy: Relay, kind: Idempotence, answer: bytes, says: str, attempts: int
) -> None:
    """What may pass is tried again whatever the operation, because the server saw nothing of it; a refusal is final."""
    server = wire.server(OK)
    proxy.answer = answer

    with pytest.raises(NotSent) as caught:
        wire.transport(server, **through(proxy.port)).call(of(kind), identity)

    way = f"127.0.0.1:{server.port} through the proxy 127.0.0.1:{proxy.port}"
    assert str(caught.value) == f"Descope cannot be reached: {way}: {says}"
    assert caught.value.fix.startswith(f"Check descope.proxy ({PLACE}).")
    assert isinstance(caught.value, ProxyRefused) == (attempts == 1)
    assert (len(proxy.asked), server.connections) == (attempts, 0)


def test_w4_a_proxy_that_is_not_there_is_named(wire: Wire) -> None:
    with relay() as gone:
        port = gone.port
    server = wire.server(OK)

    with pytest.raises(NotSent) as caught:
        wire.transport(server, **through(port)).call(post(), identity)

    assert str(caught.value).endswith(f" through the proxy 127.0.0.1:{port}: the connection was refused")
    assert caught.value.fix.startswith(f"Check descope.proxy ({PLACE}).")
    assert server.connections == 0


def test_w4_the_name_of_the_proxy_alone_is_looked_up(wire: Wire, proxy: Relay) -> None:
    """In a closed network only the proxy can look up the names outside it."""
    proxy.answer = reply(503, b"")

    with pytest.raises(NotSent, match=r"the proxy cannot reach it \(HTTP 503\)"):
        wire.transport("https://descope.invalid", **through(proxy.port)).call(get(attempts=1), identity)

    assert proxy.lines == {"CONNECT descope.invalid:443 HTTP/1.1"}


@pytest.mark.parametrize("slow", [silent, drip(b"HTTP/1.1 200 OK\r\nX: ", b"a")], ids=["silent", "drip"])
def test_n12_a_slow_proxy_is_held_to_the_deadline_and_nothing_was_sent(wire: Wire, slow: Reply) -> None:
    stalled, server = wire.server(slow), wire.server(OK)
    began = time.monotonic()

    with pytest.raises(NotSent, match="the connection timed out") as caught:
        wire.transport(server, **through(stalled.port)).call(get(attempts=1, deadline=0.3), identity)

    assert time.monotonic() - began < 1.5
    assert caught.value.fix.startswith("Check descope.proxy")
    assert server.connections == 0


@ALL_KINDS
@pytest.mark.parametrize("end", [cut(b""), cut(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")], ids=["close", "cut"])
def test_n2_behind_an_open_tunnel_a_missing_answer_is_as_without_a_proxy(
    wire: Wire, proxy: Relay, kind: Idempotence, end: Reply
) -> None:
    """The request went out, so that a write of unknown effect is never repeated."""
    server = wire.server(end)

    with pytest.raises(NoAnswer) as caught:
        wire.transport(server, **through(proxy.port)).call(of(kind), identity)

    assert len(server.requests) == tries(kind)
    assert PERSON not in str(caught.value)


def test_n12_behind_an_open_tunnel_the_deadline_holds(wire: Wire, proxy: Relay) -> None:
    server = wire.server(drip(b"HTTP/1.1 200 OK\r\nX: ", b"a"))
    began = time.monotonic()

    with pytest.raises(NoAnswer):
        wire.transport(server, **through(proxy.port)).call(post(deadline=0.3), identity)

    assert time.monotonic() - began < 1.5
