"""What an undo did, or would do, as text for people."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from migrator.cli.wrap import fitted
from migrator.core.errors import Declined
from migrator.core.model import RunOutcome
from migrator.report.sentences import users_words, verb_form

if TYPE_CHECKING:
    from migrator.flow.undo.tally import UndoReport, UndoTally

SPARED_SHOWN = 10  # spared users on the screen; the file and the JSON document have all
_WHY = {
    "signed_in": "signed in since",
    "edited": "changed in Descope since",
    "unknown": "nobody can tell whether they signed in",
}


def undo_text(tally: UndoTally, *, planned: bool) -> list[str]:
    """The counts, then whom was spared, by reason."""
    rows = (
        ("would delete" if planned else "deleted", tally.deleted),
        ("would restore" if planned else "restored", tally.restored),
        ("would spare" if planned else "spared", len(tally.spared)),
        ("already gone", tally.gone),
        ("failed", tally.failed),
    )
    lines = [f"  {word:<13} {number:>9,}" for word, number in rows if number or word not in ("already gone", "failed")]
    for reason, number in sorted(Counter(tally.spared.values()).items()):
        lines.append(fitted(f"{number:,} {reason}: {_WHY[reason]}", "    "))
    shown = list(tally.spared.items())[:SPARED_SHOWN]
    lines += [f"    user {user_id}: {reason}" for user_id, reason in shown]
    if len(tally.spared) > SPARED_SHOWN:
        lines.append(f"    and {len(tally.spared) - SPARED_SHOWN:,} more")
    return lines


def undo_line(report: UndoReport) -> str:
    """How an undo ended, in one line."""
    tally = report.tally
    if isinstance(report.error, Declined):
        return report.error.message
    if report.error is not None:
        word = "Interrupted" if report.outcome == RunOutcome.INTERRUPTED else "Stopped early"
        return f"{word}: {report.error.message} Undo again to continue from here."
    if report.outcome == RunOutcome.DRY_RUN:
        return "Plan only: nothing was changed."
    left = len(tally.spared) + tally.failed
    if left:
        return f"Finished: {users_words(left)} {verb_form(left)} still in Descope as migrated."
    if not (tally.changes or tally.gone):
        return "There was nothing to undo."
    return "Complete: nobody whom this migration knows is left in Descope."
