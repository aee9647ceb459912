"""Docebo's values of a field in the type of the attribute they fill (docs/decisions/0025). Pure and total."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from migrator.core.text import clean, decode_entities, folded, is_blank, scalar_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from migrator.config.mapped_attribute import MappedAttribute
    from migrator.core.model import Json

LONGEST = 100_000  # characters of a text that names several options
_LONGEST_LABEL = 1016  # an option of 254 in up to four code points for each character
_SHORT = 64  # no number, flag or date is longer
_MOST_DIGITS = 15  # as many as every JSON reader keeps
_MOST_EXACT = 2**53
_NUMBER = re.compile(r"([+-]?)(0|[1-9][0-9]{0,14})(?:([.,])([0-9]{1,15}))?")
_THOUSANDS = 3  # digits
_FLAGS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
_DATE = re.compile(rf"([0-9]{{4}})([-/])([0-9]{{2}})\2([0-9]{{2}})(?:[ T]{_TIME})?")
# How Docebo writes a date that never was (docs/contract/docebo.md 2.4).
_NEVER = re.compile(rf"0|null|0000([-/])00\1(?:00)(?:[ T]{_TIME})?")
_DAY = 86_400
_EPOCH = date(1970, 1, 1)
_PER_SECOND = {"seconds": 1, "milliseconds": 1000}
_LISTED = re.compile(r"[;|\r\n]")


def typed_value(value: Json, wanted: MappedAttribute) -> Json:
    """A value in an attribute's type, which is not text.

    Returns:
        int or float, bool, text, or a list of options in their configured order; "" when nothing is set in Docebo,
        None when the value cannot be converted without a guess.
    """
    if is_blank(value) or value in ([], {}):
        return ""
    return _READERS[wanted.type](value, wanted)


def _number(value: Json, _: MappedAttribute) -> Json:
    """A comma is a decimal one unless it could separate thousands: 12,5 and 0,125 are numbers, 1,250 is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if abs(value) <= _MOST_EXACT else None
    if isinstance(value, float):
        return _exact(value)
    found = _NUMBER.fullmatch(_short_text(value))
    if found is None:
        return None
    sign, whole, separator, decimals = found.groups("")
    if separator == "," and len(decimals) == _THOUSANDS >= len(whole) and whole != "0":
        return None
    number = Decimal(f"{sign}{whole}.{decimals or 0}").normalize()
    return _exact(float(number)) if len(number.as_tuple().digits) <= _MOST_DIGITS else None


def _exact(number: float) -> Json:
    """One form for one number: 12.0 is 12. NaN, infinities and what a float only comes near are no numbers."""
    if not abs(number) <= _MOST_EXACT:
        return None
    return int(number) if number.is_integer() else number


def _boolean(value: Json, _: MappedAttribute) -> Json:
    if isinstance(value, bool):
        return value
    return _FLAGS.get(_short_text(value).casefold())


def _date(value: Json, wanted: MappedAttribute) -> Json:
    """The day as it is written, whatever the time and zone behind it; only the year may come first."""
    text = _short_text(value)
    if _NEVER.fullmatch(text):
        return ""
    found = _DATE.fullmatch(text)
    try:
        day = date(int(found[1]), int(found[3]), int(found[4])) if found else None
    except ValueError:  # 2026-02-30
        day = None
    if day is None:
        return None
    per_second = _PER_SECOND.get(wanted.form or "")
    return day.isoformat() if per_second is None else (day - _EPOCH).days * _DAY * per_second


def _single_select(value: Json, wanted: MappedAttribute) -> Json:
    return _by_label(wanted.options).get(_label(_text(value)))


def _multi_select(value: Json, wanted: MappedAttribute) -> Json:
    """All of it or nothing: a part of what somebody chose would be another choice."""
    found = set(_chosen(value, _by_label(wanted.options)))
    if None in found:
        return None
    return [one for one in wanted.options if one in found] or ""


def _chosen(value: Json, options: Mapping[str, str]) -> Iterator[str | None]:
    """The options that a list or a text names, None for what is none of them.

    A text is divided at semicolons, bars and line ends, and at commas where what is between is no option itself.
    """
    if isinstance(value, list):
        yield from (options.get(_label(_text(one))) for one in value)
        return
    text = _text(value)
    whole = _label(text)
    if not text or whole in options:
        yield options.get(whole)
        return
    for part in filter(str.strip, _LISTED.split(text)):
        found = options.get(_label(part))
        if found:
            yield found
        else:
            yield from (options.get(_label(one)) for one in part.split(",") if one.strip())


@lru_cache(maxsize=64)
def _by_label(options: tuple[str, ...]) -> Mapping[str, str]:
    """The options by what their labels are compared by."""
    return {folded(one): one for one in options}


def _text(value: Json) -> str:
    """The text of a scalar, its entities decoded, so that their semicolons divide nothing; "" for what is none."""
    text = scalar_text(value)
    return decode_entities(text) if text is not None and len(text) <= LONGEST else ""


def _label(text: str) -> str:
    """What a label is compared by; "" for a text that is too long to be one, as folding it might take long."""
    return folded(text) if len(text) <= _LONGEST_LABEL else ""


def _short_text(value: Json) -> str:
    """The trimmed text of a scalar; "" for what is too long to be one of a few forms."""
    text = scalar_text(value)
    return clean(text, _SHORT)[0] if text is not None and len(text) <= _SHORT else ""


_READERS: Mapping[str, Callable[[Json, MappedAttribute], Json]] = {
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "single_select": _single_select,
    "multi_select": _multi_select,
}
