"""Faults of the answer's content: wrong status, wrong body, wrong JSON."""

from __future__ import annotations

import json
from typing import Any, ClassVar, Final, Literal

from pydantic import Field

from migrator.core.model import Json  # noqa: TC001 -- pydantic reads it when the classes are made
from migrator.sandbox.exchange import Answer, Exchange
from migrator.sandbox.spoil import AFTER, BEFORE, Fault, When

_JSON: Final = "application/json"
_HTML: Final = "text/html; charset=UTF-8"
_PAGE: Final = b"<!doctype html><html><body><h1>We will be back soon</h1></body></html>"


class Status(Fault):
    """An error status. `body` "json" is the API's own error shape, or `content` when given."""

    code: int = Field(500, ge=200, le=599)
    body: Literal["json", "html", "empty", "text"] = "json"
    content: Json = None
    headers: dict[str, str] = Field(default_factory=dict)

    async def spoil(self, exchange: Exchange, _answer: Answer | None, /) -> Answer:
        """Answer with the status."""
        match self.body:
            case "json":
                value = self.content if self.content is not None else _error(exchange.entry.api, self.code)
                return Answer.make(self.code, json.dumps(value).encode(), _JSON, self.headers)
            case "html":
                return Answer.make(self.code, _PAGE, _HTML, self.headers)
            case "text":
                return Answer.make(self.code, b"upstream error", "text/plain", self.headers)
            case "empty":
                return Answer.make(self.code, b"", _HTML, self.headers)


def _error(api: str, code: int) -> Json:
    """The error body of either API (docs/contract/docebo.md 8.2, docs/contract/descope.md 5)."""
    if api == "docebo":
        return {"name": "Error", "message": ["Made to fail"], "code": 0, "status": code}
    number = "E130429" if code == 429 else "E010000"  # noqa: PLR2004 -- HTTP status
    return {"errorCode": number, "errorDescription": "Made to fail", "errorMessage": "Made to fail"}


class Html200(Fault):
    """A maintenance page with status 200."""

    async def spoil(self, _exchange: Exchange, _answer: Answer | None, /) -> Answer:
        """Answer with a page."""
        return Answer.make(200, _PAGE, _HTML)


class Empty200(Fault):
    """Status 200 and no body."""

    async def spoil(self, _exchange: Exchange, _answer: Answer | None, /) -> Answer:
        """Answer with nothing."""
        return Answer.make(200, b"", _JSON)


class WrongShape(Fault):
    """Status 200 and JSON of another shape, such as `[]`, `null` or `"text"`."""

    text: str = "[]"

    async def spoil(self, _exchange: Exchange, _answer: Answer | None, /) -> Answer:
        """Answer with `text`."""
        return Answer.make(200, self.text.encode(), _JSON)


class DeepJson(Fault):
    """Status 200 and lists within lists."""

    depth: int = Field(100_000, ge=1)

    async def spoil(self, _exchange: Exchange, _answer: Answer | None, /) -> Answer:
        """Answer with the nest."""
        return Answer.make(200, b"[" * self.depth + b"]" * self.depth, _JSON)


class Redirect(Fault):
    """A redirect to `location`."""

    code: Literal[301, 302, 303, 307, 308] = 302
    location: str

    async def spoil(self, _exchange: Exchange, _answer: Answer | None, /) -> Answer:
        """Answer with the redirect."""
        return Answer.make(self.code, b"", _HTML, {"Location": self.location})


class _Rewrite(Fault):
    """A fault that changes the JSON of the API's answer; other answers stay as they are."""

    allowed: ClassVar[tuple[When, ...]] = AFTER

    async def spoil(self, _exchange: Exchange, answer: Answer | None, /) -> Answer | None:
        if answer is not None and answer.body.lstrip()[:1] in (b"{", b"["):
            answer.body = self.rewrite(answer.body)
        return answer

    def rewrite(self, body: bytes) -> bytes:
        """The changed JSON text."""
        raise NotImplementedError


class CutJson(_Rewrite):
    """JSON cut short, with the length that fits; `valid` leaves out items of the longest list instead."""

    keep: float = Field(0.5, ge=0, lt=1)  # share of the bytes, or of the items
    valid: bool = False

    def rewrite(self, body: bytes) -> bytes:
        """Cut."""
        if not self.valid:
            return body[: int(len(body) * self.keep)]
        value = json.loads(body)
        longest = max(_lists(value), key=len, default=[])
        del longest[int(len(longest) * self.keep) :]
        return json.dumps(value).encode()


def _lists(value: Json) -> list[list[Json]]:
    children = value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
    own = [value] if isinstance(value, list) else []
    return own + [found for child in children for found in _lists(child)]


class DropField(_Rewrite):
    """A value of the JSON is missing, null or of another type.

    `path` names it with dots, list places as numbers: `data.items.0.user_id`.
    """

    path: str
    how: Literal["missing", "null", "wrong_type"] = "missing"

    def rewrite(self, body: bytes) -> bytes:
        """Change the value, if it is there."""
        document = json.loads(body)
        *parents, last = [int(part) if part.isdecimal() else part for part in self.path.split(".")]
        try:
            target: Any = document
            for part in parents:
                target = target[part]
            value = target[last]
        except (LookupError, TypeError):
            return body
        if self.how == "missing":
            del target[last]
        else:
            target[last] = None if self.how == "null" else _other_type(value)
        return json.dumps(document).encode()


def _other_type(value: Json) -> Json:
    match value:
        case bool():
            return "yes"
        case int() | float():
            return ["seven"]
        case str():
            return {"text": value}
        case list():
            return {}
        case dict():
            return []
        case _:
            return 0


class DuplicateKeys(_Rewrite):
    """The first top-level key comes a second time, with `value`; parsers disagree on which one counts."""

    value: Json = None

    def rewrite(self, body: bytes) -> bytes:
        """Append the key once more."""
        document = json.loads(body)
        if not isinstance(document, dict) or not document:
            return body
        again = json.dumps({next(iter(document)): self.value})[1:]
        return body.rstrip()[:-1] + b"," + again.encode()


class RevokeTokens(Fault):
    """Docebo only: every issued access token is invalid from this request on."""

    allowed: ClassVar[tuple[When, ...]] = BEFORE
    then_works: ClassVar[bool] = True

    async def spoil(self, exchange: Exchange, answer: Answer | None, /) -> Answer | None:
        """Revoke, and let the request find out."""
        exchange.scope["sandbox.revoke"]()
        return answer


ANSWER_KINDS: Final[dict[str, type[Fault]]] = {
    "status": Status,
    "html200": Html200,
    "empty200": Empty200,
    "wrong_shape": WrongShape,
    "deep_json": DeepJson,
    "redirect": Redirect,
    "cut_json": CutJson,
    "drop_field": DropField,
    "duplicate_keys": DuplicateKeys,
    "revoke_tokens": RevokeTokens,
}
