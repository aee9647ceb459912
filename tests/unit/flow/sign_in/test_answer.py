"""Who is meant by a name, and what is answered, as far as the checkpoint tells."""

from __future__ import annotations

from typing import Any

import pytest

from migrator.checkpoint.users.stored_user import RowVerdict, StoredUser
from migrator.core.fields import EMAIL, STATUS, SentFields, login_hash, value_hash
from migrator.core.model import Origin, State
from migrator.core.reasons import Reason
from migrator.core.sso import SEEN_DISABLED
from migrator.flow.sign_in.answer import SignInOutcome, identify, is_called, known_login_id, ready

NAME = "nina@example.org"


def sent(*logins: str, **fields: Any) -> SentFields:
    hashes = {name: value_hash(value) for name, value in fields.items()}
    return SentFields(hashes, frozenset(map(login_hash, logins or (NAME,))))


def user(state: State = State.CREATED, **values: Any) -> StoredUser:
    """Somebody of this state; in Descope unless said."""
    there = {"target_id": "U1", "sent_hash": "x", "sent": sent(), "origin": Origin.CREATED}
    return StoredUser(values.pop("user_id", "1"), state, "x", **{**there, **values})


def newcomer(state: State, reason: Reason | None = None, **values: Any) -> StoredUser:
    """Somebody who never was in Descope."""
    return user(state, reason=reason, target_id=None, sent_hash=None, sent=None, origin=None, **values)


def called(*users: StoredUser, by: int = 0) -> list[list[StoredUser]]:
    return [list(users) if number == by else [] for number in range(3)]


@pytest.mark.parametrize("by", [0, 1, 2], ids=["login id", "user name", "address"])
def test_whoever_is_there_is_found_by_each_of_their_names(by: int) -> None:
    """The first list that has somebody decides."""
    one = user()
    assert identify(NAME, called(one, by=by)) is one


@pytest.mark.parametrize(
    "state", [State.CREATED, State.UPDATED, State.UNCHANGED, State.PENDING, State.CONFLICT, State.FAILED, State.SKIPPED]
)
def test_whatever_is_pending_or_wrong_about_somebody_they_are_there(state: State) -> None:
    """A change that waits, or a new address that is taken, takes nobody's access away."""
    one = user(state)
    assert identify(NAME, called(one)) is one


@pytest.mark.parametrize(
    ("gone", "outcome"),
    [
        (user(State.VANISHED), None),
        (user(State.SENDING), SignInOutcome.BUSY),
        (user(verdict=RowVerdict.MISSING), SignInOutcome.REFUSED),
        (user(State.CONFLICT, reason=Reason.DELETED_AT_DESCOPE), SignInOutcome.CONFLICT),
        (user(sent_hash=None), SignInOutcome.REFUSED),
        (user(disabled_by_us=True), SignInOutcome.REFUSED),
        (user(sent=sent(**{STATUS: "disabled"})), SignInOutcome.REFUSED),
        (user(sso_seen=SEEN_DISABLED), SignInOutcome.REFUSED),
        (user(sent=sent("other@example.org")), SignInOutcome.REFUSED),
        (newcomer(State.PENDING), None),
        (newcomer(State.REJECTED), None),
        (newcomer(State.SKIPPED, Reason.LIMIT), None),
        (newcomer(State.SKIPPED, Reason.SEARCH_TEXT), None),
        (newcomer(State.SKIPPED, Reason.NOT_IN_PLAN), None),
        (newcomer(State.SKIPPED, Reason.NOT_INCLUDED), SignInOutcome.REFUSED),
        (newcomer(State.SKIPPED, Reason.LEFT_OUT), SignInOutcome.REFUSED),
        (newcomer(State.SKIPPED, Reason.UNDONE), SignInOutcome.REFUSED),
        (newcomer(State.CONFLICT), SignInOutcome.CONFLICT),
        (newcomer(State.FAILED), SignInOutcome.REFUSED),
    ],
)
def test_whoever_is_not_there_is_told_why_or_asked_for(gone: StoredUser, outcome: SignInOutcome | None) -> None:
    """None asks Docebo: only where that may change the answer."""
    assert identify(NAME, called(gone)) is outcome


def test_once_everything_was_tried_nobody_is_asked_for_again() -> None:
    """Whoever is still open is busy, whoever was rejected refused, and nobody is absent."""
    finals = {
        State.PENDING: SignInOutcome.BUSY,
        State.REJECTED: SignInOutcome.REFUSED,
        State.VANISHED: SignInOutcome.ABSENT,
    }
    for state, outcome in finals.items():
        assert identify(NAME, called(newcomer(state)), final=True) is outcome
    assert identify(NAME, called(), final=True) is SignInOutcome.ABSENT
    assert identify(NAME, called()) is None


def test_two_people_with_one_name_are_a_conflict() -> None:
    """Unless one of them has it to the letter as the user name."""
    ann, ben = user(), user(user_id="2")
    assert identify(NAME, called(ann, ben, by=1)) is SignInOutcome.CONFLICT
    exact = user(user_id="3", username_hash=value_hash(NAME))
    assert identify(NAME, called(ann, exact, by=1)) is exact
    waits = newcomer(State.PENDING, user_id="4", username_hash=value_hash(NAME))
    assert identify(NAME, called(ann, waits, by=1)) is None


def test_an_address_of_somebody_who_may_come_yet_is_nobodys_alone() -> None:
    """An old account that the rules leave out takes nobody's address away."""
    ann = user()
    for other in (newcomer(State.PENDING), newcomer(State.CONFLICT), newcomer(State.SKIPPED, Reason.LIMIT)):
        assert identify(NAME, called(ann, other, by=2)) is SignInOutcome.CONFLICT
    for other in (newcomer(State.SKIPPED, Reason.NOT_INCLUDED), user(State.VANISHED), newcomer(State.FAILED)):
        assert identify(NAME, called(ann, other, by=2)) is ann


@pytest.mark.parametrize(
    ("name", "value", "same"),
    [
        ("nina", "NINA ", True),
        ("Nina@Example.org", "nina@example.org", True),
        ("nina@xn--mnchen-3ya.de", "nina@münchen.de", False),
        ("nina", "nina2", False),
        ("nina", "\uff4e\uff49\uff4e\uff41", False),
        ("7", 7, True),
        ("true", True, False),
        ("none", None, False),
        ("", "", False),
        ("[]", [], False),
    ],
)
def test_a_name_is_somebodys_in_any_case_and_in_no_other_way(name: str, value: object, same: bool) -> None:
    """What is equal only by the strong fold may be two people."""
    assert is_called(name, value) is same


def test_a_login_id_is_answered_only_if_it_was_sent() -> None:
    """A new address that waits is none yet; of an erased profile, only the address can be told."""
    erased = user(sent=sent(**{EMAIL: NAME}))
    assert known_login_id(erased, NAME.upper()) == NAME
    assert known_login_id(erased, "nina") is None
    assert known_login_id(user(sent=None), NAME) is None


@pytest.mark.parametrize(
    ("origin", "marked", "fresh"),
    [
        (Origin.CREATED, False, True),
        (Origin.PRESUMED, False, True),
        (Origin.LINKED, True, False),
        (None, True, True),
        (None, False, False),
    ],
)
def test_fresh_is_whom_this_migration_created(origin: Origin | None, marked: bool, fresh: bool) -> None:
    """Where the checkpoint does not know, Descope's own word counts."""
    assert ready(user(origin=origin), NAME, marked_fresh=marked).fresh is fresh
