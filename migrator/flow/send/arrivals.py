"""Which users of a request Descope has by now (docs/contract/descope.md 3.10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.descope.user import find_by_login
from migrator.flow.send.outcome import is_ours
from migrator.flow.threads import run_in_threads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.descope.user import DescopeUser
    from migrator.flow.context import PlanContext


def find_listed(context: PlanContext, users: Sequence[StoredUser]) -> dict[str, DescopeUser]:
    """Docebo user id to the user who carries the mark, else has the login id, as far as search shows it yet."""
    found = context.descope.search_logins([user.target.login_id for user in users])
    there: dict[str, DescopeUser] = {}
    for user in users:
        for one in find_by_login(found, [user.target.login_id]):
            if user.user_id not in there or is_ours(user, one):
                there[user.user_id] = one
    others = [u.user_id for u in users if u.user_id not in there or not is_ours(u, there[u.user_id])]
    if others and context.attributes.can_hold_marks:
        for one in context.descope.marked_as(context.platform, others):
            mark = one.mark()
            if mark is not None:
                there[mark[1]] = one
    return there


def find_one_by_one(context: PlanContext, users: Sequence[StoredUser]) -> dict[str, DescopeUser]:
    """Docebo user id to the user who has the login id now, one request each: authoritative where search lags."""
    there: dict[str, DescopeUser] = {}
    left = iter(users)

    def note(asked: tuple[str, DescopeUser | None]) -> None:
        user_id, found = asked
        if found is not None:
            there[user_id] = found

    run_in_threads(
        context.at_once,
        lambda: next(left, None),
        lambda user: (user.user_id, context.descope.by_login(user.target.login_id)),
        note,
    )
    return there
