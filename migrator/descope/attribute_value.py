"""Values of custom attributes as Descope takes and shows them (docs/contract/descope.md 4.1 and 11.2). Pure."""

from __future__ import annotations

import contextlib
import json
import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import IntEnum
from typing import TYPE_CHECKING

from migrator.core.model import canonical_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from migrator.core.model import Json


class AttributeType(IntEnum):
    """The types of custom attributes, by the number of their definition."""

    TEXT = 1
    NUMBER = 2
    BOOLEAN = 3
    SINGLE_SELECT = 4
    MULTI_SELECT = 5
    DATE = 6
    MONTH_DAY = 7


# Some answers may name a type (docs/contract/descope.md 10.8); letters alone count.
_NAMED = {"string": AttributeType.TEXT} | {kind.name.lower().replace("_", ""): kind for kind in AttributeType}
_NO_LETTER = re.compile(r"[^a-z0-9]+")
_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ].*)?")
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"-?[0-9]{1,400}(?:\.[0-9]{1,400})?(?:[eE][+-]?[0-9]{1,4})?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# As seconds it lies in the year 2286, as milliseconds in April 1970.
_LEAST_MILLISECONDS = 10**10


@dataclass(frozen=True, slots=True)
class AttributeDefinition:
    """How a custom attribute is defined: its type's number, 0 for one nobody knows, and a select's options."""

    kind: int
    options: tuple[str, ...] = ()

    @property
    def type_name(self) -> str:
        """The type in words."""
        known = {int(kind): kind.name.lower() for kind in AttributeType}
        return known.get(self.kind, "of an unknown type")

    @classmethod
    def of(cls, entry: Json) -> AttributeDefinition:
        """One definition of an answer; without a type it is text.

        Raises:
            TypeError, KeyError: the options have the wrong shape.
        """
        options = tuple(str(one["value"]) for one in entry.get("options") or ())
        return cls(_type_number(entry.get("type", AttributeType.TEXT)), options)


def _type_number(told: Json) -> int:
    if isinstance(told, str):
        word = _NO_LETTER.sub("", told.lower())
        return int(word) if word.isdecimal() and len(word) == 1 else _NAMED.get(word, 0)
    return told if isinstance(told, int) else 0


def value_text(value: Json) -> str:
    """One text for an attribute's value, as answers may show any value as text (docs/contract/descope.md 11.2)."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else canonical_json(value)


def same_value(one: Json, other: Json, kind: int | None = None) -> bool:
    """Whether two values of an attribute are one, whichever of them came back as text.

    Args:
        kind: the attribute's type; without one, values are compared as text.
    """
    if value_text(one) == value_text(other):
        return True
    if kind == AttributeType.DATE:
        return _same_day(one, other)
    form = _FORMS.get(kind or 0, value_text)
    return form(one) == form(other)


def is_unset(value: Json) -> bool:
    """Whether an attribute has no value; 0 and false are values."""
    return value is None or value in ("", [])


def sent_value(value: Json, kind: int | None) -> Json:
    """A value that came back as text in the type its attribute is defined with, as a patch must carry it.

    What cannot be read stays as it is.
    """
    read = _TYPED.get(kind or 0)
    if read is None or not isinstance(value, str):
        return value
    typed = read(value)
    return value if typed is None else typed


def _number_form(value: Json) -> object:
    text = value_text(value).strip()
    return Decimal(text) if _NUMBER.fullmatch(text) else text


def _boolean_form(value: Json) -> object:
    return value_text(value).lower()


def _set_form(value: Json) -> object:
    items = listed_values(value) if isinstance(value, str) else value
    return frozenset(map(value_text, items)) if isinstance(items, list) else value_text(value)


def _same_day(one: Json, other: Json) -> bool:
    return not possible_days(one).isdisjoint(possible_days(other))


def possible_days(value: Json) -> frozenset[object]:
    """The days that a value may mean: one for a date, up to two for the time from 1970; else the text itself."""
    text = value_text(value).strip().removesuffix(".0")
    day = _DAY.fullmatch(text)
    if day:
        with contextlib.suppress(ValueError):
            return frozenset([date.fromisoformat(day[1])])
    if not _INTEGER.fullmatch(text):
        return frozenset([text])
    number = int(text)
    seconds = [number, number // 1000] if abs(number) >= _LEAST_MILLISECONDS else [number]
    found = set()
    for one in seconds:
        with contextlib.suppress(OverflowError):
            found.add((_EPOCH + timedelta(seconds=one)).date())
    return frozenset(found or [text])


def listed_values(text: str) -> list[Json]:
    """Several values that came back as one text: as JSON, else with commas."""
    found = _json_list(text)
    return [one.strip() for one in text.split(",") if one.strip()] if found is None else found


def _json_list(text: str) -> list[Json] | None:
    try:
        found = json.loads(text) if text.startswith("[") else None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) else None


def _typed_number(text: str) -> Json:
    if _INTEGER.fullmatch(text):
        return int(text)
    number = float(text) if _NUMBER.fullmatch(text) else math.inf
    return number if math.isfinite(number) else None


def _typed_boolean(text: str) -> Json:
    return {"true": True, "false": False}.get(text)


def _typed_date(text: str) -> Json:
    return int(text) if _INTEGER.fullmatch(text) else None


_FORMS: Mapping[int, Callable[[Json], object]] = {
    AttributeType.NUMBER: _number_form,
    AttributeType.BOOLEAN: _boolean_form,
    AttributeType.MULTI_SELECT: _set_form,
}
_TYPED: Mapping[int, Callable[[str], Json]] = {
    AttributeType.NUMBER: _typed_number,
    AttributeType.BOOLEAN: _typed_boolean,
    AttributeType.MULTI_SELECT: _json_list,
    AttributeType.DATE: _typed_date,
}
