"""What being right over weeks takes: what was sent of each field, how users became ours, and what reading back showed.

Revision: 0003, after 0002.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TEXTS = ("verdict", "origin", "sent_fields", "adopt_id", "was_state", "was_reason", "was_detail")
_NUMBERS = ("disabled_by_us", "still_enabled", "refusals", "retry", "was_attempts", "was_retry")


def upgrade() -> None:
    """Add what this revision needs."""
    for name in _TEXTS:
        op.add_column("source_user", sa.Column(name, sa.Text))
    for name in _NUMBERS:
        op.add_column("source_user", sa.Column(name, sa.Integer))
    # An updated or unchanged user may have been linked; a created one was not.
    op.execute("UPDATE source_user SET origin = 'created' WHERE state = 'created'")
    op.execute("UPDATE source_user SET verdict = 'same' WHERE verified = 1")
    op.drop_column("source_user", "verified")
    op.create_index("ix_source_user_target", "source_user", ["migration", "target_id"])
    op.add_column("migration", sa.Column("target_host", sa.Text))
    # The mark is looked up before each create now, so that no list of earlier ones is kept.
    op.drop_column("migration", "marks_read")
    # The shrink guard counts who would be called gone.
    op.drop_column("migration", "full_sweep_size")
    op.drop_table("known_mark")


def downgrade() -> None:
    """Take it away again."""
    op.create_table(
        "known_mark",
        sa.Column("migration", sa.Text, primary_key=True),
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("target_id", sa.Text, primary_key=True),
        sa.ForeignKeyConstraint(["migration"], ["migration.key"]),
    )
    op.add_column("migration", sa.Column("marks_read", sa.Integer, nullable=False, server_default="0"))
    op.add_column("migration", sa.Column("full_sweep_size", sa.Integer))
    op.drop_column("migration", "target_host")
    op.add_column("source_user", sa.Column("verified", sa.Integer))
    op.execute("UPDATE source_user SET verified = 1 WHERE verdict = 'same'")
    op.drop_index("ix_source_user_target", "source_user")
    for name in (*_NUMBERS, *_TEXTS):
        op.drop_column("source_user", name)
