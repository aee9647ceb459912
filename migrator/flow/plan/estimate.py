"""How many calls a plan will take, and how long the rate limits make them last. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.checkpoint.runs.actions import ADOPT, CREATE, DISABLE, UPDATE
from migrator.http.pace import USED_SHARE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.config.schema import Config
    from migrator.report.document import EstimateDocument


@dataclass(frozen=True, slots=True)
class Estimate:
    """Calls still to be made by kind, and the minutes that each kind's limit makes them last at least."""

    calls: dict[str, int]
    minutes: dict[str, float]

    def document(self) -> EstimateDocument:
        """As JSON."""
        slowest = max(self.minutes.values(), default=0.0)
        return {"calls": self.calls, "minutes": self.minutes, "total_minutes": slowest}


def estimate(actions: Mapping[str, int], config: Config) -> Estimate:
    """Estimate what sending this many users of each kind takes (`actions.ACTION_KINDS`), verification included."""
    size = config.descope.batch_size
    creates = _batches(actions[CREATE], size)
    updates = _batches(actions[UPDATE], size) + _batches(actions[ADOPT], size)
    disables = _batches(actions[DISABLE], size)
    calls = {
        "create": creates,
        "search": updates + disables,  # patches count with searches (docs/contract/descope.md 7)
        # All are read back once, except the disabled ones; patched users are also read right before the patch.
        "general": creates + 2 * updates + disables,
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
    """How long a limit per minute makes calls last: the first window's worth goes at once, the rest at its rate."""
    allowed = max(1, int(limit * USED_SHARE))
    return max(0, calls - allowed) / allowed * 60
