"""Keep what a user was like before it is changed, if this migration did not create it (docs/decisions/0024)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.checkpoint.users.pre_images import keep_pre_images
from migrator.core.fields import ATTRIBUTE, CUSTOM_ATTRIBUTES, value_hash
from migrator.core.grants import ROLE_NAMES, USER_TENANTS, read_grants
from migrator.core.model import Decision, Origin
from migrator.core.pre_image import PreImage
from migrator.descope.attribute_value import same_value

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.core.grants import Grant
    from migrator.core.model import Json
    from migrator.descope.user import DescopeUser
    from migrator.flow.context import RunContext


def keep_what_was(
    context: RunContext, changed: Iterable[tuple[StoredUser, DescopeUser, Mapping[str, Json], bool]]
) -> None:
    """Store the pre-images of users who are about to be changed; nothing of those whom this migration created.

    A pre-image begins when a stranger is linked: one that began later, behind a purge or in a migration that an older
    version began, would bring back a part of what was there and pass for all of it.

    Args:
        changed: each user as stored and as found, the patch to come, and whether an address or login id moves too.
    """
    others = [one for one in changed if not was_created(one[0], one[1])]
    if not others:
        return
    told = context.descope.server_time
    now = context.clock.time() if told is None else told
    images = {
        (found.user_id, user.user_id): pre_image_of(found, patch, now, moved=moved)
        for user, found, patch, moved in others
    }
    linked = {found.user_id for user, found, _, _ in others if user.decision == Decision.ADOPT and found.mark() is None}
    keep_pre_images(context.checkpoint, images, linked)


def was_created(user: StoredUser, found: DescopeUser) -> bool:
    """Whether this migration created the user found; where the checkpoint does not know, `freshlyMigrated` tells.

    A stranger is none of ours, also one who takes the place of a user of ours who is gone.
    """
    if user.decision == Decision.ADOPT and found.mark() is None:
        return False
    return user.origin in (Origin.CREATED, Origin.PRESUMED) or (user.origin is None and found.fresh is not None)


def pre_image_of(found: DescopeUser, patch: Mapping[str, Json], now: float, *, moved: bool) -> PreImage:
    """What a patch changes of a user, as it is now.

    Args:
        now: epoch seconds.
        moved: an address or login id is about to change as well.
    """
    changed = {name: (before, after) for name, before, after in _changes(found, patch) if not same_value(before, after)}
    return PreImage(
        before={name: before for name, (before, _) in changed.items()},
        sent={name: frozenset((value_hash(after),)) for name, (_, after) in changed.items()},
        at=now,
        had_credential=found.has_credential,
        moved=moved,
        was_used=found.fresh is False,
    )


def _changes(found: DescopeUser, patch: Mapping[str, Json]) -> Iterator[tuple[str, Json, Json]]:
    """The name, the value before and the value to come of each field; those of attributes one by one."""
    for name, after in patch.items():
        yield from ((one, found.value(one), value) for one, value in _parts(found, name, after).items())


def _parts(found: DescopeUser, name: str, after: Json) -> dict[str, Json]:
    """A patched field by the names under which its parts are known, with the values to come."""
    if name == CUSTOM_ATTRIBUTES:
        return {ATTRIBUTE + one: value for one, value in after.items()}
    if name == USER_TENANTS:
        return _grant_parts((one for one in found.grants if one.tenant), read_grants(after, ()))
    if name == ROLE_NAMES:
        return _grant_parts((one for one in found.grants if not one.tenant), read_grants((), after))
    return {name: after}


def _grant_parts(before: Iterable[Grant], after: Collection[Grant]) -> dict[str, Json]:
    return {one.field: one in after or None for one in (*before, *after)}
