"""Bytes to JSON and back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NoReturn

from starlette.responses import Response

from migrator.sandbox.descope.refusal import MALFORMED, Refusal

if TYPE_CHECKING:
    from migrator.core.model import Json


def _no_constant(text: str) -> NoReturn:
    raise ValueError(text)


def parse(raw: bytes) -> Json:
    """The JSON value of a request body; an empty body is an empty object.

    Raises:
        Refusal: not JSON, NaN or infinity, or text that is not valid Unicode (protobuf's rules).
    """
    if not raw.strip():
        return {}
    try:
        value = json.loads(raw, parse_constant=_no_constant)
        if b"\\u" in raw:
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise Refusal(400, MALFORMED, "The request body is not valid JSON") from error
    return value


def json_response(value: Json, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer with a JSON body."""
    raw = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(raw, status_code=status, headers=headers, media_type="application/json")
