"""The figures of a migration as the checkpoint holds them: the one place that puts them together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from migrator.checkpoint import books, leavers, proofs, samples, tally, verifications
from migrator.model import Outcome
from migrator.report import details, files
from migrator.report.summary import CALLS, Figures, recalled_error

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.checkpoint.checkpoint import Checkpoint
    from migrator.config import Config


def gather(checkpoint: Checkpoint, config: Config, outcome: str, *, predicted: bool = False) -> Figures:
    """What is known now of everybody, and what was last verified; what a run did itself is the caller's to add.

    Args:
        predicted: count a planned user as what it would become.
    """
    still_enabled = leavers.still_enabled(checkpoint)
    return Figures(
        source=config.docebo.platform,
        project=config.descope.project_id,
        outcome=outcome,
        books=books.count(checkpoint, predicted=predicted),
        wrong=proofs.wrong_count(checkpoint, predicted=predicted) + still_enabled,
        missing=proofs.missing_count(checkpoint),
        still_enabled=still_enabled,
        verify=verifications.told(checkpoint),
        verify_all=verifications.whole_before(checkpoint),
        reports=files.paths(config.report.path),
    )


def figures_of_last_run(checkpoint: Checkpoint, config: Config, *, held: bool, predicted: bool = False) -> Figures:
    """The last run as it stored itself, or has so far, over the counts as they are now.

    Args:
        held: a run is at work.
        predicted: when the last run was a plan, count as it foresaw.
    """
    last = books.last_run(checkpoint) or {}
    summary: dict[str, Any] = last.get("summary") or {}
    outcome = books.outcome(last, held=held)
    figures = gather(checkpoint, config, outcome, predicted=predicted and outcome == Outcome.DRY_RUN)
    if outcome == Outcome.COMPLETE and figures.wrong:
        figures.outcome = Outcome.NEEDS_PERSON  # what was found since
    if held and last.get("finished_at"):
        return figures  # the run at work has not come to its first page yet
    figures.calls = summary.get("calls") or dict.fromkeys(CALLS, 0)
    figures.actions = tally.NONE | summary.get("actions", {})
    figures.error = None if held else recalled_error(summary.get("error"))
    figures.limit, figures.searched = summary.get("limit"), bool(summary.get("searched"))
    if last:
        until = checkpoint.clock.time() if held else last["finished_at"] or _last_sign(checkpoint, last)
        figures.seconds = max(0.0, summary.get("seconds", until - last["started_at"]))
    return figures


def _last_sign(checkpoint: Checkpoint, run: dict[str, Any]) -> float:
    """When a run that was killed last told how far it was."""
    told = samples.recent(checkpoint, run["number"], 0.0)
    return told[-1].at if told else float(run["started_at"])


def renew(
    checkpoint: Checkpoint, config: Config, folder: Path, *, redact: bool = False, leave_crosswalk: bool = False
) -> dict[str, Any]:
    """Write the report files once more, from the checkpoint alone; returns the document.

    Args:
        leave_crosswalk: do not replace a crosswalk.csv that is there; a run may be appending to it.

    Raises:
        StopRun: the disk refused; the checkpoint is not touched by that.
    """
    running = checkpoint.is_held()
    figures = figures_of_last_run(checkpoint, config, held=running, predicted=True)
    figures.reports = files.paths(folder)
    kept = {} if running else (books.last_run(checkpoint) or {}).get("summary") or {}
    document: dict[str, Any] = {name: value for name, value in kept.items() if name != "error"} | figures.document()
    predicted = figures.outcome == Outcome.DRY_RUN
    found = details.collect(checkpoint, config.mapping, {}, predicted=predicted)
    files.write(folder, document, found, checkpoint, config.mapping, redact=redact, leave_crosswalk=leave_crosswalk)
    return document
