"""Send one batch of changes to users we know (design section 6, "on an existing user with our mark")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.checkpoint.plans import DRIFTED
from migrator.checkpoint.sends import Result
from migrator.descope import results as answers
from migrator.engine import outcome
from migrator.engine.decide import Changes, changes, is_adopted
from migrator.engine.sender import NOT_ABOUT_USERS, Sent, caller_refused, send_split
from migrator.errors import NoAnswer, Refused
from migrator.model import State

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from migrator.checkpoint.plans import Candidate
    from migrator.checkpoint.sends import Batch
    from migrator.descope.results import BatchAnswer
    from migrator.descope.user import DescopeUser
    from migrator.engine.job import Job


@dataclass(frozen=True, slots=True)
class Task:
    """A user to change: as Descope has it now, and what is to be done."""

    user: Candidate
    found: DescopeUser
    todo: Changes

    @property
    def login_id(self) -> str:
        """A login id the user has right now; the user id would do, but not every call is proven to take it."""
        return self.found.login_ids[0] if self.found.login_ids else self.found.user_id


def change_batch(job: Job, batch: Batch) -> Sent:
    """Bring the users of a batch to their target; talks to Descope only.

    The difference is taken anew from a read right before the write, so that a change made in between is
    neither undone nor sent twice.
    """
    sent = Sent(batch)
    try:
        tasks = _tasks(job, sent, batch.users)
        _patch(job, sent, [task for task in tasks if task.todo.patch])
        for task in tasks:
            if task.user.user_id not in sent.results:
                _move(job, sent, task)
    except BaseException as error:  # noqa: BLE001 -- the results so far must reach the checkpoint first
        sent.cut_short(error)
    return sent


def _tasks(job: Job, sent: Sent, users: Sequence[Candidate]) -> list[Task]:
    loaded = job.descope.load([user.target_id for user in users if user.target_id])
    by_id = {user.user_id: user for user in loaded}
    tasks = []
    for user in users:
        found = by_id.get(user.target_id or "")
        task = None if found is None else make_task(job, user, found)
        if task is None:
            sent.put(Result(user.user_id, State.CONFLICT, reason="login_taken" if found else "deleted_at_descope"))
        elif _has_drifted(job, task):
            sent.put(Result(user.user_id, State.CONFLICT, reason=DRIFTED))
        else:
            tasks.append(task)
    return tasks


def _has_drifted(job: Job, task: Task) -> bool:
    """Whether a binding plan saw another user; after an unanswered try the difference may be our own."""
    bound = job.options.plan_file is not None and task.user.attempts == 0
    return bound and task.found.fingerprint() != task.user.seen


def make_task(job: Job, user: Candidate, found: DescopeUser) -> Task | None:
    """What is left to do for this user; None when the user found is not ours to change."""
    stranger = found.mark() is None and job.config.policy.existing == "link"
    if not stranger and not outcome.is_ours(user, found):
        return None
    link = stranger or is_adopted(found)
    return Task(user, found, changes(user.target, found, job.config.policy, link=link))


def _patch(job: Job, sent: Sent, tasks: Sequence[Task]) -> None:
    by_user = {task.user.user_id: task for task in tasks}

    def send(users: Sequence[Candidate]) -> BatchAnswer:
        some = [by_user[user.user_id] for user in users]
        return job.writer.patch([{"loginId": task.login_id, **task.todo.patch} for task in some])

    def accepted(users: Sequence[Candidate], answer: BatchAnswer) -> None:
        done = {user.user_id for user in answer.done}
        matched = answers.match(answer, [by_user[user.user_id].login_id for user in users])
        failures = {user.user_id: matched[by_user[user.user_id].login_id].failure for user in users}
        # As for creates: failures without a name are theirs who stand in neither list.
        silent = [user for user in users if failures[user.user_id] is None and user.target_id not in done]
        meant = answers.nameless(answer, len(silent))
        for user in users:
            failure = failures[user.user_id]
            code = meant if failure is None else failure.code
            if failure is None and user.target_id in done:
                del sent.results[user.user_id]  # patched; what else there is to do follows
            elif code is not None and user.target_id not in done:
                sent.put(outcome.refused(user, code))

    def alone(user: Candidate, error: Refused) -> None:
        sent.put(outcome.refused(user, error.code or f"HTTP {error.status}"))

    if tasks:
        # A change states the wanted value, so that one which was done all the same may be sent again.
        send_split(sent, [task.user for task in tasks], send, accepted, alone, left=lambda users: users)


def _move(job: Job, sent: Sent, task: Task) -> None:
    """Change addresses one by one, with the calls that fail rather than merge (contract descope 3.8)."""
    user, todo, login_id = task.user, task.todo, task.login_id
    steps: list[tuple[str, Callable[[], DescopeUser]]] = []
    email, phone, rename = todo.email, todo.phone, todo.rename
    if email is not None:
        steps.append(("email_taken", lambda: job.writer.update_email(login_id, email, verified=todo.verified)))
    if phone is not None:
        steps.append(("phone_taken", lambda: job.writer.update_phone(login_id, phone)))
    if rename is not None:
        steps.append(("login_taken", lambda: _rename(job, task.found, *rename)))
    for reason, step in steps:
        try:
            step()
        except NoAnswer:
            sent.put(outcome.unknown(user))
            return
        except Refused as error:
            if error.status in NOT_ABOUT_USERS:
                raise caller_refused(error) from None
            sent.put(Result(user.user_id, State.CONFLICT, reason=reason, detail=error.code or None))
            return
    sent.put(Result(user.user_id, State.UPDATED, target_id=user.target_id))


def _rename(job: Job, found: DescopeUser, old: str, new: str) -> DescopeUser:
    """Rename a login id, unless it was done already or the new one is somebody else's by now."""
    holder = job.descope.by_login(new)
    if holder is None:
        return job.writer.update_login(old, new)
    if holder.user_id != found.user_id:
        # What the call itself would do then is not documented (contract descope 3.8).
        raise Refused("the new login id belongs to another user", status=409)
    return holder
