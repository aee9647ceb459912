"""What a checkpoint belongs to: one Docebo platform, one Descope project at one address, one mapping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select, update

from migrator.checkpoint.db.tables import migration
from migrator.checkpoint.mapping_changes import describe_changes
from migrator.checkpoint.users.choices import store_choices
from migrator.checkpoint.users.reopening import keep_opened
from migrator.checkpoint.users.stored_user import AGAIN, REJUDGE
from migrator.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.core.choices import UserChoice


@dataclass(frozen=True, slots=True)
class Binding:
    """What a checkpoint belongs to: platform, Descope project and host, fingerprints of mapping and policy.

    `mapping_section` is the mapping itself as JSON, used to say which of its keys were changed.
    """

    source: str
    project: str
    target_host: str
    mapping: str
    policy: str
    mapping_section: str


def check_binding(checkpoint: Checkpoint, wanted: Binding, *, remap: bool) -> None:
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
                f"The checkpoint {checkpoint.db.name} belongs to {word} {stored}, but the configuration says {asked}.",
                fix=f"{give} this migration a checkpoint.url of its own (or, on PostgreSQL, its own checkpoint.key).",
            )
    if row["mapping_fingerprint"] not in (None, wanted.mapping) and not remap:
        changes = describe_changes(row["mapping_section"], wanted.mapping_section)
        raise ConfigError(
            f"The mapping section has changed since this migration began{f': {changes}' if changes else ''}.",
            fix="Restore it, or let `migrator run --remap` plan everybody again with the new one, including conflicts"
            " and failures. To retry only those with the old one, use `migrator run --retry CODE`.",
        )


def check_confirmed(checkpoint: Checkpoint, wanted: Binding) -> None:
    """Refuse a migration of which no run was ever confirmed, or not with this policy: nothing may be sent unasked.

    Raises:
        ConfigError: says what a person has to do first.
    """
    bound = select(migration.c.mapping_fingerprint, migration.c.policy_fingerprint)
    row = checkpoint.read(lambda c: c.execute(bound.where(migration.c.key == checkpoint.key)).one_or_none())
    if row is None or row.mapping_fingerprint is None:
        raise ConfigError(
            "Nobody was migrated with this checkpoint yet, so nobody has confirmed what is to be sent.",
            fix="Run `migrator run` first; then serve those who come later.",
        )
    if row.policy_fingerprint not in (None, wanted.policy):
        raise ConfigError(
            "The policy section has changed since the last confirmed run, so nobody has seen what it does.",
            fix="Run `migrator run` first, or restore it; then serve those who come later.",
        )


def is_trial_mapping(checkpoint: Checkpoint, wanted: Binding) -> bool:
    """Whether the mapping differs from the one that the migration is bound to."""
    bound = select(migration.c.mapping_fingerprint).where(migration.c.key == checkpoint.key)
    return checkpoint.read(lambda c: c.execute(bound).scalar_one_or_none()) not in (None, wanted.mapping)


def bind_servers(checkpoint: Checkpoint, wanted: Binding, *, remap: bool) -> int:
    """Bind to the servers that are read from, after `check_binding` has allowed it.

    Returns:
        What to plan again for a changed policy or `remap`: `stored_user.AGAIN`, `stored_user.REJUDGE`, or 0.
    """

    def work(connection: Connection) -> int:
        row = checkpoint.row(connection)
        policy_changed = row is not None and row["policy_fingerprint"] not in (None, wanted.policy)
        values = {"source": wanted.source, "project": wanted.project, "target_host": wanted.target_host}
        connection.execute(update(migration).where(migration.c.key == checkpoint.key).values(**values))
        return AGAIN if remap else REJUDGE if policy_changed else 0

    return checkpoint.write(work)


def confirm_binding(
    checkpoint: Checkpoint, wanted: Binding, chosen: Mapping[str, UserChoice | None] | None = None
) -> None:
    """Bind to mapping and policy, and keep what was reopened for them: in one transaction, before the first write.

    Args:
        chosen: what the decisions file of this run changes (`store_choices`).
    """

    def work(connection: Connection) -> None:
        values = {
            "mapping_fingerprint": wanted.mapping,
            "mapping_section": wanted.mapping_section,
            "policy_fingerprint": wanted.policy,
        }
        connection.execute(update(migration).where(migration.c.key == checkpoint.key).values(**values))
        store_choices(connection, checkpoint, chosen or {})
        keep_opened(connection, checkpoint)

    checkpoint.write(work)
