"""An index for claiming a batch, in place of one that no statement used, and the hash of the record last read.

Revision: 0006, after 0005.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what this revision needs."""
    op.create_index("ix_source_user_claim", "source_user", ["migration", "state", "decision", "attempts", "user_id"])
    op.drop_index("ix_source_user_batch", "source_user")
    op.add_column("source_user", sa.Column("record_hash", sa.Text))


def downgrade() -> None:
    """Take it away again."""
    op.drop_column("source_user", "record_hash")
    op.create_index("ix_source_user_batch", "source_user", ["migration", "batch"])
    op.drop_index("ix_source_user_claim", "source_user")
