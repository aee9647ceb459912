"""Alembic's entry: runs the revisions on the connection that `migrator.checkpoint.db.schema` hands over."""

from __future__ import annotations

from alembic import context

from migrator.checkpoint.db.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    transactional_ddl=True,
    version_table="migrator_version",
)
# The caller owns the transaction: all revisions or none (docs/reliability.md C7).
context.run_migrations()
