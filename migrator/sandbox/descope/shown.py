"""Custom attribute values as answers show them (docs/contract/descope.md 11.2)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
    if not isinstance(answer, dict):
        return answer
    shown = dict(answer)
    for key in _ONE:
        if key in shown:
            shown[key] = _user(shown[key])
    for key in _MANY:
        if key in shown:
            shown[key] = [_user(user) for user in shown[key]]
    if "failedUsers" in shown:
        shown["failedUsers"] = [failed | {"user": _user(failed["user"])} for failed in shown["failedUsers"]]
    return shown


def _user(user: Json) -> Json:
    if not user or "customAttributes" not in user:
        return user
    values = {name: as_text(value) for name, value in user["customAttributes"].items()}
    return user | {"customAttributes": values}
