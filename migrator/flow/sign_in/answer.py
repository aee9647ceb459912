"""What is answered about somebody who signs in, as far as the checkpoint tells. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from migrator.checkpoint.users.stored_user import RowVerdict
from migrator.core.email_address import parse_email
from migrator.core.fields import EMAIL, STATUS, login_hash, value_hash
from migrator.core.model import Origin, State
from migrator.core.reasons import Reason
from migrator.core.sso import SEEN_DISABLED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from migrator.checkpoint.users.stored_user import StoredUser

# Whoever signs in is to come although an option of an earlier run left them out.
_FOR_LATER = (Reason.LIMIT, Reason.SEARCH_TEXT, Reason.NOT_IN_PLAN)


class SignInOutcome(StrEnum):
    """What the flow is told."""

    READY = "ready"  # the user is in Descope and may sign in
    ABSENT = "absent"  # nobody in Docebo is called that
    CONFLICT = "conflict"  # a person must choose
    REFUSED = "refused"  # cannot be migrated as it is, or may not sign in
    BUSY = "busy"  # not known yet; the work goes on


_BY_LOGIN, _BY_USERNAME, _BY_ADDRESS = range(3)  # the lists of `users_called`
# What is answered of users who are not in Descope: first those whom looking in Docebo may change.
_WORTH_TRYING = {
    State.PENDING: SignInOutcome.BUSY,
    State.VANISHED: SignInOutcome.ABSENT,
    State.REJECTED: SignInOutcome.REFUSED,
}
_SETTLED = {State.CONFLICT: SignInOutcome.CONFLICT, State.SENDING: SignInOutcome.BUSY}


@dataclass(frozen=True, slots=True)
class SignInAnswer:
    """One answer; `login_id` and `fresh` only for READY.

    `login_id` is the one under which the user signs in, `fresh` whether this migration created the user, who then has
    no credential of an earlier time.
    """

    outcome: SignInOutcome
    login_id: str | None = field(default=None, repr=False)  # personal data
    fresh: bool | None = None


def is_called(name: str, value: object) -> bool:
    """Whether a login id, user name or address is exactly this name, whatever the case of its letters.

    The strong fold that detects collisions is not enough: two people may share it.
    """
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not text.strip():
        return False
    if text.strip().lower() == name.lower():
        return True
    address = parse_email(name)
    return address is not None and address == parse_email(text)


def identify(
    name: str, lists: Iterable[Sequence[StoredUser]], *, final: bool = False
) -> StoredUser | SignInOutcome | None:
    """The user in Descope who is called by this name; else what is to be answered; None if somebody must be asked.

    Args:
        lists: those of `users_called`.
        final: everything was just tried, so that whoever is still open is BUSY, and who was rejected stays so.
    """
    key = login_hash(name)
    others: list[StoredUser] = []
    for number, called in enumerate(lists):
        by_login = number == _BY_LOGIN
        users = (_exactly(called, name) or called) if number == _BY_USERNAME else called
        there = [one for one in users if _is_there(one) and (not by_login or (one.holds(key) and may_be(one, name)))]
        there = _exactly(there, name) or there
        # An address that others in Docebo have, too, who may come yet, is nobody's alone.
        shared = number == _BY_ADDRESS and any(_may_come(one) for one in users if not _is_there(one))
        if len(there) == 1 and not shared:
            [one] = there
            return SignInOutcome.REFUSED if is_disabled(one) else one
        if there:
            return SignInOutcome.CONFLICT
        others += [one for one in users if may_be(one, name) or not by_login]
    outcomes = {_outcome_of(one, final=final) for one in others}
    if None in outcomes:
        return None
    for outcome in (SignInOutcome.BUSY, SignInOutcome.CONFLICT, SignInOutcome.REFUSED):
        if outcome in outcomes:
            return outcome
    return SignInOutcome.ABSENT if final else None


def may_be(user: StoredUser, name: str) -> bool:
    """Whether this may be the user's own name; the fold by which login ids collide is not enough.

    Nobody knows of a user whose profile was erased.
    """
    if user.profile is None:
        return True
    own = (*user.login_ids, user.target.email)
    return any(is_called(name, one) for one in own) or has_username(user, name)


def has_username(user: StoredUser, name: str) -> bool:
    """Whether this is the user's name in Docebo, whatever the case of its letters."""
    return user.username_fold_hash == value_hash(name.casefold())


def _exactly(users: Sequence[StoredUser], name: str) -> list[StoredUser]:
    """Those whose user name is this one to the letter: two people may have names that differ by case."""
    return [one for one in users if one.username_hash == value_hash(name) and one.state != State.VANISHED]


def _is_there(user: StoredUser) -> bool:
    """Whether the user is in Descope as far as is known, whatever is pending or in doubt about it."""
    came = user.target_id is not None and user.sent_hash is not None
    return (
        came
        and user.state not in (State.VANISHED, State.SENDING)
        and user.verdict != RowVerdict.MISSING
        and user.reason != Reason.DELETED_AT_DESCOPE
    )


def _may_come(user: StoredUser) -> bool:
    """Whether a user who is not in Descope may get there without a change in Docebo or of the rules."""
    return _is_for_later(user) or user.state in (State.PENDING, State.SENDING, State.CONFLICT)


def _is_for_later(user: StoredUser) -> bool:
    """Whether this migration's own command left the user out, and not a rule."""
    return user.state == State.SKIPPED and user.reason in _FOR_LATER


def is_disabled(user: StoredUser) -> bool:
    """Whether a user who is in Descope cannot sign in there, by the last reading, or else by what was sent."""
    if user.sso_seen is not None:
        return SEEN_DISABLED in user.sso_seen.split(",")
    was_sent = user.sent is not None and user.sent.had(STATUS, "disabled")
    return bool(user.disabled_by_us) or was_sent


def _outcome_of(user: StoredUser, *, final: bool) -> SignInOutcome | None:
    """What is to be answered of a user who is not in Descope; None if trying may change that."""
    if not final and (_is_for_later(user) or user.state in _WORTH_TRYING):
        return None
    return _WORTH_TRYING.get(user.state) or _SETTLED.get(user.state, SignInOutcome.REFUSED)


def known_login_id(user: StoredUser, name: str) -> str | None:
    """The login id under which a user who is in Descope signs in, who is called by this name; None if not known.

    It is one that was sent: the name itself, where it is one, else the primary one.
    """
    sent = user.sent
    if sent is None:
        return None
    ours = [one for one in user.login_ids if login_hash(one) in sent.logins]
    called = [one for one in ours if is_called(name, one)]
    if called or ours:
        return (called or ours)[0]
    address = parse_email(name)
    if address is not None and login_hash(address) in sent.logins and sent.had(EMAIL, address):
        return address
    return None


def ready(user: StoredUser, login_id: str, *, marked_fresh: bool = False) -> SignInAnswer:
    """The answer about a user who is in Descope.

    Args:
        marked_fresh: Descope has `freshlyMigrated` of the user, which counts where the checkpoint does not know whether
            this migration created it.
    """
    fresh = marked_fresh if user.origin is None else user.origin != Origin.LINKED
    return SignInAnswer(SignInOutcome.READY, login_id, fresh)
