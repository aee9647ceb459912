"""One HTTP exchange under one deadline: sockets, TLS and body size. Nothing is repeated or judged here."""

from __future__ import annotations

import http.client
import logging
import ssl
import threading
from dataclasses import dataclass
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from migrator import __version__
from migrator.core.errors import ApiError, BadAnswer, Cause, ConfigError, NoAnswer, NotSent, ProxyRefused, Untrusted
from migrator.core.hosts import SYSTEM, is_loopback
from migrator.http.connection import Exchange, TimedConnection, TimedTlsConnection
from migrator.http.unreachable import advise, find_cause, proxy_status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from migrator.core.model import Json

BODY_CAP = 16 * 1024 * 1024  # bytes after inflating (docs/reliability.md N12)
_ERROR_BODY_CAP = 64 * 1024
_PIECE = 64 * 1024

_HEADERS = {
    "User-Agent": f"docebo-descope-migrator/{__version__}",
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
}
# urllib3's own log lines carry whole addresses, even as warnings.
logging.getLogger("urllib3").setLevel(logging.CRITICAL)

_LASTING = (Cause.PROXY_ASKS, Cause.PROXY_FORBIDS, Cause.NO_PROXY)  # a proxy says so again when it is asked again

# ValueError: what the libraries raise on headers and host names they cannot decode.
_BROKEN = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the inflated body and the two headers that are ever looked at.

    `body` is complete for 2xx, at most its beginning for 4xx and empty for the rest.
    """

    status: int
    body: bytes
    retry_after: str | None
    date: str | None


class _Adapter(HTTPAdapter):
    """Gives a session our connections and our trust."""

    def __init__(self, exchange: Exchange, context: ssl.SSLContext, proxy: tuple[str, int] | None) -> None:
        self._exchange = exchange
        self._context = context
        self._proxy = proxy
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - requests' own
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)

    def cert_verify(self, *_args: object, **_kwargs: object) -> None:
        """Add nothing: the context alone says whom to trust."""

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - requests' own
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        connection = TimedTlsConnection if pool.scheme == "https" else TimedConnection
        # A class to the type checker, but the pool only calls it.
        pool.ConnectionCls = partial(connection, self._exchange, self._proxy)
        return pool

    def close(self) -> None:
        """Close at once; urllib3 leaves it to the garbage collector, which old errors can delay."""
        pools = self.poolmanager.pools
        for key in pools.keys():  # noqa: SIM118 - iterating over the container itself is forbidden
            pools[key].close()
        super().close()


class _Session(requests.Session):
    """A session that takes nothing from its surroundings and keeps nothing of the server's."""

    def __init__(self, context: ssl.SSLContext, proxy: tuple[str, int] | None) -> None:
        super().__init__()
        self.trust_env = False  # no .netrc, no proxy, no CA variables (README.md, "Security model")
        self.exchange = Exchange()
        self.headers.clear()
        self.headers.update(_HEADERS)
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("https://", "http://"):
            self.mount(scheme, _Adapter(self.exchange, context, proxy))

    def get_redirect_target(self, _resp: requests.Response) -> None:
        """See no redirect: requests would read the whole body just to note where it points."""


class HttpSession:
    """Sends single requests to one host, one session per thread.

    Args:
        base_url: https, or plain http for a loopback host alone; a path prefix is kept.
        ca_file: PEM file of the authorities to trust instead of the built-in ones; "system" for this machine's.
        api: whose host it is, for the text of errors; in lower case, the section of the configuration.
        setting: the key of the configuration that `base_url` comes from, for their fix.
        proxy: http://host:port of a proxy that tunnels (CONNECT); None for none, whatever the environment says.
        place_of: names another key of the configuration, with its place.

    Raises:
        ConfigError: `base_url` is none of that, or `ca_file` cannot be used.
    """

    def __init__(
        self,
        base_url: str,
        ca_file: str | None = None,
        *,
        api: str,
        setting: str,
        proxy: str | None = None,
        place_of: Callable[[str], str] = str,
    ) -> None:
        self._base = _checked(base_url)
        self._host = urlsplit(base_url).netloc
        self._api = api
        self._setting = setting
        self._proxy = None if proxy is None else _host_and_port(proxy)
        self._way = "" if proxy is None else f" through the proxy {urlsplit(proxy).netloc}"
        self._proxy_setting = place_of(f"{api.lower()}.proxy")
        self._ca_file = ca_file
        try:
            self._context = _trust(ca_file)
        except OSError as error:
            # A file without certificates is an error of OpenSSL's, whose text says less.
            why = "it holds no certificate in PEM form" if isinstance(error, ssl.SSLError) else error.strerror
            raise ConfigError(
                f"The file of trusted authorities {ca_file or 'that the migrator brings'} cannot be used: {why}.",
                fix=f"Check {place_of(f'{api.lower()}.ca_file')}." if ca_file else "Reinstall the migrator.",
            ) from None
        self._local = threading.local()
        self._lock = threading.Lock()
        self._sessions: list[_Session] = []

    def exchange(
        self,
        what: str,
        method: str,
        path: str,
        *,
        params: Mapping[str, str],
        json: Json,
        form: Mapping[str, str] | None,
        headers: Mapping[str, str],
        deadline: float,
    ) -> Answer:
        """Send one request and read its answer within `deadline` seconds; `what` opens every error's text.

        Raises:
            NotSent: no byte of the request left; `Untrusted` when the certificate is why.
            NoAnswer: it may have arrived, but no complete answer came.
            BadAnswer: the answer's body is larger than 16 MiB.
            ConfigError: a header value cannot be sent.
        """
        session = self._session()
        request = requests.Request(
            method,
            self._base + path,
            params=dict(params),
            json=json,
            data=form,
            headers=_sendable(what, headers),
        )
        prepared = session.prepare_request(request)
        session.exchange.begin(deadline)
        try:
            # The library wants a time-out of its own; the connections above are stricter.
            with session.send(prepared, stream=True, allow_redirects=False, timeout=deadline) as response:
                return _read(what, response)
        except _BROKEN as cause:
            failure = self._failure(what, session.exchange, cause)
        # Outside the handler: the cause carries the address with its query.
        raise failure

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            while self._sessions:
                self._sessions.pop().close()

    def _failure(self, what: str, exchange: Exchange, error: Exception) -> ApiError:
        """Say what is known: nothing sent means nothing happened, anything else is open."""
        cause = find_cause(error)
        if exchange.sent:
            return NoAnswer(f"{what}: no complete answer from {self._host}: {cause.value}", cause=cause)
        kind = Untrusted if exchange.untrusted else ProxyRefused if cause in _LASTING else NotSent
        status = proxy_status(error)
        told = f" (HTTP {status})" if status else ""
        text = f"{self._api} cannot be reached: {self._host}{self._way}: {cause.value}{told}"
        setting = self._proxy_setting if exchange.at_proxy else self._setting
        return kind(text, cause=cause, fix=advise(cause, setting))

    def _session(self) -> _Session:
        session: _Session | None = getattr(self._local, "session", None)
        if session is None:
            # That of the system holds a lock while it greets a server, for which no other thread may wait.
            context = _trust(self._ca_file) if self._ca_file == SYSTEM else self._context
            session = self._local.session = _Session(context, self._proxy)
            with self._lock:
                self._sessions.append(session)
        return session


def _read(what: str, response: requests.Response) -> Answer:
    status = response.status_code
    body = b""
    if 200 <= status < 300:  # noqa: PLR2004 - HTTP's own numbers
        body = _body(what, response, BODY_CAP)
    elif 400 <= status < 500:  # noqa: PLR2004 - HTTP's own numbers
        try:
            body = _body(what, response, _ERROR_BODY_CAP)
        except (*_BROKEN, ApiError):
            body = b""  # the status says enough
    return Answer(status, body, response.headers.get("Retry-After"), response.headers.get("Date"))


def _body(what: str, response: requests.Response, cap: int) -> bytes:
    body = bytearray()
    for piece in response.raw.stream(_PIECE, decode_content=True):
        body += piece
        if len(body) > cap:
            raise BadAnswer(f"{what}: the answer is larger than {cap} bytes", status=response.status_code)
    return bytes(body)


def _sendable(what: str, headers: Mapping[str, str]) -> dict[str, str]:
    if all(value.isascii() and value.isprintable() and value == value.strip() for value in headers.values()):
        return dict(headers)
    raise ConfigError(
        f"{what}: a header contains characters that cannot be sent.",
        fix="Look for spaces, line breaks and special characters in the credentials.",
    )


def _trust(ca_file: str | None) -> ssl.SSLContext:
    """Whom to trust.

    Raises:
        OSError: the file cannot be used.
    """
    context: ssl.SSLContext
    # Made by hand: the libraries' own contexts obey environment variables.
    if ca_file == SYSTEM:
        import truststore  # noqa: PLC0415 -- few want it

        context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(ca_file or DEFAULT_CA_BUNDLE_PATH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _host_and_port(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 0


def _checked(base_url: str) -> str:
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    if not (safe and host) or parts.query or parts.fragment or "@" in parts.netloc:
        raise ConfigError(
            "A base URL must be https://HOST, without credentials, query or fragment.",
            fix="Plain http is accepted for loopback addresses only.",
        )
    return base_url.rstrip("/")
