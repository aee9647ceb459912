"""What a verification reads from the checkpoint, and the one thing the run's own stores there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, func, select, update

from migrator.checkpoint.clashes import LOOKS
from migrator.checkpoint.tables import login, source_user
from migrator.model import ARRIVED_STATES, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Row

    from migrator.checkpoint.checkpoint import Checkpoint

PAGE = 1000


@dataclass(frozen=True, slots=True)
class Known:
    """One user as the checkpoint knows it; `profile` is None once personal data was erased."""

    user_id: str
    state: State
    target_id: str | None
    profile: str | None = field(repr=False)  # personal data
    hash: str

    @property
    def arrived(self) -> bool:
        """Whether it is said to be in Descope."""
        return self.state in ARRIVED_STATES


_COLUMNS = [source_user.c[name] for name in ("user_id", "state", "target_id", "profile", "hash")]


def _known(row: Row[Any]) -> Known:
    return Known(row.user_id, State(row.state), row.target_id, row.profile, row.hash)


def _arrived(checkpoint: Checkpoint, *, unverified: bool = False) -> ColumnElement[bool]:
    wanted = and_(source_user.c.migration == checkpoint.key, source_user.c.state.in_(ARRIVED_STATES))
    return and_(wanted, source_user.c.verdict.is_(None)) if unverified else wanted


def arrived(checkpoint: Checkpoint, *, unverified: bool = False, size: int = PAGE) -> Iterator[list[Known]]:
    """Users said to be in Descope, page by page in the order of their id text; memory stays flat."""
    wanted = _arrived(checkpoint, unverified=unverified)
    after = ""
    while True:
        query = select(*_COLUMNS).where(wanted, source_user.c.user_id > after).order_by(source_user.c.user_id)
        rows = checkpoint.read(lambda c, query=query: c.execute(query.limit(size)).all())  # type: ignore[misc]
        if not rows:
            return
        yield [_known(row) for row in rows]
        after = rows[-1].user_id


def arrived_count(checkpoint: Checkpoint, *, unverified: bool = False) -> int:
    """How many users are said to be in Descope."""
    query = select(func.count()).select_from(source_user).where(_arrived(checkpoint, unverified=unverified))
    return checkpoint.read(lambda c: c.execute(query).scalar_one())


def known(checkpoint: Checkpoint, user_ids: Sequence[str]) -> dict[str, Known]:
    """Those of these users the checkpoint knows, in any state."""
    query = select(*_COLUMNS).where(source_user.c.migration == checkpoint.key, source_user.c.user_id.in_(user_ids))
    return {row.user_id: _known(row) for row in checkpoint.read(lambda c: c.execute(query).all())}


def login_hashes(checkpoint: Checkpoint, user_ids: Sequence[str]) -> dict[str, set[str]]:
    """The hashed login keys of these users; they outlive the profiles."""
    query = select(login.c.user_id, login.c.login_key).where(
        login.c.migration == checkpoint.key,
        login.c.user_id.in_(user_ids),
        login.c.login_key.not_like(f"{LOOKS}%"),
    )
    found: dict[str, set[str]] = {}
    for user_id, key in checkpoint.read(lambda c: c.execute(query).all()):
        found.setdefault(user_id, set()).add(key)
    return found


def mark_verified(checkpoint: Checkpoint, user_ids: Sequence[str]) -> None:
    """Store that these users were read back and found right since they were last sent."""
    if user_ids:
        wanted = and_(_arrived(checkpoint), source_user.c.user_id.in_(user_ids))
        checkpoint.write(lambda c: c.execute(update(source_user).where(wanted).values(verdict="same")))


def some_arrived(checkpoint: Checkpoint, number: int) -> list[Known]:
    """Users said to be in Descope, drawn by chance; whoever is known to be missing is left out."""
    wanted = and_(
        _arrived(checkpoint), source_user.c.verdict.is_distinct_from("missing"), source_user.c.retry.is_(None)
    )
    query = select(*_COLUMNS).where(wanted).order_by(func.random()).limit(number)
    return [_known(row) for row in checkpoint.read(lambda c: c.execute(query).all())]
