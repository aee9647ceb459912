"""Find whoever signs in by the user name, or by an address that is no login id.

Revision: 0013, after 0012.
"""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_INDEXES = {"ix_source_user_username": "username_fold_hash", "ix_source_user_email": "email_hash"}


def upgrade() -> None:
    """Add what this revision needs."""
    for name, column in _INDEXES.items():
        op.create_index(name, "source_user", ["migration", column])


def downgrade() -> None:
    """Take it away again."""
    for name in _INDEXES:
        op.drop_index(name, "source_user")
