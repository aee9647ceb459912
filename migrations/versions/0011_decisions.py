"""What a person has decided about users in problems.csv.

Revision: 0011, after 0010.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what this revision needs."""
    op.create_table(
        "user_choice",
        sa.Column("migration", sa.Text, primary_key=True),
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("value", sa.Text),
        sa.ForeignKeyConstraint(["migration"], ["migration.key"]),
    )


def downgrade() -> None:
    """Take it away again."""
    op.drop_table("user_choice")
