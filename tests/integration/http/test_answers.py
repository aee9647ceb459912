"""Calls: what is sent, connections that fail, answers that are cut or wrong (docs/reliability.md N2 to N5)."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from raw_server import OK, cut, reply, reset
from wire import ALL_KINDS, PERSON, TOKEN, Wire, get, identity, of, post, tries

from migrator.core.errors import BadAnswer, Cause, Interrupted, NoAnswer, NotSent, Untrusted
from migrator.http.client import CallCounts, Request, Transport
from migrator.http.retry import Idempotence

if TYPE_CHECKING:
    from collections.abc import Callable

    from raw_server import Reply


def test_a_call_sends_credentials_headers_query_and_body_and_returns_what_parse_makes(wire: Wire) -> None:
    server = wire.server(OK)
    transport = wire.transport(server, headers={"x-descope-license": "tier"})
    assert transport.call(get(headers={"X-More": "1"}), lambda value: value["ok"]) is True
    transport.call(post(), identity)
    transport.call(Request("GET", "/open", Idempotence.READ, "b", form={"a": "b c"}, auth=False), identity)
    first, second, third = server.requests
    assert first.startswith(b"GET /users?search_text=planted.person%40example.com HTTP/1.1\r\n")
    for line in (f"Authorization: {TOKEN}", "x-descope-license: tier", "X-More: 1", "Accept: application/json"):
        assert line.encode() in first.split(b"\r\n")
    assert json.loads(second.partition(b"\r\n\r\n")[2]) == {"users": [PERSON]}
    assert b"Authorization" not in third
    assert third.endswith(b"\r\n\r\na=b+c")
    assert transport.calls.snapshot() == CallCounts(total=3, writes=1)
    assert (transport.calls.total, transport.calls.writes, transport.calls.throttled) == (3, 1, 0)


def test_one_thread_keeps_one_connection_and_another_has_its_own(wire: Wire) -> None:
    server = wire.server(OK)
    transport = wire.transport(server)
    for _ in range(3):
        transport.call(get(), identity)
    assert server.connections == 1
    thread = threading.Thread(target=transport.call, args=(get(), identity))
    thread.start()
    thread.join()
    assert server.connections == 2


def test_only_allowed_paths_can_be_called(wire: Wire) -> None:
    server = wire.server(OK)
    with pytest.raises(ValueError, match="POST /users is not allowed"):
        wire.transport(server).call(Request("POST", "/users", Idempotence.READ, "b"), identity)
    assert server.connections == 0


def test_a_stop_request_ends_the_call_before_anything_is_sent(wire: Wire) -> None:
    server = wire.server(OK)
    wire.clock.request_stop()
    with pytest.raises(Interrupted):
        wire.transport(server).call(get(), identity)
    assert server.connections == 0


def test_a_request_shows_nothing_personal_in_its_repr() -> None:
    assert PERSON not in repr(get()) + repr(post())


def assert_not_sent(wire: Wire, transport: Transport, kind: Idempotence, cause: Cause) -> None:
    with pytest.raises(NotSent) as caught:
        transport.call(of(kind), identity)
    assert not isinstance(caught.value, Untrusted)
    assert caught.value.cause is cause
    assert transport.calls.total == 5
    assert len(wire.clock.waits) == 4
    assert sum(wire.clock.waits) <= 15


@ALL_KINDS
def test_n3_a_refused_connection_is_repeated_for_every_kind_as_nothing_was_sent(wire: Wire, kind: Idempotence) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        transport = wire.transport(f"http://127.0.0.1:{unused.getsockname()[1]}")
        assert_not_sent(wire, transport, kind, Cause.REFUSED)


def test_n3_an_unknown_host_name_is_not_sent(wire: Wire) -> None:
    assert_not_sent(wire, wire.transport("https://no-such-host..invalid"), Idempotence.UNSAFE_WRITE, Cause.NO_NAME)


def test_n3_a_cut_tls_handshake_is_not_sent(wire: Wire) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            for _ in range(5):
                listener.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        transport = wire.transport(f"https://127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(NotSent) as caught:
            transport.call(post(), identity)
        assert caught.value.cause in {Cause.CLOSED, Cause.RESET}  # whichever end is quicker
        assert transport.calls.total == 5
        thread.join()


def test_n12_a_silent_tls_handshake_ends_at_the_deadline_and_is_not_sent(wire: Wire) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        transport = wire.transport(f"https://127.0.0.1:{listener.getsockname()[1]}")
        began = time.monotonic()
        with pytest.raises(NotSent) as caught:
            transport.call(post(deadline=0.3, attempts=1), identity)
        assert caught.value.cause is Cause.TIMED_OUT
        assert 0.25 < time.monotonic() - began < 2


@ALL_KINDS
@pytest.mark.parametrize(
    "action", [cut(b""), reset(), reset(b"HTTP/1.1 200 OK\r\nConte")], ids=["close", "reset", "mid"]
)
def test_n2_n3_no_answer_after_sending_is_repeated_only_where_that_is_safe(
    wire: Wire, kind: Idempotence, action: Reply
) -> None:
    server = wire.server(action)
    with pytest.raises(NoAnswer):
        wire.transport(server).call(of(kind), identity)
    assert len(server.requests) == tries(kind)


def test_n3_a_call_succeeds_when_the_server_comes_back(wire: Wire) -> None:
    server = wire.server(cut(b""), reply(503), reply(body=b"<html>"), OK)
    transport = wire.transport(server)
    assert transport.call(get(), identity) == {"ok": True}
    assert transport.calls.total == 4
    assert all(low <= wait <= high for wait, low, high in zip(wire.clock.waits, (0.5, 1, 2), (1, 2, 4), strict=True))


HALF = b'{"users": [1, 2'


@ALL_KINDS
@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + HALF,
        b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"users": []}',
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nf\r\n" + HALF + b"\r\n",
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nd\r\n{"users": []}\r\n',
        b"HTTP/1.1 200 OK\r\n\r\n" + HALF,
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b'{"users": []}')[:-12],
    ],
    ids=["length", "length, valid JSON", "chunked", "chunked, valid JSON", "inside JSON", "inside gzip"],
)
def test_n4_a_cut_answer_is_no_success(wire: Wire, kind: Idempotence, answer: bytes) -> None:
    server = wire.server(cut(answer))
    with pytest.raises(NoAnswer):
        wire.transport(server).call(of(kind), identity)
    assert len(server.requests) == tries(kind)


def test_n4_a_cut_at_valid_json_is_caught_by_the_callers_own_count_and_repeated(wire: Wire) -> None:
    def all_of_them(value: Any) -> Any:
        if len(value["items"]) != value["total"]:
            raise BadAnswer("short page")
        return value["items"]

    short = cut(b'HTTP/1.1 200 OK\r\n\r\n{"total": 2, "items": [1]}')
    server = wire.server(short, reply(body=b'{"total": 2, "items": [1, 2]}'))
    assert wire.transport(server).call(get(), all_of_them) == [1, 2]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"<html>Maintenance</html>",
        b'{"ok": tru',
        b'{"ok": true} {"ok": true}',
        b'{"ok": 1, "ok": 2}',
        b'{"in": {"ok": 1, "\\u006fk": 2}}',
        b'{"ok": NaN}',
        b'{"ok": -Infinity}',
        b'{"ok": 1e999}',
        b"9" * 5000,
        b'{"ok": "\xff"}',
        b"\xef\xbb\xbf{}",
        '{"ok": true}'.encode("utf-16"),
        b"[" * 20 + b"]" * 20,
        b'{"a":' * 20 + b"1" + b"}" * 20,
        b"[" * 200_000,
        b'["]",' * 200_000 + b"1" + b',"["]' * 200_000,
        b'{"ok": "' + b'\\"' * 4_000_000,
        b"[" + b"{}," * 1_500_000 + b"{}]",
    ],
    ids=[
        "empty", "blank", "html", "cut", "two values", "duplicate key", "escaped duplicate", "NaN", "Infinity",
        "1e999", "huge integer", "not UTF-8", "BOM", "UTF-16", "deep lists", "deep objects", "bottomless",
        "brackets in strings do not close", "string without an end", "too many values",
    ],
)  # fmt: skip
def test_n5_a_200_that_is_not_strict_json_is_a_bad_answer(wire: Wire, body: bytes) -> None:
    server = wire.server(reply(body=body))
    with pytest.raises(BadAnswer) as caught:
        wire.transport(server).call(get(attempts=1), identity)
    assert caught.value.status == 200


def test_n5_sixteen_levels_and_odd_but_valid_json_pass(wire: Wire) -> None:
    body = '{"deep": ' + "[" * 15 + "]" * 15 + ', "no content type": "\\u0000é", "[[": "\\"[[[", "n": -1.5e3}'
    value = wire.transport(wire.server(reply(body=body.encode()))).call(get(), identity)
    assert (value["no content type"], value["n"]) == ("\x00é", -1500.0)


@pytest.mark.parametrize(
    "parse",
    [
        lambda value: value["users"],
        lambda value: value[0],
        lambda value: int("x" * value["ok"] + PERSON),
        lambda value: value.users,
        lambda value: [][0 if value else 1],
    ],
    ids=["KeyError", "KeyError int", "ValueError", "AttributeError", "IndexError"],
)
def test_n5_a_wrong_shape_is_a_bad_answer_inside_the_retry_loop(wire: Wire, parse: Callable[[Any], Any]) -> None:
    server = wire.server(OK)
    with pytest.raises(BadAnswer, match="HTTP 200, unexpected shape") as caught:
        wire.transport(server).call(get(), parse)
    assert len(server.requests) == 5
    assert PERSON not in "".join(traceback.format_exception(caught.value))
