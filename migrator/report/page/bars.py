"""Counts as stripes for drawing: the bar of a migration, and one of each domain, status and level. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypedDict

from migrator.core.model import ARRIVED_STATES, NEEDS_PERSON_STATES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migrator.report.document import Breakdown, GroupRow

BAR_WIDTH = 1000
NARROWEST_STRIPE = 4  # of 1000: a single user of a million is still a visible stripe
STATE_WORDS = {
    "created": "created",
    "updated": "updated",
    "unchanged": "unchanged",
    "pending": "still pending",
    "rejected": "rejected",
    "conflict": "conflict",
    "failed": "failed",
    "vanished": "gone from Docebo",
    "skipped": "left out",
}
# And the words for users who are told apart by more than their state (`breakdown.count_groups`).
_SHOWN = {
    **{state: STATE_WORDS[state] for state in ARRIVED_STATES},
    "arrived": "in Descope",
    "differs": "in Descope, but not as sent",
    **STATE_WORDS,
    "missing": "missing from Descope",
}
_THERE = (*ARRIVED_STATES, "arrived", "differs")
_PEOPLE = (*NEEDS_PERSON_STATES, "differs", "missing")
_Dimension: TypeAlias = Literal["domains", "statuses", "levels"]
_STATUSES: Final = "statuses"
_DIMENSIONS: tuple[tuple[_Dimension, str], ...] = (
    ("domains", "E-mail domain"), (_STATUSES, "Status in Docebo"), ("levels", "Level in Docebo"),
)  # fmt: skip


class Stripe(TypedDict):
    """A part of a bar: its users in one state, that state's word, and where it is drawn, in units of `BAR_WIDTH`."""

    state: str
    word: str
    users: int
    x: float
    width: float


class BarRow(TypedDict):
    """One value with its users, those of them in Descope, those who need a person, and its bar."""

    name: str
    users: int
    arrived: int
    people: int
    stripes: list[Stripe]


class BarTable(TypedDict):
    """One dimension as the page draws it; `note` says when and over whom it was counted, "" for everybody now."""

    key: str
    title: str
    rows: list[BarRow]
    note: str


def bar_stripes(counts: Mapping[str, int], width: float = BAR_WIDTH) -> list[Stripe]:
    """The stripes of one bar, none of them too thin to see; together they are `width` wide."""
    shown = {state: counts[state] for state in _SHOWN if counts.get(state)}
    total = sum(shown.values())
    widths = {state: max(NARROWEST_STRIPE, width * number / total) for state, number in shown.items()}
    scale = width / (sum(widths.values()) or 1)
    drawn: list[Stripe] = []
    x = 0.0
    for state, wide in widths.items():
        drawn.append(
            Stripe(state=state, word=_SHOWN[state], users=shown[state], x=round(x, 2), width=round(wide * scale, 2))
        )
        x += wide * scale
    return drawn


def breakdown_tables(breakdown: Breakdown | None) -> list[BarTable]:
    """One table for each dimension that tells users apart, as the page draws it; [] when nobody looked."""
    if not breakdown:
        return []
    tables: list[BarTable] = []
    for key, title in _DIMENSIONS:
        rows = [row for row in breakdown[key] if sum(row["states"].values())]
        if rows and (key == _STATUSES or breakdown["current"]):
            tables.append({"key": key, "title": title, "rows": _rows(rows), "note": _note(key, breakdown)})
    return tables


def bar_legend(tables: Sequence[BarTable]) -> list[tuple[str, str]]:
    """The states drawn in these tables, each with its word, in the order of the stripes."""
    drawn = {part["state"] for table in tables for row in table["rows"] for part in row["stripes"]}
    return [(state, word) for state, word in _SHOWN.items() if state in drawn]


def _rows(rows: Sequence[GroupRow]) -> list[BarRow]:
    largest = max(sum(row["states"].values()) for row in rows)
    drawn: list[BarRow] = []
    for row in rows:
        # Users in flight count as open for readers.
        states = dict(row["states"])
        states["pending"] = states.get("pending", 0) + states.pop("sending", 0)
        users = sum(states.values())
        drawn.append(
            {
                "name": row["name"],
                "users": users,
                "arrived": sum(states.get(state, 0) for state in _THERE),
                "people": sum(states.get(state, 0) for state in _PEOPLE),
                "stripes": bar_stripes(states, max(NARROWEST_STRIPE, BAR_WIDTH * users / largest)),
            }
        )
    return drawn


def _note(key: str, breakdown: Breakdown) -> str:
    """When and over whom the counts were made, where that is not everybody as of now."""
    if key == _STATUSES:
        gone = "E-mail domains and levels are not shown: the Docebo records that held them are erased."
        return "" if breakdown["current"] else gone
    at = f"{datetime.fromtimestamp(breakdown['at'], UTC):%-d %B %Y, %H:%M} UTC"
    if breakdown["earlier"]:
        return f"Grouped as of {at}, when the Docebo records were still kept; the states are current."
    if breakdown["records"] < breakdown["found"]:
        return f"Counted over the {breakdown['records']:,} users whose Docebo records were kept on {at}."
    return ""
