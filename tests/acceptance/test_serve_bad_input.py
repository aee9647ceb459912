"""What anybody can send to `migrator serve`: refused with the right status, never 500, and nothing is looked up."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from serving import AT_ONCE, HOST, PATH, TOKEN, Reply, Serving, mark, person, question
from world import Place

from migrator.sandbox.process import SandboxProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 4096  # bytes of a body
OK = {"login": "known@example.org", "execution_id": "e"}
TRIED = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@dataclass
class Target:
    """A server with one known person, and where the journal stood when it was ready."""

    place: Place
    server: Serving
    since: int

    def untouched(self) -> bool:
        """Whether neither API was called since."""
        return self.place.sandbox.control.journal(self.since) == []


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """One for all tests here."""
    with SandboxProcess(users=0) as sandbox:
        place = Place(tmp_path_factory.mktemp("served"), sandbox, "sqlite:///migrator.db")
        person(place, "known")
        assert place.forked("run", "--yes").code == 0
        with Serving(place) as server:
            yield Target(place, server, mark(place))
            errors = server.printed
            assert "Traceback" not in errors, errors
            assert server.resolve("known@example.org").outcome == "ready"
        place.end_all()


@pytest.fixture(autouse=True)
def _nothing_is_looked_up(served: Target) -> Iterator[None]:
    yield
    assert served.untouched()
    assert served.server.alive()


def padded(length: int) -> bytes:
    """A right body of so many bytes."""
    body = json.dumps(OK).encode()
    return body[:-1] + b" " * (length - len(body)) + b"}"


def with_(**keys: Any) -> bytes:
    """A body with these keys changed, or left out where they are `...`."""
    return json.dumps({name: value for name, value in {**OK, **keys}.items() if value is not ...}).encode()


BAD = {
    "empty": b"",
    "cut": b'{"login": "known@example.org", "execution',
    "a list": b'[{"login": "known@example.org", "execution_id": "e"}]',
    "null": b"null",
    "a text": b'"known@example.org"',
    "a number": b"1",
    "a form": b"login=known@example.org&execution_id=e",
    "no UTF-8": b'{"login": "kn\xff\xfewn", "execution_id": "e"}',
    "UTF-16": json.dumps(OK).encode("utf-16"),
    "UTF-16 without a mark": json.dumps(OK).encode("utf-16-le"),
    "UTF-32": json.dumps(OK).encode("utf-32"),
    "a byte order mark": b"\xef\xbb\xbf" + json.dumps(OK).encode(),
    "two documents": json.dumps(OK).encode() * 2,
    "something behind": json.dumps(OK).encode() + b"x",
    "NaN": b'{"login": NaN, "execution_id": "e"}',
    "a comment": b'{"login": "known@example.org", /* */ "execution_id": "e"}',
    "deep": b"[" * 2000 + b"]" * 2000,
    "deep inside": b'{"login": ' + b'{"a":' * 500 + b"1" + b"}" * 500 + b', "execution_id": "e"}',
    "a huge number": b'{"login": ' + b"9" * 4000 + b', "execution_id": "e"}',
    "a huge exponent": b'{"login": 1e999999, "execution_id": "e"}',
    "an unknown key": with_(tenant="acme"),
    "an empty key": with_(**{"": ""}),
    "a key in another case": with_(Login="known@example.org"),
    "a key twice": b'{"login": "known@example.org", "login": "known@example.org", "execution_id": "e"}',
    "a key twice, once escaped": b'{"login": "known@example.org", "\\u006cogin": "x", "execution_id": "e"}',
    "no login": with_(login=...),
    "no execution": with_(execution_id=...),
    "login null": with_(login=None),
    "login a number": with_(login=7),
    "login true": with_(login=True),
    "login a list": with_(login=["known@example.org"]),
    "login an object": with_(login={"$ne": ""}),
    "login empty": with_(login=""),
    "login too long": with_(login="a" * 321),
    "login of 320 astral signs and one": with_(login="\U0001f600" * 321),
    "login with NUL": with_(login="known\x00@example.org"),
    "login with a line end": with_(login="known@example.org\n"),
    "login with a tab": with_(login="known\t@example.org"),
    "login with DEL": with_(login="known\x7f@example.org"),
    "login with NEL": with_(login="known\x85@example.org"),
    "login with half a sign": b'{"login": "known\\ud800@example.org", "execution_id": "e"}',
    "execution null": with_(execution_id=None),
    "execution a number": with_(execution_id=1),
    "execution empty": with_(execution_id=""),
    "execution too long": with_(execution_id="e" * 201),
    "execution with a line end": with_(execution_id="e\r\nSet-Cookie: a=b"),
    "execution with NUL": with_(execution_id="\x00"),
    "execution with half a sign": b'{"login": "known@example.org", "execution_id": "\\udfff"}',
}


@pytest.mark.parametrize("what", BAD)
def test_a_body_that_is_not_as_agreed_is_refused_with_400(served: Target, what: str) -> None:
    """At once, and without the body in the answer."""
    reply = served.server.post(BAD[what])

    assert reply.status == 400
    assert reply.seconds < AT_ONCE
    assert "known" not in reply.body.decode()


@pytest.mark.parametrize(
    "body", [with_(execution_id="e" * 200), with_(execution_id="\u00e9 \U0001f600"), padded(LIMIT), padded(200)]
)
def test_a_body_at_its_limits_is_taken(served: Target, body: bytes) -> None:
    """200 characters of an execution, 4,096 bytes in all; any media type, and in chunks, too."""
    assert served.server.post(body).outcome == "ready"
    assert served.server.post(body, **{"Content-Type": "text/plain"}).outcome == "ready"
    assert served.server.post([body[:7], body[7:]]).outcome == "ready"


@pytest.mark.parametrize("length", [LIMIT + 1, 10_000, 5_000_000])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large_is_refused_with_413(served: Target, length: int, chunked: bool) -> None:
    """Whether its length is told or not."""
    body = padded(length)
    pieces = [body[at : at + 1000] for at in range(0, len(body), 1000)] if chunked else body
    try:
        reply = served.server.post(pieces)
    except (BrokenPipeError, ConnectionResetError):
        assert length > 100_000  # it need not read what it does not want
    else:
        assert reply.status == 413


def test_a_login_of_ten_kilobytes_is_refused(served: Target) -> None:
    """Before anybody looks for it."""
    assert served.server.post(question("a" * 10_000)).status == 413


def test_a_length_that_is_too_large_is_refused_before_the_body_comes(served: Target) -> None:
    """The answer does not wait for what is never sent."""
    assert _head(served, f"Authorization: Bearer {TOKEN}", "Content-Length: 1000000").startswith(b"HTTP/1.1 413 ")


def test_a_wrong_token_is_refused_before_the_body_comes(served: Target) -> None:
    """Nobody without the token makes the server read."""
    assert _head(served, "Authorization: Bearer wrong", "Content-Length: 100").startswith(b"HTTP/1.1 401 ")


def _head(served: Target, *lines: str) -> bytes:
    head = "\r\n".join([f"POST {PATH} HTTP/1.1", f"Host: {HOST}", *lines, "", ""])
    with socket.create_connection(served.server.address, timeout=5) as connection:
        connection.sendall(head.encode())
        return connection.recv(4096)


WRONG = {
    "none": None,
    "empty": "",
    "no scheme": TOKEN,
    "no token": "Bearer ",
    "the scheme alone": "Bearer",
    "another": "Bearer " + "x" * len(TOKEN),
    "too short": f"Bearer {TOKEN[:-1]}",
    "too long": f"Bearer {TOKEN}x",
    "in another case": f"Bearer {TOKEN.upper()}",
    "twice": f"Bearer {TOKEN} {TOKEN}",
    "with a comma": f"Bearer {TOKEN}, Bearer {TOKEN}",
    "basic": f"Basic {TOKEN}",
    "not ASCII": b"Bearer \xff\xe9\x80" + TOKEN.encode(),
    "beyond Latin": "Bearer ключ".encode(),
    "long": "Bearer " + "x" * 8000,
}


@pytest.mark.parametrize("what", WRONG)
def test_a_missing_or_wrong_token_is_refused_with_401(served: Target, what: str) -> None:
    """Whatever the body is: a right one, one that is no JSON, one that is too large."""
    value = WRONG[what]
    headers = {} if value is None else {"Authorization": value}
    for body in (json.dumps(OK).encode(), b"{", b"x" * (LIMIT + 1)):
        reply = served.server.call("POST", PATH, body, headers).check()
        assert reply.status == 401
        assert reply.seconds < AT_ONCE
        assert TOKEN not in reply.body.decode()


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
def test_another_method_or_path_is_refused(served: Target, method: str) -> None:
    """With a client's error, whatever the token."""
    for path in (PATH, f"{PATH}/", "/v1/jit", "/", "/metrics", "/%ff%fe", f"//{PATH}", "/docs", "/openapi.json"):
        for headers in ({}, {"Authorization": f"Bearer {TOKEN}"}):
            reply = served.server.call(method, path, None, headers)
            assert 400 <= reply.status < 500, path
            assert b"Traceback" not in reply.body


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 50,
        b"GET\r\n\r\n",
        b"POST /v1/jit/resolve HTTP/9.9\r\nConnection: close\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST /v1/jit/resolve HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/jit/resolve HTTP/1.1\r\nContent-Length: 1e3\r\n\r\n",
        b"POST /v1/jit/resolve HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\nConnection: close\r\n\r\n",
        b"POST /v1/jit/resolve HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n",
        b"POST /v1/jit/resolve HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + b"A: " + b"x" * 100_000 + b"\r\n\r\n",
        b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    ],
)
def test_what_is_no_http_harms_nobody(served: Target, data: bytes) -> None:
    """The connection ends, perhaps with a client's error, and the next one is served."""
    reply = asyncio.run(served.server.raw(data))

    assert reply.status == 0 or 200 <= reply.status < 500
    assert served.server.post(json.dumps(OK).encode()).outcome == "ready"


def test_connections_that_say_nothing_keep_nobody_waiting(served: Target) -> None:
    """Two hundred that are opened and left, each with half a request."""
    opened = [socket.create_connection(served.server.address, timeout=5) for _ in range(200)]
    try:
        for one in opened:
            one.sendall(f"POST {PATH} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {TOKEN}\r\n".encode())
        began = time.monotonic()
        assert served.server.post(json.dumps(OK).encode()).outcome == "ready"
        assert time.monotonic() - began < 1
    finally:
        for one in opened:
            one.close()


# --- anything at all -------------------------------------------------------------------------------


def is_right(value: Any) -> bool:
    """Whether a body's value would be looked up."""
    return (
        isinstance(value, dict)
        and value.keys() == {"login", "execution_id"}
        and all(isinstance(one, str) and one for one in value.values())
    )


def refused(reply: Reply) -> bool:
    """Whether an answer says that the client is wrong."""
    return reply.status in (400, 413)


@TRIED
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))))
def test_no_bytes_as_a_body_make_it_fail(served: Target, body: bytes) -> None:
    """400 whatever they are."""
    assert refused(served.server.post(body))


LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30), st.sampled_from(["known@example.org"])
)


def _objects(inside: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(["login", "execution_id", "tenant", "__proto__"]), inside, max_size=4)


VALUES = st.recursive(LEAVES, lambda inside: st.lists(inside, max_size=3) | _objects(inside), max_leaves=6)


@TRIED
@given(st.one_of(_objects(VALUES), VALUES).filter(lambda value: not is_right(value)))
def test_no_json_that_is_not_as_agreed_makes_it_fail(served: Target, value: Any) -> None:
    """Right keys with wrong values, other keys, other shapes: 400."""
    assert refused(served.server.post(json.dumps(value).encode()))


FIELD = st.binary(max_size=60).map(lambda value: value.translate(None, b"\r\n\x00").strip())


@TRIED
@given(FIELD, st.sampled_from(["Authorization", "Content-Type", "Accept", "Host", "X-Forwarded-For", "Cookie"]))
def test_no_header_makes_it_fail(served: Target, value: bytes, name: str) -> None:
    """It is ignored, or the request is refused."""
    head = f"POST {PATH} HTTP/1.1\r\nConnection: close\r\n".encode()
    if name != "Authorization":
        head += f"Authorization: Bearer {TOKEN}\r\n".encode()
    if name != "Host":
        head += b"Host: a\r\n"
    body = b"{"
    sent = head + name.encode() + b": " + value + f"\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body

    reply = asyncio.run(served.server.raw(sent))

    assert reply.status in ((400, 401) if name == "Authorization" else (400,))
