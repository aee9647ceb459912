"""A run's figures as text for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.cli import colour
from migrator.cli.reason_list import reason_list
from migrator.cli.wrap import fitted
from migrator.errors import Declined
from migrator.model import NOT_STARTED, RUNNING, Outcome, State
from migrator.report import wording

if TYPE_CHECKING:
    from migrator.report.summary import Figures


def counts(figures: Figures, *, fixes: bool = True) -> list[str]:
    """Everybody known, then each state that is not zero, then the reasons, with their fixes or without."""
    states = figures.books.states
    lines = [f"  known      {figures.books.found:>9,}"]
    closed = [state for state in State if state not in (State.PENDING, State.SENDING)]
    lines += [f"  {state.value:<10} {states[state]:>9,}" for state in closed if states[state]]
    if figures.open:
        lines.append(f"  pending    {figures.open:>9,}")
    if states[State.SENDING] and figures.outcome != RUNNING:
        asked = wording.verb(states[State.SENDING], "was", "were")
        lines.append(f"    {states[State.SENDING]:,} of these {asked} being sent: the next run looks who arrived")
    return [*lines, *_wrong(figures, fixes=fixes), *reason_list(figures.books.reasons, fixes=fixes)]


def _wrong(figures: Figures, *, fixes: bool) -> list[str]:
    """Who is counted as migrated, or as left out, and is not in Descope as that says; with what to do about it."""
    differ = figures.wrong - figures.missing - figures.still_enabled
    told = (
        (figures.missing, ("is", "are"), "no longer in Descope", "To create them again: migrator run --retry missing"),
        (differ, ("differs", "differ"), "in Descope from what was sent",
         "Compare them in differences.csv; to send them again: migrator run --retry differs"),
        (figures.still_enabled, ("has", "have"), "left Docebo and can still sign in",
         "Run again; if that does not help, disable them in Descope"),
    )  # fmt: skip
    lines = []
    for number, verbs, what, fix in told:
        if number:
            lines.append(
                fitted(f"{wording.users(number)} in these figures {wording.verb(number, *verbs)} {what}", "  ")
            )
            lines += [fitted(f"Fix: {fix}.", "    ")] if fixes else []
    return lines


def plan_text(figures: Figures, *, fixes: bool = True) -> list[str]:
    """What a run would do, apart from how the books would stand after it."""
    return [
        f"  {wording.would(figures.actions)}",
        *_cost(figures),
        "after such a run:",
        *counts(figures, fixes=fixes),
    ]


def _cost(figures: Figures) -> list[str]:
    """What sending takes, and who collides or looks alike."""
    estimate = figures.extra["estimate"]
    calls = {name: number for name, number in estimate["calls"].items() if number}
    lines = []
    if calls:
        kinds = ", ".join(f"{number:,} {_call(name, number)}" for name, number in calls.items())
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


def _call(name: str, number: int) -> str:
    """A kind of an estimate's calls, as people understand it."""
    return wording.verb(number, "other", "others") if name == "general" else f"to {name}"


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
        *(plan_text(figures) if planned else [f"  this run {wording.did(figures.actions)}", *counts(figures)]),
        f"  calls: {traffic}, throttled {calls['throttled']:,}",
        f"  {figures.seconds:.1f} s{_speed(figures)}",
        *map(fitted, proof(figures)),
        *map(fitted, gaps(figures)),
        result_line(figures),
        *(f"  {path}" for path in figures.reports),
        f"  {checkpoint}",
    ]


def _speed(figures: Figures) -> str:
    """How many users a second a run sent, over all of its time; nothing where none were."""
    if figures.outcome == Outcome.DRY_RUN or not (figures.sends and figures.seconds):
        return ""
    return f", {figures.sends / figures.seconds:,.1f} users/s"


def proof(figures: Figures) -> list[str]:
    """What this run read back, and the last verifications where those are others."""
    if figures.read_back is None:
        return wording.proofs(figures.document())
    own = wording.read_back(figures.read_back)
    return [own] if any(figures.read_back.values()) else [own, *wording.proofs(figures.document())]


def gaps(figures: Figures) -> list[str]:
    """Whoever ended otherwise than planned; nothing when everybody ended so, or the run did not finish."""
    found = figures.extra.get("prediction", {}).get("gaps", [])
    if not found or figures.outcome not in (Outcome.COMPLETE, Outcome.NEEDS_PERSON):
        return []
    return [f"Not as planned: {', '.join(wording.gap(one) for one in found)}."]


def standing(figures: Figures) -> list[str]:
    """Everything `status` tells below its head: what the last run did, the counts, what was verified, how it ended."""
    document = figures.document()
    this = "this run has so far" if figures.outcome == RUNNING else "the last run"
    did = [f"  {this} {wording.did(figures.actions)}"]
    if figures.outcome == Outcome.DRY_RUN:
        did = [f"  a run {wording.would(figures.actions)}", "after such a run:"]
    ending = wording.ending(document)
    fix = figures.error.fix if figures.error is not None else ""
    last = [ending] if not fix or fix in ending else [ending, f"Fix: {fix}"]
    told = [] if figures.outcome == NOT_STARTED else did
    return [*told, *counts(figures), *map(fitted, [*wording.proofs(document), *last])]
