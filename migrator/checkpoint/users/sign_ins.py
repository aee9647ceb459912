"""Who somebody is that signs in, by login id, user name or address; of whoever arrived, also without a profile."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, literal, select, union_all

from migrator.checkpoint.db.tables import login, source_user
from migrator.checkpoint.users.rows import LOGINS, mine
from migrator.checkpoint.users.stored_user import STORED_COLUMNS, StoredUser
from migrator.core.email_address import parse_email
from migrator.core.fields import login_hash, value_hash

if TYPE_CHECKING:
    from sqlalchemy import CompoundSelect

    from migrator.checkpoint.db.checkpoint import Checkpoint


def users_called(checkpoint: Checkpoint, name: str) -> list[list[StoredUser]]:
    """The users with this login id, in any spelling; then those with this user name; then those with this address.

    No id of either side counts as a name.
    """
    names = {
        "b_login": login_hash(name),
        "b_username": value_hash(name.casefold()),
        "b_email": value_hash(parse_email(name) or ""),  # nobody's is the hash of no address
    }
    rows = checkpoint.read(lambda c: c.execute(_called(checkpoint), names).all())
    return [[StoredUser.of(user) for number, *user in rows if number == kind] for kind in range(3)]


@lru_cache(maxsize=4)
def _called(checkpoint: Checkpoint) -> CompoundSelect[Any]:
    """The statement for all three, built once: somebody waits for it."""
    by_login = (
        select(literal(0).label("kind"), *STORED_COLUMNS)
        .select_from(LOGINS)
        .where(mine(checkpoint), login.c.login_key == bindparam("b_login"))
    )
    by_username, by_email = (
        select(literal(number), *STORED_COLUMNS).where(mine(checkpoint), column == bindparam(name))
        for number, column, name in (
            (1, source_user.c.username_fold_hash, "b_username"),
            (2, source_user.c.email_hash, "b_email"),
        )
    )
    return union_all(by_login, by_username, by_email)
