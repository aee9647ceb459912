"""The runs of a migration: their beginning, their end, and what they found."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, delete, func, insert, select, update

from migrator.checkpoint.db.tables import run, sample
from migrator.core.model import NOT_STARTED, RUNNING, RunOutcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.checkpoint.runs.history import RunRow
    from migrator.core.model import Json


# --- runs ----------------------------------------------------------------------------------------


def begin_run(checkpoint: Checkpoint, command: str) -> int:
    """Open a run's row and return its number, which the checkpoint then knows."""

    def work(connection: Connection) -> int:
        last = connection.execute(select(func.max(run.c.number)).where(checkpoint.owns(run))).scalar()
        number = (last or 0) + 1
        connection.execute(
            insert(run).values(
                migration=checkpoint.key, number=number, command=command, started_at=checkpoint.clock.time()
            )
        )
        return number

    checkpoint.run_number = checkpoint.write(work)
    return checkpoint.run_number


def store_summary(
    checkpoint: Checkpoint, number: int, summary: Mapping[str, object], outcome: RunOutcome | None
) -> None:
    """Store a run's figures so far; an outcome closes the row."""
    values: dict[str, Any] = {"summary": json.dumps(summary)}
    if outcome is not None:
        values |= {"outcome": outcome, "finished_at": checkpoint.clock.time()}
    checkpoint.write(
        lambda c: c.execute(update(run).where(checkpoint.owns(run), run.c.number == number).values(**values))
    )


def delete_run(checkpoint: Checkpoint, number: int) -> None:
    """Delete a run's row: a command that a wrong configuration ended was not a run."""

    def work(connection: Connection) -> None:
        for table, column in ((sample, sample.c.run), (run, run.c.number)):
            connection.execute(delete(table).where(checkpoint.owns(table), column == number))

    checkpoint.write(work)


def store_details(checkpoint: Checkpoint, number: int, details: Mapping[str, object]) -> None:
    """Store what a run's report shows besides its figures: counts of fields and sign-ins, no personal data."""
    checkpoint.write(
        lambda c: c.execute(
            update(run).where(checkpoint.owns(run), run.c.number == number).values(details=json.dumps(details))
        )
    )


def last_details(checkpoint: Checkpoint) -> dict[str, Json]:
    """The newest details that any run stored; {} before the first."""
    query = (
        select(run.c.details)
        .where(checkpoint.owns(run), run.c.details.is_not(None))
        .order_by(run.c.number.desc())
        .limit(1)
    )
    text = checkpoint.read(lambda c: c.execute(query).scalar_one_or_none())
    details: dict[str, Json] = json.loads(text) if text else {}
    return details


def outcome_now(last: RunRow | None, *, held: bool) -> str:
    """The outcome of the newest run; a run without a lease or a recorded end was killed."""
    if held:
        return RUNNING
    return last.outcome or RunOutcome.STOPPED if last else NOT_STARTED


# --- personal data -------------------------------------------------------------------------------
