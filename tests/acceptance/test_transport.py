"""An authority and a proxy by configuration, and nothing of either from the environment (docs/decisions/0035)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import oracle
import pytest
from raw_server import OK, Server
from relays import relay
from self_signed import certificate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from relays import Relay
    from world import Ended, Place


def told(ended: Ended) -> str:
    """All that a command said, on one line."""
    return " ".join((ended.out + ended.err).split())


@pytest.fixture
def secured(place: Place) -> Iterator[Place]:
    """Both APIs behind TLS with a certificate of a company's own, `trusted.pem` beside the configuration."""
    context, _ = certificate(place.folder)
    with relay(place.sandbox.docebo_url, context) as docebo, relay(place.sandbox.descope_url, context) as descope:
        place.configure(
            docebo={
                "base_url": f"https://127.0.0.1:{docebo.port}",
                "platform": place.sandbox.docebo_url.removeprefix("http://"),
            },
            descope={"base_url": f"https://127.0.0.1:{descope.port}"},
        )
        yield place
        place.end_all()


@pytest.fixture
def proxies(place: Place) -> Iterator[tuple[Relay, Relay]]:
    """A proxy for each API."""
    with relay() as one, relay() as other:
        place.configure(
            docebo={"proxy": f"http://127.0.0.1:{one.port}"}, descope={"proxy": f"http://127.0.0.1:{other.port}"}
        )
        yield one, other
        place.end_all()


def test_w1_a_company_trusts_an_authority_of_its_own(secured: Place) -> None:
    """A path relative to the configuration, for each API by itself; nobody else is trusted besides."""
    secured.sandbox.control.reset(users=12, difficult=0)
    secured.configure(docebo={"ca_file": "trusted.pem"}, descope={"ca_file": str(secured.folder / "trusted.pem")})
    start = oracle.before(secured)

    oracle.check(secured, start, secured.forked("run", "--yes", "--json"))

    secured.configure(descope={"ca_file": None})
    ended = secured.forked("check")
    assert ended.code == 2
    assert "descope: Descope cannot be reached: 127.0.0.1:" in told(ended)
    assert "its certificate is from an unknown authority" in told(ended)
    assert "name the file of its authority as ca_file (or system)" in told(ended)


def test_w1_the_store_of_the_system_is_used_only_where_it_is_asked_for(secured: Place) -> None:
    """A variable can name OpenSSL's store, which is how this test fills it; unasked, that variable counts nothing."""
    environment = {**os.environ, "SSL_CERT_FILE": str(secured.folder / "trusted.pem")}
    environment["REQUESTS_CA_BUNDLE"] = environment["CURL_CA_BUNDLE"] = environment["SSL_CERT_FILE"]

    unasked = secured.command("check", env=environment)
    secured.configure(docebo={"ca_file": "system"}, descope={"ca_file": "system"})
    asked = secured.command("check", env=environment)

    assert (unasked.code, asked.code) == (2, 0)
    assert told(unasked).count("its certificate is from an unknown authority") == 2


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "No such file or directory"), ("My notes\n", "it holds no certificate in PEM form")],
    ids=["missing", "no PEM"],
)
def test_w1_a_file_of_authorities_that_cannot_be_used_is_named(place: Place, content: str | None, says: str) -> None:
    """Exit 2, with the path, the key and its line; a command that asks no server does not need the file."""
    if content is not None:
        (place.folder / "own.pem").write_text(content, encoding="utf-8")
    place.configure(descope={"ca_file": "own.pem"})

    ended = place.forked("run", "--yes")

    assert ended.code == 2
    assert f"The file of trusted authorities {place.folder / 'own.pem'} cannot be used: {says}." in told(ended)
    assert "Fix: Check descope.ca_file (config.yaml, line" in told(ended).replace(f"{place.folder}/", "")
    assert place.journal() == []
    assert "trusted authorities" not in told(place.forked("status"))


def test_w4_a_migration_goes_through_the_proxies_that_are_named(place: Place, proxies: tuple[Relay, Relay]) -> None:
    """Each API through its own, with nothing lost or doubled on the way."""
    place.sandbox.control.reset(users=40, difficult=0.2, strangers=2)
    start = oracle.before(place)

    oracle.check(place, start, place.forked("run", "--yes", "--json"))

    hosts = [url.partition("://")[2] for url in (place.sandbox.docebo_url, place.sandbox.descope_url)]
    assert [proxy.lines for proxy in proxies] == [{f"CONNECT {host} HTTP/1.1"} for host in hosts]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "the proxy asks for credentials (HTTP 407)"),
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "the proxy does not let it through (HTTP 403)"),
        (b"HTTP/1.1 504 Gateway Timeout\r\n\r\n", "the proxy cannot reach it (HTTP 504)"),
    ],
    ids=["407", "403", "504"],
)
def test_w4_check_says_what_the_proxy_said(
    place: Place, proxies: tuple[Relay, Relay], answer: bytes, says: str
) -> None:
    """With the proxy's name and the key that names it; Docebo, whose proxy works, is checked all the same."""
    proxies[1].answer = answer

    ended = place.forked("check")

    assert ended.code == 2
    assert f"through the proxy 127.0.0.1:{proxies[1].port}: {says}" in told(ended)
    assert "fix: Check descope.proxy (" in told(ended)
    assert "ok docebo:" in told(ended)


def test_w4_a_proxy_that_fails_in_the_middle_stops_the_run_and_the_next_one_continues(
    place: Place, proxies: tuple[Relay, Relay]
) -> None:
    """Exit 4: what was sent is known, and nobody is sent twice."""
    place.sandbox.control.reset(users=12, difficult=0)
    start = oracle.before(place)
    proxies[1].answer = b"HTTP/1.1 403 Forbidden\r\n\r\n"
    stopped = place.forked("run", "--yes")
    proxies[1].answer = b"HTTP/1.1 200 OK\r\n\r\n"

    assert stopped.code == 4
    assert "the proxy does not let it through" in told(stopped)
    place.configure(descope={"proxy": None})
    oracle.check(place, start, place.forked("run", "--yes", "--json"))


def test_w4_nothing_is_taken_from_the_environment_unasked(
    place: Place, proxies: tuple[Relay, Relay], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Proxy variables, files of authorities and .netrc, with and without a proxy in the configuration."""
    home = tmp_path_factory.mktemp("thief")
    certificate(home)
    (home / ".netrc").write_text("machine 127.0.0.1 login thief password thief\n")
    (home / ".netrc").chmod(0o600)
    thief = Server(OK)
    environment = {name: value for name, value in os.environ.items() if name.lower() != "no_proxy"}
    environment |= {"HOME": str(home), "NETRC": str(home / ".netrc")}
    environment |= {name: str(home / "trusted.pem") for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")}
    environment["SSL_CERT_DIR"] = str(home)
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        environment[name] = f"http://127.0.0.1:{thief.port}"
    try:
        with_proxies = place.command("check", env=environment)
        seen = [len(proxy.asked) for proxy in proxies]
        place.configure(docebo={"proxy": None}, descope={"proxy": None})
        without = place.command("check", env=environment)
    finally:
        thief.close()

    assert (with_proxies.code, without.code) == (0, 0)
    assert thief.requests == []
    assert min(seen) > 0
    assert [len(proxy.asked) for proxy in proxies] == seen
    assert b"Basic" not in b"".join(request for proxy in proxies for request in proxy.asked)


def test_w4_credentials_in_a_proxys_address_are_refused(place: Place) -> None:
    """They would stand in the clear, and no proxy gets any."""
    place.configure(docebo={"proxy": "http://planted:canary@127.0.0.1:3128"})

    ended = place.forked("check")

    assert ended.code == 2
    assert "docebo.proxy: must not carry a user name or password" in told(ended)
    assert "canary" not in told(ended)
