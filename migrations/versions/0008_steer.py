"""What people ask of the run at work, so that another shell can steer it.

Revision: 0008, after 0007.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what this revision needs."""
    op.create_table(
        "control",
        sa.Column("migration", sa.Text, primary_key=True),
        sa.Column("fence", sa.Integer, nullable=False),
        sa.Column("paused_since", sa.Double),
        sa.Column("rate", sa.Double),
        sa.Column("concurrency", sa.Integer),
        sa.ForeignKeyConstraint(["migration"], ["migration.key"]),
    )


def downgrade() -> None:
    """Take it away again."""
    op.drop_table("control")
