"""What proving takes: the plan's view of each user, verification, samples over time.

Revision: 0002, after 0001.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what this revision needs."""
    for name, kind in (("seen", sa.Text), ("predicted", sa.Text), ("verified", sa.Integer)):
        op.add_column("source_user", sa.Column(name, kind))
    op.add_column("run", sa.Column("details", sa.Text))
    op.create_table(
        "sample",
        sa.Column("migration", sa.Text, primary_key=True),
        sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Double, primary_key=True),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("done", sa.Integer, nullable=False),
        sa.Column("total", sa.Integer),
        sa.Column("calls", sa.Integer, nullable=False),
        sa.Column("throttled", sa.Integer, nullable=False),
        sa.Column("waiting", sa.Text),
        sa.ForeignKeyConstraint(["migration"], ["migration.key"]),
    )


def downgrade() -> None:
    """Take it away again."""
    op.drop_table("sample")
    op.drop_column("run", "details")
    for name in ("verified", "predicted", "seen"):
        op.drop_column("source_user", name)
