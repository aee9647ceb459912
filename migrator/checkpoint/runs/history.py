"""The runs of a migration, as they stored themselves."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from sqlalchemy import func, select

from migrator.checkpoint.db.checkpoint import SERVE
from migrator.checkpoint.db.tables import run
from migrator.core.model import RunOutcome

if TYPE_CHECKING:
    from sqlalchemy import Row

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.core.errors import ErrorDocument

_NEWEST = 20


class StoredSummary(TypedDict, total=False):
    """What is read again of a run's document; a run that did not end, or an older version, may not have stored it.

    `seconds` is the run's own time; `counts` are users by state, `actions` users by kind, `calls` requests by API.
    """

    counts: dict[str, int]
    actions: dict[str, int]
    wrong: int
    limit: int | None
    searched: bool
    calls: dict[str, int]
    seconds: float
    error: ErrorDocument


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run or plan; times are epoch seconds, None if it never recorded an end."""

    number: int
    command: str
    started_at: float
    finished_at: float | None
    outcome: str | None
    summary: StoredSummary


@dataclass(frozen=True, slots=True)
class RunHistory:
    """The newest runs, newest first; how many there are in total, and how many seconds those that ended took."""

    newest: tuple[RunRow, ...]
    runs: int
    seconds: float


def read_history(checkpoint: Checkpoint, newest: int = _NEWEST) -> RunHistory:
    """The history of the migration."""
    mine = checkpoint.owns(run)
    totals = select(func.count(), func.sum(run.c.finished_at - run.c.started_at)).where(mine)
    found = _newest(checkpoint, newest)
    number, seconds = checkpoint.read(lambda c: c.execute(totals).one())
    return RunHistory(found, number, seconds or 0.0)


def every_run(checkpoint: Checkpoint) -> tuple[RunRow, ...]:
    """All runs and plans, newest last."""
    return _newest(checkpoint, None)[::-1]


def last_run(checkpoint: Checkpoint) -> RunRow | None:
    """The newest run; None before the first."""
    return next(iter(_newest(checkpoint, 1)), None)


def last_real_run(checkpoint: Checkpoint) -> int:
    """The number of the newest run before the one at work that was no plan, and read everybody; 0 without one."""
    before = (
        run.c.number < checkpoint.run_number,
        run.c.outcome.is_distinct_from(RunOutcome.DRY_RUN),
        run.c.command != SERVE,
    )
    query = select(func.max(run.c.number)).where(checkpoint.owns(run), *before)
    return checkpoint.read(lambda c: c.execute(query).scalar()) or 0


def _newest(checkpoint: Checkpoint, number: int | None) -> tuple[RunRow, ...]:
    columns = [run.c[name] for name in RunRow.__slots__]
    rows = select(*columns).where(checkpoint.owns(run)).order_by(run.c.number.desc()).limit(number)
    return tuple(map(_row, checkpoint.read(lambda c: c.execute(rows).all())))


def _row(row: Row[Any]) -> RunRow:
    summary: StoredSummary = json.loads(row.summary) if row.summary else {}
    return RunRow(row.number, row.command, row.started_at, row.finished_at, row.outcome, summary)
