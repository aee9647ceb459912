"""Text that Descope and the checkpoint can hold. Every function is pure, total and linear in its input."""

from __future__ import annotations

import html
import re
import unicodedata
from decimal import Decimal
from html.entities import html5
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migrator.core.model import Json


# Category Cc, and the lone surrogates that no UTF-8 database or JSON parser accepts.
FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")

# No canonical composition combines more than four code points into one.
_COMPOSITION_FACTOR = 4

# Only entities closed by ";" are decoded: "Barnes&copyright" is a name, not a copyright sign.
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")

# Python refuses to print integers of more than 4,300 digits; no real field comes close.
_MAX_INT_BITS = 8192

_FLAGS: dict[int | str, bool] = {"0": False, "1": True, 0: False, 1: True}


def decode_entities(text: str) -> str:
    """Decode HTML entities once (docs/contract/docebo.md 2.4): `&amp;lt;` becomes `&lt;`, and stays so."""
    if "&" not in text:
        return text
    return _ENTITY.sub(_decode_entity, text)


def _decode_entity(match: re.Match[str]) -> str:
    entity = match[0]
    if entity[1] == "#":
        return html.unescape(entity)
    return html5.get(entity[1:], entity)


def nfc(text: str, limit: int) -> str:
    """NFC of the part of `text` that can still matter if at most `limit` code points are kept.

    Normalising a long run of combining marks costs quadratic time in CPython, so the text is
    shortened first; the first `limit` code points of the result are those of the whole text.
    """
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", text[: limit * _COMPOSITION_FACTOR + 1])


def folded(text: str) -> str:
    """The form in which labels are the same: entities decoded, trimmed, NFC, without case."""
    return unicodedata.normalize("NFC", decode_entities(text).strip()).casefold()


def clean(text: str, limit: int) -> tuple[str, bool]:
    """Remove control characters and lone surrogates, trim, convert to NFC, cut at `limit` code points.

    Format characters (ZWJ, right-to-left marks) stay: names need them.

    Returns:
        The clean text and whether it had to be cut.
    """
    if not (text.isascii() and text.isprintable()):
        text = FORBIDDEN.sub("", text)
    text = nfc(text.strip(), limit)
    if len(text) <= limit:
        return text, False
    return text[:limit].rstrip(), True


def scalar_text(value: Json) -> str | None:
    """The plain text of a JSON scalar.

    Returns:
        A string unchanged, `true`/`false` for booleans, plain digits for numbers, "" for null;
        None for lists, objects, NaN, infinities and integers too long to print.
    """
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return integer_text(value)
        case float():
            number = Decimal(repr(value))
            return format(number, "f") if number.is_finite() else None
        case _:
            return None


def integer_text(value: int) -> str | None:
    """Decimal digits of an integer; None if it is too long to print."""
    return str(value) if value.bit_length() <= _MAX_INT_BITS else None


def is_blank(value: Json) -> bool:
    """Whether a field is blank: null, "" or only white space; all of them occur (docs/contract/docebo.md 2.3)."""
    return value is None or (isinstance(value, str) and not value.strip())


def flag(value: Json) -> bool | None:
    """A Docebo flag: "0"/"1" text, 0/1 or a real boolean (docs/contract/docebo.md 2.4); None for anything else."""
    if isinstance(value, bool):
        return value
    return _FLAGS.get(value) if isinstance(value, int | str) else None
