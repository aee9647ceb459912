"""What reports read besides the counts: raw records, Descope ids, sign-in groups."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select

from migrator.checkpoint.db.tables import source_user
from migrator.checkpoint.users.rows import mine, pages
from migrator.checkpoint.users.sweeps import ERASED_RECORD
from migrator.checkpoint.users.verdicts import WRONG_VERDICTS
from migrator.core.model import ARRIVED_STATES
from migrator.core.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Row

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
    """How many `users` share state, decision, reason, Docebo status, notes and verdict."""
    columns = (
        source_user.c.state, source_user.c.decision, source_user.c.reason,
        source_user.c.source_status, source_user.c.note_codes, source_user.c.verdict,
    )  # fmt: skip
    query = select(*columns, func.count().label("users")).where(mine(checkpoint)).group_by(*columns)
    return list(checkpoint.read(lambda c: c.execute(query).all()))


def wrong_verdict(row: Row[Any]) -> str:
    """`missing` or `differs` for a user who arrived by its state and was found so in Descope, "" for any other user."""
    return row.verdict if row.state in ARRIVED_STATES and row.verdict in WRONG_VERDICTS else ""
