"""Users that carried our mark before this checkpoint knew them: what a lost checkpoint left behind (matrix L5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, insert, select, update

from migrator.checkpoint.tables import known_mark, migration

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from migrator.checkpoint.checkpoint import Checkpoint


def are_read(checkpoint: Checkpoint) -> bool:
    """Whether the marks that were in the project before this checkpoint are known."""
    query = select(migration.c.marks_read).where(migration.c.key == checkpoint.key)
    return bool(checkpoint.read(lambda c: c.execute(query).scalar_one()))


def store(checkpoint: Checkpoint, marks: Iterable[tuple[str, str]], *, last: bool) -> None:
    """Store (Docebo user id, Descope user id) pairs; `last` says that these were the last ones."""
    rows = [
        {"migration": checkpoint.key, "user_id": user_id, "target_id": target_id}
        for user_id, target_id in dict.fromkeys(marks)
    ]

    def work(connection: Connection) -> None:
        for row in rows:
            same = [known_mark.c[name] == value for name, value in row.items()]
            connection.execute(delete(known_mark).where(*same))
        if rows:
            connection.execute(insert(known_mark), rows)
        if last:
            connection.execute(update(migration).where(migration.c.key == checkpoint.key).values(marks_read=1))

    checkpoint.write(work)


def of(checkpoint: Checkpoint, user_ids: Sequence[str]) -> dict[str, list[str]]:
    """The Descope user ids that carried the mark of each of these Docebo users."""
    query = select(known_mark.c.user_id, known_mark.c.target_id).where(
        known_mark.c.migration == checkpoint.key, known_mark.c.user_id.in_(user_ids)
    )

    def work(connection: Connection) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for row in connection.execute(query):
            found.setdefault(row.user_id, []).append(row.target_id)
        return found

    return checkpoint.read(work)
