"""How many calls a plan or a whole migration takes, and how long the rate limits make them last. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.checkpoint.runs.actions import ADOPT, CREATE, DISABLE, UPDATE
from migrator.descope.reader import descope_limits
from migrator.docebo.client import BUCKET, docebo_limits
from migrator.flow.plan.plan import users_per_search
from migrator.http.pace import least_seconds
from migrator.verify.readback import USERS_PER_CALL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.config.schema import Config
    from migrator.report.document import EstimateDocument


_MINUTE = 60.0


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
    limits = descope_limits(config.descope)
    minutes = {
        name: round(least_seconds(number, limits[name]) / _MINUTE, 1) if name in limits else 0.0
        for name, number in calls.items()
    }
    return Estimate(calls, minutes)


@dataclass(frozen=True, slots=True)
class StageEstimate:
    """One step of a first migration: its calls, and the minutes that `limit` makes it last at least."""

    name: str
    calls: int
    minutes: float
    limit: str | None

    def document(self) -> dict[str, object]:
        """As JSON."""
        return {"name": self.name, "calls": self.calls, "minutes": self.minutes, "limit": self.limit}


def estimate_migration(users: int, config: Config) -> list[StageEstimate]:
    """What a first migration of this many users takes, if nobody is at Descope yet and nothing goes wrong.

    The steps come one after the other, and each limit remembers the calls of the steps before.
    """
    limits = docebo_limits(config.docebo) | descope_limits(config.descope)
    pages, batches = _batches(users, config.docebo.page_size), _batches(users, config.descope.batch_size)
    steps = [("read", BUCKET, pages)]
    if config.docebo.sweeps == "settle":
        steps.append(("read_again", BUCKET, pages))
    steps.append(("plan", "search", _batches(users, users_per_search(config))))
    steps.append(("send", "create", batches))
    steps.append(("verify", "general", _batches(users, USERS_PER_CALL)))
    made: Counter[str] = Counter()
    stages = []
    for name, bucket, calls in steps:
        limit, seconds = limits.get(bucket), 0.0
        if limit is not None:
            seconds = least_seconds(made[bucket] + calls, limit) - least_seconds(made[bucket], limit)
        made[bucket] += calls
        words = limit.words(bucket) if limit is not None else None
        stages.append(StageEstimate(name, calls, round(seconds / _MINUTE, 1), words))
    return stages


def _batches(users: int, size: int) -> int:
    return -(-users // size)
