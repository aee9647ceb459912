"""Servers between the migrator and others: a proxy that tunnels (CONNECT), and a server's TLS."""

from __future__ import annotations

import selectors
import socket
import socketserver
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from raw_server import read_request

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

OPEN = b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n"
PIECE = 64 * 1024


class Relay(socketserver.ThreadingTCPServer):
    """Passes bytes on to `target` behind its own TLS, or without a target to whatever CONNECT names.

    `answer` stands for what a proxy says to CONNECT; another one than `OPEN` ends the connection. `asked` are the
    requests that it got itself.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, target: tuple[str, int] | None = None, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = target
        self.tls = tls
        self.answer = OPEN
        self.asked: list[bytes] = []
        self.port: int = self.server_address[1]

    @property
    def lines(self) -> set[str]:
        """The first lines of what it was asked."""
        return {request.partition(b"\r\n")[0].decode() for request in self.asked}

    def handle_error(self, *_: Any) -> None:
        """Keep quiet about clients that hang up."""


class _Handler(socketserver.BaseRequestHandler):
    server: Relay

    def handle(self) -> None:
        sock, target = self.request, self.server.target
        sock.settimeout(10)
        if self.server.tls is not None:
            sock = self.request = self.server.tls.wrap_socket(sock, server_side=True)
        if target is None:
            request = read_request(sock)
            if not request:
                return
            self.server.asked.append(request)
            sock.sendall(self.server.answer)
            if self.server.answer != OPEN:
                return
            host, _, port = request.split()[1].decode().rpartition(":")
            target = host, int(port)
        with socket.create_connection(target, 10) as upstream:
            _pump(sock, upstream)

    def finish(self) -> None:
        self.request.close()


def _pump(one: socket.socket, other: socket.socket) -> None:
    with selectors.DefaultSelector() as waiting:
        waiting.register(one, selectors.EVENT_READ, other)
        waiting.register(other, selectors.EVENT_READ, one)
        while True:
            for key, _ in waiting.select():
                source: Any = key.fileobj
                piece = source.recv(PIECE)
                while getattr(source, "pending", int)():  # TLS keeps some of it, which no selector sees
                    piece += source.recv(PIECE)
                if not piece:
                    return
                key.data.sendall(piece)


@contextmanager
def relay(target_url: str = "", tls: ssl.SSLContext | None = None) -> Iterator[Relay]:
    """A relay at work."""
    parts = urlsplit(target_url)
    target = (parts.hostname or "", parts.port or 0) if target_url else None
    with Relay(target, tls) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
