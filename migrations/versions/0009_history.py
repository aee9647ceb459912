"""The states that each user came through, with run and time, so that `show` can tell them.

Revision: 0009, after 0008.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what this revision needs."""
    op.add_column("source_user", sa.Column("history", sa.Text))


def downgrade() -> None:
    """Take it away again."""
    op.drop_column("source_user", "history")
