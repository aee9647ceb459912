"""Look up some users who arrived: an emptied project must not count as complete (docs/decisions/0012)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.checkpoint.users.plans import mark_missing
from migrator.checkpoint.users.verdicts import draw_arrived
from migrator.core.errors import UsersMissing

if TYPE_CHECKING:
    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.flow.context import PlanContext

SPOT_CHECK_USERS = 100  # one users/load
MOST_MISSING = 0.1


def spot_check(context: PlanContext) -> None:
    """Mark users that were deleted in Descope.

    Raises:
        UsersMissing: more than a tenth of the users looked up, and more than one, are missing: none was marked.
    """
    chosen = draw_arrived(context.checkpoint, SPOT_CHECK_USERS)
    ids = [user.target_id for user in chosen if user.target_id is not None]
    most = max(1, int(len(chosen) * MOST_MISSING))
    there = {user.user_id for user in context.descope.load(ids, ask_alone=False)} if ids else set()
    missing: list[StoredUser] = []
    for user in chosen:
        # A list may omit a user; enough of the missing ones are looked up one by one to leave no doubt.
        if user.target_id not in there and context.descope.by_id(user.target_id or "") is None:
            missing.append(user)
        if len(missing) > most:
            raise UsersMissing(
                f"Of {len(chosen)} migrated users, chosen at random, more than {most} are no longer in Descope.",
                fix="Check that descope.project_id is the right project, and find out who deleted them. `migrator"
                " verify` names them all; then `migrator run --retry missing` sends them again.",
            )
    mark_missing(context.checkpoint, [user.user_id for user in missing])
