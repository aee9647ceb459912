"""Bytes to JSON and back."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, NoReturn

from starlette.responses import Response

from migrator.sandbox.descope.refusal import MALFORMED, Refusal

if TYPE_CHECKING:
    from migrator.core.model import Json


def _no_constant(text: str) -> NoReturn:
    raise ValueError(text)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


def parse(raw: bytes) -> Json:
    """The JSON value of a request body; an empty body is an empty object.

    Raises:
        Refusal: not JSON in UTF-8, a number too large for a double, NaN or infinity, or text that is not valid Unicode
            (protobuf's rules).
    """
    if not raw.strip():
        return {}
    try:
        value = json.loads(raw.decode(), parse_constant=_no_constant, parse_float=_finite)
        if b"\\u" in raw:
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise Refusal(400, MALFORMED, "The request body is not valid JSON") from error
    return value


def json_response(value: Json, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer with a JSON body."""
    raw = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(raw, status_code=status, headers=headers, media_type="application/json")
