"""Whether an attribute holds the value it must, whatever form it comes back in (docs/verify.md).

Written again on purpose: what the sending code takes for the same must be the same to other eyes, too. Pure.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migrator.core.model import AttributeKind, Json

_ISO_DAY = len("2026-01-31")
_MILLISECONDS = 10_000_000_000  # a number from here on may count them: as seconds it lies beyond 2286


def holds_value(kind: AttributeKind, wanted: Json, found: Json) -> bool:
    """Whether what Descope shows of an attribute of this type is the value expected."""
    if found is None:
        return False
    match kind:
        case "number":
            return _number(wanted) == _number(found)
        case "boolean":
            return _plain(wanted).lower() == _plain(found).lower()
        case "multi_select":
            return _items(wanted) == _items(found)
        case "date":
            return not _days(wanted).isdisjoint(_days(found))
        case _:
            return _plain(wanted) == _plain(found)


def _plain(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))


def _number(value: Json) -> int | float | str:
    text = _plain(value).strip()
    for read in (int, float):
        try:
            number: int | float = read(text)
        except (ValueError, OverflowError):
            continue
        return number if text.isascii() and "_" not in text and number == number else text  # noqa: PLR0124 -- NaN
    return text


def _items(value: Json) -> list[str]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = [one.strip() for one in value.split(",")]
    return sorted(set(map(_plain, value))) if isinstance(value, list) else [_plain(value)]


def _days(value: Json) -> set[str]:
    """The days that a value may mean, as 2026-01-31: a number is the time since 1970, a large one perhaps in ms."""
    text = _plain(value).strip()
    number = _number(text)
    if isinstance(number, str):
        return {text[:_ISO_DAY] if text[_ISO_DAY : _ISO_DAY + 1] in ("", "T", " ") else text}
    units = (1, 1000) if abs(number) >= _MILLISECONDS else (1,)
    return {_day_of(number / unit) or text for unit in units}


def _day_of(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return ""
