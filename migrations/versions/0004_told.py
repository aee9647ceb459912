"""What is told of a migration: the last verification, the keys of its mapping, and rows before an unconfirmed mapping.

Revision: 0004, after 0003.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what this revision needs."""
    op.create_table(
        "verification",
        sa.Column("migration", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("read", sa.Integer, nullable=False),
        sa.Column("classes", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["migration"], ["migration.key"]),
    )
    op.add_column("migration", sa.Column("mapping_section", sa.Text))
    op.add_column("source_user", sa.Column("was_row", sa.Text))


def downgrade() -> None:
    """Take it away again."""
    op.drop_column("source_user", "was_row")
    op.drop_column("migration", "mapping_section")
    op.drop_table("verification")
