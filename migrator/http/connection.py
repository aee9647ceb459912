"""Connections that bound a whole exchange by one deadline and know whether a byte was sent, also through a proxy."""

from __future__ import annotations

import http.client
import io
import re
import socket
import ssl
import time
from typing import TYPE_CHECKING, Any, Final

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.connection import create_connection
from urllib3.util.ssl_match_hostname import CertificateError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_SEND_BLOCK = 16 * 1024
_CONNECT_SECONDS = 10.0  # for each address of the host
_PROXY_HEAD_CAP: Final = 16 * 1024  # bytes of a proxy's answer
_HEAD_ENDS: Final = (b"\r\n\r\n", b"\n\n")
_PROXY_STATUS: Final = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})[ \r\n]")


class Exchange:
    """How much time is left and how far the exchange came; shared by a session and its connections.

    `at_proxy` while the proxy has not yet opened the way to the server.

    Real time even where the run's clock is not: it bounds what sockets do.
    """

    def __init__(self) -> None:
        self._expires = 0.0
        self.sent = False
        self.untrusted = False
        self.at_proxy = False

    def begin(self, seconds: float) -> None:
        """Start an exchange that has `seconds`."""
        self._expires = time.monotonic() + seconds
        self.sent = self.untrusted = self.at_proxy = False

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


class ProxyAnswered(OSError):
    """A proxy did not open the way to the server; `status` is that of its answer, None for one that is not HTTP."""

    def __init__(self, status: int | None) -> None:
        super().__init__()
        self.status = status


class TimedConnection(HTTPConnection):
    """A connection whose connecting, sending and receiving share one deadline.

    The proxy is asked for a tunnel before urllib3 knows of the connection, which then takes it for a direct one: TLS
    goes on with the server itself, and what the proxy was told is not part of what was sent.

    Args:
        proxy: host and port of a proxy; None for none.
    """

    def __init__(
        self,
        exchange: Exchange,
        proxy: tuple[str, int] | None,
        *args: Any,  # noqa: ANN401 - urllib3's own
        **kwargs: Any,  # noqa: ANN401 - urllib3's own
    ) -> None:
        super().__init__(*args, **kwargs)
        self._exchange = exchange
        self._through = proxy

    def _new_conn(self) -> socket.socket:
        """Connect to the server, or to the proxy and through it."""
        if self._through is None:
            return self._reach(self._dns_host, self.port)
        self._exchange.at_proxy = True
        sock = self._reach(*self._through)
        try:
            self._open_tunnel(sock)
            sock.settimeout(self._exchange.remaining())  # the TLS handshake comes next
        except BaseException:
            sock.close()
            raise
        self._exchange.at_proxy = False
        return sock

    def _open_tunnel(self, sock: socket.socket) -> None:
        """Ask for a tunnel (RFC 9110 section 9.3.6), and read the answer's head: what follows it is the server's.

        Raises:
            ProxyAnswered: there is none.
        """
        host = f"[{self.host}]" if ":" in self.host else self.host
        sock.settimeout(self._exchange.remaining())
        sock.sendall(f"CONNECT {host}:{self.port} HTTP/1.1\r\nHost: {host}:{self.port}\r\n\r\n".encode("ascii"))
        head = b""
        while not head.endswith(_HEAD_ENDS) and len(head) < _PROXY_HEAD_CAP:
            sock.settimeout(self._exchange.remaining())
            byte = sock.recv(1)
            if not byte:
                raise ConnectionResetError
            head += byte
        found = _PROXY_STATUS.match(head) if head.endswith(_HEAD_ENDS) else None
        status = int(found[1]) if found else None
        if status is None or not 200 <= status < 300:  # noqa: PLR2004 - HTTP's own numbers
            raise ProxyAnswered(status)

    def _reach(self, host: str, port: int) -> socket.socket:
        """Try each address; urllib3's own loop gives the whole time-out to every one of them."""
        failure = OSError("no address")
        for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
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
