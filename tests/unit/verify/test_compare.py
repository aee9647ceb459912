"""One user, wanted and found: which fields count as different."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from migrator.config.schema import PolicyConfig
from migrator.core.login_ids import login_key
from migrator.core.model import State, TargetUser, text_hash
from migrator.descope.user import DescopeUser, parse_user
from migrator.verify.compare import FieldDifference, StoredFacts, compare_mark, compare_user

PLATFORM = "acme.docebosaas.com"
MARK = {"doceboUserId": "7", "doceboPlatform": PLATFORM}
TARGET = TargetUser(
    login_id="ana@example.org",
    email="ana@example.org",
    verified_email=True,
    status="enabled",
    name="Ana Ruiz",
    given_name="Ana",
    family_name="Ruiz",
    phone="+15550100",
    picture="https://pics.example.org/a.png",
    extra_login_ids=("ana.ruiz",),
    attributes={**MARK, "city": "Lima"},
)
FOUND = DescopeUser(
    user_id="U2a",
    login_ids=("ana@example.org", "ana.ruiz"),
    name="Ana Ruiz",
    given_name="Ana",
    family_name="Ruiz",
    email="ana@example.org",
    verified_email=True,
    phone="+15550100",
    status="enabled",
    picture="https://pics.example.org/a.png",
    attributes={**MARK, "city": "Lima", "freshlyMigrated": True, "foreign": 3},
)


def names(
    target: TargetUser = TARGET,
    found: DescopeUser = FOUND,
    state: State = State.CREATED,
    *,
    origin: str | None = None,
    seen_right: bool = False,
    **policy: Any,
) -> list[str]:
    past = StoredFacts(state, origin, seen_right=seen_right)
    return [field.name for field in compare_user(target, found, past, PolicyConfig(**policy))]


def with_attributes(**values: Any) -> DescopeUser:
    return replace(FOUND, attributes={k: v for k, v in {**FOUND.attributes, **values}.items() if v is not None})


def test_a_user_as_it_must_be_does_not_differ() -> None:
    """Every field right, foreign attributes beside ours: nothing differs."""
    assert names() == []


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": "Ana R"}, "name"),
        ({"name": ""}, "name"),
        ({"given_name": "Anna"}, "givenName"),
        ({"family_name": ""}, "familyName"),
        ({"email": "other@example.org"}, "email"),
        ({"verified_email": False}, "verifiedEmail"),
        ({"phone": ""}, "phone"),
        ({"verified_phone": True}, "verifiedPhone"),
        ({"picture": ""}, "picture"),
        ({"status": "disabled"}, "status"),
        ({"status": "invited"}, "status"),
        ({"login_ids": ("ana.ruiz",)}, "loginId"),
        ({"login_ids": ("ana@example.org",)}, "additionalIdentifiers"),
    ],
)
def test_each_field_we_own_is_compared(changed: dict[str, Any], field: str) -> None:
    """A change of any field we own is told under its Descope name, and nothing else is."""
    assert names(found=replace(FOUND, **changed)) == [field]


@pytest.mark.parametrize("state", [State.CREATED, State.UPDATED, State.UNCHANGED])
@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"doceboUserId": "8"}, "doceboUserId"),
        ({"doceboPlatform": None}, "doceboPlatform"),
        ({"city": None}, "city"),
        ({"city": "Cusco"}, "city"),
        ({"freshlyMigrated": None}, "freshlyMigrated"),
        ({"freshlyMigrated": "yes"}, "freshlyMigrated"),
        ({"freshlyMigrated": ""}, "freshlyMigrated"),
        ({"freshlyMigrated": 1}, "freshlyMigrated"),
    ],
)
def test_each_attribute_we_own_is_compared(state: State, changed: dict[str, Any], field: str) -> None:
    """Mark, freshlyMigrated as a boolean, and mapped attributes, in every state of a user who arrived."""
    assert names(found=with_attributes(**changed), state=state) == [field]


@pytest.mark.parametrize("signed_in", [True, False])
def test_values_that_come_back_as_text_are_the_same(signed_in: bool) -> None:
    """Descope may answer any attribute as a string: "true" is true and "483" is 483, either way round."""
    target = replace(TARGET, attributes={**MARK, "team": "483", "member": "true"})
    attributes = {"freshlyMigrated": str(not signed_in).lower(), "doceboUserId": 7, "team": 483, "member": True}

    found = with_attributes(**attributes)

    assert names(target, found) == []
    assert names(target, with_attributes(**attributes | {"team": 484, "member": False})) == ["team", "member"]
    # The flag counts as it was meant: an address nobody verified is told as long as nobody has signed in.
    assert names(replace(target, verified_email=False), found) == ([] if signed_in else ["verifiedEmail"])


@pytest.mark.parametrize(
    ("found", "difference"),
    [
        (replace(FOUND, name="Ana R"), FieldDifference("name", "Ana Ruiz", "Ana R")),
        (replace(FOUND, email="x@example.org"), FieldDifference("email", "ana@example.org", "x@example.org")),
        (replace(FOUND, login_ids=("ana.ruiz",)), FieldDifference("loginId", "ana@example.org", ["ana.ruiz"])),
        (
            replace(FOUND, login_ids=("ana@example.org",)),
            FieldDifference("additionalIdentifiers", ["ana.ruiz"], ["ana@example.org"]),
        ),
        (replace(FOUND, verified_email=False), FieldDifference("verifiedEmail", True, False)),
        (replace(FOUND, verified_phone=True), FieldDifference("verifiedPhone", False, True)),
        (with_attributes(city="Cusco"), FieldDifference("city", "Lima", "Cusco", attribute=True)),
        (with_attributes(freshlyMigrated="yes"), FieldDifference("freshlyMigrated", True, "yes", attribute=True)),
    ],
    ids=lambda value: getattr(value, "path", ""),
)
def test_a_difference_is_told_with_its_place_and_both_values(found: DescopeUser, difference: FieldDifference) -> None:
    """What is wanted, what is there, and whether it is an attribute."""
    assert compare_user(TARGET, found, StoredFacts(State.CREATED), PolicyConfig()) == [difference]


def test_who_signed_in_is_not_a_difference() -> None:
    """A user who signed in is no longer fresh and may have verified address and phone: that is as it should be."""
    signed_in = replace(with_attributes(freshlyMigrated=False), verified_phone=True, verified_email=True)

    assert names(replace(TARGET, verified_email=False), signed_in) == []


def test_an_address_nobody_verified_is_told() -> None:
    """Sent as not verified, found verified, and nobody has signed in: Descope took it for verified."""
    unverified = replace(TARGET, verified_email=False)

    assert names(unverified) == ["verifiedEmail"]
    # A later update never takes the flag away, so it says nothing there.
    assert names(unverified, state=State.UPDATED) == []


def test_an_empty_source_value_compares_with_nothing() -> None:
    """What the source leaves empty may hold anything at Descope."""
    bare = replace(
        TARGET, name="", given_name="", family_name="", phone="", picture="", extra_login_ids=(), attributes=MARK
    )

    assert names(bare) == []
    assert names(bare, replace(FOUND, verified_phone=True)) == []


@pytest.mark.parametrize("name", ["name", "status", "city", "default"])
def test_what_policy_leaves_to_descope_is_not_compared(name: str) -> None:
    """target_wins is never a difference, fill_if_empty only while nothing is there; the mark always is one."""
    changed = replace(with_attributes(city="Cusco", doceboUserId="8"), name="Other", status="disabled")
    left = {"name", "status", "city"} - ({name} if name != "default" else {"name", "status", "city"})

    for rule in ("target_wins", "fill_if_empty"):
        assert set(names(found=changed, update={name: rule})) == left | {"doceboUserId"}


def test_fill_if_empty_must_have_filled() -> None:
    """With fill_if_empty an empty field at Descope is a difference, with target_wins it is not."""
    empty = replace(with_attributes(city=None), picture="")

    assert names(found=empty, update={"default": "fill_if_empty"}) == ["picture", "city"]
    assert names(found=empty, update={"default": "target_wins"}) == []


@pytest.mark.parametrize(
    ("rule", "changed", "differing"),
    [
        ("email", {"email": "x@example.org"}, ["email"]),
        ("email", {"login_ids": ("x@example.org",)}, ["loginId", "additionalIdentifiers"]),
        ("verifiedEmail", {"verified_email": True}, ["verifiedEmail"]),
    ],
)
def test_fill_if_empty_leaves_what_is_there(rule: str, changed: dict[str, Any], differing: list[str]) -> None:
    """Another address, other login ids or a flag that is set are Descope's under this rule."""
    unverified, found = replace(TARGET, verified_email=False), replace(FOUND, **({"verified_email": False} | changed))

    assert names(unverified, found) == differing
    assert names(unverified, found, update={rule: "fill_if_empty"}) == []


def test_spelling_of_login_ids_does_not_count() -> None:
    """Descope may lower-case a login id or strip a phone's punctuation: the same person all the same."""
    target = replace(
        TARGET, login_id="Ana@Example.org", email="Ana@Example.org", extra_login_ids=("+1 (555) 555-0100",)
    )

    assert names(target, replace(FOUND, login_ids=("ana@example.org", "+15555550100"))) == []
    assert names(target, replace(FOUND, login_ids=("ana@example.org", "+15555550101"))) == ["additionalIdentifiers"]


def test_an_adopted_stranger_got_the_mark_and_had_gaps_filled() -> None:
    """With `existing: link`, an adopted user keeps its own values; only mark and empty fields are ours."""
    stranger = DescopeUser("U2s", ("ana@example.org",), name="Own Name", email="x@example.org", status="disabled",
                           picture="https://own.example.org", given_name="A", family_name="R",
                           attributes={**MARK, "city": "Own"})  # fmt: skip

    assert names(found=stranger, state=State.UPDATED, existing="link") == []
    assert names(found=replace(stranger, picture=""), state=State.UPDATED, existing="link") == ["picture"]
    # Status and phone are not filled in, though they are empty.
    assert names(found=replace(stranger, status=""), state=State.UPDATED, existing="link") == []
    assert "freshlyMigrated" in names(found=stranger, state=State.CREATED, existing="link")
    lost = replace(stranger, attributes={"city": "Own"})
    assert names(found=lost, state=State.UPDATED, existing="link") == ["doceboUserId", "doceboPlatform"]


def test_a6_an_adopted_user_answers_to_the_primary_login_id() -> None:
    """Somebody who was linked without holding the primary login id is another person, whatever the policy."""
    stranger = replace(FOUND, login_ids=("ana.ruiz",), name="John")

    assert names(found=stranger, state=State.UPDATED, origin="linked") == ["loginId"]
    assert names(found=stranger, origin="linked", update={"default": "target_wins"}) == ["loginId"]
    assert names(found=replace(stranger, login_ids=("ANA@example.org",)), origin="linked") == []


@pytest.mark.parametrize("state", [State.CREATED, State.UPDATED, State.UNCHANGED])
@pytest.mark.parametrize("existing", ["conflict", "link"])
def test_b1_who_made_a_user_is_what_the_checkpoint_knows(state: State, existing: str) -> None:
    """A user we created is compared as ours without `freshlyMigrated`, one we linked never is, whatever the policy."""
    changed = replace(with_attributes(freshlyMigrated=None), name="Other", status="disabled", has_credential=True)

    assert names(found=changed, state=state, origin="created", existing=existing) == ["name", "status"]
    assert names(found=changed, state=state, origin="linked", existing=existing) == []


def test_b1_freshly_migrated_may_be_cleaned_up_once_somebody_signed_in() -> None:
    """Without the attribute and without any sign of life it was never there, which is a difference."""
    cleaned = with_attributes(freshlyMigrated=None)

    assert names(found=cleaned, origin="created") == ["freshlyMigrated"]
    assert names(found=replace(cleaned, has_credential=True), origin="created") == []


def test_whoever_was_seen_right_and_is_disabled_was_disabled_by_a_person() -> None:
    """Once seen right, a disabled user is Descope's; a status that was never right is a difference."""
    disabled = replace(FOUND, status="disabled")

    assert names(found=disabled) == ["status"]
    assert names(found=disabled, seen_right=True) == []
    assert names(found=replace(disabled, name="Other"), seen_right=True) == ["name"]
    assert names(replace(TARGET, status="disabled"), FOUND, seen_right=True) == ["status"]
    assert names(found=replace(FOUND, status="invited"), seen_right=True) == ["status"]
    assert names(replace(TARGET, attributes={**MARK, "status": "on"}), with_attributes(status="disabled"),
                 seen_right=True) == ["status"]  # fmt: skip


def test_an_attribute_named_like_a_field_is_its_own() -> None:
    """A mapped attribute called `status` or `phone` is compared as an attribute, not mixed up with the field."""
    target = replace(TARGET, attributes={**MARK, "status": "gold", "phone": "home"})

    assert names(target, with_attributes(status="gold", phone="home")) == []
    assert names(target, with_attributes(status="silver", phone="home")) == ["status"]


def test_without_a_profile_mark_and_logins_are_compared() -> None:
    """Once the profile is erased, mark and hashed login ids still tell a wrong user from the right one."""
    hashes = frozenset(text_hash(login_key(login))[:32] for login in ("ana@example.org", "ana.ruiz"))
    differing = partial(compare_mark, "7", PLATFORM, hashes)

    assert differing(replace(FOUND, name="whoever")) == []
    # The login ids are wanted by their hashes alone, so none can be told.
    lost = replace(FOUND, login_ids=("ana@example.org",))
    assert differing(lost) == [FieldDifference("loginId", None, ["ana@example.org"])]
    other = with_attributes(doceboUserId="8")
    assert differing(other) == [FieldDifference("doceboUserId", "7", "8", attribute=True)]
    assert differing(with_attributes(doceboUserId=7)) == []


def test_a5_a_phone_among_login_ids_is_compared_without_its_punctuation() -> None:
    """Descope keeps sign and digits of a phone, so an erased user who signs in by phone is the same, too."""
    hashes = frozenset(text_hash(login_key(login))[:32] for login in ("+39 02-5550 0001",))

    assert compare_mark("7", PLATFORM, hashes, replace(FOUND, login_ids=("+390255500001",))) == []
    assert names(replace(TARGET, login_id="+39 02-5550 0001", extra_login_ids=()),
                 replace(FOUND, login_ids=("+390255500001",))) == []  # fmt: skip


@pytest.mark.parametrize(("value", "read"), [(True, True), (False, False), (None, False), ("true", False)])
def test_verified_phone_is_read_as_a_boolean(value: object, read: bool) -> None:
    """Only JSON true counts as verified."""
    assert parse_user({"userId": "U2a", "loginIds": ["a"], "verifiedPhone": value}).verified_phone is read
