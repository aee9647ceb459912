"""Find out what became of requests of an undo, before anything else is done about their users."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from migrator.checkpoint.runs.actions import DELETE, RESTORE
from migrator.checkpoint.users.pre_images import pre_images_of
from migrator.checkpoint.users.undoing import (
    DELETING,
    RESTORING,
    being_undone_pages,
    count_being_undone,
    drop_undo_intent,
    store_undone,
)
from migrator.flow.undo.compare import is_restored
from migrator.log.setup import get_logger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.descope.user import DescopeUser
    from migrator.flow.context import PlanContext

_log = get_logger(__name__)

USERS_AT_ONCE = 100  # of a list by user id (docs/contract/descope.md 10.2)
DELETED, RESTORED, GONE, NOT_DONE = "deleted", "restored", "gone", "not_done"


def settle_undo(context: PlanContext) -> Counter[str]:
    """Decide every user with an intent of an undo; returns how many were `deleted`, `restored`, `gone` or `not_done`.

    Reads may lag behind a request, so whoever is not undone yet is looked at again after `descope.settle_seconds`.
    """
    became: Counter[str] = Counter()
    number = count_being_undone(context.checkpoint)
    if not number:
        return became
    if _look(context, became):
        what = "Descope may not be done with what was being undone"
        context.clock.wait_saying(context.config.descope.settle_seconds, what, ": looking again in {}")
        left = _look(context, became)
        drop_undo_intent(context.checkpoint, left)
        became[NOT_DONE] = len(left)
    _log.info("undo_settled", users=number, outcomes=dict(became))
    return became


def _look(context: PlanContext, became: Counter[str]) -> list[str]:
    """Store who is undone by now; returns the Docebo user ids of the others."""
    left: list[str] = []
    for page in being_undone_pages(context.checkpoint, DELETING, USERS_AT_ONCE):
        found = load_targets(context, page)
        left += store_deleted(context, page, found, became)
    for page in being_undone_pages(context.checkpoint, RESTORING, USERS_AT_ONCE):
        found = load_targets(context, page)
        left += store_restored(context, page, found, became)
    return left


def load_targets(
    context: PlanContext, users: Sequence[StoredUser], *, ask_alone: bool = True
) -> dict[str, DescopeUser]:
    """The Descope users of these users as they are now, by Docebo user id; those who are not there are left out.

    Args:
        ask_alone: ask for whoever the list leaves out by id before it counts as gone.
    """
    ids = [one.target_id for one in users if one.target_id is not None]
    loaded = {one.user_id: one for one in context.descope.load(ids, ask_alone=ask_alone)}
    return {one.user_id: loaded[one.target_id] for one in users if one.target_id in loaded}


def store_deleted(
    context: PlanContext, users: Sequence[StoredUser], found: dict[str, DescopeUser], became: Counter[str]
) -> list[str]:
    """Store which of these users are deleted; returns the ids of those who are still there."""
    deleted = [one for one in users if one.user_id not in found]
    store_undone(context.checkpoint, deleted, {DELETE: len(deleted)})
    became[DELETED] += len(deleted)
    return [one.user_id for one in users if one.user_id in found]


def store_restored(
    context: PlanContext, users: Sequence[StoredUser], found: dict[str, DescopeUser], became: Counter[str]
) -> list[str]:
    """Store which of these users are as they were before; returns the ids of those who are not."""
    images = pre_images_of(context.checkpoint, [one.target_id for one in users if one.target_id])
    gone = [one for one in users if one.user_id not in found]
    restored = [
        one
        for one in users
        if one.user_id in found
        and (image := images.get(one.target_id or "")) is not None
        and is_restored(found[one.user_id], image)
    ]
    store_undone(context.checkpoint, gone, {})
    store_undone(context.checkpoint, restored, {RESTORE: len(restored)})
    became[GONE] += len(gone)
    became[RESTORED] += len(restored)
    done = {one.user_id for one in (*gone, *restored)}
    return [one.user_id for one in users if one.user_id not in done]
