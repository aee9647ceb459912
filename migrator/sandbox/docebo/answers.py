"""Docebo's answers: response headers and error bodies (docs/contract/docebo.md 1.5, 2.2 and 8.2)."""

from __future__ import annotations

import http
import json
from typing import Any

from starlette.responses import Response

_PLATFORM_HEADERS = {
    "Server": "openresty",
    "X-Docebo-Api-Version": "1.0.0",
    "X-Docebo-Backyard": "manage",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE, OPTIONS",
}
_SESSION = "docebo_session=5a6e0db0c0ffee; path=/; HttpOnly"
_STICKY = "backend=node-2; path=/"


class PlatformError(Exception):
    """Answer with the platform's error body."""

    def __init__(self, status: int, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code


def raw(content: bytes, status: int = 200, media_type: str = "application/json; charset=UTF-8") -> Response:
    """An answer with the platform's headers and its two cookies."""
    response = Response(content, status, _PLATFORM_HEADERS)
    response.headers["Content-Type"] = media_type
    response.headers.append("Set-Cookie", _SESSION)
    response.headers.append("Set-Cookie", _STICKY)
    return response


def ok(value: Any, status: int = 200) -> Response:  # noqa: ANN401 -- any JSON value
    """A JSON answer."""
    return raw(json.dumps(value).encode(), status)


def error(failure: PlatformError) -> Response:
    """The body of platform v1 services: `message` is an array."""
    phrase = http.HTTPStatus(failure.status).phrase
    return ok(
        {"name": phrase, "message": [failure.message], "code": failure.code, "status": failure.status},
        failure.status,
    )


def oauth_error(status: int, code: str, text: str) -> Response:
    """The body of the token endpoint's refusals."""
    response = ok({"error": code, "error_description": text}, status)
    response.headers["Cache-Control"] = "no-store"
    return response


def html(status: int, text: str) -> Response:
    """A page of the gateway in front of the platform."""
    body = f"<html><head><title>{text}</title></head><body><h1>{text}</h1></body></html>" if text else ""
    return raw(body.encode(), status, "text/html; charset=UTF-8")
