"""The runs of a migration, as they stored themselves."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from migrator.checkpoint.db.tables import run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Row

    from migrator.checkpoint.db.checkpoint import Checkpoint

_NEWEST = 20


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run or plan; times are epoch seconds, None if it never recorded an end.

    `summary` is its JSON document, as far as it got.
    """

    number: int
    command: str
    started_at: float
    finished_at: float | None
    outcome: str | None
    summary: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RunHistory:
    """The newest runs, newest first; how many there are in total, and how many seconds those that ended took."""

    newest: tuple[RunRow, ...]
    runs: int
    seconds: float


def read_history(checkpoint: Checkpoint, newest: int = _NEWEST) -> RunHistory:
    """The history of the migration."""
    mine = checkpoint.owns(run)
    columns = [run.c[name] for name in RunRow.__slots__]
    rows = select(*columns).where(mine).order_by(run.c.number.desc()).limit(newest)
    totals = select(func.count(), func.sum(run.c.finished_at - run.c.started_at)).where(mine)
    found = checkpoint.read(lambda c: c.execute(rows).all())
    number, seconds = checkpoint.read(lambda c: c.execute(totals).one())
    return RunHistory(tuple(map(_row, found)), number, seconds or 0.0)


def _row(row: Row[Any]) -> RunRow:
    summary = json.loads(row.summary) if row.summary else {}
    return RunRow(row.number, row.command, row.started_at, row.finished_at, row.outcome, summary)
