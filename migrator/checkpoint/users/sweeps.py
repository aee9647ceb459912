"""The reading side of the checkpoint: stores pages, and who is new, changed or gone."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Row, Text, and_, bindparam, delete, insert, or_, select, update

from migrator.checkpoint.db.tables import login, migration, source_user
from migrator.checkpoint.users.collisions import LOOK_ALIKE
from migrator.checkpoint.users.moves import insert_as, move_each, move_to
from migrator.checkpoint.users.rows import count_where, mine, pages, this_user
from migrator.checkpoint.users.state_history import first_change
from migrator.checkpoint.users.trial_mapping import login_keys, row_snapshot
from migrator.core.login_ids import look_alike_key
from migrator.core.model import ARRIVED_STATES, Normalized, Ready, SourceStatus, State, TargetUser, text_hash
from migrator.core.reasons import Reason
from migrator.core.sso import SsoFacts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from migrator.checkpoint.db.checkpoint import Checkpoint

_RECOMPUTED = (State.PENDING, State.REJECTED, State.SKIPPED, State.VANISHED)
# Values that a profile lacks and later steps need: to choose among users with one address, for the report, to know
# the record again, and to tell who will land in Docebo.
_SSO_COLUMNS = ("username_hash", "username_fold_hash", "email_hash", "login_hash", "sso_mapped")
_SIDE_FACTS = (
    "note_codes", "source_created", "source_last_login", "source_status", "record_hash", *_SSO_COLUMNS,
)  # fmt: skip
_WAS = ("was_state", "was_reason", "was_detail", "was_attempts")  # what `restore_unconfirmed` restores
_KNOWN = (
    "user_id", "state", "target_hash", "raw", "profile", "target_id", "retry", "verdict",
    *_SIDE_FACTS, *_WAS,
)  # fmt: skip
_NEED_RECORD = (State.PENDING, State.REJECTED, State.CONFLICT, State.FAILED)
_UNSETTLED = ("differs", "missing")  # verdicts (`RowVerdict`)
ERASED_RECORD = "{}"  # the record of a user whose personal data has left the row, but not yet the bytes


@dataclass(frozen=True, slots=True)
class PageCounts:
    """What a page added: users that this sweep had not shown yet, and users not known before.

    `held` are the users that were not stored, because others may be at work on them.
    """

    fresh: int
    new: int
    held: tuple[Normalized, ...] = ()


def begin_sweep(checkpoint: Checkpoint) -> int:
    """Open a sweep and return its number, counted over the life of the migration."""

    def work(connection: Connection) -> int:
        number: int = connection.execute(
            update(migration)
            .where(migration.c.key == checkpoint.key)
            .values(sweep=migration.c.sweep + 1)
            .returning(migration.c.sweep)
        ).scalar_one()
        return number

    return checkpoint.write(work)


def current_sweep(checkpoint: Checkpoint) -> int:
    """The number of the newest sweep; 0 before the first."""
    number = select(migration.c.sweep).where(migration.c.key == checkpoint.key)
    return checkpoint.read(lambda c: c.execute(number).scalar()) or 0


def unchanged_users(checkpoint: Checkpoint, record_hashes: Mapping[str, str]) -> set[str]:
    """Of these user ids, those whom `store_page` would leave as they are, because it stored the very same record.

    Only users about whom nothing is asked or in doubt are among them; the others are to be judged again.
    """
    settled = (
        source_user.c.state.in_((*ARRIVED_STATES, State.PENDING, State.REJECTED)),
        source_user.c.retry.is_(None),
        or_(source_user.c.verdict.is_(None), source_user.c.verdict.not_in(_UNSETTLED)),
    )
    query = select(source_user.c.user_id, source_user.c.record_hash).where(
        mine(checkpoint), source_user.c.user_id.in_(record_hashes), *settled
    )
    rows = checkpoint.read(lambda c: c.execute(query).all()) if record_hashes else ()
    return {row.user_id for row in rows if row.record_hash == record_hashes[row.user_id]}


def store_page(
    checkpoint: Checkpoint,
    sweep: int,
    found: Sequence[Normalized],
    include: Collection[SourceStatus],
    *,
    unchanged: Collection[str] = (),
    held: Collection[str] | None = None,
    left_out: Collection[str] = (),
    leave_pending: bool = False,
    is_trial: bool = False,
) -> PageCounts:
    """Store one page in one transaction; a user that did not change keeps its state and history.

    Args:
        found: what the normalizer made of the records, with their `raw` texts and `record_hash`es.
        unchanged: the ids of users on the page who are not among `found` (`unchanged_users`).
        held: the ids of users held back by earlier pages of the sweep, if newcomers and users to be judged anew are to
            be held back; they are handed over with a later call.
        left_out: the ids of users whom a person has decided to skip.
        leave_pending: others may be planning pending users, who stay as they are.
        is_trial: the migration is bound to another mapping, so nothing may stay unless it is confirmed.
    """
    by_id = {one.user_id: one for one in found}
    ids = {*by_id, *unchanged}

    def work(connection: Connection) -> PageCounts:
        known = _known_rows(connection, checkpoint, by_id, is_trial=is_trial)
        keys = login_keys(connection, checkpoint, by_id) if is_trial else {}
        new = len(by_id.keys() - known.keys() - set(held or ()))
        inserts: dict[State, list[dict[str, Any]]] = defaultdict(list)
        updates: dict[State, list[dict[str, Any]]] = defaultdict(list)
        logins, refreshed, held_back = [], [], []
        for user_id, normalized in _to_judge(by_id, known, leave_pending=leave_pending):
            old = known.get(user_id)
            arrived = old is not None and old.target_id is not None
            state, values = _unless_left_out(user_id in left_out, *_judged(normalized, include, arrived=arrived))
            if held is not None and _must_wait(old, state, values):
                held_back.append(normalized)
                continue
            if old is None:
                history = first_change(checkpoint, state, values["reason"])
                inserts[state].append({"user_id": user_id, "seen_sweep": sweep, "history": history, **values})
            elif _is_judged_anew(old, state, values):
                before = {"was_row": row_snapshot(old, keys.get(user_id, ()))} if is_trial else {}
                was = _was(old, state, values)
                updates[state].append({"b_user": user_id, "b_reason": values.pop("reason"), **values, **was, **before})
            else:
                if side_facts := _changed_side_facts(old, values):
                    refreshed.append({"b_user": user_id, **side_facts})
                continue
            logins += _logins(checkpoint.key, normalized)
        again = and_(mine(checkpoint), source_user.c.user_id.in_(ids), source_user.c.seen_sweep < sweep)
        fresh = new + connection.execute(update(source_user).where(again).values(seen_sweep=sweep)).rowcount
        for state, rows in inserts.items():
            connection.execute(insert_as(checkpoint, state), rows)
        if refreshed:
            connection.execute(update(source_user).where(this_user(checkpoint)), refreshed)
        for state, rows in updates.items():
            reason = bindparam("b_reason", type_=Text)
            move_each(connection, move_to(checkpoint, state, this_user(checkpoint), reason=reason), rows)
        _replace_logins(connection, checkpoint, [row["b_user"] for rows in updates.values() for row in rows], logins)
        return PageCounts(fresh=fresh, new=new, held=tuple(held_back))

    return checkpoint.write(work)


def _known_rows(
    connection: Connection, checkpoint: Checkpoint, user_ids: Collection[str], *, is_trial: bool
) -> dict[str, Row[Any]]:
    """What is known of those of these users who are known; everything, if it may have to be restored."""
    if not user_ids:
        return {}
    columns = list(source_user.c) if is_trial else [source_user.c[name] for name in _KNOWN]
    query = select(*columns).where(mine(checkpoint), source_user.c.user_id.in_(user_ids))
    return {row.user_id: row for row in connection.execute(query)}


def _to_judge(
    by_id: Mapping[str, Normalized], known: Mapping[str, Row[Any]], *, leave_pending: bool
) -> list[tuple[str, Normalized]]:
    left = {user_id for user_id, row in known.items() if leave_pending and row.state == State.PENDING}
    return [(user_id, one) for user_id, one in by_id.items() if user_id not in left]


def _replace_logins(
    connection: Connection, checkpoint: Checkpoint, changed: Sequence[str], logins: Sequence[dict[str, str]]
) -> None:
    """Delete the login keys of users that were known and store those of everybody judged again."""
    if changed:
        connection.execute(delete(login).where(checkpoint.owns(login), login.c.user_id.in_(changed)))
    if logins:
        connection.execute(insert(login), logins)


def _judged(
    normalized: Normalized, include: Collection[SourceStatus], *, arrived: bool
) -> tuple[State, dict[str, Any]]:
    """The state and columns a record gives its user; one who arrived is followed, whatever `policy.include` says."""
    common: dict[str, Any] = dict.fromkeys(("detail", "decision", "changes"))
    common |= {"raw": normalized.raw, "record_hash": normalized.record_hash or None, "attempts": 0}
    sso = normalized.sso or SsoFacts()
    common |= {
        "username_hash": sso.username_hash,
        "username_fold_hash": sso.username_fold_hash,
        "email_hash": sso.email_hash,
        "login_hash": sso.login_hash,
        "sso_mapped": sso.words,
    }
    if not isinstance(normalized, Ready):
        return State.REJECTED, {
            **common,
            "target_hash": text_hash(f"rejected:{normalized.reason}"),
            "reason": normalized.reason,
            "note_codes": "",
            "profile": None,
            "source_status": normalized.source_status,
            "source_created": "",
            "source_last_login": "",
        }
    profile = normalized.target.to_json()
    included = arrived or normalized.source_status in include
    return State.PENDING if included else State.SKIPPED, {
        **common,
        "target_hash": normalized.target.content_hash(profile),
        "reason": None if included else Reason.NOT_INCLUDED,
        "note_codes": ",".join(normalized.notes),
        "profile": profile,
        "source_status": normalized.source_status,
        "source_created": normalized.created,
        "source_last_login": normalized.last_login,
    }


def _unless_left_out(
    left_out: bool,
    state: State,
    values: dict[str, Any],
) -> tuple[State, dict[str, Any]]:
    """The same, or that a person decided to skip the user, whatever its record says."""
    return (State.SKIPPED, {**values, "reason": Reason.LEFT_OUT}) if left_out else (state, values)


def _is_judged_anew(old: Row[Any], state: State, values: dict[str, Any]) -> bool:
    """Whether to write what a record says now over a known user: not if nothing has changed for it."""
    if old.state == State.SENDING:
        # Its outcome is open; the next sweep finds whatever changed in the source.
        return False
    if values["target_hash"] != old.target_hash:
        return True
    if old.state in ARRIVED_STATES:
        # Its profile may be erased, so a user who is asked for again is pending from here on.
        return bool(old.retry)
    return state != old.state if old.state in _RECOMPUTED else state == State.SKIPPED


def _must_wait(old: Row[Any] | None, state: State, values: dict[str, Any]) -> bool:
    """Whether storing a record now could change a user under a plan or a request."""
    if old is None or old.state == State.SENDING:
        return old is None or values["target_hash"] != old.target_hash
    return _is_judged_anew(old, state, values)


def _was(old: Row[Any], state: State, values: dict[str, Any]) -> dict[str, Any]:
    """What an unconfirmed command restores: Docebo's own change stays, only what was asked of the user goes."""
    if old.was_state is None or values["target_hash"] == old.target_hash:
        return {name: getattr(old, name) for name in _WAS}
    return {"was_state": state, "was_reason": values["reason"], "was_detail": None, "was_attempts": 0}


def _changed_side_facts(old: Row[Any], values: dict[str, Any]) -> dict[str, Any]:
    """The side facts of an unchanged user, if one of them or the record changed; an erased record stays erased."""
    if old.state == State.SENDING:
        return {}
    # A person will ask about users with a problem, only the profile can show that the user is right again, and nobody
    # can be sent without one. Those who have arrived and are right, or were left out, need none.
    renewed = old.state in _NEED_RECORD or old.verdict in _UNSETTLED
    raw = values["raw"] if renewed or old.raw not in (None, ERASED_RECORD) else old.raw
    # The same columns for everybody: one statement stores them all.
    profile = values["profile"] if renewed else old.profile
    facts = {name: values[name] for name in _SIDE_FACTS} | {"raw": raw, "profile": profile}
    changed = any(facts[name] != getattr(old, name) for name in facts if name != "record_hash")
    if facts["record_hash"] is None and not changed:
        facts["record_hash"] = old.record_hash  # a trial leaves no trace
    return facts if changed or facts["record_hash"] != old.record_hash else {}


def _logins(key: str, normalized: Normalized) -> list[dict[str, str]]:
    if not isinstance(normalized, Ready):
        return []
    # Hashed: the keys outlive the profiles, and must not contain an address.
    keys = [text_hash(login_key)[:32] for login_key in normalized.login_keys]
    keys.append(LOOK_ALIKE + text_hash(look_alike_key(normalized.target.login_id))[:32])
    return [
        {"migration": key, "login_key": login_key, "user_id": normalized.user_id} for login_key in dict.fromkeys(keys)
    ]


def newcomers(checkpoint: Checkpoint, since: int, size: int = 100) -> Iterator[TargetUser]:
    """Users shown since a sweep who are pending and never were in Descope, in the order of their id text.

    They include users whom the caller stores meanwhile, after the page that is being handed out.
    """
    wait = and_(
        source_user.c.state == State.PENDING, source_user.c.target_id.is_(None), source_user.c.seen_sweep >= since
    )
    for page in pages(checkpoint, [source_user.c.profile], wait, size=size, growing=True):
        yield from (TargetUser.from_json(row.profile) for row in page)


def count_seen(checkpoint: Checkpoint, since: int) -> int:
    """How many users the sweeps from number `since` on have shown."""
    return count_where(checkpoint, source_user.c.seen_sweep >= since)


def count_present(checkpoint: Checkpoint) -> int:
    """How many users are known and were not marked as gone."""
    return count_where(checkpoint, source_user.c.state != State.VANISHED)


def count_absent(checkpoint: Checkpoint, since: int) -> int:
    """How many users thought to be present no sweep from number `since` on has shown."""
    return count_where(checkpoint, _absent(checkpoint, since))


def mark_vanished(checkpoint: Checkpoint, since: int) -> int:
    """Mark users absent from every sweep since number `since` as gone from Docebo; returns how many are new."""

    def work(connection: Connection) -> int:
        gone = move_to(checkpoint, State.VANISHED, _absent(checkpoint, since), reason=Reason.NOT_IN_DOCEBO)
        forgotten = {"detail": None, "decision": None, "retry": None, "was_state": None}
        return connection.execute(gone.values(**forgotten)).rowcount

    return checkpoint.write(work)


def _absent(checkpoint: Checkpoint, since: int) -> ColumnElement[bool]:
    return and_(
        mine(checkpoint),
        source_user.c.seen_sweep < since,
        # The outcome of a half-sent user is read from Descope first.
        source_user.c.state.not_in((State.VANISHED, State.SENDING)),
    )
