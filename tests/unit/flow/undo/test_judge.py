"""What undoing does about one user, and what counts as a difference to what was sent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from stored_users import waiting
from two_migrations import target
from wanted_and_held import CITY, held

from migrator.core.fields import SentFields, value_hash
from migrator.core.model import MARK_PLATFORM, Decision, State
from migrator.core.pre_image import PreImage
from migrator.flow.send.before import pre_image_of, was_created
from migrator.flow.signs import SignsOfLife
from migrator.flow.undo.compare import is_as_sent, is_edited, is_restored
from migrator.flow.undo.judge import UndoVerdict, judge_user

if TYPE_CHECKING:
    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.descope.user import DescopeUser

WANTED = replace(CITY, verified_email=False)
SENT = SentFields.of(WANTED)
FOUND = held(WANTED, created_at=1000.0)
PLATFORM = WANTED.attributes[MARK_PLATFORM]
SURE = SignsOfLife(reaches_back=900.0)


def created(**columns: Any) -> StoredUser:
    """A user whom this migration created."""
    columns = {"target_id": "U1", "origin": "created", "sent": SENT, **columns}
    return replace(waiting(WANTED, **columns), state=State.CREATED)


def verdict(found: DescopeUser | None, signs: SignsOfLife = SURE, *, force: bool = False) -> UndoVerdict:
    """The verdict on somebody created."""
    return judge_user(created(), found, None, signs, PLATFORM, force=force)


def test_whoever_is_as_created_is_deleted() -> None:
    assert verdict(FOUND) is UndoVerdict.DELETE


def test_answers_that_show_values_as_text_make_no_difference() -> None:
    """`"true"` for a flag, an address in capitals: the same values."""
    texts = {**FOUND.attributes, "freshlyMigrated": "true"}

    assert verdict(replace(FOUND, attributes=texts, email=FOUND.email.upper())) is UndoVerdict.DELETE


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Other"},
        {"picture": ""},
        {"phone": ""},
        {"status": "disabled"},
        {"verified_email": True},
        {"verified_phone": True},
        {"email": "other@example.org"},
        {"login_ids": (*FOUND.login_ids, "second")},
        {"login_ids": FOUND.login_ids[:1]},
        {"never_sent": ("userTenants",)},
        {"attributes": {**FOUND.attributes, "city": "Rome"}},
        {"attributes": {**FOUND.attributes, "more": "x"}},
        {"attributes": {name: value for name, value in FOUND.attributes.items() if name != "city"}},
        {"attributes": {name: value for name, value in FOUND.attributes.items() if name != "freshlyMigrated"}},
        {"attributes": {**FOUND.attributes, MARK_PLATFORM: "other"}},
    ],
    ids=str,
)
def test_any_difference_is_an_edit(change: dict[str, Any]) -> None:
    """Even where nobody could be asked about sign-ins, and with --force-unknown."""
    changed = replace(FOUND, **change)

    assert verdict(changed) is UndoVerdict.EDITED
    assert verdict(changed, SignsOfLife(), force=True) is UndoVerdict.EDITED


def test_signs_of_life_come_before_edits() -> None:
    edited = replace(FOUND, name="Other")

    assert verdict(replace(edited, has_credential=True)) is UndoVerdict.SIGNED_IN
    assert verdict(edited, SignsOfLife({"U1": 5.0}, reaches_back=900.0)) is UndoVerdict.SIGNED_IN
    away = replace(edited, attributes={**FOUND.attributes, "freshlyMigrated": "false"})
    assert verdict(away) is UndoVerdict.SIGNED_IN


@pytest.mark.parametrize("signs", [SignsOfLife(), SignsOfLife(reaches_back=1000.5)])
def test_where_nobody_can_tell_the_user_is_spared_unless_forced(signs: SignsOfLife) -> None:
    """Nobody may be asked, or the trail begins after the user was created."""
    assert verdict(FOUND, signs) is UndoVerdict.UNKNOWN
    assert verdict(FOUND, signs, force=True) is UndoVerdict.DELETE


def test_a_user_without_a_creation_time_is_unknown() -> None:
    assert verdict(replace(FOUND, created_at=None)) is UndoVerdict.UNKNOWN


def test_a_user_of_whom_nobody_knows_what_was_sent_is_unknown_whatever_is_forced() -> None:
    """Older versions did not store it."""
    assert judge_user(created(sent=None), FOUND, None, SURE, PLATFORM, force=True) is UndoVerdict.UNKNOWN


def test_a_change_that_was_taken_back_is_an_edit_of_whom_we_never_changed() -> None:
    """The audit trail shows it; of users whom we updated, nobody can tell it from ours."""
    late = SignsOfLife(changed={"U1": 1100.0}, reaches_back=900.0)
    at_once = SignsOfLife(changed={"U1": 1030.0}, reaches_back=900.0)

    assert verdict(FOUND, late) is UndoVerdict.EDITED
    assert verdict(FOUND, at_once) is UndoVerdict.DELETE
    updated = replace(created(), state=State.UPDATED)
    assert judge_user(updated, FOUND, None, late, PLATFORM, force=False) is UndoVerdict.DELETE


def test_whoever_is_not_there_is_gone() -> None:
    assert verdict(None) is UndoVerdict.GONE


# --- users who were there before us --------------------------------------------------------------

BEFORE = held(WANTED, name="", attributes={"loyalty": 7}, has_credential=True)
AFTER = replace(BEFORE, name="Ana Ruiz", attributes={**WANTED.attributes, "loyalty": 7})
IMAGE = pre_image_of(BEFORE, {"name": "Ana Ruiz", "customAttributes": AFTER.attributes}, 1000.0, moved=False)


def linked(
    found: DescopeUser, signs: SignsOfLife = SURE, image: PreImage | None = IMAGE, *, force: bool = False
) -> UndoVerdict:
    """The verdict on somebody whom we linked."""
    return judge_user(created(origin="linked"), found, image, signs, PLATFORM, force=force)


def test_a_linked_user_is_restored_and_its_earlier_credential_is_no_sign() -> None:
    assert linked(AFTER) is UndoVerdict.RESTORE
    assert linked(AFTER, SignsOfLife({"U1": 999.0}, reaches_back=900.0)) is UndoVerdict.RESTORE


def test_a_linked_user_whom_another_migration_brought_can_be_restored() -> None:
    """Its `freshlyMigrated` was false before; one that turned false since is a sign."""
    used = {**AFTER.attributes, "freshlyMigrated": False}
    before = replace(BEFORE, attributes={"loyalty": 7, "freshlyMigrated": False})
    image = pre_image_of(before, {"name": "Ana Ruiz", "customAttributes": WANTED.attributes}, 1000.0, moved=False)

    assert linked(replace(AFTER, attributes=used), image=PreImage.from_json(image.to_json())) is UndoVerdict.RESTORE
    assert linked(replace(AFTER, attributes=used)) is UndoVerdict.SIGNED_IN


def test_a_linked_user_who_signed_in_since_is_spared() -> None:
    assert linked(AFTER, SignsOfLife({"U1": 1000.0}, reaches_back=900.0)) is UndoVerdict.SIGNED_IN
    new = replace(IMAGE, had_credential=False)
    assert linked(AFTER, image=new) is UndoVerdict.SIGNED_IN


def test_a_linked_user_is_edited_only_in_what_we_changed() -> None:
    """Its own fields are its own business; ours must be as sent, or as before."""
    assert linked(replace(AFTER, name="Other")) is UndoVerdict.EDITED
    assert linked(replace(AFTER, family_name="Other")) is UndoVerdict.RESTORE
    assert linked(replace(AFTER, name="")) is UndoVerdict.RESTORE
    assert linked(replace(AFTER, attributes={"loyalty": 7})) is UndoVerdict.EDITED  # the mark is not ours any more


def test_a_linked_user_of_whom_nothing_is_kept_is_unknown_whatever_is_forced() -> None:
    assert linked(AFTER, image=None, force=True) is UndoVerdict.UNKNOWN
    assert linked(AFTER, image=replace(IMAGE, moved=True), force=True) is UndoVerdict.UNKNOWN
    assert linked(AFTER, SignsOfLife()) is UndoVerdict.UNKNOWN
    assert linked(AFTER, SignsOfLife(), force=True) is UndoVerdict.RESTORE


def test_whoever_is_as_before_needs_nothing_more() -> None:
    """Also with empty attributes in place of none, which is all that some servers allow."""
    blank = dict.fromkeys(WANTED.attributes, "")

    assert is_restored(BEFORE, IMAGE)
    assert is_restored(replace(BEFORE, attributes={"loyalty": "7", **blank}), IMAGE)
    assert not is_restored(AFTER, IMAGE)
    assert not is_edited(AFTER, IMAGE)
    assert linked(BEFORE, SignsOfLife()) is UndoVerdict.RESTORE


def test_a_later_change_keeps_the_first_value_and_knows_both_that_were_sent() -> None:
    later = pre_image_of(AFTER, {"name": "Ana R", "phone": "+391"}, 2000.0, moved=True)
    both = PreImage.from_json(IMAGE.followed_by(later).to_json())

    assert (both.before["name"], both.before["phone"], both.at, both.moved) == ("", WANTED.phone, 1000.0, True)
    assert both.sent["name"] == {value_hash("Ana Ruiz"), value_hash("Ana R")}


@pytest.mark.parametrize(
    ("origin", "decision", "found", "expected"),
    [
        ("created", Decision.UPDATE, FOUND, True),
        ("linked", Decision.UPDATE, FOUND, False),
        (None, Decision.UPDATE, FOUND, True),
        (None, Decision.UPDATE, replace(FOUND, attributes=WANTED.attributes), False),
        (None, Decision.ADOPT, replace(FOUND, attributes={}), False),
        ("created", Decision.ADOPT, replace(FOUND, attributes={}), False),
        ("created", Decision.ADOPT, FOUND, True),
    ],
)
def test_who_was_created_by_this_migration(
    origin: str | None, decision: Decision, found: DescopeUser, expected: bool
) -> None:
    """A stranger never was, whatever the checkpoint knows of the Docebo user; a user of ours taken over is."""
    assert was_created(waiting(WANTED, origin=origin, decision=decision), found) is expected


@pytest.mark.parametrize(
    ("value", "shown", "edited"),
    [
        (483, ["483", 483.0, "483.0"], ["484", 48.3]),
        (0.5, ["0.5"], ["0.51"]),
        (True, ["true"], ["false", False]),
        ("2026-01-31", ["2026-01-31T00:00:00Z", 1769817600, "1769817600", 1769817600000], ["2026-02-01", 1769904000]),
        (1769817600, ["2026-01-31", "1769817600"], ["2026-02-01"]),
        (["a", "b"], [["b", "a"], '["b","a"]', "a,b"], [["a"], "a", ["a", "b", "c"]]),
        ("007", [], ["7", 7]),
    ],
)
def test_values_of_every_type_are_known_by_their_hash(value: Any, shown: list[Any], edited: list[Any]) -> None:
    """Whatever form they come back in; another value is an edit."""
    sent = SentFields.of(replace(target("1"), attributes={"a": value}))

    def found(one: Any) -> DescopeUser:
        return held(target("1"), attributes={"a": one, "freshlyMigrated": True})

    assert all(is_as_sent(found(one), sent) for one in (value, *shown))
    assert not any(is_as_sent(found(one), sent) for one in edited)
