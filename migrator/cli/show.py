"""A run's figures as text for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.errors import Declined
from migrator.model import Outcome, State
from migrator.reasons import REASONS
from migrator.report import wording

if TYPE_CHECKING:
    from migrator.report.summary import Figures


def counts(figures: Figures) -> list[str]:
    """The books: found, then each state that is not zero, then the reasons."""
    states = figures.books.states
    lines = [f"  found      {figures.books.found:>9,}"]
    closed = [state for state in State if state not in (State.PENDING, State.SENDING)]
    lines += [f"  {state.value:<10} {states[state]:>9,}" for state in closed if states[state]]
    if figures.open:
        lines.append(f"  pending    {figures.open:>9,}")
    if figures.wrong:
        what = "differ or are missing at Descope (differences.csv), or left and are still enabled there"
        lines.append(f"  {figures.wrong:,} of them {what}")
    for code, number in figures.books.reasons.items():
        meaning = REASONS[code].meaning if code in REASONS else ""
        lines.append(f"    {number:>7,} {code}: {meaning}")
    return lines


def plan(figures: Figures) -> list[str]:
    """What a run would do, apart from how the books would stand after it."""
    return [
        f"  {wording.would(figures.all_actions)}",
        *_cost(figures),
        "afterwards:",
        *counts(figures),
    ]


def _cost(figures: Figures) -> list[str]:
    """What sending takes, and who collides or looks alike."""
    estimate = figures.extra["estimate"]
    calls = ", ".join(f"{name} {number:,}" for name, number in estimate["calls"].items() if number)
    lines = []
    if calls:
        least = f"{estimate['total_minutes']:g} minute{'' if estimate['total_minutes'] == 1 else 's'}"
        lines.append(f"  sending takes: {calls} calls, at least {least} by the limits")
    leavers = figures.extra["leavers"]
    if leavers:
        lines.append(f"  {wording.users(leavers)} who left {wording.verb(leavers)} set aside, and would be disabled")
    for name, verbs in (("collisions", ("shares", "share")), ("look_alikes", ("looks", "look"))):
        pairs = figures.extra[name]["pairs"]
        if pairs:
            word = f"{wording.verb(pairs, *verbs)} {'a login' if name == 'collisions' else 'alike (reported only)'}"
            lines.append(f"  {pairs:,} pair{'' if pairs == 1 else 's'} of users {word}")
    return lines


def result(figures: Figures, checkpoint: str) -> list[str]:
    """Everything a run or plan tells at its end."""
    document = figures.document()
    if isinstance(figures.error, Declined):
        return [wording.ending(document)]
    calls = figures.calls
    traffic = f"Docebo {calls['docebo']:,}, Descope {calls['descope']:,} (writes {calls['descope_writes']:,})"
    planned = figures.outcome == Outcome.DRY_RUN
    return [
        "",
        f"{figures.source} -> {figures.project}",
        *(plan(figures) if planned else [*counts(figures), f"  this run {wording.did(figures.all_actions)}"]),
        f"  calls: {traffic}, throttled {calls['throttled']:,}",
        f"  {figures.seconds:.1f} s, {document['users_per_second']:,} users/s",
        *proof(figures),
        *gaps(figures),
        wording.ending(document),
        *(f"  {path}" for path in figures.reports),
        f"  {checkpoint}",
    ]


def proof(figures: Figures) -> list[str]:
    """What this run read back, and the last verification where that is another one."""
    if figures.read_back is None:
        return [wording.proof(figures.verify)]
    own = wording.read_back(figures.read_back)
    return [own] if any(figures.read_back.values()) else [own, wording.proof(figures.verify)]


def gaps(figures: Figures) -> list[str]:
    """Whoever ended otherwise than planned; nothing when everybody ended so, or the run did not finish."""
    found = figures.extra.get("prediction", {}).get("gaps", [])
    if not found or figures.outcome not in (Outcome.COMPLETE, Outcome.NEEDS_PERSON):
        return []
    return [f"Not as planned: {', '.join(wording.gap(one) for one in found)}."]


def standing(figures: Figures) -> list[str]:
    """How the last run ended, what it sent, and what was verified last."""
    document = figures.document()
    lines = [wording.ending(document)]
    if figures.error is not None and figures.error.fix:
        lines.append(f"Fix: {figures.error.fix}")
    if figures.actions is not None:
        words = wording.would if figures.outcome == Outcome.DRY_RUN else wording.did
        lines.insert(0, f"  the last run {words(figures.all_actions)}")
    return [*lines, wording.proof(figures.verify)]
