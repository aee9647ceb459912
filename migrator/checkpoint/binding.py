"""What a checkpoint belongs to: one Docebo platform, one Descope project at one address, one mapping."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, select, update

from migrator.checkpoint import reopening
from migrator.checkpoint.plans import AGAIN
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
    renamed = f"If it is the same platform under another address, set docebo.platform: {row['source']}. Otherwise give"
    for word, stored, asked, give in (
        ("Docebo platform", row["source"], wanted.source, renamed),
        ("Descope project", row["project"], wanted.project, "Give"),
        ("Descope address", row["target_host"], wanted.target_host, "Give"),
    ):
        if stored not in (None, asked):
            raise ConfigError(
                f"The checkpoint {checkpoint.db.name} belongs to {word} {stored}, the configuration says {asked}.",
                fix=f"{give} this migration a checkpoint.url of its own (or, on PostgreSQL, its own checkpoint.key).",
            )
    if row["mapping"] not in (None, wanted.mapping) and not remap:
        raise ConfigError(
            "The mapping section was changed since this migration began.",
            fix="Restore it, or accept that users are planned again with the new one: --remap.",
        )


def bind(checkpoint: Checkpoint, wanted: Binding, *, remap: bool, looking: bool) -> int:
    """Bind, or bind again after `check` allowed it.

    The users that a new policy or `--remap` asks for are noted with the fingerprint in one transaction, so that a run
    that ends before it plans leaves them to the next.

    Args:
        looking: a plan binds the servers it reads from; mapping and policy stay those of the last run.

    Returns:
        What a plan has to open: `reopening.AGAIN`, `reopening.REJUDGE`, or 0.
    """

    def work(connection: Connection) -> int:
        row = checkpoint.row(connection)
        policy_changed = row is not None and row["policy"] not in (None, wanted.policy)
        asked = AGAIN if remap else reopening.REJUDGE if policy_changed else 0
        values = {"source": wanted.source, "project": wanted.project, "target_host": wanted.target_host}
        if not looking:
            values |= {"mapping": wanted.mapping, "policy": wanted.policy}
            if asked:
                reopening.ask_for_everybody(connection, checkpoint, asked)
        connection.execute(update(migration).where(migration.c.key == checkpoint.key).values(**values))
        return asked

    return checkpoint.write(work)
