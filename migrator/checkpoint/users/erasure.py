"""Erases personal data that is no longer needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, and_, case, func, null, select, true, update

from migrator.checkpoint.db.tables import source_user, user_choice
from migrator.checkpoint.users.pre_images import forget_every_pre_image, has_pre_image
from migrator.checkpoint.users.rows import count_where, mine
from migrator.checkpoint.users.sweeps import ERASED_RECORD
from migrator.core.choices import Choice
from migrator.core.model import ARRIVED_STATES, State

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from migrator.checkpoint.db.checkpoint import Checkpoint


def erase_profiles(
    checkpoint: Checkpoint, states: tuple[State, ...], verdicts: Collection[str | None] | None = None
) -> int:
    """Remove the personal data of users in these states, from the file's raw bytes too.

    Args:
        verdicts: of the users who arrived, only those last read back with one of these (`RowVerdict`): without its
            profile, a user could never be seen right again.

    Raises:
        BytesRemain: the data left the rows, but not the bytes; every later call tries that again.
    """
    done: ColumnElement[bool] = source_user.c.state.in_(states)
    if verdicts is not None:
        said: ColumnElement[bool] = source_user.c.verdict.in_([verdict for verdict in verdicts if verdict is not None])
        if None in verdicts:
            said = said | source_user.c.verdict.is_(None)
        done = and_(done, source_user.c.state.not_in(ARRIVED_STATES) | said)
    return _erase(checkpoint, done)


def count_with_personal_data(checkpoint: Checkpoint) -> int:
    """How many users the checkpoint has personal data of."""
    return count_where(checkpoint, _has_data(checkpoint, true()) | _has_more(checkpoint))


def erase_everybody(checkpoint: Checkpoint) -> int:
    """Remove all personal data, as `erase_profiles` does; whoever has not arrived is read again by the next run.

    Nobody may be `sending` or about to be undone: what became of a request is told by the data.
    """
    # Until the bytes are rewritten, an empty record stands for what `_erase` finds no data of.
    marked = update(source_user).where(mine(checkpoint), _has_more(checkpoint)).values(raw=ERASED_RECORD)

    def forget(connection: Connection) -> None:
        connection.execute(marked)
        forget_every_pre_image(connection, checkpoint)
        connection.execute(update(user_choice).where(_gives_login_id(checkpoint)).values(value=None))

    return _erase(checkpoint, true(), {"record_hash": null()}, before=forget)


def _has_more(checkpoint: Checkpoint) -> ColumnElement[bool]:
    """Whether there is personal data of a user beside the row: a pre-image, or a login id that a person gave."""
    given = select(user_choice.c.user_id).where(_gives_login_id(checkpoint))
    return has_pre_image(checkpoint) | and_(mine(checkpoint), source_user.c.user_id.in_(given))


def _gives_login_id(checkpoint: Checkpoint) -> ColumnElement[bool]:
    return and_(checkpoint.owns(user_choice), user_choice.c.kind == Choice.LOGIN_ID, user_choice.c.value.is_not(None))


def _has_data(checkpoint: Checkpoint, whose: ColumnElement[bool]) -> ColumnElement[bool]:
    return and_(mine(checkpoint), whose, source_user.c.profile.is_not(None) | source_user.c.raw.is_not(None))


def _erase(
    checkpoint: Checkpoint,
    whose: ColumnElement[bool],
    also: Mapping[str, object] | None = None,
    before: Callable[[Connection], None] | None = None,
) -> int:
    has_data = _has_data(checkpoint, whose)
    gone = {"profile": None, "changes": None, **(also or {})}

    def work(connection: Connection) -> int:
        if before is not None:
            before(connection)
        # One row keeps an empty record until the bytes are rewritten: if this run dies before, the next run does it.
        first = select(func.min(source_user.c.user_id)).where(has_data).scalar_subquery()
        raw = case((source_user.c.user_id == first, ERASED_RECORD))
        erased = connection.execute(update(source_user).where(has_data).values(raw=raw, **gone))
        return erased.rowcount

    number = checkpoint.write(work)
    if number:
        checkpoint.compact()
        checkpoint.write(lambda c: c.execute(update(source_user).where(has_data).values(raw=None)))
    return number
