"""Custom attribute values as answers show them (docs/contract/descope.md 11.2)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from migrator.sandbox.descope import dates

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from migrator.core.model import Json

_ONE = ("user",)
_MANY = ("users", "createdUsers", "patchedUsers")


def as_text(value: Json) -> str:
    """The value as a string: true and 483 as JSON spells them, several values as a JSON list."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, ensure_ascii=False)


def with_strings(answer: Json) -> Json:
    """A copy of an answer whose users have strings for attribute values; the users themselves stay as they are."""
    return _with_values(answer, lambda _, value: as_text(value))


def with_dates(answer: Json, names: Collection[str], form: str) -> Json:
    """A copy of an answer that shows the attributes of these names as dates in a form of `dates_shown`."""
    return _with_values(answer, lambda name, value: dates.shown(value, form) if name in names else value)


def _with_values(answer: Json, show: Callable[[str, Json], Json]) -> Json:
    if not isinstance(answer, dict):
        return answer
    shown = dict(answer)
    for key in _ONE:
        if key in shown:
            shown[key] = _user(shown[key], show)
    for key in _MANY:
        if key in shown:
            shown[key] = [_user(user, show) for user in shown[key]]
    if "failedUsers" in shown:
        shown["failedUsers"] = [failed | {"user": _user(failed["user"], show)} for failed in shown["failedUsers"]]
    return shown


def _user(user: Json, show: Callable[[str, Json], Json]) -> Json:
    if not user or "customAttributes" not in user:
        return user
    values = {name: show(name, value) for name, value in user["customAttributes"].items()}
    return user | {"customAttributes": values}
