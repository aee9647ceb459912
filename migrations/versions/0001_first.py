"""The first checkpoint: migration, runs, source users, their logins, marks found.

Revision: 0001, the first.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATES = (
    "'pending', 'sending', 'created', 'updated', 'unchanged', 'rejected', 'conflict', 'failed', 'vanished', 'skipped'"
)


def _to_migration() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["migration"], ["migration.key"])


def upgrade() -> None:
    """Add what this revision needs."""
    op.create_table(
        "migration",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("source", sa.Text),
        sa.Column("project", sa.Text),
        sa.Column("mapping", sa.Text),
        sa.Column("policy", sa.Text),
        sa.Column("fence", sa.Integer, nullable=False),
        sa.Column("holder", sa.Text),
        sa.Column("lease_until", sa.Double),
        sa.Column("last_write", sa.Text),
        sa.Column("sweep", sa.Integer, nullable=False),
        sa.Column("full_sweep_size", sa.Integer),
        sa.Column("marks_read", sa.Integer, nullable=False),
    )
    op.create_table(
        "run",
        sa.Column("migration", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("command", sa.Text, nullable=False),
        sa.Column("started_at", sa.Double, nullable=False),
        sa.Column("finished_at", sa.Double),
        sa.Column("outcome", sa.Text),
        sa.Column("summary", sa.Text),
        _to_migration(),
    )
    op.create_table(
        "source_user",
        sa.Column("migration", sa.Text, primary_key=True),
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("seen_sweep", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("detail", sa.Text),
        sa.Column("notes", sa.Text, nullable=False),
        sa.Column("source_status", sa.Text),
        sa.Column("created", sa.Text),
        sa.Column("last_login", sa.Text),
        sa.Column("raw", sa.Text),
        sa.Column("profile", sa.Text),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("sent_hash", sa.Text),
        sa.Column("target_id", sa.Text),
        sa.Column("decision", sa.Text),
        sa.Column("changes", sa.Text),
        sa.Column("decided_at", sa.Double),
        sa.Column("batch", sa.Text),
        sa.Column("sending_since", sa.Double),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.CheckConstraint(f"state IN ({STATES})", name="state"),
        sa.CheckConstraint("(state = 'sending') = (batch IS NOT NULL)", name="batch"),
        _to_migration(),
    )
    op.create_index("ix_source_user_state", "source_user", ["migration", "state", "user_id"])
    op.create_index("ix_source_user_batch", "source_user", ["migration", "batch"])
    op.create_table(
        "login",
        sa.Column("migration", sa.Text, primary_key=True),
        sa.Column("login_key", sa.Text, primary_key=True),
        sa.Column("user_id", sa.Text, primary_key=True),
        _to_migration(),
    )
    op.create_index("ix_login_user", "login", ["migration", "user_id"])
    op.create_table(
        "known_mark",
        sa.Column("migration", sa.Text, primary_key=True),
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("target_id", sa.Text, primary_key=True),
        _to_migration(),
    )


def downgrade() -> None:
    """Take it away again."""
    for table in ("known_mark", "login", "source_user", "run", "migration"):
        op.drop_table(table)
