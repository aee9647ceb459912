"""What a run was doing at a moment: rows for speeds, the estimate of its end, and the report's time line."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, insert, select

from migrator.checkpoint.db.tables import sample

if TYPE_CHECKING:
    from migrator.checkpoint.db.checkpoint import Checkpoint


@dataclass(frozen=True, slots=True)
class ProgressPoint:
    """`done` of `total` users had passed `stage` at epoch second `at`; `waiting` says why the run waited, if it did.

    `calls` and `throttled` count over the whole run so far.
    """

    at: float
    stage: str
    done: int
    total: int | None
    calls: int = 0
    throttled: int = 0
    waiting: str | None = None

    @property
    def wait_left(self) -> float:
        """Seconds until the wait ends; 0 without a wait, or if that is unknown."""
        found = _GOES_ON.search(self.waiting or "")
        return float(found[1]) if found else 0.0


def wait_text(why: str, seconds: float) -> str:
    """Why a run waits, and for how many more seconds, in the form that samples store."""
    return f"{why}; goes on in {max(0.0, seconds):.0f} s"


_GOES_ON = re.compile(r"; goes on in (\d+) s$")
_COLUMNS = [sample.c[name] for name in ProgressPoint.__slots__]
_JUST_AFTER = 0.001


def store_progress(checkpoint: Checkpoint, run: int, taken: ProgressPoint) -> None:
    """Store one moment of a run; moments only go forward, whatever the clock does."""

    def work(connection: Connection) -> None:
        newest = select(func.max(sample.c.at)).where(checkpoint.owns(sample), sample.c.run == run)
        last = connection.execute(newest).scalar()
        at = taken.at if last is None else max(taken.at, last + _JUST_AFTER)
        connection.execute(insert(sample).values(migration=checkpoint.key, run=run, **(asdict(taken) | {"at": at})))

    checkpoint.write(work)


def recent_progress(checkpoint: Checkpoint, run: int, seconds: float | None = None) -> list[ProgressPoint]:
    """A run's samples in order; `seconds` limits them to that many seconds before the newest one."""
    mine = (checkpoint.owns(sample), sample.c.run == run)
    query = select(*_COLUMNS).where(*mine).order_by(sample.c.at)
    if seconds is not None:
        newest = select(func.max(sample.c.at)).where(*mine).scalar_subquery()
        query = query.where(sample.c.at >= newest - seconds)
    return checkpoint.read(lambda c: [ProgressPoint(*row) for row in c.execute(query)])
