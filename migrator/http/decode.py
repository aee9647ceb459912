"""Judges an HTTP answer: the status becomes an error or the body becomes JSON. Pure."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING

from migrator.core.errors import ApiError, BadAnswer, Redirected, Refused, ServerFailed, Throttled
from migrator.http.retry import parse_retry_after

if TYPE_CHECKING:
    from migrator.core.model import Json
    from migrator.http.session import Answer

MAX_JSON_DEPTH = 16  # the answers of both contracts stay below 8
MAX_VALUES = 2_000_000  # a page of 1,000 users has some 100,000; bounds the memory of the decoded form
_AS_SQUARE = bytes.maketrans(b"{}", b"[]")
_NO_MARK = bytes(set(range(256)) - set(b'[]{}"'))
_CODE = re.compile(r"[A-Za-z0-9_]{1,40}")
_CODE_KEYS = ("errorCode", "code", "error")
_BUSY = (408, 425)  # "try again", though in the range of refusals
_THROTTLED = 429


def judge_answer(what: str, answer: Answer, now_epoch: float) -> Json:
    """Return the decoded body of a 2xx answer.

    Args:
        what: API, method and path; opens the error's text.
        answer: what came back.
        now_epoch: wall-clock time, for a `Retry-After` date in an answer without a `Date` of its own.

    Raises:
        Throttled: 429.
        Refused: any other 4xx but 408 and 425.
        ServerFailed: 5xx, 408, 425.
        Redirected: 3xx.
        BadAnswer: the body is not strict JSON, or the status is none that a final answer can have.
    """
    status = answer.status
    match status // 100:
        case 2:
            return decode_json(f"{what}: HTTP {status}", answer.body, status)
        case 3:
            raise Redirected(f"{what}: HTTP {status}, redirected; redirects are not followed", status=status)
        case 4:
            raise _client_error(what, answer, now_epoch)
        case 5:
            raise ServerFailed(f"{what}: HTTP {status}", status=status)
        case _:
            raise BadAnswer(f"{what}: HTTP {status}", status=status)


def decode_json(what: str, body: bytes, status: int | None = None) -> Json:
    """Decode JSON strictly (docs/reliability.md N5).

    Raises:
        BadAnswer: empty, not UTF-8, not JSON, a duplicate key, NaN or infinite numbers, nested deeper than 16
            levels or more than two million values.
    """
    failure = "empty"
    if body:
        failure = "not strict JSON"
        if body.count(b",") + body.count(b"{") + body.count(b"[") <= MAX_VALUES and _is_shallow(body):
            try:
                return json.loads(body.decode(), object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_finite)
            except ValueError:
                pass  # raised below, as the cause carries the body
    raise BadAnswer(f"{what}, the body is {failure}", status=status)


def _client_error(what: str, answer: Answer, now_epoch: float) -> ApiError:
    status, code = answer.status, _error_code(answer.body)
    text = f"{what}: HTTP {status}" + (f" ({code})" if code else "")
    if status == _THROTTLED:
        # A date belongs to the server's clock, which its answer tells (docs/reliability.md N17).
        server_now = parse_retry_after(answer.date, 0.0)
        wait = parse_retry_after(answer.retry_after, now_epoch if server_now is None else server_now)
        return Throttled(text, retry_after=wait, code=code)
    if status in _BUSY:
        return ServerFailed(text, status=status, code=code)
    return Refused(text, status=status, code=code)


def _error_code(body: bytes) -> str:
    """Descope's `errorCode`, Docebo's `code` or OAuth's `error`; never a message, which may name people.

    Sources: docs/contract/descope.md 5, docs/contract/docebo.md 8.2.
    """
    try:
        value = decode_json("error body", body)
    except BadAnswer:
        return ""
    if not isinstance(value, dict):
        return ""
    for key in _CODE_KEYS:
        code = value.get(key)
        if isinstance(code, str | int) and not isinstance(code, bool) and _CODE.fullmatch(str(code)):
            return str(code)
    return ""


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("duplicate key")
    return value


def _refuse(_constant: str) -> float:
    raise ValueError("not a JSON number")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError("number too large")
    return value


def _is_shallow(body: bytes) -> bool:
    """Whether no bracket stands deeper than `MAX_JSON_DEPTH`; told before decoding, which recurses once for each."""
    # Whole passes over the body in C, as this is done for every answer: what a backslash hides goes first, then all but
    # brackets and quotes. Two quotes that meet end one text and begin another, or are an empty one: either way the
    # brackets around them are as much inside a text, or outside, without them.
    marks = body.replace(rb"\\", b"").replace(rb"\"", b"").translate(_AS_SQUARE, _NO_MARK).replace(b'""', b"")
    brackets = b"".join(marks.split(b'"')[::2])
    for _ in range(MAX_JSON_DEPTH):
        brackets = brackets.replace(b"[]", b"")
    return not brackets
