"""What reports read besides the counts: raw records, Descope ids, sign-in groups."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from migrator.checkpoint.db.tables import source_user
from migrator.checkpoint.users.rows import mine, pages
from migrator.checkpoint.users.stored_user import RowVerdict
from migrator.checkpoint.users.sweeps import ERASED_RECORD
from migrator.checkpoint.users.verdicts import WRONG_VERDICTS
from migrator.core.model import ARRIVED_STATES, State
from migrator.core.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Row, Select

    from migrator.checkpoint.db.checkpoint import Checkpoint


def raw_records(checkpoint: Checkpoint) -> Iterator[str]:
    """The JSON text of every record still kept; memory stays flat."""
    kept = source_user.c.raw.is_not(None)
    return (row.raw for page in pages(checkpoint, [source_user.c.raw], kept) for row in page)


def kept_records(checkpoint: Checkpoint) -> Iterator[Row[Any]]:
    """Every record still kept: `raw`, its JSON text, with `state`, `decision` and `verdict`; memory stays flat."""
    kept = and_(source_user.c.raw.is_not(None), source_user.c.raw != ERASED_RECORD)
    columns = [source_user.c[name] for name in ("raw", "state", "decision", "verdict")]
    return chain.from_iterable(pages(checkpoint, columns, kept))


def crosswalk_rows(checkpoint: Checkpoint) -> Iterator[Row[Any]]:
    """The `user_id`, `target_id` and `state` of everybody whom this migration brought to Descope.

    That includes users with a change to come and those gone since; memory stays flat.
    """
    there = and_(
        source_user.c.target_id.is_not(None),
        source_user.c.sent_hash.is_not(None),
        or_(source_user.c.reason.is_(None), source_user.c.reason != Reason.DELETED_AT_DESCOPE),
    )
    return chain.from_iterable(pages(checkpoint, (source_user.c.target_id, source_user.c.state), there))


def readiness_groups(checkpoint: Checkpoint) -> list[Row[Any]]:
    """How many `users` share state, decision, reason, Docebo status, notes, verdict, and `there` (`is_in_descope`)."""
    names = ("state", "decision", "reason", "source_status", "note_codes", "verdict")
    there = case((is_in_descope(), 1), else_=0).label("there")
    one = select(*(source_user.c[name] for name in names), there).where(mine(checkpoint)).subquery()
    columns = [one.c[name] for name in (*names, "there")]
    query: Select[Any] = select(*columns, func.count().label("users")).group_by(*columns)
    return list(checkpoint.read(lambda c: c.execute(query).all()))


def is_in_descope() -> ColumnElement[bool]:
    """Whether a user is in Descope as far as is known, whatever is pending, wrong or in conflict about it now."""
    came = and_(
        source_user.c.target_id.is_not(None),
        source_user.c.sent_hash.is_not(None),
        source_user.c.state.not_in((State.VANISHED, State.SENDING)),
    )
    return and_(
        or_(source_user.c.state.in_(ARRIVED_STATES), came),
        or_(source_user.c.verdict.is_(None), source_user.c.verdict != RowVerdict.MISSING),
        or_(source_user.c.reason.is_(None), source_user.c.reason != Reason.DELETED_AT_DESCOPE),
    )


def wrong_verdict(row: Row[Any]) -> str:
    """`missing` or `differs` for a user who arrived by its state and was found so in Descope, "" for any other user."""
    return row.verdict if row.state in ARRIVED_STATES and row.verdict in WRONG_VERDICTS else ""
