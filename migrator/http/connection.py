"""Connections that bound a whole exchange by one deadline and know whether a byte was sent."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from typing import TYPE_CHECKING, Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.connection import create_connection
from urllib3.util.ssl_match_hostname import CertificateError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_SEND_BLOCK = 16 * 1024
_CONNECT_SECONDS = 10.0  # for each address of the host


class Exchange:
    """How much time is left and how far the exchange came; shared by a session and its connections.

    Real time even where the run's clock is not: it bounds what sockets do.
    """

    def __init__(self) -> None:
        self._expires = 0.0
        self.sent = False
        self.untrusted = False

    def begin(self, seconds: float) -> None:
        """Start an exchange that has `seconds`."""
        self._expires = time.monotonic() + seconds
        self.sent = self.untrusted = False

    def remaining(self) -> float:
        """Seconds left; raises TimeoutError when there are none."""
        left = self._expires - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class _TimedFile(io.RawIOBase):
    """Reads a socket so that every single read gets only the time that is left.

    A time-out per read alone lets a dripping answer run for ever (docs/reliability.md N12).
    """

    def __init__(self, sock: socket.socket, exchange: Exchange) -> None:
        self._sock = sock
        self._file = sock.makefile("rb", buffering=0)
        self._exchange = exchange

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int | None:
        self._sock.settimeout(self._exchange.remaining())
        return self._file.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


class _TimedSocket:
    """All that `http.client.HTTPResponse` asks of a socket."""

    def __init__(self, sock: socket.socket, exchange: Exchange) -> None:
        self._sock = sock
        self._exchange = exchange

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedFile(self._sock, self._exchange))


class TimedConnection(HTTPConnection):
    """A connection whose connecting, sending and receiving share one deadline."""

    def __init__(self, exchange: Exchange, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - urllib3's own
        super().__init__(*args, **kwargs)
        self._exchange = exchange

    def _new_conn(self) -> socket.socket:
        """Try each address; urllib3's own loop gives the whole time-out to every one of them."""
        failure = OSError("no address")
        for *_, address in socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM):
            seconds = min(_CONNECT_SECONDS, self._exchange.remaining())
            try:
                sock = create_connection(
                    (str(address[0]), int(address[1])), seconds, socket_options=self.socket_options
                )
            except OSError as error:
                failure = error
                continue
            try:
                sock.settimeout(self._exchange.remaining())  # the TLS handshake comes next
            except TimeoutError:
                sock.close()
                raise
            return sock
        raise failure

    def connect(self) -> None:
        """Connect, and note when it is the certificate that stands in the way."""
        try:
            super().connect()
        except (ssl.SSLCertVerificationError, CertificateError):
            self._exchange.untrusted = True
            raise

    def send(self, data: bytes) -> None:  # type: ignore[override] # we give it nothing but bytes
        """Send, after having noted that from now on the server may have seen something."""
        if self.sock is None:
            self.connect()
        self._exchange.sent = True
        for start in range(0, len(data), _SEND_BLOCK):
            self.sock.settimeout(self._exchange.remaining())
            super().send(data[start : start + _SEND_BLOCK])

    def response_class(  # type: ignore[override] # it need not be a class
        self,
        sock: socket.socket,
        *args: Any,  # noqa: ANN401 - http.client's own
        **kwargs: Any,  # noqa: ANN401 - http.client's own
    ) -> http.client.HTTPResponse:
        """Make the response; `http.client` calls it to read one."""
        timed: Any = _TimedSocket(sock, self._exchange)
        return http.client.HTTPResponse(timed, *args, **kwargs)


class TimedTlsConnection(TimedConnection, HTTPSConnection):
    """The same over TLS."""
