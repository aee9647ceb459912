"""What to do next, from a run's document alone: ordered steps, most urgent first. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.checkpoint.runs.actions import ACTION_KINDS
from migrator.core.model import RUNNING, State
from migrator.core.reasons import JUDGED_ANEW, Reason, known_reason
from migrator.report.sentences import users_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migrator.report.document import RunDocument

MOST_REASONS = 4
SHORT = 60  # letters; a shorter sentence alone says too little of a fix
RUN, PLAN, VERIFY, WATCH = "migrator run", "migrator plan", "migrator verify", "migrator status --watch"
_SENTENCE = re.compile(r"\.(?:\s|$)")
_TROUBLE = ("missing", "differs")


@dataclass(frozen=True, slots=True)
class NextStep:
    """One step: what to do, how (a sentence or nothing), the command, and the reason code it is about."""

    what: str
    how: str = ""
    command: str = ""
    code: str = ""


def next_steps(document: RunDocument) -> list[NextStep]:
    """The steps that follow from how the run ended; never none."""
    outcome = document["outcome"]
    if outcome == RUNNING:
        return [NextStep("Watch the run.", "It is still in progress; these figures are a snapshot.", WATCH)]
    if not document["counts"]["found"] and outcome not in ("complete", "stopped", "interrupted"):
        return [NextStep("See what a run would do.", "Nothing has been read from Docebo yet.", PLAN)]
    if outcome in ("stopped", "interrupted"):
        return [*_after_stop(document)]
    people = _reasons(document)
    if outcome == "dry_run":
        return [*_after_plan(document), *_corrections(people)]
    steps = [*_found_wrong(document), *_corrections(people), *_again(document, people)]
    return [*(steps or _after_all(document)), *_before_cut_over(document)]


def _after_stop(document: RunDocument) -> Iterator[NextStep]:
    """The reason first, then on."""
    error = document.get("error", {})
    kind = error.get("kind")
    if error.get("message") and kind != "declined":
        yield NextStep(error["message"], error.get("fix", ""), VERIFY if kind == "missing" else "")
    yield NextStep("Run again when you are ready.", "It continues from here, and sends nothing twice.", RUN)


def _after_plan(document: RunDocument) -> Iterator[NextStep]:
    """Send the plan, if it would send anything."""
    number = sum(document["actions"][kind] for kind in ACTION_KINDS)
    if not number:
        yield NextStep("There is nothing to send.", "A run would change nothing in Descope.")
        if not _read_back(document):
            yield _verify()
        return
    what = f"Send it: {users_words(number)}."
    yield NextStep(what, "It shows the plan once more and asks before it writes anything.", RUN)


def _found_wrong(document: RunDocument) -> Iterator[NextStep]:
    """Users whom reading back found wrong."""
    classes = dict(document["verify"]["classes"])
    classes["missing"] = max(classes.get("missing", 0), document["missing"])
    wrong = [name for name in _TROUBLE if classes.get(name)]
    words = {"missing": "missing from Descope", "differs": "not as they were sent"}
    if wrong:
        which = " and ".join(f"{users_words(classes[name])} {words[name]}" for name in wrong)
        yield NextStep(f"Send again: {which}.", "differences.csv says who and what.", _retry(wrong))
    if classes.get("extra"):
        number = classes["extra"]
        verb = "carries" if number == 1 else "carry"
        how = f"{users_words(number)} there {verb} this migration's mark, but the checkpoint does not know them."
        yield NextStep("Look at the extra users in Descope.", f"{how} differences.csv says who.")


def _reasons(document: RunDocument) -> list[tuple[str, int]]:
    """The reasons that need a person, with their users, the most frequent first."""
    calm = (State.SKIPPED, State.VANISHED)
    known = [(code, number) for code, number in document["reasons"].items() if number]
    needy = [
        (code, number) for code, number in known if (reason := known_reason(code)) is None or reason.state not in calm
    ]
    return sorted(needy, key=lambda one: (-one[1], one[0]))


def _corrections(people: list[tuple[str, int]]) -> Iterator[NextStep]:
    # A step that only counts the others takes the room of one of them, so there are always two or more.
    shown = len(people) if len(people) <= MOST_REASONS else MOST_REASONS - 1
    for code, number in people[:shown]:
        reason = known_reason(code)
        yield NextStep(f"Correct {users_words(number)}:", _gist(reason.fix) if reason else "", code=code)
    rest = people[shown:]
    if rest:
        number = sum(number for _, number in rest)
        yield NextStep(
            f"Correct {users_words(number)} for {len(rest)} other reasons.", "They are among the reasons below."
        )


def _gist(fix: str) -> str:
    """The fix as far as a box has room for it: its first sentence, and the next one if the first is short."""
    first, *more = _SENTENCE.split(fix.rstrip("."), maxsplit=2)
    return f"{first}. {more[0]}." if more and len(first) < SHORT else f"{first}."


def _again(document: RunDocument, people: list[tuple[str, int]]) -> Iterator[NextStep]:
    """Run once more, naming the reasons that a plain run does not look at again."""
    limited = document["limited"]
    if people:
        named = [code for code, _ in people if (reason := known_reason(code)) and not _looked_at(reason)]
        how = "With --retry it looks again at users whom you corrected in Descope." if named else ""
        yield NextStep("Then run again.", how, _retry(named))
    elif document["searched"]:
        yield NextStep("Run without --search-text.", "Only the users it finds were looked at.", RUN)
    elif document["counts"]["pending"] or limited:
        left = (
            f"{users_words(limited)} left out by --limit"
            if limited
            else f"{users_words(document['counts']['pending'])} still pending"
        )
        yield NextStep(f"Run again for the {left}.", "", RUN)


def _looked_at(reason: Reason) -> bool:
    """Whether every run judges users with this reason again by itself."""
    return reason.state == State.REJECTED or reason in JUDGED_ANEW


def _after_all(document: RunDocument) -> Iterator[NextStep]:
    """Everybody made it."""
    if not _read_back(document):
        yield _verify()
    yield NextStep("Run once more right before you switch sign-in over.", "Only what changed in Docebo is sent.", RUN)


def _before_cut_over(document: RunDocument) -> Iterator[NextStep]:
    """Those who would be given a new, empty account."""
    sso = document["sso"]
    if number := sso["of"] - sso["lands"] - sso["unknown"]:
        what = f"Before the cut-over, see to {users_words(number)} who would not land in their own Docebo account."
        yield NextStep(what, "sso.csv says who, and what to do.")


def _verify() -> NextStep:
    return NextStep("Compare both sides.", "Nobody has been read back from Descope yet.", VERIFY)


def _read_back(document: RunDocument) -> bool:
    """Whether anybody was ever read back."""
    return document["verify"]["read"] > 0


def _retry(codes: list[str]) -> str:
    return " ".join([RUN, *(f"--retry {code}" for code in codes)])
