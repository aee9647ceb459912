"""Send one batch of changes to known users (docs/decisions/0013)."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple, assert_never

from migrator.checkpoint.users.holders import WANTED_TWICE, holders_text
from migrator.checkpoint.users.plans import CHANGED_IN_DESCOPE
from migrator.core.errors import NoAnswer, Refused
from migrator.core.fields import STATUS
from migrator.core.model import Decision, Origin
from migrator.core.outcomes import UserInConflict, UserRefused, UserUnknown, UserUpdated
from migrator.core.reasons import Reason
from migrator.descope.batch import match_answers, nameless_code
from migrator.descope.payload import patch_body
from migrator.flow.plan.decide import changes_for
from migrator.flow.send.batch import (
    NOT_ABOUT_USERS,
    Accepted,
    BatchResults,
    RefusedAlone,
    Split,
    Unanswered,
    caller_refused,
    code_of,
    send_in_parts,
)
from migrator.flow.send.before import keep_what_was
from migrator.flow.send.outcome import is_ours

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from migrator.checkpoint.users.sends import ClaimedBatch
    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.core.model import Json
    from migrator.core.outcomes import Outcome
    from migrator.descope.batch import BatchAnswer
    from migrator.descope.user import DescopeUser
    from migrator.flow.context import PlanContext, RunContext
    from migrator.flow.plan.changes import Changes

NO_SUCH_USER, LOGIN_TAKEN = "E112102", "E111127"  # docs/contract/descope.md 5 and 3.8


class _Task(NamedTuple):
    """A user to change, the Descope user that it is now, and what to do."""

    user: StoredUser
    found: DescopeUser
    todo: Changes


def name_of_call(found: DescopeUser) -> str:
    """A login id that the user has right now; the user id would do, but not every call is proven to accept it."""
    return found.login_ids[0] if found.login_ids else found.user_id


def updated(
    user: StoredUser, found: DescopeUser, todo: Changes, decision: Decision | None, *, in_flight: bool = False
) -> UserUpdated:
    """The outcome: the user is as it should be."""
    adopted = decision == Decision.ADOPT
    known = Origin.LINKED if adopted else Origin.PRESUMED if found.fresh is not None else None
    disabled = who_disabled(user, found, todo, in_flight=in_flight)
    return UserUpdated(user.user_id, found.user_id, todo.sent, user.origin or known, adopted, disabled=disabled)


def who_disabled(user: StoredUser, found: DescopeUser, todo: Changes, *, in_flight: bool = False) -> bool | None:
    """Whether we disabled the user, or enabled it again; None if that did not change.

    If the plan wanted the user disabled, a request without an outcome may have reached it, and it is disabled now,
    then we did it.

    Args:
        in_flight: a request was about to be sent, or was sent, and its outcome is unknown.
    """
    if todo.disables is not None:
        return todo.disables
    if found.status != "disabled":
        return False
    return True if user.disables and (in_flight or user.attempts > 0) else None


def update_batch(context: RunContext, batch: ClaimedBatch) -> BatchResults:
    """Bring the users of a batch to their target; calls Descope, and stores what users were like who are not our own.

    The difference is computed again from a read right before the write, so that a change made in between is
    neither undone nor sent twice.
    """
    sent = BatchResults(batch)
    try:
        tasks = _tasks(context, sent, batch)
        keep_what_was(context, ((user, found, todo.patch, todo.moves) for user, found, todo in tasks if todo))
        patched = _patch(context, sent, tasks)
        untouched = [task for task in tasks if not task.todo.patch]
        for user, found, todo in (*patched, *untouched):
            # Reported at once: an error while handling another user takes nothing back.
            if not todo.moves:
                sent.put(updated(user, found, todo, batch.decision))
        for user, found, todo in (*patched, *untouched):
            if todo.moves:
                sent.put(_moved(context, user, found, todo, batch.decision))
    except BaseException as error:  # noqa: BLE001 -- the results so far must reach the checkpoint first
        sent.cut_short(error)
    return sent


def _tasks(context: RunContext, sent: BatchResults, batch: ClaimedBatch) -> list[_Task]:
    loaded = context.descope.load([user.descope_id for user in batch.users if user.descope_id])
    by_id = {user.user_id: user for user in loaded}
    taken: set[str] = set()
    tasks = []
    for user in batch.users:
        found = by_id.get(user.descope_id or "")
        todo = None if found is None else changes_to_send(context, user, found, batch.decision)
        if found is None:
            sent.put(UserInConflict(user.user_id, Reason.DELETED_AT_DESCOPE))
        elif todo is None:
            sent.put(lost_user(user, found))
        elif found.user_id in taken:
            detail = holders_text(WANTED_TWICE, [found.user_id])
            sent.put(UserInConflict(user.user_id, Reason.SEVERAL_MATCHES, detail))
        elif _has_drifted(context, user, found):
            sent.put(UserInConflict(user.user_id, Reason.DRIFTED, CHANGED_IN_DESCOPE))
        elif todo.missing_logins:
            sent.put(UserInConflict(user.user_id, Reason.LOGIN_IDS_DIFFER))
        elif todo.excludes:
            sent.put(UserInConflict(user.user_id, Reason.TENANTS_OR_ROLES, holders_text("", [found.user_id])))
        else:
            taken.add(found.user_id)
            tasks.append(_Task(user, found, todo))
    return tasks


def _has_drifted(context: RunContext, user: StoredUser, found: DescopeUser) -> bool:
    """Whether a binding plan saw another user; after an unanswered attempt, the difference may be our own."""
    bound = context.options.plan_file is not None and user.attempts == 0
    return bound and found.fingerprint() != user.found_fingerprint


def changes_to_send(
    context: PlanContext, user: StoredUser, found: DescopeUser, decision: Decision | None
) -> Changes | None:
    """What remains to be done for this user; None if the user found is not ours to change."""
    link = decision == Decision.ADOPT and user.origin not in (Origin.CREATED, Origin.PRESUMED)
    todo = changes_for(user, found, context.rules, link=link)
    if is_ours(user, found):
        return todo
    if decision == Decision.ADOPT:
        # The confirmed user is the one that the plan saw and that still has the login.
        agreed = found.fingerprint() == user.found_fingerprint or found.mark() is None
        return todo if agreed and found.answers_to(user.target.login_id) else None
    lost = found.mark() is None and (user.retry or context.config.policy.existing == "link")
    return todo if lost else None


def lost_user(user: StoredUser, found: DescopeUser) -> UserInConflict:
    """The conflict over a user that is no longer ours to change."""
    reason = Reason.MARK_LOST if found.mark() is None else Reason.LOGIN_TAKEN
    return UserInConflict(user.user_id, reason, holders_text("", [found.user_id]))


def _patch(context: RunContext, sent: BatchResults, tasks: Sequence[_Task]) -> list[_Task]:
    """Patch what can be patched; returns the tasks whose patch succeeded and that have more to do."""
    leaving = [task for task in tasks if task.todo.patch.get(STATUS) == "disabled" and len(task.todo.patch) > 1]
    # Leaving comes first, in its own patch: a field that Descope refuses must not keep a user enabled.
    gone_through = _patch_fields(context, sent, leaving, lambda _todo: {STATUS: "disabled"})
    refused = {task.user.user_id for task in leaving} - {task.user.user_id for task in gone_through}
    rest = [task for task in tasks if task.todo.patch and task.user.user_id not in refused]
    return _patch_fields(context, sent, rest, lambda todo: todo.patch)


def _patch_fields(
    context: RunContext,
    sent: BatchResults,
    tasks: Sequence[_Task],
    fields: Callable[[Changes], dict[str, Json]],
) -> list[_Task]:
    """Patch some fields of each; returns the tasks whose patch succeeded."""
    by_user = {task.user.user_id: task for task in tasks}
    through: list[_Task] = []

    def send(users: Sequence[StoredUser]) -> BatchAnswer:
        some = [by_user[user.user_id] for user in users]
        return context.descope.patch([patch_body(name_of_call(found), fields(todo)) for _, found, todo in some])

    # A change states the wanted value, so one that was done anyway may be sent again.
    for attempt in send_in_parts([task.user for task in tasks], send):
        sent.note(attempt)
        match attempt:
            case Accepted(users=users, answer=answer):
                through += _patched(sent, [by_user[user.user_id] for user in users], answer)
            case RefusedAlone(user=user, code=code):
                sent.put(UserRefused(user.user_id, code))
            case Unanswered() | Split():
                pass  # noted
            case _:
                assert_never(attempt)
        if sent.is_decided(attempt):
            break
    return through


def _patched(sent: BatchResults, tasks: Sequence[_Task], answer: BatchAnswer) -> list[_Task]:
    """The tasks whose patch succeeded, by the answer; of the others, those it names as failed are refused."""
    done = {user.user_id for user in answer.done}
    names = [name_of_call(task.found) for task in tasks]
    matched = match_answers(answer, names, [task.found.email for task in tasks])
    failures = {name: matched[name].failure for name in names}
    # As for creates: failures without a name belong to the users in neither list.
    silent = [one for one in tasks if failures[name_of_call(one.found)] is None and one.user.descope_id not in done]
    meant = nameless_code(answer, len(silent), matched)
    through = []
    for name, task in zip(names, tasks, strict=True):
        user = task.user
        failure, is_done = failures[name], user.descope_id in done
        code = meant if failure is None else failure.code
        if failure is None and is_done:
            sent.put_partly_done(user, disabled=who_disabled(*task))
            through.append(task)
        elif code is not None and not is_done:
            sent.put(UserRefused(user.user_id, code))
    return through


def _moved(context: RunContext, user: StoredUser, found: DescopeUser, todo: Changes, decision: Decision) -> Outcome:
    """Change addresses one by one, with the calls that fail rather than merge (docs/contract/descope.md 3.8)."""
    login_id = name_of_call(found)
    steps: list[tuple[Reason, Callable[[], DescopeUser]]] = []
    email, phone = todo.email, todo.phone
    if email is not None:
        steps.append(
            (Reason.EMAIL_TAKEN, lambda: context.descope.update_email(login_id, email, verified=todo.verified))
        )
    if phone is not None:
        steps.append((Reason.PHONE_TAKEN, lambda: context.descope.update_phone(login_id, phone)))
    steps += [(Reason.LOGIN_TAKEN, partial(_rename, context, found, *rename)) for rename in todo.renames]
    for reason, step in steps:
        try:
            step()
        except NoAnswer:
            return UserUnknown(user.user_id)
        except Refused as error:
            return _refused_move(user, error, reason)
    return updated(user, found, todo, decision)


def _refused_move(user: StoredUser, error: Refused, taken: Reason) -> UserInConflict | UserRefused:
    """What a refused address means: somebody else has it (409), the user is gone, or Descope does not accept it.

    Args:
        taken: the reason when somebody else has it.

    Raises:
        StopRun: the refusal is about the caller.
    """
    if error.code == NO_SUCH_USER:
        return UserInConflict(user.user_id, Reason.DELETED_AT_DESCOPE)
    if error.status in NOT_ABOUT_USERS:
        raise caller_refused(error) from None
    if error.status == HTTPStatus.CONFLICT or error.code == LOGIN_TAKEN:
        return UserInConflict(user.user_id, taken, error.code or None)
    return UserRefused(user.user_id, code_of(error))


def _rename(context: RunContext, found: DescopeUser, old: str, new: str) -> DescopeUser:
    """Rename a login id, unless that is already done or somebody else has the new one by now."""
    holder = context.descope.by_login(new)
    if holder is None:
        return context.descope.update_login(old, new)
    if holder.user_id != found.user_id:
        # It is not documented what the call itself would then do (docs/contract/descope.md 3.8).
        raise Refused("the new login id belongs to another user", status=409)
    return holder
