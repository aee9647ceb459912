"""A few users first, chosen so that every variant the mapping makes is among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.checkpoint.users.counts import states_of
from migrator.checkpoint.users.plans import planned_users
from migrator.core.errors import StopRun
from migrator.core.model import NEEDS_PERSON_STATES
from migrator.flow.read_back import verify_sent
from migrator.flow.send.send import send_users

if TYPE_CHECKING:
    from migrator.checkpoint.users.plans import QueuedUser
    from migrator.core.model import TargetUser
    from migrator.flow.context import RunContext

_PAGE = 500


def variant_of(target: TargetUser) -> tuple[object, ...]:
    """What distinguishes users as far as the mapping goes: which fields and attributes are there, and flags."""
    return (
        target.status,
        target.verified_email,
        bool(target.email),
        bool(target.phone),
        bool(target.picture),
        bool(target.name),
        bool(target.given_name),
        bool(target.family_name),
        target.login_id.isascii(),
        len(target.extra_login_ids),
        tuple(sorted(target.attributes)),
    )


def send_canary(job: RunContext, number: int) -> None:
    """Send a few users and read them back, then ask whether to go on.

    Raises:
        StopRun: the answer was no; without a person to ask, it is no as soon as one of them went wrong.
    """
    job.only = choose_canary(job, number)
    if not job.only:  # nobody but leavers to disable
        job.only = None
        return
    send_users(job)
    differing = verify_sent(job, again=False)  # what an earlier run left wrong is not the canary's
    ended = states_of(job.checkpoint, job.only)
    wrong = differing + sum(1 for state in ended.values() if state in NEEDS_PERSON_STATES)
    sent = len(job.only)
    job.only = None
    if not job.ask(job.options.confirm_canary, sent, wrong):
        if not wrong:
            raise StopRun(
                f"You said no after the canary: {sent} users were sent and read back, and none of them went wrong.",
                fix="Run again when you are ready.",
            )
        raise StopRun(
            f"The canary stopped the run: {wrong} of the {sent} users sent first went wrong.",
            fix="Look at problems.csv and at these users in Descope, correct the mapping, then run again.",
        )


def choose_canary(job: RunContext, number: int) -> set[str]:
    """User ids of at most `number` planned users: one of each variant first, then whoever comes."""
    first: dict[tuple[object, ...], str] = {}
    others: list[str] = []
    after = ""
    while page := planned_users(job.checkpoint, after, _PAGE):
        for user in page:
            _place(user, first, others, number)
        after = page[-1].user_id
    return set([*first.values(), *others][:number])


def _place(user: QueuedUser, first: dict[tuple[object, ...], str], others: list[str], number: int) -> None:
    kind = (*variant_of(user.target), user.target_id is None)
    if kind not in first:
        first[kind] = user.user_id
    elif len(others) < number:
        others.append(user.user_id)
