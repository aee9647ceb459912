"""Calls: slow and large answers, odd headers (docs/reliability.md N12)."""

from __future__ import annotations

import gzip
import socket
import time
import tracemalloc
import zlib
from typing import TYPE_CHECKING

import pytest
from raw_server import OK, cut, drip, reply, silent
from wire import Wire, get, identity

from migrator.core.errors import BadAnswer, NoAnswer, Refused
from migrator.http.client import Request
from migrator.http.retry import Idempotence

if TYPE_CHECKING:
    from raw_server import Reply


@pytest.mark.parametrize(
    "action",
    [
        silent,
        drip(b"HTTP/1.1 200 OK\r\n", b"X"),
        drip(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a", 0.01),
        drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0),
        drip(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", b" "),
        drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1", b"0"),
        drip(b"HTTP/1.1 404 Any\r\nContent-Length: 99999\r\n\r\n", b" "),
    ],
    ids=["silent", "status", "header", "endless 100", "body", "chunks", "chunk size", "error body"],
)
def test_n12_no_drip_extends_the_deadline(wire: Wire, action: Reply) -> None:
    server = wire.server(action)
    began = time.monotonic()
    with pytest.raises((NoAnswer, Refused)):
        wire.transport(server).call(get(deadline=0.3, attempts=1), identity)
    assert time.monotonic() - began < 1.5


def test_n12_a_server_that_stops_reading_cannot_extend_the_deadline(wire: Wire) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        transport = wire.transport(f"http://127.0.0.1:{listener.getsockname()[1]}")
        request = Request("POST", "/create", Idempotence.UNSAFE_WRITE, "b", json="x" * 30_000_000, deadline=0.3)
        began = time.monotonic()
        with pytest.raises(NoAnswer):
            transport.call(request, identity)
        assert time.monotonic() - began < 1.5


def bomb() -> bytes:
    """600 MB of blanks in gzip."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(b" " * 6_000_000) for _ in range(100)) + packer.flush()


@pytest.mark.parametrize("case", ["200 MB", "endless", "endless chunks", "bomb"])
def test_n12_a_body_above_16_mib_is_refused_in_little_memory(wire: Wire, case: str) -> None:
    start = {
        "200 MB": b"HTTP/1.1 200 OK\r\nContent-Length: 200000000\r\n\r\n",
        "endless": b"HTTP/1.1 200 OK\r\n\r\n",
        "endless chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "bomb": b"",
    }[case]
    piece = b"10000\r\n" + b" " * 65536 + b"\r\n" if case == "endless chunks" else b" " * 65536
    server = wire.server(reply(body=bomb(), Content_Encoding="gzip") if case == "bomb" else drip(start, piece, 0))
    transport = wire.transport(server)
    tracemalloc.start()
    try:
        with pytest.raises(BadAnswer, match="larger than 16777216 bytes"):
            transport.call(get(attempts=1, deadline=30), identity)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 64 * 1024 * 1024


def test_a_gzipped_answer_is_understood(wire: Wire) -> None:
    server = wire.server(reply(body=gzip.compress(b'{"ok": true}'), Content_Encoding="gzip"))
    assert wire.transport(server).call(get(), identity) == {"ok": True}


def test_w5_cookies_are_not_kept(wire: Wire) -> None:
    server = wire.server(reply(Set_Cookie="session=planted; Path=/"), OK)
    transport = wire.transport(server)
    transport.call(get(), identity)
    transport.call(get(), identity)
    assert b"cookie" not in server.requests[1].lower()


@pytest.mark.parametrize(
    "headers",
    [b"X: " + b"a" * 70_000 + b"\r\n", b"".join(b"X-%d: a\r\n" % n for n in range(200)), b"Content-Length: 3\r\n"],
    ids=["long", "many", "two lengths"],
)
def test_w5_headers_that_are_too_large_or_contradict_are_no_answer(wire: Wire, headers: bytes) -> None:
    server = wire.server(cut(b"HTTP/1.1 200 OK\r\n" + headers + OK.partition(b"\r\n")[2]))
    with pytest.raises(NoAnswer):
        wire.transport(server).call(get(attempts=1), identity)
