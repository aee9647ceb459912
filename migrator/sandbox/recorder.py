"""The outermost layer of both APIs: journal every request, then let a fault or the API answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException, MultiPartParser

from migrator.sandbox.exchange import Exchange

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.types import ASGIApp, Receive, Scope, Send

    from migrator.core.model import Json
    from migrator.sandbox.world import World


class Recorder:
    """ASGI middleware; the API finds its journal entry in `scope["journal_entry"]`."""

    def __init__(self, app: ASGIApp, world: World, api: Literal["docebo", "descope"]) -> None:
        self._app = app
        self._world = world
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        body = await _read(receive)
        if body is None:
            return
        headers = Headers(scope=scope)
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        method, path = scope["method"], scope["path"]
        entry = self._world.journal.attempt(
            self._api, method, path, query, await _decode(body, headers), dict(headers.items())
        )
        scope["journal_entry"] = entry
        scope["sandbox.revoke"] = self._world.docebo.tokens.revoke
        exchange = Exchange(scope, receive, send, entry, body)
        picked = self._world.faults.pick(self._api, method, path)
        if picked is None:
            await exchange.run(self._app)
            return
        kind, fault, when = picked
        entry.fault = kind
        if when == "before" and fault.then_works:
            await fault.spoil(exchange, None)
            await exchange.run(self._app)
            return
        answer = await exchange.collect(self._app) if when == "after" else None
        spoilt = await fault.spoil(exchange, answer)
        if spoilt is not None:
            await exchange.answer(spoilt)


async def _read(receive: Receive) -> bytes | None:
    """The whole body; None when the client left before it was complete."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body)


async def _decode(body: bytes, headers: Headers) -> Json:
    """JSON, or a form as a dict, or else the text; None when there is no body."""
    if not body:
        return None
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    text = body.decode("utf-8", "replace")
    try:
        if kind == "multipart/form-data":
            form = await MultiPartParser(headers, _once(body)).parse()
            return {key: str(value) for key, value in form.multi_items()}
        if kind == "application/x-www-form-urlencoded":
            return dict(parse_qsl(text, keep_blank_values=True))
        return json.loads(body)
    except (ValueError, RecursionError, MultiPartException):
        return text


async def _once(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body
