"""A few users first, chosen so that every variant the mapping makes is among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.checkpoint import books, plans
from migrator.engine.proof import verify_sent
from migrator.engine.send import send
from migrator.errors import StopRun
from migrator.model import NEEDS_PERSON_STATES

if TYPE_CHECKING:
    from migrator.checkpoint.plans import Candidate
    from migrator.engine.job import Job
    from migrator.model import TargetUser

PAGE = 500


def variant(target: TargetUser) -> tuple[object, ...]:
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


def send_canary(job: Job, number: int) -> None:
    """Send a few users and read them back, then ask whether to go on.

    Raises:
        StopRun: the answer was no; without a person to ask, it is no as soon as one of them went wrong.
    """
    job.only = choose(job, number)
    if not job.only:  # nobody but leavers to disable
        job.only = None
        return
    send(job)
    differing = verify_sent(job, again=False)  # what an earlier run left wrong is not the canary's
    ended = books.states_of(job.checkpoint, job.only)
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


def choose(job: Job, number: int) -> set[str]:
    """User ids of at most `number` planned users: one of each variant first, then whoever comes."""
    first: dict[tuple[object, ...], str] = {}
    others: list[str] = []
    after = ""
    while page := plans.sendable(job.checkpoint, after, PAGE):
        for user in page:
            _place(user, first, others, number)
        after = page[-1].user_id
    return set([*first.values(), *others][:number])


def _place(user: Candidate, first: dict[tuple[object, ...], str], others: list[str], number: int) -> None:
    kind = (*variant(user.target), user.target_id is None)
    if kind not in first:
        first[kind] = user.user_id
    elif len(others) < number:
        others.append(user.user_id)
