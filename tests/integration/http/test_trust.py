"""Calls: certificates, redirects, surroundings, and what errors may tell (README.md, "Security model")."""

from __future__ import annotations

import logging
import ssl
import time
import traceback
from typing import TYPE_CHECKING

import pytest
from raw_server import OK, cut, drip, reply
from self_signed import certificate
from structlog.testing import capture_logs
from wire import PERSON, TOKEN, Credentials, Wire, get, identity, of, post

from migrator.core.errors import ApiError, BadAnswer, ConfigError, NoAnswer, NotSent, Redirected, Untrusted
from migrator.http.retry import Idempotence

if TYPE_CHECKING:
    from pathlib import Path

    from raw_server import Reply

    from migrator.http.client import Request


def test_w1_a_server_with_a_trusted_certificate_is_served(wire: Wire, tmp_path: Path) -> None:
    """The positive control of the refusals below; also the deadline works over TLS."""
    context, trusted = certificate(tmp_path)
    server = wire.server(OK, drip(b"HTTP/1.1 200 OK\r\nX: ", b"a"), tls=context)
    transport = wire.transport(f"https://127.0.0.1:{server.port}", ca_file=trusted)
    assert transport.call(get(), identity) == {"ok": True}
    assert TOKEN.encode() in server.requests[0]
    began = time.monotonic()
    with pytest.raises(NoAnswer):
        transport.call(post(deadline=0.3), identity)
    assert time.monotonic() - began < 1.5


@pytest.mark.parametrize(
    ("case", "says"),
    [
        ("self-signed", "its certificate is from an unknown authority"),
        ("expired", "its certificate has expired"),
        ("wrong host", "its certificate is for another host"),
    ],
)
def test_w1_a_certificate_that_is_not_trusted_gets_no_byte_of_the_token(
    wire: Wire, tmp_path: Path, case: str, says: str
) -> None:
    host, days = ("127.0.0.2" if case == "wrong host" else "127.0.0.1"), (-1 if case == "expired" else 1)
    context, trusted = certificate(tmp_path, host=host, days=days)
    server = wire.server(OK, tls=context)
    transport = wire.transport(f"https://127.0.0.1:{server.port}", ca_file=None if case == "self-signed" else trusted)
    with pytest.raises(Untrusted) as caught:
        transport.call(get(), identity)
    assert str(caught.value) == f"Descope cannot be reached: 127.0.0.1:{server.port}: {says}"
    assert (server.connections, server.requests) == (1, [])


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")  # the old version is what is tested
def test_w1_tls_1_1_is_refused(wire: Wire, tmp_path: Path) -> None:
    context, trusted = certificate(tmp_path, maximum=ssl.TLSVersion.TLSv1_1)
    server = wire.server(OK, tls=context)
    with pytest.raises(NotSent):
        wire.transport(f"https://127.0.0.1:{server.port}", ca_file=trusted).call(get(attempts=1), identity)
    assert server.requests == []
    wire.close()
    wire._close.clear()
    assert len(server.handshake_errors) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com", "http://10.0.0.1", "http://127.0.0.1.example.com", "file:///etc/passwd",
        "ftp://127.0.0.1", "https://user:pass@example.com", "https://@example.com", "https://",
        "https://example.com?a=b", "https://example.com#a", "",
    ],
)  # fmt: skip
def test_w1_w3_only_https_or_loopback_base_urls_are_accepted(wire: Wire, url: str) -> None:
    with pytest.raises(ConfigError):
        wire.transport(url)


def test_w1_a_file_of_authorities_that_is_missing_is_a_configuration_error(wire: Wire, tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        wire.transport("https://127.0.0.1", ca_file=str(tmp_path / "none.pem"))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "target", ["http://localhost:{}/x", "http://127.0.0.1:{}/x", "https://127.0.0.1:{}/x", "/open"]
)
@pytest.mark.parametrize("kind", [Idempotence.READ, Idempotence.UNSAFE_WRITE], ids=lambda kind: kind.name)
def test_w2_no_redirect_is_followed_and_the_thief_sees_nothing(
    wire: Wire, status: int, target: str, kind: Idempotence
) -> None:
    thief = wire.server(OK)
    server = wire.server(reply(status, Location=target.format(thief.port)), OK)
    with pytest.raises(Redirected, match=f"HTTP {status}, redirected") as caught:
        wire.transport(server, headers={"X-Api-Key": "planted"}).call(of(kind), identity)
    assert isinstance(caught.value, BadAnswer)
    assert str(thief.port) not in str(caught.value)
    assert (len(server.requests), thief.connections) == (1, 0)


@pytest.mark.parametrize("status", [300, 304, 305, 399])
def test_w2_other_3xx_are_not_followed_either(wire: Wire, status: int) -> None:
    server = wire.server(reply(status, b""))
    with pytest.raises(Redirected):
        wire.transport(server).call(get(), identity)
    assert len(server.requests) == 1


def test_w2_an_endless_body_of_a_redirect_is_not_read(wire: Wire) -> None:
    endless = drip(b"HTTP/1.1 302 Any\r\nLocation: \xff\xfe/\r\n\r\n", b" " * 8192, 0)
    with pytest.raises(Redirected):
        wire.transport(wire.server(endless)).call(get(), identity)


def test_w4_netrc_proxies_and_ca_variables_are_ignored(
    wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    thief, server = wire.server(OK), wire.server(OK)
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login thief password thief\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{thief.port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    transport = wire.transport(server)
    transport.call(get(), identity)
    assert f"Authorization: {TOKEN}".encode() in server.requests[0]
    assert b"Basic" not in server.requests[0]
    assert thief.connections == 0


def test_w4_no_variable_adds_trust_or_writes_tls_keys(
    wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, trusted = certificate(tmp_path)
    server = wire.server(OK, tls=context)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, trusted)
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
    with pytest.raises(Untrusted):
        wire.transport(f"https://127.0.0.1:{server.port}").call(get(), identity)
    wire.transport(f"https://127.0.0.1:{server.port}", ca_file=trusted).call(get(), identity)
    assert not (tmp_path / "keys.log").exists()


@pytest.mark.parametrize(
    ("answer", "request_"),
    [
        (cut(b""), get()),
        (cut(b"HTTP/1.1 200 OK\r\nBad Header\r\n planted: x\r\n\r\nplanted"), get()),
        (reply(500, b"planted " + PERSON.encode()), post()),
        (reply(400, b'{"errorCode": "E011003", "message": "planted"}'), post()),
        (reply(body=b"planted"), get()),
        (reply(302, Location="https://example.com/planted"), get()),
        (drip(b"HTTP/1.1 200 OK\r\n\r\n", b"p", 0.05), get(deadline=0.2, attempts=1)),
    ],
    ids=["close", "bad header", "500", "400", "not JSON", "redirect", "drip"],
)
def test_i7_i8_no_error_or_log_line_carries_query_body_or_header_values(
    wire: Wire,
    answer: Reply,
    request_: Request,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    with capture_logs() as logs, pytest.raises(ApiError) as caught:
        wire.transport(wire.server(answer)).call(request_, identity)
    told = "".join(traceback.format_exception(caught.value)) + repr(logs) + caplog.text + "".join(capfd.readouterr())
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert not [secret for secret in ("planted", "search_text", TOKEN, PERSON) if secret in told]
    assert logs
    always = {"event", "log_level", "component"}
    assert {key for line in logs for key in line if line["event"] != "waiting"} == always | {
        "api", "method", "path", "status", "cause", "attempt", "wait", "ms",
    }  # fmt: skip
    assert {key for line in logs for key in line if line["event"] == "waiting"} <= always | {"why", "seconds"}


@pytest.mark.parametrize("value", ["Bearer planted\nX: y", "Bearer plantéd", "planted ", "a\x00planted"])
def test_i7_credentials_that_cannot_be_sent_are_a_configuration_error_without_their_value(
    wire: Wire, value: str
) -> None:
    auth = Credentials()
    auth.value = value
    server = wire.server(OK)
    with pytest.raises(ConfigError) as caught:
        wire.transport(server, auth=auth).call(get(), identity)
    assert "plant" not in "".join(traceback.format_exception(caught.value))
    assert server.connections == 0
