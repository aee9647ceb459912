"""A run's figures as text for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.checkpoint import books
from migrator.cli import colour
from migrator.cli.reason_list import reason_list
from migrator.cli.wrap import fitted
from migrator.errors import Declined
from migrator.model import Outcome, State
from migrator.report import wording

if TYPE_CHECKING:
    from migrator.report.summary import Figures


def counts(figures: Figures, *, fixes: bool = True) -> list[str]:
    """The books: found, then each state that is not zero, then the reasons, with their fixes or without."""
    states = figures.books.states
    lines = [f"  found      {figures.books.found:>9,}"]
    closed = [state for state in State if state not in (State.PENDING, State.SENDING)]
    lines += [f"  {state.value:<10} {states[state]:>9,}" for state in closed if states[state]]
    if figures.open:
        lines.append(f"  pending    {figures.open:>9,}")
    others = figures.wrong - figures.missing
    if figures.missing:
        lines.append(f"  {figures.missing:,} of them {wording.verb(figures.missing)} missing from Descope")
    if others:
        verbs = [wording.verb(others, *pair) for pair in (("differs", "differ"), ("has", "have"), ("is", "are"))]
        what = "{} from what was sent (differences.csv), or {} left Docebo and {} still enabled in Descope"
        lines.append(f"  {others:,} of them {what.format(*verbs)}")
    return [*lines, *reason_list(figures.books.reasons, fixes=fixes)]


def plan(figures: Figures, *, fixes: bool = True) -> list[str]:
    """What a run would do, apart from how the books would stand after it."""
    return [
        f"  {wording.would(figures.actions)}",
        *_cost(figures),
        "afterwards:",
        *counts(figures, fixes=fixes),
    ]


def _cost(figures: Figures) -> list[str]:
    """What sending takes, and who collides or looks alike."""
    estimate = figures.extra["estimate"]
    calls = {name: number for name, number in estimate["calls"].items() if number}
    lines = []
    if calls:
        kinds = ", ".join(f"{name} {number:,}" for name, number in calls.items())
        minutes = f"{estimate['total_minutes']:g}"
        least = f", at least {minutes} minute{'' if minutes == '1' else 's'} by the limits" if minutes != "0" else ""
        lines.append(f"  sending takes {sum(calls.values()):,} calls ({kinds}){least}")
    leavers = figures.extra["leavers"]
    if leavers:
        lines.append(f"  {wording.users(leavers)} who left {wording.verb(leavers)} set aside, and would be disabled")
    for name, verbs in (("collisions", ("shares", "share")), ("look_alikes", ("looks", "look"))):
        pairs = figures.extra[name]["pairs"]
        if pairs:
            word = f"{wording.verb(pairs, *verbs)} {'a login' if name == 'collisions' else 'alike (reported only)'}"
            lines.append(f"  {pairs:,} pair{'' if pairs == 1 else 's'} of users {word}")
    return lines


def would(figures: Figures) -> str:
    """What a plan would send, in a line."""
    return f"A run {wording.would(figures.actions)}."


def result_line(figures: Figures) -> str:
    """How a run or plan ended, in one line."""
    return colour.paint(fitted(wording.ending(figures.document())), colour.of_outcome(figures.outcome))


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
        *(plan(figures) if planned else [f"  this run {wording.did(figures.actions)}", *counts(figures)]),
        f"  calls: {traffic}, throttled {calls['throttled']:,}",
        f"  {figures.seconds:.1f} s, {document['users_per_second']:,} users/s",
        *proof(figures),
        *gaps(figures),
        result_line(figures),
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
    """Everything `status` tells below its head: what the last run did, the books, what was verified, how it ended."""
    did = f"  the last run {wording.did(figures.actions)}"
    if figures.outcome == Outcome.DRY_RUN:
        did = f"  a run {wording.would(figures.actions)}"
    fix = [f"Fix: {figures.error.fix}"] if figures.error is not None and figures.error.fix else []
    told = [] if figures.outcome == books.NOT_STARTED else [did]
    ending = fitted(wording.ending(figures.document()))
    return [*told, *counts(figures), fitted(wording.proof(figures.verify)), ending, *map(fitted, fix)]
