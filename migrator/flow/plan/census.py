"""Look at the project before the first write: whose users are there? (docs/decisions/0034)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from migrator.checkpoint.users.verdicts import arrived_pages
from migrator.core.census import MANY_STRANGERS, ProjectCensus
from migrator.log.setup import get_logger

if TYPE_CHECKING:
    from migrator.config.schema import Config
    from migrator.descope.reader import DescopeReader
    from migrator.flow.context import PlanContext

MOST_SEARCHES: Final = 20
_log = get_logger(__name__)


def first_census(context: PlanContext) -> ProjectCensus | None:
    """Who is in the project; None once anybody of this migration has arrived there.

    Raises:
        StopRun: Descope does not answer.
    """
    if any(arrived_pages(context.checkpoint, size=1)):
        return None
    census = take_census(context.descope, context.config)
    _log.info("project_counted", users=census.users, strangers=census.strangers, whole=census.is_whole)
    return census


def take_census(descope: DescopeReader, config: Config) -> ProjectCensus:
    """Count users and strangers page by page, until all were seen, too many are strangers, or it costs too much.

    Raises:
        StopRun: Descope does not answer.
    """
    before, total = descope.calls, None
    seen: set[str] = set()
    strangers = 0
    is_whole = False
    for users, counted, size in descope.everybody():
        total = counted if counted is not None else total
        fresh = {user.user_id: user.mark() for user in users if user.user_id not in seen}
        seen |= fresh.keys()
        strangers += sum(mark is None or mark[0] != config.docebo.platform for mark in fresh.values())
        all_seen = len(seen) >= (total or 0)
        if not fresh or (len(users) < size and total is not None and all_seen):
            is_whole = all_seen
            break
        if strangers > MANY_STRANGERS or descope.calls - before >= MOST_SEARCHES:
            break
    return ProjectCensus(
        config.descope.project_id,
        config.descope.host,
        config.descope.region,
        users=max(len(seen), total or 0),
        strangers=strangers,
        is_whole=is_whole,
        knows_users=is_whole or (total or 0) > len(seen),
    )
