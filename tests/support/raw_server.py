"""A server on a real socket that answers with scripted bytes."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Reply = bytes | Callable[[socket.socket], None]


class Server:
    """Answers the n-th request with the n-th reply, the last one for ever; a reply that is a function may do anything.

    After bytes the connection stays open, after a function it is closed.
    """

    def __init__(self, *replies: Reply, tls: ssl.SSLContext | None = None) -> None:
        self.replies = list(replies)
        self.requests: list[bytes] = []
        self.connections = 0
        self.handshake_errors: list[str] = []
        self.closing = threading.Event()
        self._tls = tls
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept)
        self._acceptor.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            if self.closing.is_set():
                sock.close()
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(sock,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        sock.settimeout(10)
        try:
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_side=True)
            while request := read_request(sock):
                with self._lock:
                    reply = self.replies[min(len(self.requests), len(self.replies) - 1)]
                    self.requests.append(request)
                if not isinstance(reply, bytes):
                    reply(sock)
                    return
                sock.sendall(reply)
        except ssl.SSLError as error:
            self.handshake_errors.append(str(error))
        except OSError:
            pass  # the client hung up, as it may
        finally:
            sock.close()

    def close(self) -> None:
        """Stop accepting and wait for every connection to end."""
        self.closing.set()
        with socket.create_connection(("127.0.0.1", self.port)):
            self._acceptor.join()
        self._listener.close()
        for thread in self._threads:
            thread.join()


def read_request(sock: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(65536)
        if not piece:
            return b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line[:15] == b"content-length:"), 0)
    while len(body) < length:
        body += sock.recv(65536)
    return head + b"\r\n\r\n" + body


def reply(status: int = 200, body: bytes = b'{"ok": true}', **headers: str) -> bytes:
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} Any\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body


OK = reply()


def cut(data: bytes) -> Reply:
    return lambda sock: sock.sendall(data)


def reset(data: bytes = b"") -> Reply:
    def act(sock: socket.socket) -> None:
        sock.sendall(data)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return act


def silent(sock: socket.socket) -> None:
    """Say nothing until the client hangs up."""
    sock.recv(1)


def drip(start: bytes, piece: bytes, pause: float = 0.02) -> Reply:
    """Send `piece` for ever: one after each `pause` seconds."""

    def act(sock: socket.socket) -> None:
        sock.sendall(start)
        wait = threading.Event()
        while True:
            sock.sendall(piece)
            if pause:
                wait.wait(pause)

    return act
