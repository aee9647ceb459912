"""A run's figures as text for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.model import Outcome, State
from migrator.reasons import REASONS

if TYPE_CHECKING:
    from migrator.report.summary import Figures

VERDICTS = {
    Outcome.COMPLETE: "Complete: every user made it.",
    Outcome.NEEDS_PERSON: "Finished; {n} users need a person.",
    Outcome.DRY_RUN: "Plan only: nothing was written to Descope.",
    Outcome.STOPPED: "Stopped early. Running again continues here.",
    Outcome.INTERRUPTED: "Interrupted. Running again continues here.",
}


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


def cost(figures: Figures) -> list[str]:
    """What sending takes, when the figures are a plan's."""
    estimate = figures.extra.get("estimate")
    if not estimate:
        return []
    calls = ", ".join(f"{name} {number:,}" for name, number in estimate["calls"].items() if number)
    lines = [f"  sending takes: {calls or 'no'} calls, at least {estimate['total_minutes']:g} minutes by the limits"]
    if figures.extra.get("leavers"):
        lines.append(f"  {figures.extra['leavers']:,} users who left are set aside, and will be disabled all the same")
    for name, word in (("collisions", "share a login"), ("look_alikes", "look alike (reported only)")):
        if figures.extra[name]["pairs"]:
            lines.append(f"  {figures.extra[name]['pairs']:,} pairs of users {word}")
    return lines


def result_line(figures: Figures) -> str:
    """How a run or plan ended, in one line."""
    return VERDICTS.get(Outcome(figures.outcome), "").format(n=f"{figures.needs_person:,}")


def report(figures: Figures, checkpoint: str) -> list[str]:
    """Everything a run tells at its end."""
    calls = figures.calls
    head = f"{figures.source} -> {figures.project}"
    traffic = f"Docebo {calls['docebo']:,}, Descope {calls['descope']:,} (writes {calls['descope_writes']:,})"
    document = figures.document()
    return [
        "",
        head,
        *counts(figures),
        *cost(figures),
        f"  calls: {traffic}, throttled {calls['throttled']:,}",
        f"  {figures.seconds:.1f} s, {document['users_per_second']:,} users/s",
        result_line(figures),
        *(f"  {path}" for path in figures.reports),
        f"  {checkpoint}",
    ]
