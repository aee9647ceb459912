"""How many calls a plan will take, and how long the limits make them last. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from migrator.model import State

if TYPE_CHECKING:
    from migrator.checkpoint.books import Books
    from migrator.config import Config

SHARE = 0.95  # of a limit is what the pacer uses


@dataclass(frozen=True, slots=True)
class Estimate:
    """Calls still to be made by kind, and the minutes each kind's limit makes them last at least."""

    calls: dict[str, int]
    minutes: dict[str, float]

    def document(self) -> dict[str, Any]:
        """As JSON; `total_minutes` is the slowest kind's, since kinds overlap at best."""
        return asdict(self) | {"total_minutes": max(self.minutes.values(), default=0.0)}


def estimate(books: Books, config: Config) -> Estimate:
    """Estimate the sending of a plan's figures (predicted counts), verification included."""
    size = config.descope.batch_size
    creates = _batches(books.states[State.CREATED], size)
    updates = _batches(books.states[State.UPDATED], size)
    calls = {
        "create": creates,
        "search": updates,  # patches count with searches (contract descope 7)
        "general": creates + 2 * updates,  # read back once; updates are read right before, too
    }
    limits = config.descope.limits
    minutes = {
        name: round(seconds_by_limit(number, limits[name]) / 60, 1) if name in limits else 0.0
        for name, number in calls.items()
    }
    return Estimate(calls, minutes)


def _batches(users: int, size: int) -> int:
    return -(-users // size)


def seconds_by_limit(calls: int, limit: int) -> float:
    """How long a limit a minute makes calls last: the first window's worth goes at once, the rest at its pace."""
    allowed = max(1, int(limit * SHARE))
    return max(0, calls - allowed) / allowed * 60
