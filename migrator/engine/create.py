"""Send one batch of users that Descope does not have (contract descope 3.3, matrix N13, N14)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.checkpoint.holders import CAME_MEANWHILE, detail_of, parse
from migrator.checkpoint.sends import Result
from migrator.descope import results as answers
from migrator.descope import user as descope_user
from migrator.engine import outcome
from migrator.engine.decide import create_body
from migrator.engine.plan import decide_all
from migrator.engine.sender import Sent, send_split
from migrator.model import Decision, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.checkpoint.plans import Candidate, Planned
    from migrator.checkpoint.sends import Batch
    from migrator.descope.results import BatchAnswer
    from migrator.engine.job import Job
    from migrator.errors import Refused

# Seconds a look-up is believed: behind it a stranger may have taken the login, and a server that
# overwrites existing logins would let us touch them (matrix B3 [open]).
LOOK_UP_HOLDS = 600.0


def create_batch(job: Job, batch: Batch) -> Sent:
    """Create the users of a batch whose intent is stored; talks to Descope only."""
    sent = Sent(batch)
    try:
        users = list(batch.users)
        if job.clock.time() - batch.decided_at > LOOK_UP_HOLDS:
            users = _still_absent(job, sent, users)
        _create(job, sent, users)
    except BaseException as error:  # noqa: BLE001 -- the results so far must reach the checkpoint first
        sent.cut_short(error)
    return sent


def _still_absent(job: Job, sent: Sent, users: list[Candidate]) -> list[Candidate]:
    absent = []
    for user, planned in zip(users, decide_all(job, users), strict=True):
        if planned.decision == Decision.CREATE:
            absent.append(user)
        elif planned.decision in (Decision.UPDATE, Decision.UNCHANGED):
            # Somebody made it meanwhile with our mark: what differs is brought right as an update.
            again = Decision.UPDATE
            sent.put(Result(user.user_id, State.PENDING, target_id=planned.target_id, decision=again))
        else:
            # Whoever came after the look-up was not agreed to; the next run looks again and asks.
            reason, detail = planned.reason or "login_taken", _came_meanwhile(planned)
            sent.put(Result(user.user_id, State.CONFLICT, reason=reason, detail=detail))
    return absent


def _came_meanwhile(planned: Planned) -> str:
    """The detail of a conflict that the plan did not show: who is in the way, and that every run looks again."""
    detail = planned.detail or detail_of("", [planned.target_id] if planned.target_id else []) or ""
    return detail if parse(detail).word else f"{CAME_MEANWHILE} {detail}".strip()


def _create(job: Job, sent: Sent, users: Sequence[Candidate]) -> None:
    def accepted(asked: Sequence[Candidate], answer: BatchAnswer) -> None:
        _judge(job, sent, asked, answer)

    def alone(user: Candidate, error: Refused) -> None:
        sent.put(outcome.unknown(user))
        _read_back(job, sent, {user.user_id: (user, error.code or f"HTTP {error.status}")})

    if users:
        send_split(
            sent,
            users,
            lambda some: job.writer.create([create_body(u.target) for u in some]),
            accepted,
            alone,
            left=lambda refused: _not_there(job, sent, refused),
        )


def _not_there(job: Job, sent: Sent, users: Sequence[Candidate]) -> list[Candidate]:
    """Of a refused request's users, those that Descope does not show: a gateway may refuse what went through."""
    for user in users:
        sent.put(outcome.unknown(user))
    found = job.descope.search_logins([user.target.login_id for user in users])
    absent = []
    for user in users:
        here = descope_user.find(found, [user.target.login_id])
        if here:
            sent.put(outcome.created(user, here[0]))
        else:
            del sent.results[user.user_id]
            absent.append(user)
    return absent


def _judge(job: Job, sent: Sent, users: Sequence[Candidate], answer: BatchAnswer) -> None:
    matched = answers.match(answer, [user.target.login_id for user in users], [user.target.email for user in users])
    doubtful: dict[str, tuple[Candidate, str]] = {}
    for user in users:
        found = matched[user.target.login_id]
        if found.failure is not None and found.user is None:
            doubtful[user.user_id] = (user, found.failure.code)
        elif found.user is not None and found.failure is None and found.user.attributes:
            sent.put(outcome.created(user, found.user))
        # In both lists, in neither, or without attributes: unknown until read back by `settle`.
    # A failure without a name belongs to somebody in neither list; where the numbers leave no doubt who is
    # meant, reading back decides at once, as for the named ones.
    silent = [u for u in users if matched[u.target.login_id].user is None and u.user_id not in doubtful]
    code = answers.nameless(answer, len(silent), matched)
    if code is not None:
        doubtful |= {user.user_id: (user, code) for user in silent}
    _read_back(job, sent, doubtful)


def _read_back(job: Job, sent: Sent, doubtful: dict[str, tuple[Candidate, str]]) -> None:
    """A failed user may exist all the same: ours from an earlier request, or a stranger's."""
    if not doubtful:
        return
    found = job.descope.search_logins([user.target.login_id for user, _ in doubtful.values()])
    for user, code in doubtful.values():
        here = descope_user.find(found, [user.target.login_id])
        # Search may lag behind a write; the look-up by login id is the authority.
        there = here[0] if here else job.descope.by_login(user.target.login_id)
        sent.put(outcome.refused(user, code) if there is None else outcome.created(user, there))
