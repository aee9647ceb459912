"""Tenants and roles at an undo: what this migration gave goes, what people gave stays (docs/decisions/0027)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from wanted_and_held import WANTED, held, policy

from migrator.core.fields import SentFields
from migrator.core.grants import Grant, in_order, read_grants
from migrator.core.pre_image import PreImage
from migrator.flow.plan.changes import KnownPast, find_changes
from migrator.flow.send.before import pre_image_of
from migrator.flow.undo.compare import is_as_sent, is_edited, is_restored
from migrator.flow.undo.send import restored_grants

if TYPE_CHECKING:
    from migrator.descope.user import DescopeUser

A, B, C = Grant("a"), Grant("b"), Grant("c")
LEARNER, COACH = Grant("a", "Learner"), Grant("a", "Coach")
ADMIN, EDITOR = Grant("", "Admin"), Grant("", "Editor")
GIVEN = replace(WANTED, grants=(A, LEARNER))
SENT = SentFields.of(GIVEN)


def having(*grants: Grant) -> DescopeUser:
    """The user with exactly these."""
    return held(grants=in_order(grants))


def test_whoever_has_the_tenants_that_were_sent_is_as_sent() -> None:
    assert is_as_sent(having(A, LEARNER), SENT)
    assert is_as_sent(having(ADMIN), SentFields.of(replace(WANTED, grants=(ADMIN,))))


@pytest.mark.parametrize(
    "has", [(), (A,), (A, LEARNER, B), (A, LEARNER, COACH), (B,)], ids=lambda has: ", ".join(map(str, has))
)
def test_any_other_tenant_or_role_is_an_edit(has: tuple[Grant, ...]) -> None:
    """Given by hand or taken away by hand: the user is spared."""
    assert not is_as_sent(having(*has), SENT)


def test_a_tenant_by_hand_is_an_edit_although_a_rule_gives_it_later() -> None:
    later = find_changes(GIVEN, having(A, LEARNER), policy(), past=KnownPast(SentFields.of(WANTED))).sent

    assert not is_as_sent(having(A, LEARNER), later)


def test_a_tenant_that_no_rule_gives_any_more_is_still_ours() -> None:
    later = find_changes(WANTED, having(A, LEARNER), policy(), past=KnownPast(SENT)).sent

    assert is_as_sent(having(A, LEARNER), later)


def test_a_user_of_a_version_before_rules_is_as_sent_without_tenants() -> None:
    assert is_as_sent(having(), SentFields.of(WANTED))
    assert not is_as_sent(having(A), SentFields.of(WANTED))


# --- users who were there before us --------------------------------------------------------------


def image_of(before: DescopeUser, *after: Grant) -> PreImage:
    """What is kept when a patch gives the user these tenants and roles."""
    now = having(*after)
    patch = {"userTenants": now.tenants, "roleNames": now.roles}
    changed = {name: value for name, value in patch.items() if value != getattr(before, _PLACES[name])}
    return PreImage.from_json(pre_image_of(before, changed, 1.0, moved=False).to_json())


_PLACES = {"userTenants": "tenants", "roleNames": "roles"}


def restored(found: DescopeUser, image: PreImage) -> DescopeUser:
    """The user after the patch of an undo."""
    patch = {"userTenants": found.tenants, "roleNames": found.roles} | restored_grants(found, image)
    return replace(found, grants=read_grants(patch["userTenants"], patch["roleNames"]))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((), (A, LEARNER)),
        ((A,), (A, LEARNER)),
        ((B, C), (A, B, C, LEARNER)),
        ((A, COACH), (A, COACH, LEARNER)),
        ((), (ADMIN,)),
        ((EDITOR,), (ADMIN, EDITOR)),
        ((A, LEARNER), ()),
        ((A, LEARNER), (A,)),
        ((ADMIN,), (A,)),
    ],
)
def test_an_undo_restores_exactly_what_was_before(before: tuple[Grant, ...], after: tuple[Grant, ...]) -> None:
    image = image_of(having(*before), *after)
    now = having(*after)

    assert not is_restored(now, image)
    assert not is_edited(now, image)
    assert restored(now, image) == having(*before)
    assert is_restored(having(*before), image)
    assert restored_grants(having(*before), image) == {}


def test_an_undo_keeps_tenants_that_a_person_gave_since() -> None:
    image = image_of(having(B), A, B)
    now = having(A, B, C, Grant("b", "Owner"))

    assert not is_edited(now, image)
    assert restored(now, image) == having(B, C, Grant("b", "Owner"))


def test_a_role_given_by_hand_in_a_tenant_of_ours_spares_the_user() -> None:
    """The tenant cannot go while the role stays: no undo could end."""
    image = image_of(having(B), A, B)

    assert is_edited(having(A, B, COACH), image)
    assert not is_edited(having(A, B, Grant("b", "Owner")), image)


def test_a_role_by_hand_in_a_tenant_of_before_spares_nobody() -> None:
    image = image_of(having(A), A, LEARNER)

    assert not is_edited(having(A, LEARNER, COACH), image)
    assert restored(having(A, LEARNER, COACH), image) == having(A, COACH)


def test_what_was_given_taken_back_and_given_again_is_restored_to_the_first_state() -> None:
    first = image_of(having(B), A, B)
    second = image_of(having(A, B), B)
    image = first.followed_by(second).followed_by(image_of(having(B), A, B, LEARNER))

    for now in (having(A, B, LEARNER), having(A, B), having(B)):
        assert not is_edited(now, image)
        assert restored(now, image) == having(B)


def test_a_patch_of_something_else_keeps_nothing_of_tenants() -> None:
    before = replace(having(A), name="Other")
    image = pre_image_of(before, {"name": "Ana Ruiz"}, 1.0, moved=False)

    assert image.before == {"name": "Other"}
    assert restored_grants(having(A, B), image) == {}
