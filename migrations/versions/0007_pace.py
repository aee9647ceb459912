"""What was used of each rate limit, so that a restart does not forget it.

Revision: 0007, after 0006.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what this revision needs."""
    op.create_table(
        "pace",
        sa.Column("migration", sa.Text, primary_key=True),
        sa.Column("api", sa.Text, primary_key=True),
        sa.Column("bucket", sa.Text, primary_key=True),
        sa.Column("used", sa.Text, nullable=False),
        sa.Column("reserved", sa.Integer, nullable=False),
        sa.Column("reserved_until", sa.Double, nullable=False),
        sa.Column("paused_at", sa.Double, nullable=False),
        sa.Column("pause", sa.Double, nullable=False),
        sa.Column("lowered", sa.Text),
        sa.ForeignKeyConstraint(["migration"], ["migration.key"]),
    )


def downgrade() -> None:
    """Take it away again."""
    op.drop_table("pace")
