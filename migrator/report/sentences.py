"""What screen and report say of a run, honestly and in whole sentences. Pure: from JSON documents to text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.core.model import ARRIVED_STATES, NEEDS_PERSON_STATES, NOT_STARTED, RUNNING
from migrator.core.reasons import Reason

if TYPE_CHECKING:
    from migrator.checkpoint.runs.history import StoredSummary
    from migrator.checkpoint.runs.verifications import VerificationDocument
    from migrator.report.document import CatchUpDocument, GapDocument, LoginReadiness, RunDocument, SsoReadiness

# The kinds of what is sent: what will be done, and what was done.
WILL = {
    "create": "create",
    "update": "update",
    "adopt": "link",
    "disable": "disable",
    "delete": "delete",
    "restore": "restore",
}
DONE = {
    "create": "created", "update": "updated", "adopt": "linked", "disable": "disabled", "delete": "deleted",
    "restore": "restored",
}  # fmt: skip
ENDED_AS = {
    "conflict": "in conflict",
    "vanished": "gone from Docebo",
    "skipped": "left out",
    "pending": "still pending",
}
KILLED = "The run did not end properly: it was killed, or the machine went down."
CONTINUES = "Run again to continue from here."


@dataclass(frozen=True, slots=True)
class Headline:
    """The head of a report: `tone` is good, care, stop or plan."""

    tone: str
    word: str
    headline: str
    text: str


def users_words(number: int) -> str:
    """`1 user`, `2 users`."""
    return f"{number:,} user{'' if number == 1 else 's'}"


def verb_form(number: int, one: str = "is", many: str = "are") -> str:
    """The form of a verb that goes with a number: `is` or `are`."""
    return one if number == 1 else many


# --- what is sent --------------------------------------------------------------------------------


def plan_words(actions: dict[str, int]) -> str:
    """What a plan would send: `would create 31, update 2; nothing to do for 2,967`."""
    parts = [f"{word} {actions[kind]:,}" for kind, word in WILL.items() if actions.get(kind)]
    return f"would {', '.join(parts) or 'send nothing'}{_nothing(actions, some=bool(parts))}"


def sent_words(actions: dict[str, int]) -> str:
    """What a run has sent: `created 31, updated 2; nothing to do for 2,967`."""
    parts = [f"{word} {actions[kind]:,}" for kind, word in DONE.items() if actions.get(kind)]
    return f"{', '.join(parts) or 'sent nothing'}{_nothing(actions, some=bool(parts))}"


def _nothing(actions: dict[str, int], *, some: bool) -> str:
    number = actions["nothing"]
    if not number:
        return ""
    return f"; nothing to do for {number:,}" if some else f"; {users_words(number)} {verb_form(number)} up to date"


def catch_up_sentence(changes: CatchUpDocument) -> str:
    """What changed: `Since the last run, Docebo shows 3 new, 5 changed (1 renamed, 2 suspended) and 4 gone`."""
    kinds = ", ".join(f"{changes[kind]:,} {kind}" for kind in ("renamed", "suspended") if changes[kind])
    parts = [
        f"{changes['new']:,} new" if changes["new"] else "",
        f"{changes['changed']:,} changed{f' ({kinds})' if kinds else ''}" if changes["changed"] else "",
        f"{changes['vanished']:,} gone" if changes["vanished"] else "",
    ]
    *first, last = [part for part in parts if part] or ["nothing new"]
    return f"Since the last run, Docebo shows {' and '.join([', '.join(first), last]) if first else last}."


def lost_sentence(document: RunDocument) -> str:
    """What the counts of a project that was emptied do not say, "" for any other."""
    if document.get("error", {}).get("kind") != "missing":
        return ""
    return "Some migrated users are no longer in Descope; `migrator verify` finds out who is missing."


def gap_words(found: GapDocument) -> str:
    """One gap between plan and end: `2 failed instead of created (refused)`."""
    actual = ENDED_AS.get(found["actual"], found["actual"])
    reason = f" ({found['reason']})" if found["reason"] else ""
    return f"{found['users']:,} {actual} instead of {ENDED_AS.get(found['predicted'], found['predicted'])}{reason}"


# --- what was read back --------------------------------------------------------------------------

_WHOM = {"all": "all {who} read back", "sent": "{who} read back by a run", "sample": "a sample of {who} read back"}


def verification_sentences(document: RunDocument) -> list[str]:
    """The last verification, and the last one of everybody where that is an older one."""
    lines, whole = [verification_sentence(document["verify"])], document["verify_all"]
    return [*lines, verification_sentence(whole, "Everybody was last verified")] if whole else lines


def verification_sentence(verify: VerificationDocument, word: str = "Last verified") -> str:
    """A verification with its time and scope; never a sentence over nobody."""
    if verify["at"] is None:
        return "Nobody has been read back from Descope yet."
    at = f"{verify['at'][:10]} {verify['at'][11:16]} UTC"
    whom = _WHOM[verify["scope"]].format(who=users_words(verify["read"])).replace("all 1 user", "the only user")
    wrong = wrong_words(verify["classes"])
    if not verify["read"]:
        return f"{word} {at}: there was nobody to read back{wrong and f'; {wrong}'}."
    # Who was compared with Docebo as it is now is not "as sent", so a whole or sampled one says less.
    right = ", all as sent" if verify["scope"] == "sent" else ", no differences"
    return f"{word} {at}: {whom}{f'; {wrong}' if wrong else right}."


def read_back_sentence(classes: dict[str, int]) -> str:
    """What a run's own reading back has shown."""
    read = sum(number for name, number in classes.items() if name != "extra")
    return f"{read:,} read back: {wrong_words(classes) or 'all as sent'}." if read else "There was nobody to read back."


def wrong_words(classes: dict[str, int]) -> str:
    """Those who are not as sent: `2 differ, 1 is missing`; "" when there are none."""
    differs, missing, extra = (classes.get(name, 0) for name in ("differs", "missing", "extra"))
    parts = [
        f"{differs:,} {verb_form(differs, 'differs', 'differ')}" if differs else "",
        f"{missing:,} {verb_form(missing)} missing" if missing else "",
        f"{extra:,} {verb_form(extra)} in Descope with our mark but unknown to the checkpoint" if extra else "",
    ]
    return ", ".join(filter(None, parts))


# --- signing in ----------------------------------------------------------------------------------


def readiness_sentence(readiness: LoginReadiness, *, planned: bool = False) -> str:
    """How many can sign in, and how many of them verify their address when they do."""
    can = "could sign in once this plan is run" if planned else "can sign in"
    text = f"of {users_words(readiness['found'])} {can}"
    first = readiness["verify_first"]
    if not first:
        return f"{text}."
    their = verb_form(first, "verifies the address at the", "verify their address at their")
    return f"{text}; {first:,} of them {their} first sign-in, which the documented flow handles."


def landing_sentence(sso: SsoReadiness, *, planned: bool = False) -> str:
    """Who lands in Docebo: `9,812 of 10,000 land in their own Docebo account.`; "" where nobody is."""
    if not sso["of"]:
        return ""
    land = "would land" if planned else verb_form(sso["of"], "lands", "land")
    text = f"{sso['lands']:,} of {sso['of']:,} {land} in their own Docebo account"
    if not sso["unknown"]:
        return f"{text}."
    return f"{text}; for {sso['unknown']:,} this is not known until Docebo is read again."


def landing_lines(sso: SsoReadiness, *, planned: bool = False) -> list[str]:
    """The same with the claim that it goes by, and the users of each class."""
    sentence = landing_sentence(sso, planned=planned)
    if not sentence:
        return []
    classes = ", ".join(f"{users:,} {name}" for name, users in sso["classes"].items())
    how = f"(claim {sso['claim']}, match {sso['match']})"
    return [f"{sentence[:-1]} {how}{f': {classes}' if classes else ''}."]


# --- how it ended --------------------------------------------------------------------------------

_SHORT = {
    RUNNING: "A run is in progress.",
    NOT_STARTED: "Nothing has been run yet.",
    "dry_run": "Plan only: nothing was written to Descope.",
}


def ending_sentence(document: RunDocument) -> str:
    """How a run ended, as the last line of its text."""
    outcome = document["outcome"]
    if outcome in _SHORT:
        return _SHORT[outcome]
    if outcome in ("complete", "needs_person"):
        return _finish(document)
    if document.get("error", {}).get("kind") == "declined":
        return stop_reason(document)
    word = "Interrupted" if outcome == "interrupted" else "Stopped early"
    return f"{word}: {stop_reason(document) or KILLED} {lost_sentence(document) or _fix(document) or CONTINUES}"


def _finish(document: RunDocument) -> str:
    if stop_reason(document):
        return f"Finished, but: {stop_reason(document)}"
    if part := _part(document):
        return f"{part} In all, {_arrived(document)}"
    return f"Finished: {_arrived(document)}" if count_needing_attention(document) else _complete(document)


def _arrived(document: RunDocument) -> str:
    """Who is in Descope and who needs a person, in one sentence."""
    person = _person(document)
    return f"{_there(document)}; {person}." if person else f"{_there(document)}."


def count_needing_attention(document: RunDocument | StoredSummary) -> int:
    """How many users need a person: by their state, or because they are known to be wrong at Descope."""
    counts = document.get("counts", {})
    return sum(counts.get(state, 0) for state in NEEDS_PERSON_STATES) + document.get("wrong", 0)


def _person(document: RunDocument) -> str:
    number = count_needing_attention(document)
    return f"{number:,} {verb_form(number, 'needs', 'need')} your attention" if number else ""


def _fix(document: RunDocument) -> str:
    return document.get("error", {}).get("fix", "")


def stop_reason(document: RunDocument) -> str:
    """The reason of a stop, "" where none was noted."""
    return document.get("error", {}).get("message", "")


def headline(document: RunDocument) -> Headline:
    """The head of a report."""
    outcome = document["outcome"]
    there, person = _there(document), _person(document)
    rest = _rest(document)
    if outcome == NOT_STARTED:
        return Headline("plan", "Not started", "Nothing has been run yet.", "Start with migrator plan.")
    if outcome == RUNNING:
        text = "The run is still in progress: these figures are a snapshot, and migrator report makes new ones."
        return Headline("plan", "Still running", f"{there} so far.", f"{text}{rest}")
    if outcome == "dry_run":
        there = _there(document, "would be")
        text = "Nothing was written to Descope. The figures show both sides as they were when read."
        text = f"A run {plan_words(document['actions'])}. {text}"
        return Headline("plan", "Plan", f"{there}; {person} first." if person else f"{there}.", f"{text}{rest}")
    if outcome in ("complete", "needs_person"):
        return _finished(document, there, person, rest)
    return _stopped(document, there, rest)


def _finished(document: RunDocument, there: str, person: str, rest: str) -> Headline:
    headline = f"{there}; {person}." if person else f"{there}."
    listed = any(document["counts"][state] for state in NEEDS_PERSON_STATES)
    advice = "The migrator does not guess about the users listed here: fix the cause, then run again." if listed else ""
    if part := _part(document):
        text = " ".join(filter(None, (headline, advice)))
        return Headline("care", "Finished in part", part, f"{text}{rest}")
    if document["outcome"] == "complete":
        return Headline("good", "Complete", _all_there(document) or headline, f"Nothing is left to do.{rest}")
    if listed:
        return Headline("care", "Finished, with exceptions", headline, f"The run is finished. {advice}{rest}")
    text = (
        stop_reason(document) or "The run is finished, but some users in Descope are not as they should be: see below."
    )
    return Headline("care", "Finished, with differences", headline, f"{text}{rest}")


def _stopped(document: RunDocument, there: str, rest: str) -> Headline:
    error = document.get("error", {})
    reason = f"{stop_reason(document)} {_fix(document)}".strip() or KILLED
    headline = f"{there} so far."
    if error.get("kind") == "declined":
        return Headline("plan", "Not sent", headline, f"{reason}{rest}")
    if error.get("kind") == "missing":
        headline = "Migrated users are missing from Descope."
        return Headline("stop", "Stopped early", headline, f"It is not known how many are still there. {reason}{rest}")
    word = "Interrupted" if document["outcome"] == "interrupted" else "Stopped early"
    again = "" if _fix(document) else f" {CONTINUES}"  # what has a fix may stop the next run too
    return Headline("stop", word, headline, f"{reason}{again} Nothing is sent twice.{rest}")


def _there(document: RunDocument, be: str = "") -> str:
    """Who is in Descope (or `be`, "would be"), without those known to be missing."""
    counts, missing = document["counts"], document["missing"]
    arrived = sum(counts[state] for state in ARRIVED_STATES) - missing
    lost = f", {missing:,} {verb_form(missing)} missing from it" if missing else ""
    return f"{arrived:,} of {users_words(counts['found'])} {be or verb_form(counts['found'])} in Descope{lost}"


def _all_there(document: RunDocument) -> str:
    """The sentence for a migration that brought everybody, "" for any other."""
    counts = document["counts"]
    everybody = sum(counts[state] for state in ARRIVED_STATES) == counts["found"]
    return f"All {users_words(counts['found'])} are in Descope." if everybody and counts["found"] > 1 else ""


def _complete(document: RunDocument) -> str:
    if not document["counts"]["found"]:
        return "Complete: Docebo has no users to migrate."
    headline = _all_there(document) or f"{_there(document)}.{_rest(document)}"
    return f"Complete: {headline[0].lower()}{headline[1:]}"


def _part(document: RunDocument) -> str:
    """What a run on a part of the users says of itself, "" for any other."""
    if document["searched"]:
        return "Finished: only users found by --search-text were looked at; the others are as before."
    waiting = document["limited"]
    if not (waiting and document["limit"]):
        return ""
    more = f"{waiting:,} more {verb_form(waiting)} waiting for a run without it."
    return f"Finished for the {users_words(document['limit'])} of --limit; {more}"


def _rest(document: RunDocument) -> str:
    """Those who neither arrived nor need a person."""
    counts, limited = document["counts"], document["limited"]
    parts = []
    if counts["pending"]:
        parts.append(f"{users_words(counts['pending'])} still pending")
    if limited:
        parts.append(f"{users_words(limited)} left for a run without --limit")
    if undone := document["reasons"].get(Reason.UNDONE, 0):
        parts.append(f"{users_words(undone)} undone")
    if (filtered := counts["skipped"] - limited - undone) > 0:
        parts.append(f"{users_words(filtered)} left out by your own filter")
    if counts["vanished"]:
        parts.append(f"{users_words(counts['vanished'])} gone from Docebo")
    return f" Also: {', '.join(parts)}." if parts else ""
