"""What a verification reads from the checkpoint, and what reading a user back has shown."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, update

from migrator.checkpoint.db.tables import login, source_user
from migrator.checkpoint.users.collisions import LOOK_ALIKE
from migrator.checkpoint.users.leavers import count_still_enabled
from migrator.checkpoint.users.reopening import mark_for_retry
from migrator.checkpoint.users.rows import count_where, mine
from migrator.checkpoint.users.stored_user import STORED_COLUMNS, RowVerdict, StoredUser, stored_pages
from migrator.core.model import ARRIVED_STATES, NEEDS_PERSON_STATES, Decision, State

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from migrator.checkpoint.db.checkpoint import Checkpoint

RETRY_ALL = "all"


WRONG_VERDICTS = (RowVerdict.DIFFERS, RowVerdict.MISSING)  # these need a person
RIGHT_VERDICTS = (RowVerdict.SAME, RowVerdict.MARK, RowVerdict.EDITED)  # and these need nobody
UNPROVEN_VERDICTS = (None, *WRONG_VERDICTS)
_RETRIED_WORDS = {
    "differs": (RowVerdict.DIFFERS, RowVerdict.EDITED),
    "missing": (RowVerdict.MISSING,),
    RETRY_ALL: (*WRONG_VERDICTS, RowVerdict.EDITED),
}
_RETRIED_STATES = (State.CONFLICT, State.FAILED)  # the others follow from the record, at each reading


def _ever_arrived(checkpoint: Checkpoint) -> ColumnElement[bool]:
    """Everybody who arrived in Descope and must be there, whatever is planned or wrong about them now."""
    came = and_(source_user.c.target_id.is_not(None), source_user.c.sent_hash.is_not(None))
    here = source_user.c.state.not_in((State.VANISHED, State.SENDING))
    return and_(mine(checkpoint), or_(source_user.c.state.in_(ARRIVED_STATES), and_(came, here)))


def _of(checkpoint: Checkpoint, verdicts: Collection[RowVerdict | None] | None) -> ColumnElement[bool]:
    if verdicts is None:
        return _ever_arrived(checkpoint)
    words = [verdict for verdict in verdicts if verdict is not None]
    said: ColumnElement[bool] = source_user.c.verdict.in_(words)
    if None in verdicts:
        said = or_(said, source_user.c.verdict.is_(None))
    return and_(mine(checkpoint), source_user.c.state.in_(ARRIVED_STATES), said)


def arrived_pages(
    checkpoint: Checkpoint, verdicts: Collection[RowVerdict | None] | None = None, *, size: int = 1000
) -> Iterator[list[StoredUser]]:
    """Users who are in Descope according to the checkpoint, in pages ordered by their id text; memory stays flat.

    Args:
        verdicts: only users with these verdicts, and none that is in conflict by now.
    """
    # Growing: a run may bring more users while `migrator verify` reads.
    return stored_pages(checkpoint, _of(checkpoint, verdicts), size=size, growing=True)


def count_arrived(checkpoint: Checkpoint, verdicts: Collection[RowVerdict | None] | None = None) -> int:
    """How many users are in Descope according to the checkpoint; with these verdicts only, if given."""
    return count_where(checkpoint, _of(checkpoint, verdicts))


def count_wrong(checkpoint: Checkpoint, *, predicted: bool = False) -> int:
    """How many users are known to be wrong in Descope, besides those whose state says that they need a person.

    Args:
        predicted: leave out users whom the plan corrects or finds in conflict; they count under their predicted state.
    """
    wrong = is_found_wrong(checkpoint)
    if predicted:
        decision = source_user.c.decision
        planned = and_(source_user.c.state == State.PENDING, decision.is_not(None), decision != Decision.UNCHANGED)
        wrong = and_(wrong, ~planned)
    return count_where(checkpoint, wrong)


def is_found_wrong(checkpoint: Checkpoint) -> ColumnElement[bool]:
    """The users whom `count_wrong` counts, as a condition."""
    others = source_user.c.state.not_in(NEEDS_PERSON_STATES)
    return and_(_ever_arrived(checkpoint), others, source_user.c.verdict.in_(WRONG_VERDICTS))


def count_missing(checkpoint: Checkpoint) -> int:
    """How many users are in Descope by their state, but were not there when they were last looked for."""
    return count_where(checkpoint, _of(checkpoint, (RowVerdict.MISSING,)))


def count_needing_a_person(checkpoint: Checkpoint) -> int:
    """How many users need a person though their state does not say so: wrong in Descope, or left and still enabled."""
    return count_wrong(checkpoint) + count_still_enabled(checkpoint)


def known_users(checkpoint: Checkpoint, user_ids: Sequence[str]) -> dict[str, StoredUser]:
    """The users among these whom the checkpoint knows, in any state."""
    query = select(*STORED_COLUMNS).where(mine(checkpoint), source_user.c.user_id.in_(user_ids))
    return {row.user_id: StoredUser.of(row) for row in checkpoint.read(lambda c: c.execute(query).all())}


def login_hashes(checkpoint: Checkpoint, users: Sequence[StoredUser]) -> dict[str, set[str]]:
    """The hashed login keys of those of these users whose profile was erased."""
    erased = [user.user_id for user in users if user.profile is None]
    query = select(login.c.user_id, login.c.login_key).where(
        checkpoint.owns(login),
        login.c.user_id.in_(erased),
        login.c.login_key.not_like(f"{LOOK_ALIKE}%"),
    )
    found: dict[str, set[str]] = {}
    for user_id, key in checkpoint.read(lambda c: c.execute(query).all()) if erased else ():
        found.setdefault(user_id, set()).add(key)
    return found


def draw_arrived(checkpoint: Checkpoint, number: int) -> list[StoredUser]:
    """Users who are in Descope according to the checkpoint, drawn at random; users known to be missing are left out."""
    known_missing = source_user.c.verdict.is_not_distinct_from(RowVerdict.MISSING)
    wanted = and_(
        mine(checkpoint), source_user.c.state.in_(ARRIVED_STATES), ~known_missing, source_user.c.retry.is_(None)
    )
    query = select(*STORED_COLUMNS).where(wanted).order_by(func.random()).limit(number)
    return [StoredUser.of(row) for row in checkpoint.read(lambda c: c.execute(query).all())]


# --- verdicts ------------------------------------------------------------------------------------


def store_verdicts(
    checkpoint: Checkpoint,
    users: Sequence[StoredUser],
    verdicts: Mapping[str, RowVerdict],
    claims: Mapping[str, str | None] | None = None,
    also: Callable[[Connection], object] | None = None,
) -> bool:
    """Store new verdicts of users whose rows are unchanged; with the lease, or without it while no run is alive.

    Args:
        claims: what was seen of the claims that Docebo may match (`sso_seen`), of users who have a verdict.
        also: what to do in the same transaction, if anything is new.

    Returns:
        False if a live run prevented it.
    """
    seen = {
        user.user_id: (user.target_id, user.state, user.sent_hash, user.verdict)
        for user in users
        if user.arrived and user.user_id in verdicts and _is_new(user, verdicts, claims or {})
    }
    if not seen:
        return True
    columns = [source_user.c[name] for name in ("user_id", "target_id", "state", "sent_hash", "verdict")]
    now = select(*columns).where(mine(checkpoint), source_user.c.user_id.in_(seen))

    def work(connection: Connection) -> None:
        # Nobody else writes until this transaction ends: it holds the migration's own row.
        alike: dict[tuple[RowVerdict, str | None], list[str]] = defaultdict(list)
        for user_id, *facts in connection.execute(now):
            if tuple(facts) == seen[user_id]:
                alike[verdicts[user_id], (claims or {}).get(user_id)].append(user_id)
        for (verdict, claim), user_ids in alike.items():
            these = and_(mine(checkpoint), source_user.c.user_id.in_(user_ids))
            connection.execute(update(source_user).where(these).values(verdict=verdict, sso_seen=claim))
        if also is not None:
            also(connection)

    if checkpoint.fence:
        checkpoint.write(work)
        return True
    return checkpoint.note(work)


def _is_new(user: StoredUser, verdicts: Mapping[str, RowVerdict], claims: Mapping[str, str | None]) -> bool:
    """Whether the row says something else of the user."""
    return verdicts[user.user_id] != user.verdict or claims.get(user.user_id) != user.sso_seen


def request_retry(checkpoint: Checkpoint, words: Collection[str]) -> int:
    """Note that a person wants users to be planned again.

    Args:
        words: "differs" (edited ones too), "missing", a reason code, or "all" for every wrong verdict, conflict
            and failure.

    Returns:
        The number of users this concerns.
    """
    verdicts = {verdict for word in words for verdict in _RETRIED_WORDS.get(word, ())}
    asked = or_(
        and_(source_user.c.state.not_in((State.VANISHED, State.SENDING)), source_user.c.verdict.in_(verdicts)),
        and_(source_user.c.state.in_(_RETRIED_STATES), source_user.c.reason.in_(set(words))),
    )
    if RETRY_ALL in words:
        asked = or_(asked, source_user.c.state.in_((State.CONFLICT, State.FAILED)))
    return mark_for_retry(checkpoint, asked)
