"""What a report says about how a run ended, honestly and in whole sentences. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

RUNNING = "running"
ARRIVED = ("created", "updated", "unchanged")
NEEDS_PERSON = ("rejected", "conflict", "failed")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The head of a report: `tone` is good, care, stop or plan."""

    tone: str
    word: str
    headline: str
    text: str


def users(number: int) -> str:
    """`1 user`, `2 users`."""
    return f"{number:,} user{'' if number == 1 else 's'}"


def verdict(document: dict[str, Any]) -> Verdict:
    """What to tell first."""
    counts, outcome = document["counts"], document["outcome"]
    found = counts["found"]
    arrived = sum(counts[state] for state in ARRIVED)
    people = sum(counts[state] for state in NEEDS_PERSON)
    so_far = f"{arrived:,} of {users(found)} {'is' if found == 1 else 'are'} in Descope"
    person = f"{people:,} {'needs' if people == 1 else 'need'} attention"
    rest = _rest(counts)
    error = document.get("error") or {}
    why = f"{error.get('message', '')} {error.get('fix', '')}".strip()
    if outcome == RUNNING:
        text = "The run is still at work: these figures are a moment's, and migrator report makes new ones."
        return Verdict("plan", "Still running", f"{so_far} so far.", f"{text}{rest}")
    if outcome == "dry_run":
        would = f"{arrived:,} of {users(found)} would be in Descope"
        text = "Nothing was written to Descope. The figures hold for both sides as they were read."
        return Verdict("plan", "Plan", f"{would}; {person} first." if people else f"{would}.", f"{text}{rest}")
    if outcome == "complete":
        headline = f"All {users(found)} are in Descope." if arrived == found > 1 else f"{so_far}."
        return Verdict("good", "Complete", headline, f"Nobody is left to do.{rest}")
    if outcome == "needs_person" and not people:
        text = "The run is finished, but reading back found users who are not as they should be: see below."
        return Verdict("care", "Finished, with differences", f"{so_far}.", f"{text}{rest}")
    if outcome == "needs_person":
        text = "The run is finished. Nobody listed here was migrated for a guess: mend the cause, then run again."
        return Verdict("care", "Finished, with exceptions", f"{so_far}; {person}.", f"{text}{rest}")
    word = "Interrupted" if outcome == "interrupted" else "Stopped early"
    if not why:
        why = "The run ended without a word: it was killed, or the machine went down."
    return Verdict(
        "stop", word, f"{so_far} so far.", f"{why} Running again continues here; nothing is sent twice.{rest}"
    )


def _rest(counts: dict[str, int]) -> str:
    """Those who neither arrived nor need a person."""
    parts = []
    if counts["pending"]:
        parts.append(f"{users(counts['pending'])} still open")
    if counts["skipped"]:
        parts.append(f"{users(counts['skipped'])} left out by your own filter")
    if counts["vanished"]:
        parts.append(f"{users(counts['vanished'])} gone from Docebo")
    return f" Besides: {', '.join(parts)}." if parts else ""
