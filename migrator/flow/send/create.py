"""Send one batch of users that Descope does not have (docs/contract/descope.md 3.3; docs/reliability.md N13, N14)."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from migrator.checkpoint.users.holders import CAME_MEANWHILE, holders_text, parse_holders
from migrator.core.model import Decision
from migrator.core.outcomes import UserInConflict, UserNotSent, UserRefused
from migrator.core.reasons import Reason
from migrator.descope.batch import match_answers, nameless_code
from migrator.descope.payload import create_body
from migrator.descope.user import find_by_login
from migrator.flow.plan.plan import decide_all
from migrator.flow.send.batch import Accepted, BatchResults, RefusedAlone, Split, Unanswered, send_in_parts
from migrator.flow.send.outcome import created_or_taken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.checkpoint.users.plans import PlannedAction
    from migrator.checkpoint.users.sends import ClaimedBatch
    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.descope.batch import BatchAnswer
    from migrator.flow.context import RunContext

# Seconds for which a look-up is trusted: after that, a stranger may have taken the login, and a server that
# overwrites existing logins would let us change that stranger (docs/reliability.md, "Known weaknesses").
LOOK_UP_HOLDS = 600.0


def create_batch(context: RunContext, batch: ClaimedBatch) -> BatchResults:
    """Create the users of a batch whose intent is stored; calls Descope only."""
    sent = BatchResults(batch)
    try:
        users = list(batch.users)
        if context.clock.time() - batch.decided_at > LOOK_UP_HOLDS:
            users = _still_absent(context, sent, users)
        _create(context, sent, users)
    except BaseException as error:  # noqa: BLE001 -- the results so far must reach the checkpoint first
        sent.cut_short(error)
    return sent


def _still_absent(context: RunContext, sent: BatchResults, users: list[StoredUser]) -> list[StoredUser]:
    absent = []
    for user, planned in zip(users, decide_all(context, users), strict=True):
        if planned.decision == Decision.CREATE:
            absent.append(user)
        elif planned.decision in (Decision.UPDATE, Decision.UNCHANGED):
            # Somebody created the user meanwhile with our mark: an update corrects what differs.
            again = Decision.UPDATE
            sent.put(UserNotSent(user.user_id, planned.target_id, again))
        else:
            # A stranger who came after the look-up was not confirmed; the next run looks again and asks.
            reason, detail = planned.reason or Reason.LOGIN_TAKEN, _came_meanwhile(planned)
            sent.put(UserInConflict(user.user_id, reason, detail))
    return absent


def _came_meanwhile(planned: PlannedAction) -> str:
    """The detail of a conflict that the plan did not show: who is in the way, and that every run looks again."""
    detail = (planned.detail if planned.reason else None) or holders_text("", filter(None, [planned.target_id])) or ""
    return detail if parse_holders(detail).word else f"{CAME_MEANWHILE} {detail}".strip()


def _create(context: RunContext, sent: BatchResults, users: Sequence[StoredUser]) -> None:
    attempts = send_in_parts(
        users,
        lambda some: context.descope.create([create_body(user.target) for user in some]),
        lambda refused: _not_there(context, sent, refused),
    )
    for attempt in attempts:
        sent.note(attempt)
        match attempt:
            case Accepted(users=asked, answer=answer):
                _judge(context, sent, asked, answer)
            case RefusedAlone(user=user, code=code):
                sent.put_unknown([user])
                _read_back(context, sent, {user.user_id: (user, code)})
            case Unanswered() | Split():
                pass  # noted
            case _:
                assert_never(attempt)
        if sent.is_decided(attempt):
            return


def _not_there(context: RunContext, sent: BatchResults, users: Sequence[StoredUser]) -> list[StoredUser]:
    """The users of a refused request that Descope does not show: a gateway may refuse a request that went through."""
    sent.put_unknown(users)
    found = context.descope.search_logins([user.target.login_id for user in users])
    absent = []
    for user in users:
        matches = find_by_login(found, [user.target.login_id])
        if matches:
            sent.put(created_or_taken(user, matches[0]))
        else:
            sent.put(UserNotSent(user.user_id))
            absent.append(user)
    return absent


def _judge(context: RunContext, sent: BatchResults, users: Sequence[StoredUser], answer: BatchAnswer) -> None:
    matched = match_answers(answer, [user.target.login_id for user in users], [user.target.email for user in users])
    doubtful: dict[str, tuple[StoredUser, str]] = {}
    for user in users:
        found = matched[user.target.login_id]
        if found.failure is not None and found.user is None:
            doubtful[user.user_id] = (user, found.failure.code)
        elif found.user is not None and found.failure is None and found.user.attributes:
            sent.put(created_or_taken(user, found.user))
        # In both lists, in neither, or without attributes: unknown until `settle` reads the user back.
    # A failure without a name belongs to a user in neither list; if the numbers leave no doubt which users are
    # meant, reading back decides at once, as for the named ones.
    silent = [u for u in users if matched[u.target.login_id].user is None and u.user_id not in doubtful]
    code = nameless_code(answer, len(silent), matched)
    if code is not None:
        doubtful |= {user.user_id: (user, code) for user in silent}
    _read_back(context, sent, doubtful)


def _read_back(context: RunContext, sent: BatchResults, doubtful: dict[str, tuple[StoredUser, str]]) -> None:
    """Read back failed users, who may exist anyway: ours from an earlier request, or a stranger's."""
    if not doubtful:
        return
    found = context.descope.search_logins([user.target.login_id for user, _ in doubtful.values()])
    for user, code in doubtful.values():
        matches = find_by_login(found, [user.target.login_id])
        # Search may lag behind a write; the look-up by login id is authoritative.
        match = matches[0] if matches else context.descope.by_login(user.target.login_id)
        sent.put(UserRefused(user.user_id, code) if match is None else created_or_taken(user, match))
