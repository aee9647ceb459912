"""The figures of a migration as the checkpoint holds them: the one place that puts them together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.checkpoint.runs.actions import NO_ACTIONS
from migrator.checkpoint.runs.history import last_run
from migrator.checkpoint.runs.progress import recent_progress
from migrator.checkpoint.runs.runs import outcome_now
from migrator.checkpoint.runs.verifications import earlier_full_verification, verification_document
from migrator.checkpoint.users.counts import count_users
from migrator.checkpoint.users.leavers import count_still_enabled
from migrator.checkpoint.users.verdicts import count_missing, count_wrong
from migrator.core.model import RunOutcome
from migrator.report.coverage.collect import collect_coverage
from migrator.report.coverage.sso_readiness import sso_readiness, sso_rules
from migrator.report.files import report_paths, write_reports
from migrator.report.summary import CALLS, RunFigures, recalled_error

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.checkpoint.runs.history import RunRow, StoredSummary
    from migrator.config.schema import Config
    from migrator.report.document import RunDocument, SsoReadiness


def gather_figures(checkpoint: Checkpoint, config: Config, outcome: str, *, predicted: bool = False) -> RunFigures:
    """What is known now of everybody, and what was last verified; what a run did itself is the caller's to add.

    Args:
        predicted: count a planned user as what it would become.
    """
    still_enabled = count_still_enabled(checkpoint)
    return RunFigures(
        source=config.docebo.platform,
        project=config.descope.project_id,
        outcome=outcome,
        books=count_users(checkpoint, predicted=predicted),
        wrong=count_wrong(checkpoint, predicted=predicted) + still_enabled,
        missing=count_missing(checkpoint),
        still_enabled=still_enabled,
        verify=verification_document(checkpoint),
        verify_all=earlier_full_verification(checkpoint),
        sso=read_sso_readiness(checkpoint, config, predicted=predicted),
        reports=report_paths(config.report.path),
    )


def read_sso_readiness(checkpoint: Checkpoint, config: Config, *, predicted: bool = False) -> SsoReadiness:
    """Who lands in their own Docebo account by the configuration of now, whichever there was before."""
    rules = sso_rules(config.sso.claim, config.sso.match, config.mapping)
    return sso_readiness(checkpoint, rules, predicted=predicted)


def figures_of_last_run(checkpoint: Checkpoint, config: Config, *, held: bool, predicted: bool = False) -> RunFigures:
    """The last run as it stored itself, or has so far, over the counts as they are now.

    Args:
        held: a run is at work.
        predicted: when the last run was a plan, count as it foresaw.
    """
    last = last_run(checkpoint)
    summary: StoredSummary = last.summary if last else {}
    outcome = outcome_now(last, held=held)
    figures = gather_figures(checkpoint, config, outcome, predicted=predicted and outcome == RunOutcome.DRY_RUN)
    if outcome == RunOutcome.COMPLETE and figures.wrong:
        figures.outcome = RunOutcome.NEEDS_PERSON  # what was found since
    if held and last and last.finished_at:
        return figures  # the run at work has not come to its first page yet
    figures.calls = summary.get("calls") or dict.fromkeys(CALLS, 0)
    figures.actions = NO_ACTIONS | summary.get("actions", {})
    figures.error = None if held else recalled_error(summary.get("error"))
    figures.limit, figures.searched = summary.get("limit"), bool(summary.get("searched"))
    if last:
        until = checkpoint.clock.time() if held else last.finished_at or _last_sign(checkpoint, last)
        figures.seconds = max(0.0, summary.get("seconds", until - last.started_at))
    return figures


def _last_sign(checkpoint: Checkpoint, run: RunRow) -> float:
    """When a run that was killed last told how far it was."""
    told = recent_progress(checkpoint, run.number, 0.0)
    return told[-1].at if told else run.started_at


def rewrite_reports(
    checkpoint: Checkpoint, config: Config, folder: Path, *, redact: bool = False, leave_crosswalk: bool = False
) -> RunDocument:
    """Write the report files once more, from the checkpoint alone; returns the document.

    Args:
        leave_crosswalk: do not replace a crosswalk.csv that is there; a run may be appending to it.

    Raises:
        StopRun: the disk refused; the checkpoint is not touched by that.
    """
    running = checkpoint.is_held()
    figures = figures_of_last_run(checkpoint, config, held=running, predicted=True)
    figures.reports = report_paths(folder)
    last = None if running else last_run(checkpoint)
    kept: StoredSummary = last.summary if last else {}
    kept.pop("error", None)
    document: RunDocument = {**kept, **figures.document()}
    predicted = figures.outcome == RunOutcome.DRY_RUN
    found = collect_coverage(checkpoint, config.mapping, {}, predicted=predicted)
    write_reports(folder, document, found, checkpoint, config.mapping, redact=redact, leave_crosswalk=leave_crosswalk)
    return document
