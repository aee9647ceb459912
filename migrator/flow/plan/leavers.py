"""Leavers still to be disabled: users who arrived earlier, and are suspended but set aside, or gone from Docebo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.checkpoint.users.leavers import leaver_pages
from migrator.core.fields import STATUS
from migrator.core.model import Origin, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.descope.user import DescopeUser
    from migrator.flow.context import PlanContext

_AT_ONCE = 100


def count_leavers(context: PlanContext) -> int:
    """How many users sending would disable now."""
    return sum(len(enabled_users(context, page)[0]) for page in pages_to_disable(context))


def pages_to_disable(context: PlanContext) -> Iterator[list[StoredUser]]:
    """The leavers to look at, a hundred at a time.

    If `policy.update` leaves the status to Descope, only `policy.vanished` can ask for any; and that only in a run that
    reads everybody, who may be back by now.
    """
    policy, mapped = context.config.policy, context.config.mapping.status.model_dump()
    ours = policy.update.get(STATUS, policy.update["default"]) == "source_wins"
    statuses = [name for name, status in mapped.items() if ours and status == "disabled"]
    gone = policy.vanished == "disable" and not context.options.search_text
    return leaver_pages(context.checkpoint, statuses, _AT_ONCE, vanished=gone)


def enabled_users(
    context: PlanContext, page: Sequence[StoredUser]
) -> tuple[list[tuple[StoredUser, DescopeUser]], list[StoredUser]]:
    """Which of these users are ours and enabled; and which are enabled and no longer carry our mark."""
    there = {
        user.user_id: user
        for user in context.descope.load([one.target_id for one in page if one.target_id is not None])
    }
    pairs = [(one, there[one.target_id]) for one in page if one.target_id in there]
    # Whoever is gone is disabled only if we certainly created the user (docs/decisions/0023).
    pairs = [(one, found) for one, found in pairs if one.state != State.VANISHED or one.origin == Origin.CREATED]
    enabled = [(one, found) for one, found in pairs if found.status in ("enabled", "invited")]
    ours = [(one, found) for one, found in enabled if found.mark() == (context.platform, one.user_id)]
    return ours, [one for one, found in enabled if found.mark() is None]
