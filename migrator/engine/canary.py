"""A few users first, chosen so that every variant the mapping makes is among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.checkpoint import plans

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
