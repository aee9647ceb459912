"""`migrator runs`: every run of this migration, from the checkpoint alone."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal

import click
from typing_extensions import TypedDict

from migrator.checkpoint.db.checkpoint import SERVE
from migrator.checkpoint.runs.actions import NO_ACTIONS
from migrator.checkpoint.runs.history import every_run
from migrator.checkpoint.runs.runs import outcome_now
from migrator.cli.command import Common, with_common_options
from migrator.cli.pace_words import elapsed_text
from migrator.cli.reading import checkpoint_beside_run
from migrator.cli.wrap import columns, hanging
from migrator.core.clock import Clock, utc_text
from migrator.core.errors import ErrorDocument
from migrator.core.model import RunOutcome
from migrator.report.sentences import plan_words, sent_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.checkpoint.runs.history import RunRow

_ENDED = {"dry_run": "plan", "needs_person": "finished, some need your attention", "running": "at work"}


class StoredRunDocument(TypedDict):
    """A run in JSON: times in ISO 8601, UTC; `finished` is None while it works, and of a run that was killed."""

    number: int
    command: str
    started: str
    finished: str | None
    outcome: str
    actions: dict[str, int]
    calls: dict[str, int]
    error: ErrorDocument | None


class RunsDocument(TypedDict):
    """Every run and plan of the migration, the oldest first. `migrator runs` prints it."""

    schema: Literal["runs/1"]
    runs: list[StoredRunDocument]


@click.command()
@with_common_options
def runs_command(common: Common) -> int:
    """List every run and plan of this migration: when, how long, what it did, how it ended.

    Reads only the checkpoint. The newest one comes last. A run that never recorded its end was killed; it counts as
    stopped.

    \b
    Example:
      migrator runs
      migrator runs --json

    \b
    Exit codes: 0 shown, 2 configuration or no checkpoint yet.
    """  # noqa: D301 -- Click's \b
    config = common.load(offline=True)
    with checkpoint_beside_run(config, Clock()) as checkpoint:
        documents = list(_documents(checkpoint))
    if common.as_json:
        document: RunsDocument = {"schema": "runs/1", "runs": documents}
        common.print_json(document)
    elif not documents:
        click.echo("There was no run yet.")
    else:
        click.echo("\n".join(line for one in documents for line in _lines(one)))
    return 0


def _documents(checkpoint: Checkpoint) -> Iterator[StoredRunDocument]:
    # The lease is looked at first: a run that ends in between has stored its end, and is told by that.
    holder = checkpoint.held_by()
    rows = every_run(checkpoint)
    # A server works beside the runs inside it, which come after it.
    servers = [row for row in rows if row.command == SERVE] if holder == SERVE else []
    at_work = [*servers[-1:], *rows[-1:]] if holder is not None else []
    for row in rows:
        yield _document(row, works=row in at_work and row.finished_at is None)


def _document(row: RunRow, *, works: bool) -> StoredRunDocument:
    return {
        "number": row.number,
        "command": row.command,
        "started": utc_text(row.started_at),
        "finished": None if row.finished_at is None else utc_text(row.finished_at),
        "outcome": outcome_now(row, held=works),
        "actions": row.summary.get("actions", {}),
        "calls": row.summary.get("calls", {}),
        "error": row.summary.get("error"),
    }


def _lines(one: StoredRunDocument) -> list[str]:
    """`3  run    2026-11-28 21:04 UTC  0:12:07  complete: created 9,812`, wrapped for the terminal."""
    began = datetime.fromisoformat(one["started"])
    ended = one["finished"] and datetime.fromisoformat(one["finished"])
    took = elapsed_text((ended - began).total_seconds()) if ended else ""
    head = f"{one['number']:>4}  {one['command']:<5}  {began:%Y-%m-%d %H:%M} UTC  {took:>8}  "
    return hanging(_what(one), head, columns())


def _what(one: StoredRunDocument) -> str:
    actions = NO_ACTIONS | one["actions"]  # an older version knew fewer kinds
    did = plan_words(actions) if one["outcome"] == RunOutcome.DRY_RUN else sent_words(actions)
    ended = _ENDED.get(one["outcome"], one["outcome"])
    if one["finished"] is None and one["outcome"] == RunOutcome.STOPPED:
        ended = "killed"
    told = f"{ended}; {did}" if any(actions.values()) else ended
    return told if one["error"] is None else f"{told}. {one['error']['message']}"
