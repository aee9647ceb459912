"""What kind of value a Docebo field holds, over all its values. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migrator.core.model import Json

# One bit per kind, so that what a field has shown so far is one number.
TEXT, INTEGER, NUMBER, BOOLEAN, DATE, EMAIL_ADDRESS, URL, LIST, OBJECT = (1 << bit for bit in range(9))
_CONTAINERS = LIST | OBJECT
_NAMES = {
    TEXT: "text", INTEGER: "integer", NUMBER: "number", BOOLEAN: "boolean-like", DATE: "date",
    EMAIL_ADDRESS: "e-mail", URL: "url", LIST: "list", OBJECT: "object",
}  # fmt: skip

_LONGEST = 2048  # a longer text is a text, whatever it looks like
_BOOLEANS = {"0", "1", "true", "false", "yes", "no"}
# No leading zeros and no more digits than every JSON reader keeps: 00815 is a name, not a number.
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})\.[0-9]{1,15}")
_DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@]+\.[^\s@]+")
_URL = re.compile(r"https?://\S+", re.IGNORECASE)
_PATTERNS = ((_DATE, DATE), (_INTEGER, INTEGER), (_NUMBER, NUMBER), (_EMAIL, EMAIL_ADDRESS), (_URL, URL))
_NEVER = {"0", "null"}  # how Docebo writes a date that never was, beside 0000-00-00 (docs/contract/docebo.md 2.4)


def kind_of(value: Json, *, is_date: bool = False) -> int:
    """The kind of one value, 0 when it is empty: null, blank, an empty list or object, a zero date.

    Args:
        is_date: the field is one of Docebo's dates.
    """
    if isinstance(value, str):
        return _kind_of_text(value.strip(), is_date=is_date)
    if isinstance(value, bool):
        return BOOLEAN
    if isinstance(value, int):
        return BOOLEAN if value in (0, 1) else INTEGER
    if isinstance(value, float):
        return NUMBER
    kind = LIST if isinstance(value, list) else OBJECT
    return kind if value else 0


def _kind_of_text(text: str, *, is_date: bool) -> int:
    if not text or text.startswith("0000-00-00") or (is_date and text in _NEVER):
        return 0
    if text.lower() in _BOOLEANS:
        return BOOLEAN
    # Most values are told by a look at one sign; the patterns are the dear part.
    if len(text) > _LONGEST:
        return TEXT
    if text[0] not in "-0123456789" and "@" not in text and "://" not in text:
        return TEXT
    return next((kind for pattern, kind in _PATTERNS if pattern.fullmatch(text)), TEXT)


def name_of(kinds: int) -> str:
    """The word for all kinds a field has shown, "" for none."""
    if not kinds or kinds in _NAMES:
        return _NAMES.get(kinds, "")
    if kinds & _CONTAINERS:
        return "mixed"
    if kinds & TEXT:
        return "text"
    if not kinds & ~(BOOLEAN | INTEGER):
        return "integer"
    return "mixed" if kinds & ~(BOOLEAN | INTEGER | NUMBER) else "number"
