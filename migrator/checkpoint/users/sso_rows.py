"""The users active in Docebo who are in Descope, and what is known of their claims (docs/decisions/0028)."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, case, false, func, literal, or_, select, true

from migrator.checkpoint.db.tables import source_user
from migrator.checkpoint.users.counts import PREDICTED_STATES
from migrator.checkpoint.users.report_rows import is_in_descope
from migrator.checkpoint.users.rows import mine, pages
from migrator.core.fields import ATTRIBUTE, EMAIL, LOGIN_ID, STATUS
from migrator.core.model import ARRIVED_STATES, DOCEBO_USERNAME, State
from migrator.core.sso import EMAIL_CLAIM, LOGIN_CLAIM, SEEN_DISABLED, USERNAME_CLAIM, ClaimSent, SsoUser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Row, Select

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.core.sso import ClaimName, SsoRules

# Of each claim: its field among those sent, and the column with the hash of its present value.
_FIELD: dict[ClaimName, str] = {USERNAME_CLAIM: ATTRIBUTE + DOCEBO_USERNAME, EMAIL_CLAIM: EMAIL, LOGIN_CLAIM: LOGIN_ID}
_PRESENT: dict[ClaimName, ColumnElement[str]] = {
    USERNAME_CLAIM: source_user.c.username_hash,
    EMAIL_CLAIM: source_user.c.email_hash,
    LOGIN_CLAIM: source_user.c.login_hash,
}
_COMING = [decision for decision, state in PREDICTED_STATES.items() if state in ARRIVED_STATES]


def sso_groups(checkpoint: Checkpoint, rules: SsoRules, *, predicted: bool) -> list[tuple[SsoUser, int]]:
    """How many of them are alike in everything that matters, in one look at the table.

    Args:
        predicted: those whom the plan would bring are in Descope already.
    """
    columns = _columns(checkpoint, rules, predicted=predicted)
    shared = _compared(rules).in_(_shared(checkpoint, rules, predicted=predicted))
    one = select(*columns, case((shared, 1), else_=0).label("shared"))
    found = one.where(mine(checkpoint), *_in_descope(predicted=predicted)).subquery()
    query = select(*found.c, func.count().label("users")).group_by(*found.c)
    rows = checkpoint.read(lambda c: c.execute(query).all())
    return [(_user(row, shared=bool(row.shared)), row.users) for row in rows]


def sso_users(checkpoint: Checkpoint, rules: SsoRules, *, predicted: bool) -> Iterator[tuple[str, str | None, SsoUser]]:
    """Each of them with the Docebo id and the Descope id, in the order of the id text; memory stays flat."""
    query = _shared(checkpoint, rules, predicted=predicted)
    shared = set(checkpoint.read(lambda c: c.execute(query).scalars().all()))
    columns = [
        source_user.c.target_id,
        _compared(rules).label("compared"),
        *_columns(checkpoint, rules, predicted=predicted),
    ]
    for row in chain.from_iterable(pages(checkpoint, columns, *_in_descope(predicted=predicted))):
        yield row.user_id, row.target_id, _user(row, shared=row.compared in shared)


def _in_descope(*, predicted: bool) -> tuple[ColumnElement[bool], ...]:
    """Whether a user is active in Docebo and, as far as is known, in Descope."""
    return source_user.c.source_status == "active", or_(is_in_descope(), _is_coming(predicted=predicted))


def _is_coming(*, predicted: bool) -> ColumnElement[bool]:
    return and_(source_user.c.state == State.PENDING, source_user.c.decision.in_(_COMING)) if predicted else false()


def _compared(rules: SsoRules) -> ColumnElement[str]:
    """The hash by which two claims are the same; nobody shares a login id, as a plan sets those users aside."""
    if rules.claim == USERNAME_CLAIM and rules.ignore_case:
        return source_user.c.username_fold_hash
    return _PRESENT[rules.claim]


def _shared(checkpoint: Checkpoint, rules: SsoRules, *, predicted: bool) -> Select[Any]:
    """The hashes that several users have, whatever their status in Docebo."""
    compared = _compared(rules)
    _, there = _in_descope(predicted=predicted)
    wanted = and_(mine(checkpoint), there, compared.is_not(None), true() if rules.claim != LOGIN_CLAIM else false())
    return select(compared).where(wanted).group_by(compared).having(func.count() > 1)


def _columns(checkpoint: Checkpoint, rules: SsoRules, *, predicted: bool) -> list[ColumnElement[Any]]:
    read_back = and_(source_user.c.state.in_(ARRIVED_STATES), source_user.c.verdict.is_not(None))
    coming = _is_coming(predicted=predicted)
    stays_disabled = and_(coming, source_user.c.detail == SEEN_DISABLED)  # by what the plan has seen
    sent = _SentText(checkpoint)
    return [
        source_user.c.sso_mapped,
        _sent(sent, rules.claim).label("sent"),
        case((read_back, source_user.c.sso_seen), (stays_disabled, SEEN_DISABLED)).label("seen"),
        case((coming, 1), else_=0).label("planned"),
        case((sent.leaves(STATUS), 1), else_=0).label("barred"),
    ]


class _SentText:
    """The column `sent_fields` as the canonical JSON text that it is: to find one value takes no decoding."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._find = func.instr if checkpoint.db.is_sqlite else func.strpos

    def has(self, name: str, value: ColumnElement[str]) -> ColumnElement[bool]:
        """Whether this hash of the field was last sent."""
        return self._contains(literal(f'"{name}":"') + value + '"')

    def names(self, name: str) -> ColumnElement[bool]:
        """Whether any value of the field was ever sent."""
        return self._contains(literal(f'"{name}":"'))

    def leaves(self, name: str) -> ColumnElement[bool]:
        """Whether a person changed the field in Descope; the names of such fields stand between all hashes."""
        found: ColumnElement[bool] = source_user.c.sent_fields.like(f'%"left":[%"{name}"%')
        return and_(~self._contains(literal('"left":[]')), found)

    def _contains(self, part: ColumnElement[str]) -> ColumnElement[bool]:
        found: ColumnElement[bool] = self._find(source_user.c.sent_fields, part) > 0
        return found


def _sent(text: _SentText, claim: ClaimName) -> ColumnElement[str]:
    """What is known of the claim in Descope."""
    name = _FIELD[claim]
    if claim == USERNAME_CLAIM:
        # It is part of every target since there are such facts, and no policy leaves it as it was.
        noted = source_user.c.sso_mapped.is_not(None)
        first = (and_(noted, source_user.c.sent_hash == source_user.c.target_hash), ClaimSent.NOW.value)
    else:
        first = (text.leaves(name), ClaimSent.LEFT.value)
    # Whoever came before single values were recorded is as the record says, but for an attribute that did not exist.
    unknown = ClaimSent.NEVER if claim == USERNAME_CLAIM else ClaimSent.NOW
    return case(
        first,
        (text.has(name, _PRESENT[claim]), ClaimSent.NOW.value),
        (text.has(name, source_user.c.username_hash), ClaimSent.AS_NAMED.value),
        (text.names(name), ClaimSent.OLDER.value),
        else_=unknown.value,
    )


def _user(row: Row[*tuple[Any, ...]], *, shared: bool) -> SsoUser:
    return SsoUser(
        mapped=row.sso_mapped,
        sent=ClaimSent(row.sent),
        seen=row.seen,
        planned=bool(row.planned),
        shared=shared,
        disabled=bool(row.barred),
    )
