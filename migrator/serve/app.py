"""The HTTP side of the endpoint: who may ask, what is answered, and what is logged of it (docs/serve.md)."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import math
import secrets
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from migrator.flow.sign_in.answer import SignInOutcome
from migrator.flow.sign_in.sign_ins import NoRoom
from migrator.log.setup import get_logger
from migrator.serve.desk import BUSY_FOR, CheckpointGone
from migrator.serve.requests import MOST_BODY_BYTES, BadRequest, parse_request
from migrator.serve.signatures import SignatureFault, SignatureRefused

if TYPE_CHECKING:
    from starlette.requests import Request

    from migrator.serve.desk import Desk, DeskAnswer
    from migrator.serve.numbers import ServeMetrics
    from migrator.serve.signatures import RequestSignatures

_log = get_logger(__name__)

VERSION = 1
RESOLVE = "/v1/jit/resolve"
DRAINING, CHECKPOINT_GONE = "draining", "checkpoint_gone"
_READ_SECONDS = 2.0  # in which a body must have come
_TRY_AGAIN = 5  # seconds after a 503


class Turned(Exception):
    """A request that is not answered; the status says why, the text too."""

    def __init__(self, status: HTTPStatus, why: str, retry_after: float | None = None) -> None:
        super().__init__(why)
        self.status = status
        self.retry_after = retry_after


@dataclass(slots=True)
class Door:
    """Whether requests are let in: `closed` says why not."""

    closed: str = ""


class SignInEndpoint:
    """Answers the flow.

    Args:
        token: what a request must bear.
        door: is asked before each request.
        signatures: judges the signature that each request must have; None if none is wanted.
    """

    def __init__(
        self, desk: Desk, token: str, door: Door, metrics: ServeMetrics, signatures: RequestSignatures | None
    ) -> None:
        self._desk = desk
        self._signatures = signatures
        self._token = _digest(f"Bearer {token}".encode())
        self._door = door
        self._metrics = metrics

    def app(self) -> Starlette:
        """The application."""
        app = Starlette(
            routes=[
                Route(RESOLVE, self._resolve, methods=["POST"]),
                Route("/healthz", self._health, methods=["GET"]),
            ]
        )
        app.router.redirect_slashes = False  # it would send a flow to whatever host the request names
        return app

    async def _health(self, _request: Request) -> Response:
        wrong = self._door.closed or (CHECKPOINT_GONE if self._desk.is_blind else "")
        status = HTTPStatus.SERVICE_UNAVAILABLE if wrong else HTTPStatus.OK
        return JSONResponse({"status": wrong or "ok"}, status)

    async def _resolve(self, request: Request) -> Response:
        began, request_id = time.monotonic(), secrets.token_hex(8)
        found: DeskAnswer | None = None
        headers: dict[str, str] = {}
        try:
            self._check_token(request)
            self._check_door()
            body_sent = await _body(request)
            self._check_signature(request, body_sent)
            asked = parse_request(body_sent)
            address = request.client.host if request.client else ""
            found = await self._desk.answer(asked, address)
            status, body = HTTPStatus.OK, _document(found, request_id)
        except (Turned, BadRequest, NoRoom, CheckpointGone) as error:
            turned = self._turned(error)
            status = turned.status
            body = {"v": VERSION, "error": str(turned), "request_id": request_id}
            if turned.retry_after is not None:
                headers["Retry-After"] = str(max(1, math.ceil(turned.retry_after)))
        outcome, source = (found.answer.outcome.value, found.source) if found else ("", "")
        seconds = time.monotonic() - began
        self._metrics.count(status, outcome, source, seconds)
        _log.info(
            "answered",
            request_id=request_id,
            status=int(status),
            outcome=outcome,
            source=source,
            ms=round(1000 * seconds),
        )
        return JSONResponse(body, status, headers)

    def _check_token(self, request: Request) -> None:
        given = [value for name, value in request.scope["headers"] if name == b"authorization"]
        # Digests of one length: the time tells nothing of the token, nor of how long it is.
        if not hmac.compare_digest(_digest(given[0] if len(given) == 1 else b""), self._token):
            raise Turned(HTTPStatus.UNAUTHORIZED, "the token is missing or wrong")

    def _check_signature(self, request: Request, body: bytes) -> None:
        if self._signatures is None:
            return
        scope = request.scope
        query = scope["query_string"]
        target = (scope["raw_path"] + (b"?" + query if query else b"")).decode("latin-1")
        host = [value for name, value in scope["headers"] if name == b"host"]
        authority = b"".join(host).decode("latin-1")
        try:
            self._signatures.check(request.method, target, authority, scope["headers"], body)
        except SignatureRefused as error:
            why = f"signature: {error.fault}"
            if error.fault is SignatureFault.CROWDED:
                raise Turned(HTTPStatus.SERVICE_UNAVAILABLE, why, _TRY_AGAIN) from None
            raise Turned(HTTPStatus.UNAUTHORIZED, why) from None

    def _check_door(self) -> None:
        if self._door.closed:
            raise Turned(HTTPStatus.SERVICE_UNAVAILABLE, self._door.closed, _TRY_AGAIN)

    @staticmethod
    def _turned(error: Exception) -> Turned:
        match error:
            case Turned():
                return error
            case NoRoom():
                return Turned(HTTPStatus.TOO_MANY_REQUESTS, "too many look-ups", error.seconds)
            case CheckpointGone():
                return Turned(HTTPStatus.SERVICE_UNAVAILABLE, CHECKPOINT_GONE, _TRY_AGAIN)
        return Turned(HTTPStatus.BAD_REQUEST, str(error))


def metrics_app(metrics: ServeMetrics) -> Starlette:
    """The application of the port that a monitoring system asks."""

    async def scrape(_request: Request) -> Response:
        return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return Starlette(routes=[Route("/metrics", scrape, methods=["GET"])])


def _document(found: DeskAnswer, request_id: str) -> dict[str, object]:
    """The answer; every one has the same keys."""
    answer = found.answer
    return {
        "v": VERSION,
        "outcome": answer.outcome.value,
        "login_id": answer.login_id,
        "freshly_migrated": answer.fresh,
        "retry_after_s": BUSY_FOR if answer.outcome is SignInOutcome.BUSY else None,
        "request_id": request_id,
    }


def _digest(value: bytes) -> bytes:
    return hashlib.sha256(value).digest()


async def _body(request: Request) -> bytes:
    """The whole body.

    Raises:
        Turned: it is too large, or does not come.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > MOST_BODY_BYTES:
        raise _too_large()
    body = bytearray()
    try:
        async with asyncio.timeout(_READ_SECONDS):
            async for piece in request.stream():
                body += piece
                if len(body) > MOST_BODY_BYTES:
                    raise _too_large()
    except (TimeoutError, ClientDisconnect):
        raise Turned(HTTPStatus.BAD_REQUEST, "the body did not come") from None
    return bytes(body)


def _too_large() -> Turned:
    return Turned(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body has more than {MOST_BODY_BYTES} bytes")
