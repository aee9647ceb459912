"""Values of date attributes: the sources name no form, so both are understood (docs/contract/descope.md 4.1)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migrator.core.model import Json

_LAST_SECOND = 10**11  # a larger number counts milliseconds


def form_of(value: Json) -> str:
    """`epoch` for a number, else `text`."""
    return "text" if isinstance(value, str) else "epoch"


def day_of(value: Json) -> datetime | None:
    """The moment in UTC; None for what is no date."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    try:
        if isinstance(value, str):
            found = datetime.fromisoformat(value)
            return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
        return datetime.fromtimestamp(value / 1000 if abs(value) >= _LAST_SECOND else value, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def shown(value: Json, form: str) -> Json:
    """A date as an answer shows it, by the switch `dates_shown`."""
    moment = None if form == "as_sent" else day_of(value)
    if moment is None:
        return value
    if form == "date_time":
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return int(moment.timestamp()) * (1000 if form == "milliseconds" else 1)
