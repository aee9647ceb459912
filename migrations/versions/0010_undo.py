"""What linked users were like before, and whom a request of `migrator undo` is about.

Revision: 0010, after 0009.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what this revision needs."""
    op.add_column("source_user", sa.Column("undoing", sa.Text))
    op.create_table(
        "pre_image",
        sa.Column("migration", sa.Text, primary_key=True),
        sa.Column("target_id", sa.Text, primary_key=True),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("kept", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["migration"], ["migration.key"]),
    )


def downgrade() -> None:
    """Take it away again."""
    op.drop_table("pre_image")
    op.drop_column("source_user", "undoing")
