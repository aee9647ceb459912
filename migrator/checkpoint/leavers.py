"""Users who arrived, have left at the source, and whom no ordinary update reaches (docs/decisions/0013)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, bindparam, select, update

from migrator.checkpoint.tables import source_user
from migrator.fields import STATUS, SentFields
from migrator.model import State

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from migrator.checkpoint.checkpoint import Checkpoint

STILL_ENABLED = "still_enabled"  # the detail of a leaver whom Descope would not let us disable
_STUCK = (State.REJECTED, State.SKIPPED, State.CONFLICT, State.FAILED)


@dataclass(frozen=True, slots=True)
class Leaver:
    """One of them; `sent` is what the user was last sent, None when that was not noted yet."""

    user_id: str
    target_id: str
    sent: SentFields | None


def leavers(checkpoint: Checkpoint, statuses: Collection[str], size: int) -> Iterator[list[Leaver]]:
    """Leavers not known to be disabled, page by page.

    Args:
        statuses: what Docebo says of somebody who is to be disabled.
    """
    columns = [source_user.c[name] for name in ("user_id", "target_id", "sent_fields")]
    stuck = and_(
        source_user.c.migration == checkpoint.key,
        source_user.c.state.in_(_STUCK),
        source_user.c.target_id.is_not(None),
        source_user.c.source_status.in_(statuses),
    )
    after = ""
    while True:
        query = select(*columns).where(stuck, source_user.c.user_id > after).order_by(source_user.c.user_id).limit(size)
        rows = checkpoint.read(lambda c, query=query: c.execute(query).all())  # type: ignore[misc]
        page = [Leaver(row.user_id, row.target_id, SentFields.from_json(row.sent_fields)) for row in rows]
        if some := [one for one in page if one.sent is None or not one.sent.had(STATUS, "disabled")]:
            yield some
        if len(rows) < size:
            return
        after = rows[-1].user_id


def note(checkpoint: Checkpoint, disabled: Sequence[Leaver], refused: Sequence[Leaver]) -> None:
    """Note who is disabled now, and who still is not."""
    this = and_(source_user.c.migration == checkpoint.key, source_user.c.user_id == bindparam("b_user"))
    sent = [
        {"b_user": one.user_id, "b_sent": one.sent.with_status("disabled").to_json()}
        for one in disabled
        if one.sent is not None
    ]
    still = [{"b_user": one.user_id} for one in refused]
    if sent:
        noted = update(source_user).where(this).values(sent_fields=bindparam("b_sent"))
        checkpoint.write(lambda c: c.execute(noted, sent))
    if still:
        checkpoint.write(lambda c: c.execute(update(source_user).where(this).values(detail=STILL_ENABLED), still))
