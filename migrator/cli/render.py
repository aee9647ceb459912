"""A run's figures as text for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.cli import colour
from migrator.cli.pace_words import takes_text
from migrator.cli.reason_list import reason_list
from migrator.cli.wrap import fitted
from migrator.core.errors import Declined
from migrator.core.grants import ROLES, TENANTS
from migrator.core.model import NOT_STARTED, RUNNING, RunOutcome, State
from migrator.flow.context import MissingGrants
from migrator.flow.plan.project_grants import missing_text
from migrator.log.redact import visible
from migrator.report.sentences import (
    catch_up_sentence,
    ending_sentence,
    gap_words,
    landing_lines,
    plan_words,
    read_back_sentence,
    sent_words,
    users_words,
    verb_form,
    verification_sentences,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.core.model import Json
    from migrator.report.summary import RunFigures

MOST_LISTS = 10  # of members, in a plan


def counts_text(figures: RunFigures, *, fixes: bool = True) -> list[str]:
    """Everybody known, then each state that is not zero, then the reasons, with their fixes or without."""
    states = figures.books.states
    lines = [f"  known      {figures.books.found:>9,}"]
    closed = [state for state in State if state not in (State.PENDING, State.SENDING)]
    lines += [f"  {state.value:<10} {states[state]:>9,}" for state in closed if states[state]]
    if figures.open:
        lines.append(f"  pending    {figures.open:>9,}")
    if states[State.SENDING] and figures.outcome != RUNNING:
        asked = verb_form(states[State.SENDING], "was", "were")
        lines.append(f"    {states[State.SENDING]:,} of these {asked} being sent: the next run finds out who arrived")
    return [*lines, *_wrong(figures, fixes=fixes), *reason_list(figures.books.reasons, fixes=fixes)]


def _wrong(figures: RunFigures, *, fixes: bool) -> list[str]:
    """Who is counted as migrated, or as left out, and is not in Descope as that says; with what to do about it."""
    differ = figures.wrong - figures.missing - figures.still_enabled
    told = (
        (figures.missing, ("is", "are"), "no longer in Descope", "To create them again: migrator run --retry missing"),
        (differ, ("differs", "differ"), "in Descope from what was sent",
         "Compare them in differences.csv; to send them again: migrator run --retry differs"),
        (figures.still_enabled, ("is", "are"), "suspended or expired in Docebo but can still sign in",
         "Run again; if that does not help, disable them in Descope"),
    )  # fmt: skip
    lines = []
    for number, verbs, what, fix in told:
        if number:
            lines.append(fitted(f"{users_words(number)} in these figures {verb_form(number, *verbs)} {what}", "  "))
            lines += [fitted(f"Fix: {fix}.", "    ")] if fixes else []
    return lines


def plan_text(figures: RunFigures, *, fixes: bool = True) -> list[str]:
    """What a run would do, apart from what the counts would be after it."""
    return [
        f"  {plan_words(figures.actions)}",
        *_cost(figures),
        "after that run:",
        *counts_text(figures, fixes=fixes),
    ]


def _cost(figures: RunFigures) -> list[str]:
    """What sending takes, and who collides or looks alike."""
    estimate = figures.extra["estimate"]
    calls = {name: number for name, number in estimate["calls"].items() if number}
    lines = []
    if calls:
        kinds = ", ".join(f"{number:,} {_call(name, number)}" for name, number in calls.items())
        lines.append(
            f"  sending takes {sum(calls.values()):,} calls ({kinds}){_duration(estimate.get('range_minutes'))}"
        )
    if whole := _duration(estimate.get("run_range_minutes")):
        lines.append(f"  a whole run{whole.replace(',', ' takes', 1)}, reading Docebo included")
    lines += _rules(figures)
    leavers = figures.extra["leavers"]
    if leavers:
        lines.append(f"  {users_words(leavers)} suspended, expired or gone in Docebo would be disabled in Descope")
    shared, alike = (figures.extra[name]["groups"] for name in ("collisions", "look_alikes"))
    if shared:
        lines.append(f"  {shared:,} login{verb_form(shared, ' is', 's are')} shared by several users")
    if alike:
        lines.append(
            f"  {alike:,} group{verb_form(alike, '', 's')} of users with logins that look alike (reported only)"
        )
    if decided := figures.extra.get("decisions"):
        number = sum(decided.values())
        kinds = ", ".join(f"{users:,} {kind}" for kind, users in decided.items())
        lines.append(f"  {number:,} decision{verb_form(number, ' is', 's are')} in force ({kinds})")
    return lines


def _rules(figures: RunFigures) -> list[str]:
    """What rules cost, and what they need that Descope does not have."""
    lacking, calls = figures.extra.get("missing_grants", {}), figures.extra.get("member_calls", 0)
    lines = []
    if calls:
        each = f"{calls:,} Docebo call{verb_form(calls, '', 's')}"
        lines.append(f"  reading the branches and groups that rules name takes {each} in every run:")
        lines += [f"    {_members(one)}" for one in figures.extra["members"][:MOST_LISTS]]
        if len(figures.extra["members"]) > MOST_LISTS:
            lines.append(f"    and {len(figures.extra['members']) - MOST_LISTS:,} more")
    if any(lacking.values()):
        named = missing_text(MissingGrants(*(tuple(lacking[kind]) for kind in (TENANTS, ROLES))))
        lines.append(fitted(f"Descope does not have {named}, which `run --create-missing` creates", "  "))
    return lines


def _members(one: Mapping[str, Json]) -> str:
    """`branch EMEA with those below: 400 users`."""
    below = " with those below" if one["descendants"] else ""
    return f"{one['kind']} {visible(one['name'])}{below}: {users_words(one['users'])}"


def _duration(minutes: list[float] | None) -> str:
    """`, up to 3 min`; nothing where it is less than a minute."""
    return f", {takes_text(*(60 * end for end in minutes))}" if minutes and minutes[1] >= 1 else ""


def would_lines(figures: RunFigures) -> str:
    """What a plan would send, in a line."""
    return f"A run {plan_words(figures.actions)}."


def _call(name: str, number: int) -> str:
    """A kind of an estimate's calls, as people understand it."""
    return verb_form(number, "other", "others") if name == "general" else f"to {name}"


def result_line(figures: RunFigures) -> str:
    """How a run or plan ended, in one line."""
    return colour.paint(fitted(ending_sentence(figures.document())), colour.outcome_colour(figures.outcome))


def result_text(figures: RunFigures, checkpoint: str) -> list[str]:
    """Everything a run or plan tells at its end."""
    document = figures.document()
    if isinstance(figures.error, Declined):
        return [ending_sentence(document)]
    calls = figures.calls
    traffic = f"Docebo {calls['docebo']:,}, Descope {calls['descope']:,} (writes {calls['descope_writes']:,})"
    planned = figures.outcome == RunOutcome.DRY_RUN
    return [
        "",
        f"{figures.source} -> {figures.project}",
        *(plan_text(figures) if planned else [f"  this run {sent_words(figures.actions)}", *counts_text(figures)]),
        f"  calls: {traffic}, throttled {calls['throttled']:,}",
        f"  {figures.seconds:.1f} s{_speed(figures)}",
        *map(fitted, proof_lines(figures)),
        *map(fitted, gap_lines(figures)),
        *map(fitted, catch_up_lines(figures)),
        *map(fitted, landing_lines(figures.sso, planned=planned)),
        result_line(figures),
        *(f"  {path}" for path in figures.reports),
        f"  {checkpoint}",
    ]


def _speed(figures: RunFigures) -> str:
    """How many users a second a run sent, over all of its time; nothing where none were."""
    if figures.outcome == RunOutcome.DRY_RUN or not (figures.sends and figures.seconds):
        return ""
    return f", {figures.sends / figures.seconds:,.1f} users/s"


def proof_lines(figures: RunFigures) -> list[str]:
    """What this run read back, and the last verifications where those are others."""
    if figures.read_back is None:
        return verification_sentences(figures.document())
    own = read_back_sentence(figures.read_back)
    return [own] if any(figures.read_back.values()) else [own, *verification_sentences(figures.document())]


def gap_lines(figures: RunFigures) -> list[str]:
    """Whoever ended otherwise than planned; nothing when everybody ended so, or the run did not finish."""
    found = figures.extra.get("prediction", {}).get("gaps", [])
    if not found or figures.outcome not in (RunOutcome.COMPLETE, RunOutcome.NEEDS_PERSON):
        return []
    return [f"Not as planned: {', '.join(gap_words(one) for one in found)}."]


def catch_up_lines(figures: RunFigures) -> list[str]:
    """What changed since the last run, and after a run, how long the last one before a cut-over will take."""
    changes, freeze = figures.extra.get("catch_up"), figures.extra.get("freeze_minutes")
    lines = [] if changes is None or figures.error is not None else [catch_up_sentence(changes)]
    if freeze is not None and figures.outcome in (RunOutcome.COMPLETE, RunOutcome.NEEDS_PERSON):
        takes = takes_text(*(60 * end for end in freeze))
        lines.append(f"For the cut-over, leave the users in Docebo alone while one more run works: it takes {takes}.")
    return lines


def standing_text(figures: RunFigures, *, serves: bool = False) -> list[str]:
    """Everything `status` tells below its head: what the last run did, the counts, what was verified, how it ended.

    Args:
        serves: people are let in as they sign in, and no run works beside that.
    """
    document = figures.document()
    this = "this run has so far" if figures.outcome == RUNNING else "the last run"
    did = [f"  {this} {sent_words(figures.actions)}"]
    if figures.outcome == RunOutcome.DRY_RUN:
        did = [f"  a run {plan_words(figures.actions)}", "after that run:"]
    ending = "`migrator serve` is at work." if serves else ending_sentence(document)
    fix = figures.error.fix if figures.error is not None else ""
    last = [ending] if not fix or fix in ending else [ending, f"Fix: {fix}"]
    told = [] if figures.outcome == NOT_STARTED else did
    landing = landing_lines(figures.sso, planned=figures.outcome == RunOutcome.DRY_RUN)
    return [*told, *counts_text(figures), *map(fitted, [*verification_sentences(document), *landing, *last])]
