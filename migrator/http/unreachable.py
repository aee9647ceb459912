"""Why a server cannot be reached, in words: an exception becomes one of a few known causes. Pure.

The texts of the exceptions themselves are never used: they may carry addresses with personal data.
"""

from __future__ import annotations

import errno
import http.client
import socket
import ssl
from typing import TYPE_CHECKING

from urllib3.util.ssl_match_hostname import CertificateError

from migrator.core.errors import Cause
from migrator.http.connection import ProxyAnswered

if TYPE_CHECKING:
    from collections.abc import Iterator


# OpenSSL's numbers (openssl/x509_vfy.h).
_CERTIFICATES = {
    9: Cause.NOT_YET_VALID,
    10: Cause.EXPIRED,
    18: Cause.UNKNOWN_AUTHORITY,  # self-signed
    19: Cause.UNKNOWN_AUTHORITY,  # self-signed, at the end of a chain
    20: Cause.UNKNOWN_AUTHORITY,
    21: Cause.UNKNOWN_AUTHORITY,
    62: Cause.OTHER_HOST,
    64: Cause.OTHER_HOST,  # an address
}
# The first that fits; some are kinds of later ones.
_KINDS = (
    (CertificateError, Cause.OTHER_HOST),
    ((socket.gaierror, UnicodeError), Cause.NO_NAME),  # UnicodeError: no name server could be asked for such a name
    (ConnectionRefusedError, Cause.REFUSED),
    (TimeoutError, Cause.TIMED_OUT),
    ((http.client.RemoteDisconnected, http.client.IncompleteRead, ssl.SSLEOFError), Cause.CLOSED),
    (ConnectionError, Cause.RESET),
    (ssl.SSLError, Cause.NO_TLS),
)
_ASKS = 407
_PROXY = {4: Cause.PROXY_FORBIDS, 5: Cause.PROXY_FAILS}
_NO_ROUTE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN)


_NAMES = "Make sure that this machine can look up names."
_WAY = "Make sure that this machine may connect to it; a proxy is used only where the key proxy names one."
_PROOF = "Nothing is sent to a server that cannot prove who it is; this cannot be switched off."
_ADVICE = {
    Cause.NO_NAME: _NAMES,
    Cause.REFUSED: _WAY,
    Cause.NO_ROUTE: _WAY,
    Cause.TIMED_OUT: _WAY,
    Cause.EXPIRED: f"Whoever runs the server must renew it. {_PROOF}",
    Cause.NOT_YET_VALID: f"Set this machine's clock with NTP. {_PROOF}",
    Cause.OTHER_HOST: _PROOF,
    Cause.UNKNOWN_AUTHORITY: "Where a company's proxy intercepts TLS, name the file of its authority as ca_file (or"
    f" system), or let it pass this host through. {_PROOF}",
    Cause.BAD_CERTIFICATE: _PROOF,
    Cause.NO_TLS: "The server must offer TLS 1.2 or later on that port.",
    Cause.PROXY_ASKS: "The migrator has none: let it pass this machine, or this server, without them.",
    Cause.PROXY_FORBIDS: "Whoever runs the proxy must allow CONNECT to that host and port.",
    Cause.PROXY_FAILS: "Whoever runs the proxy must make sure that it can look the name up and connect to it.",
    Cause.NO_PROXY: "It must name an HTTP proxy that takes CONNECT, without TLS of its own.",
}


def advise(cause: Cause, setting: str) -> str:
    """What to do about it.

    Args:
        cause: what is in the way.
        setting: the key of the configuration that the address comes from, the server's or the proxy's; "" for none.
    """
    return " ".join(filter(None, (setting and f"Check {setting}.", _ADVICE.get(cause, _WAY))))


def find_cause(error: BaseException) -> Cause:
    """The cause in an exception of the HTTP libraries, which wrap what the system said several times over."""
    return next((cause for one in _wrapped(error) if (cause := _known(one)) is not None), Cause.UNKNOWN)


def _wrapped(error: BaseException) -> Iterator[BaseException]:
    """The exception and all inside it, the outermost first."""
    queue: list[object] = [error]
    seen: set[int] = set()
    for one in queue:
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            queue += [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]


def proxy_status(error: BaseException) -> int | None:
    """The status with which a proxy refused; None where it did not."""
    return next((one.status for one in _wrapped(error) if isinstance(one, ProxyAnswered)), None)


def _known(error: BaseException) -> Cause | None:
    if isinstance(error, ProxyAnswered):
        return _PROXY.get((error.status or 0) // 100, Cause.NO_PROXY) if error.status != _ASKS else Cause.PROXY_ASKS
    if isinstance(error, ssl.SSLCertVerificationError):
        return _CERTIFICATES.get(error.verify_code, Cause.BAD_CERTIFICATE)
    if isinstance(error, OSError) and error.errno in _NO_ROUTE:
        return Cause.NO_ROUTE
    return next((cause for kinds, cause in _KINDS if isinstance(error, kinds)), None)
