"""One request on the wire: answer it normally, answer it with raw bytes, or break the connection."""

from __future__ import annotations

import http
import socket
import struct
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from migrator.sandbox.journal import Entry

_TRANSPORT = "sandbox.transport"


class Protocol(HttpToolsProtocol):
    """uvicorn's connection, with its transport within reach of the application."""

    def on_message_begin(self) -> None:
        """Put the transport into the scope of the request that begins, and the time into its answer."""
        super().on_message_begin()
        # uvicorn's own clock for this header ticks in the polling loop that `server` does without.
        self.server_state.default_headers = [(b"date", formatdate(usegmt=True).encode())]
        scope = cast("Scope", self.scope)  # uvicorn's type knows no keys of our own, ASGI allows them
        scope[_TRANSPORT] = self.transport


@dataclass(slots=True)
class Answer:
    """A whole HTTP answer; `headers` never hold `content-length`, it follows from `body`."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    @classmethod
    def make(cls, status: int, body: bytes, media_type: str, headers: dict[str, str] | None = None) -> Answer:
        """An answer from plain values."""
        pairs = [(b"content-type", media_type.encode())]
        pairs += [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
        return cls(status, pairs, body)

    def head(self, *framing: bytes) -> bytes:
        """Status line and headers as bytes, with the given framing headers instead of the true length."""
        lines = [f"HTTP/1.1 {self.status} {_phrase(self.status)}".encode()]
        lines += [name + b": " + value for name, value in self.headers]
        return b"\r\n".join([*lines, *framing, b"connection: close", b"", b""])


def _phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:  # 520 to 524 are used by gateways but stand in no register
        return "Unknown"


@dataclass(slots=True)
class Exchange:
    """The request's body is already read; `entry` is its line in the journal."""

    scope: Scope
    receive: Receive
    send: Send
    entry: Entry
    body: bytes
    _replayed: bool = field(default=False, init=False)

    async def run(self, app: ASGIApp) -> None:
        """Let the application answer the client itself."""
        await app(self.scope, self._replay, self._send_recorded)

    async def collect(self, app: ASGIApp) -> Answer:
        """Let the application do its work, and keep its answer back."""
        answer = Answer(500, [], b"")

        async def keep(message: Message) -> None:
            """Take the place of the connection."""
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = [pair for pair in message["headers"] if pair[0] != b"content-length"]
            else:
                answer.body += message.get("body", b"")

        await app(self.scope, self._replay, keep)
        return answer

    async def answer(self, answer: Answer) -> None:
        """Send a whole answer the normal way."""
        await self.start(answer, len(answer.body))
        await self.send({"type": "http.response.body", "body": answer.body})

    async def start(self, answer: Answer, length: int) -> None:
        """Send status and headers of an answer whose body of `length` bytes follows through `send`, whole."""
        headers = [*answer.headers, (b"content-length", str(length).encode())]
        await self._send_recorded({"type": "http.response.start", "status": answer.status, "headers": headers})
        self.entry.tell(answer.body)

    async def write_raw(self, data: bytes, status: int | None) -> None:
        """Write bytes as they are, close the connection and wait until it is closed."""
        self.entry.status = status
        self._transport.write(data)
        self._transport.close()
        await self.client_left()

    async def reset(self, data: bytes = b"", status: int | None = None) -> None:
        """Write `data`, then end the connection with a TCP reset."""
        self.entry.status = status
        self._transport.write(data)
        peer: socket.socket = self._transport.get_extra_info("socket")
        # Linger for zero seconds: the kernel then sends RST where it would send FIN.
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()
        await self.client_left()

    async def client_left(self) -> None:
        """Wait until the connection is gone; uvicorn then expects no answer any more."""
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def _replay(self) -> Message:
        if self._replayed:
            return await self.receive()
        self._replayed = True
        return {"type": "http.request", "body": self.body, "more_body": False}

    async def _send_recorded(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.entry.status = message["status"]
        else:
            self.entry.tell(message.get("body", b""))
        await self.send(message)

    @property
    def _transport(self) -> asyncio.Transport:
        transport: asyncio.Transport = self.scope[_TRANSPORT]
        return transport
