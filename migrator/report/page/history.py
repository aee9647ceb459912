"""The runs of a migration in words: what each one did and how it ended. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from migrator.core.model import RUNNING
from migrator.report.sentences import DONE, count_needing_attention

if TYPE_CHECKING:
    from migrator.checkpoint.runs.history import RunHistory, RunRow, StoredSummary

_ENDS = {"complete": "complete", "dry_run": "plan only", "stopped": "stopped", "interrupted": "interrupted"}
_TONES = {"complete": "good", "needs_person": "care", "dry_run": "plan", RUNNING: "plan"}


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One run as the page shows it; `seconds` is None where nobody knows how long it took."""

    number: int
    command: str
    started: datetime
    seconds: float | None
    did: str
    ended: str
    tone: str


def history_lines(history: RunHistory, *, running: bool) -> list[HistoryLine]:
    """The newest runs, newest first.

    Args:
        running: the newest one is still at work.
    """
    return [_line(one, at_work=running and place == 0) for place, one in enumerate(history.newest)]


def _line(one: RunRow, *, at_work: bool) -> HistoryLine:
    outcome = RUNNING if at_work else one.outcome or ""
    seconds = one.finished_at - one.started_at if one.finished_at and not at_work else None
    return HistoryLine(
        one.number,
        one.command,
        datetime.fromtimestamp(one.started_at, UTC),
        None if seconds is None else max(0.0, seconds),
        _did(one.summary, planned=outcome == "dry_run"),
        _ended(outcome, one.summary),
        _TONES.get(outcome, "stop"),
    )


def _did(summary: StoredSummary, *, planned: bool) -> str:
    """`3,014 created, 2 linked`; of a run that did not note it, the number of its writes."""
    actions = summary.get("actions")
    if planned:
        return "sent nothing: a plan"
    if actions is None:
        writes = summary.get("calls", {}).get("descope_writes")
        return "not recorded" if writes is None else f"{writes:,} write calls" if writes else "sent nothing"
    parts = [f"{actions[kind]:,} {word}" for kind, word in DONE.items() if actions.get(kind)]
    return ", ".join(parts) or "sent nothing"


def _ended(outcome: str, summary: StoredSummary) -> str:
    """How it ended, with the reason of a stop."""
    if outcome == RUNNING:
        return "still running"
    if outcome == "needs_person":
        number = count_needing_attention(summary)
        who = f"{number:,} {'user needs' if number == 1 else 'users need'} attention"
        return f"finished; {who}" if number else "finished, with differences"
    word = _ENDS.get(outcome, "did not end properly: it was killed, or the machine went down")
    reason = summary.get("error", {}).get("message", "")
    return f"{word}: {reason}" if reason else word
