"""Which users of a request Descope has by now (contract descope 3.10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.descope import user as descope_user
from migrator.engine import outcome
from migrator.engine.parallel import pump
from migrator.model import MARK_PLATFORM, MARK_USER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.checkpoint.plans import Candidate
    from migrator.descope.user import DescopeUser
    from migrator.engine.job import Job


def listed(job: Job, users: Sequence[Candidate]) -> dict[str, DescopeUser]:
    """Docebo user id to whoever carries that user's mark, else has its login id, as far as search knows yet."""
    found = job.descope.search_logins([user.target.login_id for user in users])
    there: dict[str, DescopeUser] = {}
    for user in users:
        for one in descope_user.find(found, [user.target.login_id]):
            if user.user_id not in there or outcome.is_ours(user, one):
                there[user.user_id] = one
    others = [u.user_id for u in users if u.user_id not in there or not outcome.is_ours(u, there[u.user_id])]
    # Without the attribute's definition nobody can carry the mark.
    if others and job.undefined.keys().isdisjoint((MARK_PLATFORM, MARK_USER)):
        for one in job.descope.marked_as(job.platform, others):
            mark = one.mark()
            if mark is not None:
                there[mark[1]] = one
    return there


def asked_for_alone(job: Job, users: Sequence[Candidate]) -> dict[str, DescopeUser]:
    """Docebo user id to whoever has that user's login id now, one request each: the authority where search lags."""
    there: dict[str, DescopeUser] = {}
    left = iter(users)

    def note(asked: tuple[str, DescopeUser | None]) -> None:
        user_id, found = asked
        if found is not None:
            there[user_id] = found

    pump(
        job.config.run.concurrency,
        lambda: next(left, None),
        lambda user: (user.user_id, job.descope.by_login(user.target.login_id)),
        note,
    )
    return there
