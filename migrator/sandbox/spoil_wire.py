"""Faults of the connection: resets, cut bodies, endless waits, slow bytes."""

from __future__ import annotations

import asyncio
import gzip
from typing import ClassVar, Final

from pydantic import Field

from migrator.sandbox.exchange import Answer, Exchange
from migrator.sandbox.spoil import AFTER, BOTH_BUT_LATE, Fault, When

_MIB: Final = 1024 * 1024


def _wanted(answer: Answer | None) -> Answer:
    if answer is None:
        raise TypeError("this fault acts on an answer only")
    return answer


class Reset(Fault):
    """TCP reset; `sent` bytes of the answer go out first when there is one."""

    sent: int = Field(0, ge=0)

    async def spoil(self, exchange: Exchange, answer: Answer | None, /) -> None:
        """End the connection with RST."""
        if answer is None or not self.sent:
            await exchange.reset()
            return
        whole = answer.head(b"content-length: %d" % len(answer.body)) + answer.body
        await exchange.reset(whole[: self.sent], answer.status)
        if self.sent >= len(whole):
            exchange.entry.tell(answer.body)


class Close(Fault):
    """The connection ends in order, but without an answer."""

    async def spoil(self, exchange: Exchange, _answer: Answer | None, /) -> None:
        """End the connection with FIN."""
        await exchange.write_raw(b"", None)


class Lost(Fault):
    """The answer never comes; the connection stays open until the client leaves."""

    allowed: ClassVar[tuple[When, ...]] = BOTH_BUT_LATE

    async def spoil(self, exchange: Exchange, _answer: Answer | None, /) -> None:
        """Wait for the client to give up."""
        await exchange.client_left()


class CutLength(Fault):
    """Content-Length tells the whole length, the body ends earlier."""

    allowed: ClassVar[tuple[When, ...]] = AFTER
    keep: float = Field(0.5, ge=0, lt=1)  # share of the body that is sent

    async def spoil(self, exchange: Exchange, answer: Answer | None, /) -> None:
        """Send a share of the body and close."""
        whole = _wanted(answer)
        part = whole.body[: int(len(whole.body) * self.keep)]
        head = whole.head(b"content-length: %d" % len(whole.body))
        await exchange.write_raw(head + part, whole.status)


class CutChunked(Fault):
    """A chunked body whose last chunk is cut and whose end never comes."""

    allowed: ClassVar[tuple[When, ...]] = AFTER
    keep: float = Field(0.5, ge=0, lt=1)  # share of the chunk that is sent

    async def spoil(self, exchange: Exchange, answer: Answer | None, /) -> None:
        """Announce one chunk, send a share of it and close."""
        whole = _wanted(answer)
        part = whole.body[: int(len(whole.body) * self.keep)]
        head = whole.head(b"transfer-encoding: chunked")
        await exchange.write_raw(b"%s%x\r\n%s" % (head, len(whole.body), part), whole.status)


class Drip(Fault):
    """The body comes byte by byte."""

    allowed: ClassVar[tuple[When, ...]] = AFTER
    seconds: float = Field(0.1, gt=0)  # between two bytes

    async def spoil(self, exchange: Exchange, answer: Answer | None, /) -> None:
        """Send one byte per interval until all are sent or the client leaves."""
        whole = _wanted(answer)
        await exchange.start(whole, len(whole.body))
        left = asyncio.create_task(exchange.client_left())
        for place in range(len(whole.body)):
            more = place + 1 < len(whole.body)
            byte = whole.body[place : place + 1]
            await exchange.send({"type": "http.response.body", "body": byte, "more_body": more})
            await asyncio.wait({left}, timeout=self.seconds if more else 0)
            if left.done():
                break
        left.cancel()


class Slow(Fault):
    """A delay, then the normal answer."""

    then_works: ClassVar[bool] = True
    seconds: float = Field(1.0, ge=0)

    async def spoil(self, _exchange: Exchange, answer: Answer | None, /) -> Answer | None:
        """Wait."""
        await asyncio.sleep(self.seconds)
        return answer


class Huge(Fault):
    """A body of many MiB: one long JSON string."""

    mib: int = Field(200, ge=1)

    async def spoil(self, exchange: Exchange, _answer: Answer | None, /) -> None:
        """Stream the body, as fast as the client takes it."""
        await exchange.start(Answer.make(200, b"", "application/json"), self.mib * _MIB)
        piece = b"a" * (_MIB // 4)
        for place in range(self.mib * 4):
            last = place == self.mib * 4 - 1
            body = (b'"' if place == 0 else b"a") + piece[1:-1] + (b'"' if last else b"a")
            await exchange.send({"type": "http.response.body", "body": body, "more_body": not last})


class GzipBomb(Fault):
    """A small compressed body that inflates to many MiB of blanks."""

    mib: int = Field(200, ge=1)

    async def spoil(self, _exchange: Exchange, _answer: Answer | None, /) -> Answer:
        """Repeat one compressed member: gzip members in a row inflate one after the other."""
        body = gzip.compress(b" " * _MIB) * self.mib
        return Answer.make(200, body, "application/json", {"Content-Encoding": "gzip"})


WIRE_KINDS: Final[dict[str, type[Fault]]] = {
    "reset": Reset,
    "close": Close,
    "lost": Lost,
    "cut_length": CutLength,
    "cut_chunked": CutChunked,
    "drip": Drip,
    "slow": Slow,
    "huge": Huge,
    "gzip_bomb": GzipBomb,
}
