"""What a checkpoint belongs to: one Docebo host, one Descope project, one mapping."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, select, update

from migrator.checkpoint.tables import migration
from migrator.errors import ConfigError

if TYPE_CHECKING:
    from migrator.checkpoint.checkpoint import Binding, Checkpoint


def check(checkpoint: Checkpoint, wanted: Binding, *, remap: bool) -> None:
    """Refuse a checkpoint that belongs to something else. Changes nothing.

    Raises:
        ConfigError: other host or project, or a changed mapping without `remap`.
    """
    row = checkpoint.read(
        lambda c: c.execute(select(migration).where(migration.c.key == checkpoint.key)).mappings().one_or_none()
    )
    if row is None or row["source"] is None:
        return
    for word, stored, asked in (
        ("Docebo platform", row["source"], wanted.source),
        ("Descope project", row["project"], wanted.project),
    ):
        if stored != asked:
            raise ConfigError(
                f"The checkpoint {checkpoint.db.name} belongs to {word} {stored}, the configuration says {asked}.",
                fix="Give this migration a checkpoint.url of its own (or, on PostgreSQL, its own checkpoint.key).",
            )
    if row["mapping"] != wanted.mapping and not remap:
        raise ConfigError(
            "The mapping section was changed since this migration began.",
            fix="Restore it, or accept that users are planned again with the new one: --remap.",
        )


def bind(checkpoint: Checkpoint, wanted: Binding) -> bool:
    """Bind, or bind again after `check` allowed it. True when the policy changed since the last run."""

    def work(connection: Connection) -> bool:
        row = checkpoint.row(connection)
        connection.execute(
            update(migration)
            .where(migration.c.key == checkpoint.key)
            .values(source=wanted.source, project=wanted.project, mapping=wanted.mapping, policy=wanted.policy)
        )
        return row is not None and row["policy"] not in (None, wanted.policy)

    return checkpoint.write(work)
