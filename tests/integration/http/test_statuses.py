"""Calls: refusals, throttling, server errors and clocks (docs/reliability.md N6 to N11 and N17)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from raw_server import OK, cut, drip, reply
from wire import ALL_KINDS, TOKEN, Credentials, Wire, get, http_date, identity, of, post, tries

from migrator.core.errors import NoAnswer, Refused, ServerFailed, StopRun, Throttled
from migrator.http.client import CallCounts
from migrator.http.pace import Limit, Pacer
from migrator.http.retry import Idempotence

if TYPE_CHECKING:
    import socket

    from raw_server import Reply


@ALL_KINDS
def test_n6_a_401_is_replayed_once_with_new_credentials_whatever_the_kind(wire: Wire, kind: Idempotence) -> None:
    server = wire.server(reply(401), OK)
    auth = Credentials(renewals=1)
    assert wire.transport(server, auth=auth).call(of(kind), identity) == {"ok": True}
    assert auth.refusals == [TOKEN]
    assert b"Authorization: Bearer renewed-1" in server.requests[1]
    assert wire.clock.waits == []


@pytest.mark.parametrize(("renewals", "requests"), [(0, 1), (5, 2)])
def test_n6_a_second_401_is_a_refusal(wire: Wire, renewals: int, requests: int) -> None:
    server = wire.server(reply(401))
    with pytest.raises(Refused) as caught:
        wire.transport(server, auth=Credentials(renewals)).call(get(), identity)
    assert caught.value.status == 401
    assert len(server.requests) == requests


def test_n6_without_credentials_a_401_is_a_refusal(wire: Wire) -> None:
    server = wire.server(reply(401))
    auth = Credentials(renewals=1)
    with pytest.raises(Refused):
        wire.transport(server, auth=auth).call(get(auth=False), identity)
    assert (len(server.requests), auth.refusals) == (1, [])


@ALL_KINDS
@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 413, 415, 422, 418])
def test_n7_a_refusal_is_never_repeated(wire: Wire, kind: Idempotence, status: int) -> None:
    server = wire.server(reply(status))
    with pytest.raises(Refused) as caught:
        wire.transport(server).call(of(kind), identity)
    assert caught.value.status == status
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"errorCode": "E112102", "errorDescription": "x", "errorMessage": "planted"}', "E112102"),
        (b'{"name": "Not Found", "message": ["planted"], "code": 1001, "status": 404}', "1001"),
        (b'{"error": "invalid_grant", "error_description": "planted"}', "invalid_grant"),
        (b'{"errorCode": "planted person is not allowed"}', ""),
        (b'{"errorCode": "p@planted", "code": true, "error": {"planted": 1}}', ""),
        (b'{"errorCode": "' + b"E" * 41 + b'"}', ""),
        (b'["planted"]', ""),
        (b"<html>planted</html>", ""),
        (b"", ""),
    ],
)
def test_n7_only_a_code_is_taken_from_an_error_body(wire: Wire, body: bytes, code: str) -> None:
    server = wire.server(reply(404, body))
    with pytest.raises(Refused) as caught:
        wire.transport(server).call(get(), identity)
    assert caught.value.code == code
    assert str(caught.value) == "Descope GET /users: HTTP 404" + (f" ({code})" if code else "")


@pytest.mark.parametrize(
    "body", [drip(b"HTTP/1.1 404 Any\r\n\r\n", b" " * 8192, 0), cut(b"HTTP/1.1 404 Any\r\nContent-Length: 9\r\n\r\n{")]
)
def test_n7_a_refusal_stays_one_when_its_body_is_endless_or_cut(wire: Wire, body: Reply) -> None:
    with pytest.raises(Refused, match=r"HTTP 404$"):
        wire.transport(wire.server(body)).call(get(), identity)


@ALL_KINDS
@pytest.mark.parametrize(
    ("value", "wait"),
    [("7", 7), ("900", 900), (http_date(40), 40), (http_date(-40), 60), ("-5", 60), ("abc", 60), ("", 60), (None, 60)],
)
def test_n8_retry_after_is_obeyed_exactly_when_valid_and_else_60_seconds_pass(
    wire: Wire, kind: Idempotence, value: str | None, wait: float
) -> None:
    throttled = reply(429) if value is None else reply(429, Retry_After=value)
    server = wire.server(throttled, OK)
    transport = wire.transport(server, default_throttle_wait=60.0)
    assert transport.call(of(kind), identity) == {"ok": True}
    assert wire.clock.waits == [wait]
    assert transport.calls.snapshot() == CallCounts(2, 0 if kind is Idempotence.READ else 2, 1)


def test_n8_an_absurd_retry_after_stops_the_run(wire: Wire) -> None:
    server = wire.server(reply(429, Retry_After="1000000000"))
    transport = wire.transport(server)
    with pytest.raises(StopRun, match="Descope asks for a pause of 277777 h 47 min") as caught:
        transport.call(get(), identity)
    assert (caught.value.exit_code, len(server.requests), transport.calls.throttled) == (4, 1, 1)


def test_n8_all_workers_share_one_pause(wire: Wire) -> None:
    server = wire.server(reply(429, Retry_After="50"), OK)
    with pytest.raises(Throttled):
        wire.transport(server).call(get(attempts=1), identity)
    wire.transport(server).call(post(), identity)
    assert wire.clock.waits == [50]


def test_n8_ten_throttled_answers_are_enough(wire: Wire) -> None:
    server = wire.server(reply(429, b"not json", Retry_After="3"))
    with pytest.raises(Throttled) as caught:
        wire.transport(server).call(post(), identity)
    assert (len(server.requests), caught.value.retry_after) == (10, 3)


def test_n9_without_a_documented_window_waits_grow(wire: Wire) -> None:
    server = wire.server(reply(429), reply(429), reply(429), OK)
    wire.transport(server, api="Docebo").call(get(), identity)
    assert all(step <= wait <= 1.25 * step for wait, step in zip(wire.clock.waits, (10, 20, 40), strict=True))


def test_n9_the_pacer_keeps_real_calls_within_the_limit(wire: Wire) -> None:
    server = wire.server(OK)
    wire.pacer = Pacer(wire.clock, {"create": Limit(20, 60)})
    transport = wire.transport(server)
    times = []
    for _ in range(60):
        transport.call(post(), identity)
        times.append(wire.clock.now)
    assert max(sum(start <= moment < start + 60 for moment in times) for start in times) == 19


@ALL_KINDS
@pytest.mark.parametrize("status", [500, 502, 503, 504, *range(520, 525), 408, 425])
def test_n10_n11_a_server_error_is_repeated_on_reads_but_never_on_unsafe_writes(
    wire: Wire, kind: Idempotence, status: int
) -> None:
    server = wire.server(reply(status, b"<html>planted</html>"))
    with pytest.raises(ServerFailed) as caught:
        wire.transport(server).call(of(kind), identity)
    assert caught.value.status == status
    assert len(server.requests) == tries(kind)
    assert len(wire.clock.waits) == tries(kind) - 1


@pytest.mark.parametrize("status", [99, 199, 600, 999])
def test_a_status_that_no_answer_can_have_is_no_success(wire: Wire, status: int) -> None:
    with pytest.raises(NoAnswer):
        wire.transport(wire.server(cut(reply(status)))).call(get(attempts=1), identity)


@pytest.mark.parametrize("jump", [-3600, 3600])
def test_n17_a_retry_date_is_measured_on_the_servers_clock(wire: Wire, jump: float) -> None:
    wire.clock.wall += jump
    server = wire.server(reply(429, Retry_After=http_date(30), Date=http_date(0)), OK)
    wire.transport(server).call(get(), identity)
    assert wire.clock.waits == [30]


@pytest.mark.parametrize("jump", [-3600, 3600])
def test_n17_waits_and_bounds_ignore_the_wall_clock(wire: Wire, jump: float) -> None:
    def fail(sock: socket.socket) -> None:
        wire.clock.wall += jump
        sock.sendall(reply(500))

    server = wire.server(fail)
    with pytest.raises(ServerFailed):
        wire.transport(server).call(get(), identity)
    assert (len(server.requests), sum(wire.clock.waits) <= 15) == (5, True)
