"""The books: runs, counts, problem rows, and the erasing of personal data."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, and_, case, delete, func, insert, or_, select, update

from migrator.checkpoint import leavers, proofs
from migrator.checkpoint.sweeps import EMPTY
from migrator.checkpoint.tables import run, sample, source_user
from migrator.model import ARRIVED_STATES, NEEDS_PERSON_STATES, NOT_STARTED, RUNNING, Decision, Outcome, State

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from migrator.checkpoint.checkpoint import Checkpoint

PROBLEM_PAGE = 1000
STILL_ENABLED = "still_enabled"  # left at the source, and not disabled at Descope


@dataclass(frozen=True, slots=True)
class Books:
    """Counts by state (every state present) and by reason; `found` is their sum."""

    states: Mapping[str, int]
    reasons: dict[str, int]

    @property
    def found(self) -> int:
        """Every source user ever seen."""
        return sum(self.states.values())


@dataclass(frozen=True, slots=True)
class Problem:
    """A user that needs a person; `raw` is the Docebo record's JSON text while it is kept.

    `reason` is a reason code; or, where the state tells no trouble, `missing` or `differs` (how the user was found in
    Descope) or STILL_ENABLED.

    `target_id` is the Descope user it became or was found as; `attempts` counts its requests that went unanswered.
    """

    user_id: str
    state: State
    reason: str
    detail: str | None
    raw: str | None = field(default=None, repr=False)
    target_id: str | None = None
    attempts: int = 0


# The state that a planned user would come to.
FORESEEN: dict[str, State] = {
    Decision.CREATE: State.CREATED,
    Decision.UPDATE: State.UPDATED,
    Decision.ADOPT: State.UPDATED,
    Decision.UNCHANGED: State.UNCHANGED,
    "conflict": State.CONFLICT,
}


def foreseen_state(state: str, decision: str | None) -> State:
    """The state a planned user would come to; anybody else's own."""
    return FORESEEN[decision] if state == State.PENDING and decision else State(state)


def count(checkpoint: Checkpoint, *, predicted: bool = False) -> Books:
    """Count all users; `predicted` counts a planned user as what it would become."""
    query = (
        select(source_user.c.state, source_user.c.decision, source_user.c.reason, func.count())
        .where(source_user.c.migration == checkpoint.key)
        .group_by(source_user.c.state, source_user.c.decision, source_user.c.reason)
    )
    states: dict[str, int] = dict.fromkeys(State, 0)
    reasons: dict[str, int] = {}
    for state, decision, reason, number in checkpoint.read(lambda c: c.execute(query).all()):
        seen = foreseen_state(state, decision) if predicted else State(state)
        states[seen] += number
        if reason and seen not in (State.PENDING, *ARRIVED_STATES):
            reasons[reason] = reasons.get(reason, 0) + number
    return Books(states, dict(sorted(reasons.items())))


def states_of(checkpoint: Checkpoint, user_ids: Collection[str]) -> dict[str, State]:
    """The state of each of these users."""
    query = select(source_user.c.user_id, source_user.c.state).where(
        source_user.c.migration == checkpoint.key, source_user.c.user_id.in_(user_ids)
    )
    return {user_id: State(state) for user_id, state in checkpoint.read(lambda c: c.execute(query).all())}


def problems(checkpoint: Checkpoint, *, predicted: bool = False) -> Iterator[Problem]:
    """Users that need a person, whether their state says so or what was found in Descope; by user id, memory flat."""
    by_state: ColumnElement[bool] = source_user.c.state.in_(NEEDS_PERSON_STATES)
    if predicted:
        by_state = or_(by_state, and_(source_user.c.state == State.PENDING, source_user.c.decision == "conflict"))
    wrong = proofs.found_wrong(checkpoint)
    bad = or_(by_state, wrong, leavers.still_there(checkpoint))
    reason = case((by_state, source_user.c.reason), (wrong, source_user.c.verdict), else_=STILL_ENABLED)
    columns = (
        source_user.c.user_id, source_user.c.state, reason.label("reason"), source_user.c.detail, source_user.c.raw,
        source_user.c.target_id, source_user.c.attempts, by_state.label("by_state"),
    )  # fmt: skip
    after = ""
    while True:
        query = (
            select(*columns)
            .where(source_user.c.migration == checkpoint.key, bad, source_user.c.user_id > after)
            .order_by(source_user.c.user_id)
            .limit(PROBLEM_PAGE)
        )
        rows = checkpoint.read(lambda c, query=query: c.execute(query).all())  # type: ignore[misc]
        for row in rows:
            state = State.CONFLICT if row.state == State.PENDING and row.by_state else State(row.state)
            yield Problem(row.user_id, state, row.reason or "", row.detail, row.raw, row.target_id, row.attempts)
        if len(rows) < PROBLEM_PAGE:
            return
        after = rows[-1].user_id


# --- runs ----------------------------------------------------------------------------------------


def begin_run(checkpoint: Checkpoint, command: str) -> int:
    """Open a run's row and return its number."""

    def work(connection: Connection) -> int:
        last = connection.execute(select(func.max(run.c.number)).where(run.c.migration == checkpoint.key)).scalar()
        number = (last or 0) + 1
        connection.execute(
            insert(run).values(
                migration=checkpoint.key, number=number, command=command, started_at=checkpoint.clock.time()
            )
        )
        return number

    return checkpoint.write(work)


def note_run(checkpoint: Checkpoint, number: int, summary: dict[str, Any], outcome: Outcome | None) -> None:
    """Store a run's figures so far; an outcome closes the row."""
    values: dict[str, Any] = {"summary": json.dumps(summary)}
    if outcome is not None:
        values |= {"outcome": outcome, "finished_at": checkpoint.clock.time()}
    checkpoint.write(
        lambda c: c.execute(
            update(run).where(run.c.migration == checkpoint.key, run.c.number == number).values(**values)
        )
    )


def forget_run(checkpoint: Checkpoint, number: int) -> None:
    """Take a run's row away again: what a wrong configuration ended was no run."""

    def work(connection: Connection) -> None:
        for table, column in ((sample, sample.c.run), (run, run.c.number)):
            connection.execute(delete(table).where(table.c.migration == checkpoint.key, column == number))

    checkpoint.write(work)


def note_details(checkpoint: Checkpoint, number: int, details: dict[str, Any]) -> None:
    """Store what a run's report shows beyond its figures: counts about fields and sign-ins, no personal data."""
    checkpoint.write(
        lambda c: c.execute(
            update(run)
            .where(run.c.migration == checkpoint.key, run.c.number == number)
            .values(details=json.dumps(details))
        )
    )


def last_details(checkpoint: Checkpoint) -> dict[str, Any]:
    """The newest details any run stored; {} before the first."""
    query = (
        select(run.c.details)
        .where(run.c.migration == checkpoint.key, run.c.details.is_not(None))
        .order_by(run.c.number.desc())
        .limit(1)
    )
    text = checkpoint.read(lambda c: c.execute(query).scalar_one_or_none())
    details: dict[str, Any] = json.loads(text) if text else {}
    return details


def last_run(checkpoint: Checkpoint) -> dict[str, Any] | None:
    """The newest run's row as a dict, its summary decoded; None before the first."""
    query = select(run).where(run.c.migration == checkpoint.key).order_by(run.c.number.desc()).limit(1)
    row = checkpoint.read(lambda c: c.execute(query).mappings().one_or_none())
    if row is None:
        return None
    return {**row, "summary": json.loads(row["summary"]) if row["summary"] else {}}


def outcome(last: Mapping[str, Any], *, held: bool) -> str:
    """How the newest run, as `last_run` gives it, stands; one without lease or last word was killed."""
    if held:
        return RUNNING
    return last.get("outcome") or Outcome.STOPPED if last else NOT_STARTED


# --- personal data -------------------------------------------------------------------------------


def erase_profiles(
    checkpoint: Checkpoint, states: tuple[State, ...], verdicts: Collection[str | None] | None = None
) -> int:
    """Remove the personal data of users in these states, from the file's raw bytes too.

    Args:
        verdicts: of those who arrived, only whoever was last read back like this (`proofs.RowVerdict`): without its
            profile nobody could see a user right again.

    Raises:
        BytesRemain: it left the rows, but not the bytes; every later call tries that again.
    """
    done: ColumnElement[bool] = source_user.c.state.in_(states)
    if verdicts is not None:
        said: ColumnElement[bool] = source_user.c.verdict.in_([verdict for verdict in verdicts if verdict is not None])
        if None in verdicts:
            said = said | source_user.c.verdict.is_(None)
        done = and_(done, source_user.c.state.not_in(ARRIVED_STATES) | said)
    has_data = and_(
        source_user.c.migration == checkpoint.key,
        done,
        source_user.c.profile.is_not(None) | source_user.c.raw.is_not(None),
    )

    def work(connection: Connection) -> int:
        # One row keeps an empty record until the bytes are rewritten: a run that dies before leaves it to the next.
        first = select(func.min(source_user.c.user_id)).where(has_data).scalar_subquery()
        raw = case((source_user.c.user_id == first, EMPTY))
        erased = connection.execute(update(source_user).where(has_data).values(raw=raw, profile=None, changes=None))
        return erased.rowcount

    number = checkpoint.write(work)
    if number:
        checkpoint.compact()
        checkpoint.write(lambda c: c.execute(update(source_user).where(has_data).values(raw=None)))
    return number
