"""What to do with one user, given what Descope holds (design section 6)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from two_migrations import target

from migrator.checkpoint.plans import CONFLICT, Candidate, Planned
from migrator.checkpoint.sends import Result
from migrator.config import PolicyConfig
from migrator.descope.user import DescopeUser
from migrator.engine import outcome
from migrator.engine.changes import Changes, changes, is_adopted
from migrator.engine.decide import create_body, decide
from migrator.model import Decision, State, TargetUser

WANTED = target(
    "1", name="Ana Ruiz", given_name="Ana", family_name="Ruiz", phone="+393471234567", picture="https://x.org/a.png",
    extra_login_ids=("a.ruiz",),
)  # fmt: skip
CITY = replace(WANTED, attributes=WANTED.attributes | {"city": "Milan"})
MARK = dict(WANTED.attributes)


def held(wanted: TargetUser = WANTED, user_id: str = "U1", **values: Any) -> DescopeUser:
    """The user at Descope, just as wanted but for `values`."""
    user = DescopeUser(
        user_id, wanted.all_login_ids, wanted.name, wanted.given_name, wanted.family_name, wanted.email,
        wanted.verified_email, wanted.phone, False, wanted.status, wanted.picture,
        {**wanted.attributes, "freshlyMigrated": True},
    )  # fmt: skip
    return replace(user, **values)


def policy(existing: str = "conflict", **update: str) -> PolicyConfig:
    return PolicyConfig.model_validate({"existing": existing, "update": update})


def test_an_equal_user_needs_no_change() -> None:
    assert not changes(WANTED, held(), policy())
    assert changes(WANTED, held(), policy()) == Changes()


FIELDS = (("name", "name"), ("givenName", "given_name"), ("familyName", "family_name"), ("picture", "picture"))


@pytest.mark.parametrize(("field", "attribute"), FIELDS)
def test_a_field_that_differs_is_patched_alone_and_described(field: str, attribute: str) -> None:
    after = getattr(WANTED, attribute)
    old: dict[str, Any] = {attribute: "old"}
    found = changes(WANTED, replace(held(), **old), policy())
    assert found == Changes(patch={field: after}, described={field: ["old", after]})
    assert found


@pytest.mark.parametrize(("field", "attribute"), FIELDS)
def test_an_empty_source_value_clears_nothing(field: str, attribute: str) -> None:
    empty: dict[str, Any] = {attribute: ""}
    assert not changes(replace(WANTED, **empty), held(), policy()), field


@pytest.mark.parametrize(
    ("rules", "empty_is_filled", "other_is_replaced"),
    [
        ({}, True, True),
        ({"default": "target_wins"}, False, False),
        ({"default": "fill_if_empty"}, True, False),
        ({"name": "fill_if_empty"}, True, False),
        ({"name": "target_wins"}, False, False),
        ({"default": "target_wins", "name": "source_wins"}, True, True),
    ],
)
def test_the_rule_of_a_field_decides_and_else_the_default(
    rules: dict[str, str], *, empty_is_filled: bool, other_is_replaced: bool
) -> None:
    assert bool(changes(WANTED, held(name=""), policy(**rules))) == empty_is_filled
    assert bool(changes(WANTED, held(name="old"), policy(**rules))) == other_is_replaced


def test_a_changed_attribute_is_patched_together_with_everything_that_is_not_ours() -> None:
    there = held(attributes=MARK | {"city": "Rome", "foreign": 7, "freshlyMigrated": False})
    found = changes(CITY, there, policy())
    assert found.patch == {"customAttributes": there.attributes | {"city": "Milan"}}
    assert found.described == {"city": ["Rome", "Milan"]}
    assert there.attributes["city"] == "Rome"


def test_an_attribute_obeys_its_rule_but_the_mark_none() -> None:
    there = held(attributes={"city": "Rome"})
    found = changes(CITY, there, policy(default="target_wins"))
    assert found.patch == {"customAttributes": MARK | {"city": "Rome"}}
    assert found.described == {name: [None, value] for name, value in MARK.items()}
    assert "city" not in changes(CITY, there, policy(city="target_wins")).described


@pytest.mark.parametrize(
    ("wanted", "there", "moves"),
    [
        ("enabled", "invited", True),
        ("enabled", "disabled", False),
        ("enabled", "expired", False),
        ("disabled", "enabled", True),
        ("disabled", "invited", True),
        ("disabled", "expired", False),
    ],
)
def test_nobody_disabled_at_descope_is_enabled_again(wanted: Any, there: str, *, moves: bool) -> None:
    found = changes(replace(WANTED, status=wanted), held(status=there), policy())
    expected = Changes(patch={"status": wanted}, described={"status": [there, wanted]})
    assert found == (expected if moves else Changes())
    assert not changes(replace(WANTED, status=wanted), held(status=there), policy(status="target_wins"))


@pytest.mark.parametrize("verified", [True, False])
def test_a_new_address_brings_its_own_verification_and_renames_the_login(*, verified: bool) -> None:
    there = held(email="Old@x.org", login_ids=("a.ruiz", "first", "old@x.org"))
    found = changes(replace(WANTED, verified_email=verified), there, policy())
    assert found == Changes(
        email="u1@example.org",
        verified=verified,
        rename=("old@x.org", "u1@example.org"),
        described={"email": ["Old@x.org", "u1@example.org"], "loginId": ["old@x.org", "u1@example.org"]},
    )


def test_a_login_is_not_renamed_when_the_address_may_not_change() -> None:
    assert not changes(WANTED, held(email="old@x.org", login_ids=("old@x.org",)), policy(email="target_wins"))


def test_a_user_with_no_login_to_spare_is_not_renamed() -> None:
    assert changes(WANTED, held(login_ids=("A.Ruiz",)), policy()) == Changes()


def test_an_address_that_differs_by_case_is_the_same() -> None:
    assert not changes(WANTED, held(email="U1@Example.org", login_ids=("U1@EXAMPLE.ORG",)), policy())


def test_a_verified_address_becomes_verified_and_never_the_other_way_round() -> None:
    found = changes(WANTED, held(email="U1@example.org", verified_email=False), policy())
    assert found == Changes(email="U1@example.org", verified=True, described={"verifiedEmail": [False, True]})
    assert not changes(WANTED, held(verified_email=False), policy(verifiedEmail="target_wins"))
    assert not changes(replace(WANTED, verified_email=False), held(), policy())
    assert not changes(replace(WANTED, verified_email=False), held(verified_email=False), policy())


def test_a_phone_is_changed_by_a_call_of_its_own() -> None:
    found = changes(WANTED, held(phone="+1"), policy())
    assert found == Changes(phone=WANTED.phone, described={"phone": ["+1", WANTED.phone]})
    assert not changes(WANTED, held(phone="+1"), policy(phone="target_wins"))


def test_a_stranger_who_is_linked_gets_the_mark_and_what_is_empty_and_nothing_else() -> None:
    there = held(
        CITY, name="", given_name="Anna", email="other@x.org", login_ids=("other@x.org",), status="disabled",
        phone="", attributes={"foreign": 1},
    )  # fmt: skip
    rules = policy(name="source_wins", givenName="source_wins", city="target_wins")
    assert changes(CITY, there, rules, link=True) == Changes(
        patch={"name": "Ana Ruiz", "customAttributes": CITY.attributes | {"foreign": 1}},
        described={"name": ["", "Ana Ruiz"]} | {name: [None, value] for name, value in CITY.attributes.items()},
    )


def test_what_is_only_filled_when_empty_replaces_no_address_login_phone_or_status() -> None:
    there = held(email="old@x.org", login_ids=("old@x.org",), phone="+1", status="invited")
    assert not changes(WANTED, there, policy(default="fill_if_empty"))
    assert changes(WANTED, replace(there, email=""), policy(default="fill_if_empty")).email == WANTED.email


STRANGER = held(user_id="S", attributes={})
SOMEBODY_ELSE = held(user_id="E", attributes=MARK | {"doceboUserId": "2"})


def conflict(reason: str) -> Planned:
    return Planned("1", CONFLICT, reason=reason)


def test_whom_nobody_answers_for_is_created() -> None:
    assert decide(WANTED, [], None, policy()) == Planned("1", Decision.CREATE)


def test_our_own_user_is_unchanged_or_updated_with_what_was_seen() -> None:
    same, other = held(), held(name="old")
    assert decide(WANTED, [same], None, policy()) == Planned("1", Decision.UNCHANGED, "U1", seen=same.fingerprint())
    assert decide(WANTED, [other], None, policy()) == Planned(
        "1", Decision.UPDATE, "U1", changes={"name": ["old", "Ana Ruiz"]}, seen=other.fingerprint()
    )


def test_a_user_adopted_earlier_only_has_its_empty_fields_filled() -> None:
    adopted = held(attributes=MARK, name="old", phone="+1", email="old@x.org", status="disabled")
    assert decide(WANTED, [adopted], None, policy()).decision == Decision.UNCHANGED
    assert decide(WANTED, [replace(adopted, name="")], None, policy()).changes == {"name": ["", "Ana Ruiz"]}
    assert not is_adopted(held(attributes=MARK | {"freshlyMigrated": False}))


def test_our_own_user_is_known_again_under_another_login_and_counted_once() -> None:
    assert decide(WANTED, [], held(), policy(), known_id="U1").decision == Decision.UNCHANGED
    assert decide(WANTED, [held()], held(), policy(), known_id="U1").decision == Decision.UNCHANGED


def test_two_users_with_our_mark_need_a_person() -> None:
    assert decide(WANTED, [held(), held(user_id="U2")], None, policy("link")) == conflict("several_matches")
    assert decide(WANTED, [held()], held(user_id="U2"), policy()) == conflict("several_matches")


@pytest.mark.parametrize("existing", ["conflict", "link"])
@pytest.mark.parametrize("found", [[SOMEBODY_ELSE], [STRANGER, SOMEBODY_ELSE], [held(), STRANGER]])
def test_n2_a_login_that_is_somebody_elses_is_a_conflict_whatever_the_policy(
    existing: str, found: list[DescopeUser]
) -> None:
    assert decide(WANTED, found, None, policy(existing)) == conflict("login_taken")


def test_n2_a_single_stranger_is_linked_only_when_the_policy_says_so() -> None:
    assert decide(WANTED, [STRANGER], None, policy()) == conflict("login_taken")
    described = {name: [None, value] for name, value in MARK.items()}
    assert decide(WANTED, [STRANGER], None, policy("link")) == Planned(
        "1", Decision.UPDATE, "S", changes=described, seen=STRANGER.fingerprint()
    )
    named = replace(STRANGER, name="Her own", email="her@x.org")
    assert decide(WANTED, [named], None, policy("link")).changes == described


def test_a_known_user_without_our_mark_is_somebodys_own() -> None:
    assert decide(WANTED, [], STRANGER, policy("link"), known_id="S") == conflict("login_taken")
    assert decide(WANTED, [], SOMEBODY_ELSE, policy("link"), known_id="E") == conflict("login_taken")


def test_a_known_user_that_is_gone_was_deleted_there() -> None:
    assert decide(WANTED, [], None, policy(), known_id="U1") == conflict("deleted_at_descope")


def test_the_body_of_a_create_says_everything_that_is_set() -> None:
    assert create_body(CITY) == {
        "loginId": "u1@example.org", "additionalIdentifiers": ["a.ruiz"], "name": "Ana Ruiz", "givenName": "Ana",
        "familyName": "Ruiz", "email": "u1@example.org", "verifiedEmail": True, "phone": "+393471234567",
        "verifiedPhone": False, "picture": "https://x.org/a.png", "status": "enabled",
        "customAttributes": MARK | {"city": "Milan", "freshlyMigrated": True},
    }  # fmt: skip


def test_the_body_of_a_create_leaves_out_what_is_not_set() -> None:
    bare = replace(target("1", status="disabled", verified_email=False), email="")
    mark = {**MARK, "freshlyMigrated": True}
    assert create_body(bare) == {"loginId": "u1@example.org", "status": "disabled", "customAttributes": mark}
    unverified = replace(bare, email="e@x.org")
    assert create_body(unverified) == create_body(bare) | {"email": "e@x.org", "verifiedEmail": False}


USER = Candidate(WANTED, "hash", None)


@pytest.mark.parametrize(
    ("attributes", "ours"),
    [
        (MARK, True),
        ({}, False),
        (MARK | {"doceboUserId": "2"}, False),
        (MARK | {"doceboPlatform": "other.docebosaas.com"}, False),
    ],
)
def test_a_user_is_ours_only_by_platform_and_number(attributes: dict[str, str], *, ours: bool) -> None:
    found = held(attributes=attributes)
    assert outcome.is_ours(USER, found) is ours
    assert outcome.created(USER, found) == (
        Result("1", State.CREATED, target_id="U1") if ours else Result("1", State.CONFLICT, reason="login_taken")
    )


def test_the_other_outcomes_say_what_is_known() -> None:
    assert outcome.refused(USER, "E011003") == Result("1", State.FAILED, reason="refused", detail="E011003")
    assert outcome.refused(USER, "") == Result("1", State.FAILED, reason="refused")
    assert outcome.unknown(USER) == Result("1", State.SENDING)
    assert outcome.untouched(USER) == Result("1", State.PENDING)
