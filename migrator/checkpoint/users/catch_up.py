"""What has changed at Docebo since the users arrived: by a plan, and by whom a run found gone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from migrator.checkpoint.db.tables import source_user
from migrator.checkpoint.users.rows import count_where, pages
from migrator.checkpoint.users.state_history import parse_history
from migrator.core.fields import EMAIL, LOGIN_ID, STATUS
from migrator.core.model import FAMILY_NAME, GIVEN_NAME, NAME, Decision, State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migrator.checkpoint.db.checkpoint import Checkpoint

_NAMES = frozenset((NAME, GIVEN_NAME, FAMILY_NAME, EMAIL, LOGIN_ID))


def count_planned_changes(checkpoint: Checkpoint) -> dict[str, int]:
    """How many users a plan brings, and how many it changes; of these, in name or address, and to disabled.

    By the names of a `CatchUpDocument`.
    """
    comes = source_user.c.decision.in_((Decision.CREATE, Decision.ADOPT))
    counts = dict.fromkeys(("new", "changed", "renamed", "suspended"), 0)
    counts["new"] = count_where(checkpoint, source_user.c.state == State.PENDING, comes)
    for changes in _planned_updates(checkpoint):
        counts["changed"] += 1
        counts["renamed"] += not _NAMES.isdisjoint(changes)
        counts["suspended"] += "disabled" in changes.get(STATUS, [])[1:]
    return counts


def _planned_updates(checkpoint: Checkpoint) -> Iterator[dict[str, list[object]]]:
    update = (source_user.c.state == State.PENDING, source_user.c.decision == Decision.UPDATE)
    for page in pages(checkpoint, [source_user.c.changes], *update):
        yield from (json.loads(row.changes) if row.changes else {} for row in page)


def count_gone_since(checkpoint: Checkpoint, run: int) -> int:
    """How many users were found gone from Docebo after the run of that number."""
    gone = pages(checkpoint, [source_user.c.history], source_user.c.state == State.VANISHED)
    newest = (parse_history(row.history)[:1] for page in gone for row in page)
    return sum(1 for change in newest if change and change[0].run > run)
