"""What tells whether a user will land in the own Docebo account: hashes and words, no personal data.

Revision: 0012, after 0011.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_COLUMNS = ("username_hash", "username_fold_hash", "email_hash", "login_hash", "sso_mapped", "sso_seen")


def upgrade() -> None:
    """Add what this revision needs."""
    for name in _COLUMNS:
        op.add_column("source_user", sa.Column(name, sa.Text))


def downgrade() -> None:
    """Take it away again."""
    for name in _COLUMNS:
        op.drop_column("source_user", name)
