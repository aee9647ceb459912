"""What users whom this migration did not create were like before it changed them (docs/decisions/0024)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, insert, select, update

from migrator.checkpoint.db.tables import pre_image, source_user
from migrator.core.pre_image import PreImage

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from migrator.checkpoint.db.checkpoint import Checkpoint


def keep_pre_images(
    checkpoint: Checkpoint, changed: Mapping[tuple[str, str], PreImage], linked: Collection[str]
) -> None:
    """Store before the request what these users are like now; what an earlier request changed stays as it was then.

    Args:
        changed: by Descope id and Docebo user id.
        linked: the Descope ids of those who are linked by this request. Of the others, what they were like when they
            were linked is kept already, or nobody knows it any more, and then a later change is not worth keeping.
    """
    target_ids = [target_id for target_id, _ in changed]

    def work(connection: Connection) -> None:
        known = _read(connection, checkpoint, target_ids)
        for (target_id, user_id), image in changed.items():
            earlier = known.get(target_id)
            kept = (image if earlier is None else earlier.followed_by(image)).to_json()
            if earlier is None and target_id not in linked:
                continue
            if earlier is None:
                row = {"migration": checkpoint.key, "target_id": target_id, "user_id": user_id, "kept": kept}
                connection.execute(insert(pre_image).values(row))
            else:
                connection.execute(update(pre_image).where(_of(checkpoint, [target_id])).values(kept=kept))

    if changed:
        checkpoint.write(work)


def pre_images_of(checkpoint: Checkpoint, target_ids: Collection[str]) -> dict[str, PreImage]:
    """What is kept of these Descope users, by their id; those of whom nothing is kept are left out."""
    return checkpoint.read(lambda c: _read(c, checkpoint, target_ids)) if target_ids else {}


def forget_pre_images(connection: Connection, checkpoint: Checkpoint, target_ids: Collection[str]) -> None:
    """Erase what is kept of these Descope users, in the caller's transaction."""
    connection.execute(delete(pre_image).where(_of(checkpoint, target_ids)))


def forget_every_pre_image(connection: Connection, checkpoint: Checkpoint) -> None:
    """Erase all of them, in the caller's transaction."""
    connection.execute(delete(pre_image).where(checkpoint.owns(pre_image)))


def has_pre_image(checkpoint: Checkpoint) -> ColumnElement[bool]:
    """The Docebo users for whom one is kept, as a condition."""
    return source_user.c.user_id.in_(select(pre_image.c.user_id).where(checkpoint.owns(pre_image)))


def kept_ids(checkpoint: Checkpoint, target_ids: Collection[str]) -> Select[tuple[str]]:
    """Those of these Descope ids of whom something is kept, as a subquery."""
    return select(pre_image.c.target_id).where(_of(checkpoint, target_ids))


def _of(checkpoint: Checkpoint, target_ids: Collection[str]) -> ColumnElement[bool]:
    return and_(checkpoint.owns(pre_image), pre_image.c.target_id.in_(target_ids))


def _read(connection: Connection, checkpoint: Checkpoint, target_ids: Collection[str]) -> dict[str, PreImage]:
    query = select(pre_image.c.target_id, pre_image.c.kept).where(_of(checkpoint, target_ids))
    return {target_id: PreImage.from_json(kept) for target_id, kept in connection.execute(query)}
