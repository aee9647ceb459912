"""What changes on a user at Descope: only what differs, and only what is ours (docs/decisions/0013)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from stored_users import waiting
from wanted_and_held import CITY, MARK, WANTED, held, policy

from migrator.core.fields import SentFields
from migrator.flow.plan.changes import Changes, KnownPast, find_changes, is_adopted
from migrator.flow.plan.decide import DecisionRules, decide


def test_an_equal_user_needs_no_change() -> None:
    assert not find_changes(WANTED, held(), policy())
    assert find_changes(WANTED, held(), policy()) == Changes()


FIELDS = (("name", "name"), ("givenName", "given_name"), ("familyName", "family_name"), ("picture", "picture"))


@pytest.mark.parametrize(("field", "attribute"), FIELDS)
def test_a_field_that_differs_is_patched_alone_and_described(field: str, attribute: str) -> None:
    after = getattr(WANTED, attribute)
    old: dict[str, Any] = {attribute: "old"}
    found = find_changes(WANTED, replace(held(), **old), policy())
    assert found == Changes(patch={field: after}, described={field: ["old", after]})
    assert found


@pytest.mark.parametrize(("field", "attribute"), FIELDS)
def test_an_empty_source_value_clears_nothing(field: str, attribute: str) -> None:
    empty: dict[str, Any] = {attribute: ""}
    assert not find_changes(replace(WANTED, **empty), held(), policy()), field


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
    assert bool(find_changes(WANTED, held(name=""), policy(**rules))) == empty_is_filled
    assert bool(find_changes(WANTED, held(name="old"), policy(**rules))) == other_is_replaced


def test_a_changed_attribute_is_patched_together_with_everything_that_is_not_ours() -> None:
    there = held(attributes=MARK | {"city": "Rome", "foreign": 7, "freshlyMigrated": False})
    found = find_changes(CITY, there, policy())
    assert found.patch == {"customAttributes": there.attributes | {"city": "Milan"}}
    assert found.described == {"city": ["Rome", "Milan"]}
    assert there.attributes["city"] == "Rome"


def test_an_attribute_obeys_its_rule_but_the_mark_none() -> None:
    there = held(attributes={"city": "Rome"})
    found = find_changes(CITY, there, policy(default="target_wins"))
    assert found.patch == {"customAttributes": MARK | {"city": "Rome"}}
    assert found.described == {name: [None, value] for name, value in MARK.items()}
    assert "city" not in find_changes(CITY, there, policy(city="target_wins")).described


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
    found = find_changes(replace(WANTED, status=wanted), held(status=there), policy())
    expected = Changes(patch={"status": wanted}, described={"status": [there, wanted]})
    assert found == (expected if moves else Changes())
    assert not find_changes(replace(WANTED, status=wanted), held(status=there), policy(status="target_wins"))


@pytest.mark.parametrize("verified", [True, False])
def test_a_new_address_brings_its_own_verification_and_renames_the_login(*, verified: bool) -> None:
    there = held(email="Old@x.org", login_ids=("a.ruiz", "first", "old@x.org"))
    found = find_changes(replace(WANTED, verified_email=verified), there, policy())
    assert found == Changes(
        email="u1@example.org",
        verified=verified,
        renames=[("old@x.org", "u1@example.org")],
        described={"email": ["Old@x.org", "u1@example.org"], "loginId": ["old@x.org", "u1@example.org"]},
    )


def test_a_login_is_not_renamed_when_the_address_may_not_change() -> None:
    assert not find_changes(WANTED, held(email="old@x.org", login_ids=("old@x.org",)), policy(email="target_wins"))


def test_b5_a_login_id_that_no_call_adds_safely_is_missing() -> None:
    """With no login id to spare nothing is renamed, and nobody is called unchanged."""
    assert find_changes(WANTED, held(login_ids=("A.Ruiz",)), policy()) == Changes(missing_logins=("u1@example.org",))
    assert find_changes(WANTED, held(login_ids=("u1@example.org",)), policy()) == Changes(missing_logins=("a.ruiz",))
    found = [held(login_ids=("u1@example.org",))]
    assert (
        decide(waiting(WANTED, target_id="U1"), found, found[0], DecisionRules(policy())).reason == "login_ids_differ"
    )


def test_b5_a_login_id_of_the_persons_own_is_never_renamed() -> None:
    """Where nobody noted what we sent, only the address's login id is known to be ours."""
    there = held(login_ids=("u1@example.org", "+39333"))
    assert find_changes(WANTED, there, policy()).renames == []
    assert find_changes(WANTED, there, policy()).missing_logins == ("a.ruiz",)


def test_b5_an_extra_login_id_that_changed_in_docebo_is_renamed() -> None:
    """The old user name makes room for the new one, and a login id of the person's own does not."""
    before = replace(WANTED, extra_login_ids=("old.name",))
    there = held(before, login_ids=("own@x.org", "u1@example.org", "old.name"))
    found = find_changes(WANTED, there, policy(), past=KnownPast(SentFields.of(before)))
    assert found.renames == [("old.name", "a.ruiz")]
    assert found.described == {"additionalIdentifiers": ["old.name", "a.ruiz"]}
    assert not found.missing_logins


def test_d_what_a_person_changed_in_descope_is_not_reverted_because_something_else_moved() -> None:
    """A field is sent only when its own value in Docebo is another than the one last sent, or a person asks for it."""
    sent = SentFields.of(replace(CITY, attributes=CITY.attributes | {"city": "Rome"}))
    there = held(
        CITY, name="My Own Name", email="own@x.org", login_ids=("own@x.org", "a.ruiz"), phone="+1",
        attributes=CITY.attributes | {"city": "Rome", "freshlyMigrated": False},
    )  # fmt: skip
    found = find_changes(CITY, there, policy(), past=KnownPast(sent, seen_right=True))
    assert found.described == {"city": ["Rome", "Milan"]}
    assert (found.email, found.phone, found.renames) == (None, None, [])
    assert found.sent.left == {"name", "email", "phone", "loginId"}
    again = find_changes(CITY, there, policy(), past=KnownPast(sent, again=True))
    assert again.described.keys() == {"city", "name", "email", "phone", "loginId"}
    assert again.sent.left == frozenset()


def test_a2_a_field_that_nobody_has_seen_as_sent_is_not_taken_for_an_edit() -> None:
    """Descope may have dropped it: it is not sent again on a guess, and reading back goes on naming it."""
    there = held(CITY, name="Old Name", attributes=MARK | {"freshlyMigrated": True})
    sent = SentFields.of(replace(CITY, name="Old Name"))
    for seen_right, left in ((False, frozenset()), (True, {"customAttributes.city"})):
        found = find_changes(CITY, there, policy(), past=KnownPast(sent, seen_right=seen_right))
        assert found.described == {"name": ["Old Name", CITY.name]}
        assert found.sent.left == left
    edited = find_changes(
        CITY, there, policy(), past=KnownPast(replace(sent, left=frozenset({"customAttributes.city"})))
    )
    assert edited.sent.left == {"customAttributes.city"}


def test_b13_whom_we_disabled_may_be_enabled_by_us_and_nobody_else() -> None:
    """Suspended and brought back: enabled again; disabled by an admin in Descope: never, whatever Docebo held since."""
    there = held(status="disabled")
    suspended = SentFields.of(replace(WANTED, status="disabled"))
    assert find_changes(WANTED, there, policy(), past=KnownPast(suspended, disabled_by_us=True)).patch == {
        "status": "enabled"
    }
    for sent, again in ((suspended, False), (SentFields.of(WANTED), False), (SentFields.of(WANTED), True)):
        by_others = find_changes(WANTED, there, policy(), past=KnownPast(sent, again=again))
        assert not by_others
        assert by_others.sent.left == {"status"}


def test_b13_where_nobody_noted_who_disabled_a_user_a_person_is_told() -> None:
    """An older version did not note it: nobody is enabled on a guess, and nobody is called right either."""
    found = find_changes(WANTED, held(status="disabled"), policy(), past=KnownPast(None, disabled_by_us=None))
    assert not found
    assert found.sent.left == frozenset()


def test_a_field_that_the_policy_leaves_to_descope_counts_as_never_sent() -> None:
    """When the policy changes later, what was never sent is sent."""
    left = find_changes(WANTED, held(name="Own"), policy(name="target_wins"))
    assert not left
    assert find_changes(WANTED, held(name="Own"), policy(), past=KnownPast(left.sent)).patch == {"name": "Ana Ruiz"}


def test_d_a_value_of_an_undefined_attribute_is_not_sent() -> None:
    """Its definition is gone, so that the whole patch would be refused, a suspension with it."""
    there = held(attributes=MARK | {"gone": "x", "size": "48", "vip": "true", "freshlyMigrated": "true"})
    types = {"doceboUserId": 1, "doceboPlatform": 1, "freshlyMigrated": 3, "city": 1, "size": 2, "vip": 3}
    assert find_changes(CITY, there, policy(), types=types).patch["customAttributes"] == {
        **MARK, "city": "Milan", "size": 48, "vip": True, "freshlyMigrated": True,
    }  # fmt: skip


def test_b1_a_created_user_without_the_attribute_stays_ours() -> None:
    """`freshlyMigrated` is the flows': it says who was linked only where nothing else does, and linking is allowed."""
    bare = held(attributes=MARK)
    assert not is_adopted("created", bare, policy("link"))
    assert not is_adopted(None, bare, policy())
    assert is_adopted(None, bare, policy("link"))
    assert is_adopted("linked", held(), policy())


@pytest.mark.parametrize(
    ("marked", "seen_right", "credential", "sets"),
    [(True, True, False, False), (True, False, False, True), (False, True, False, True), (False, True, True, False)],
)
def test_freshly_migrated_is_set_again_only_if_it_never_arrived_or_left_with_the_mark(
    *, marked: bool, seen_right: bool, credential: bool, sets: bool
) -> None:
    """Never for somebody who may have signed in since, and never unasked."""
    there = held(attributes=MARK if marked else {}, has_credential=credential)
    asked = KnownPast(SentFields.of(WANTED), again=True, seen_right=seen_right)
    assert ("freshlyMigrated" in find_changes(WANTED, there, policy(), past=asked).described) == sets
    assert "freshlyMigrated" not in find_changes(WANTED, there, policy(), past=replace(asked, again=False)).described


def test_values_that_came_back_as_text_are_the_same_values() -> None:
    there = held(attributes=MARK | {"freshlyMigrated": "false"})
    assert not find_changes(WANTED, there, policy())
    assert there.fresh is False
    assert not is_adopted(None, there, policy("link"))


def test_an_address_that_differs_by_case_is_the_same() -> None:
    assert not find_changes(WANTED, held(email="U1@Example.org", login_ids=("U1@EXAMPLE.ORG",)), policy())


def test_a_verified_address_becomes_verified_and_never_the_other_way_round() -> None:
    found = find_changes(WANTED, held(email="U1@example.org", verified_email=False), policy())
    assert found == Changes(email="U1@example.org", verified=True, described={"verifiedEmail": [False, True]})
    assert not find_changes(WANTED, held(verified_email=False), policy(verifiedEmail="target_wins"))
    assert not find_changes(replace(WANTED, verified_email=False), held(), policy())
    assert not find_changes(replace(WANTED, verified_email=False), held(verified_email=False), policy())


def test_a_phone_is_changed_by_a_call_of_its_own() -> None:
    found = find_changes(WANTED, held(phone="+1"), policy())
    assert found == Changes(phone=WANTED.phone, described={"phone": ["+1", WANTED.phone]})
    assert not find_changes(WANTED, held(phone="+1"), policy(phone="target_wins"))


def test_a_stranger_who_is_linked_gets_the_mark_and_what_is_empty_and_nothing_else() -> None:
    there = held(
        CITY, name="", given_name="Anna", email="other@x.org", login_ids=("other@x.org",), status="disabled",
        phone="", attributes={"foreign": 1},
    )  # fmt: skip
    rules = policy(name="source_wins", givenName="source_wins", city="target_wins")
    assert find_changes(CITY, there, rules, link=True) == Changes(
        patch={"name": "Ana Ruiz", "customAttributes": CITY.attributes | {"foreign": 1}},
        described={"name": ["", "Ana Ruiz"]} | {name: [None, value] for name, value in CITY.attributes.items()},
    )


def test_what_is_only_filled_when_empty_replaces_no_address_login_phone_or_status() -> None:
    there = held(email="old@x.org", login_ids=("old@x.org",), phone="+1", status="invited")
    assert not find_changes(WANTED, there, policy(default="fill_if_empty"))
    assert find_changes(WANTED, replace(there, email=""), policy(default="fill_if_empty")).email == WANTED.email


@pytest.mark.parametrize(
    ("origin", "fresh", "adopted"),
    [
        ("linked", True, True),
        ("created", None, False),
        (None, None, True),
        ("", True, False),
    ],
)
def test_who_made_a_user_is_what_the_checkpoint_says_or_else_the_third_mark(
    origin: str | None, fresh: bool | None, adopted: bool
) -> None:
    there = held(attributes=MARK | ({} if fresh is None else {"freshlyMigrated": fresh}))
    assert is_adopted(origin, there, policy("link")) is adopted


def test_of_a_linked_user_a_field_without_a_rule_is_filled_only_when_empty() -> None:
    assert not find_changes(WANTED, held(picture="https://own.org/b.png"), policy(), link=True)


def test_a_field_left_to_descope_keeps_the_hash_of_what_was_sent_before() -> None:
    """The value of that time, not the present one: when the policy changes, the present one counts as new."""
    before = SentFields.of(replace(WANTED, name="Before"))
    kept = find_changes(WANTED, held(name="Own"), policy(name="target_wins"), past=KnownPast(before)).sent
    assert kept.hashes["name"] == before.hashes["name"]
    never = find_changes(WANTED, held(name="Own"), policy(name="target_wins"), past=KnownPast(SentFields({}))).sent
    assert "name" not in never.hashes
    assert "name" not in find_changes(WANTED, held(name="Own"), policy(name="target_wins")).sent.hashes


@pytest.mark.parametrize(
    ("again", "signed_in", "link", "set_again"),
    [(True, False, False, True), (False, False, False, False), (True, True, False, False), (True, False, True, False)],
)
def test_a_user_who_lost_its_marks_is_fresh_again_when_asked_and_never_signed_in(
    again: bool, signed_in: bool, link: bool, set_again: bool
) -> None:
    there = held(attributes={}, has_credential=signed_in)
    found = find_changes(WANTED, there, policy(), past=KnownPast(again=again), link=link)
    wanted = MARK | ({"freshlyMigrated": True} if set_again else {})
    assert found.patch == {"customAttributes": wanted}
    assert found.described.get("freshlyMigrated") == ([None, True] if set_again else None)


def test_an_attribute_of_ours_without_a_definition_is_sent_all_the_same() -> None:
    """It is defined before the first user is sent; only what is foreign there is dropped."""
    found = find_changes(
        CITY, held(attributes=MARK | {"freshlyMigrated": "false"}), policy(), types={"doceboUserId": 1}
    )
    assert found.patch["customAttributes"].keys() == {*MARK, "city", "freshlyMigrated"}


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("7", 2, 7), ("-7", 2, -7), ("7.5", 2, 7.5), ("x", 2, "x"), ("--7", 2, "--7"), ("7-", 2, "7-"), ("7", 1, "7"),
        ("true", 3, True), ("false", 3, False), ("yes", 3, "yes"), ("true", 1, "true"), ("true", None, "true"),
    ],
)  # fmt: skip
def test_a_foreign_value_goes_back_in_the_type_of_its_attribute(text: str, kind: int, value: Any) -> None:
    there = held(attributes=MARK | {"foreign": text, "freshlyMigrated": True})
    types = {"doceboUserId": 1, "foreign": kind, "city": 1}
    found = find_changes(CITY, there, policy(), types=types).patch["customAttributes"]["foreign"]
    assert (found, type(found)) == (value, type(value))


def test_an_empty_address_on_both_sides_is_the_same_one() -> None:
    nobody = replace(WANTED, email="")
    assert not find_changes(nobody, held(email=""), policy())
    assert find_changes(WANTED, held(email=""), policy()).email == WANTED.email


def test_a_status_that_is_as_wanted_is_not_left_to_anybody() -> None:
    assert find_changes(WANTED, held(), policy()).sent.left == frozenset()
    assert find_changes(WANTED, held(status="disabled"), policy()).sent.left == {"status"}


TYPES = {"doceboUserId": 1, "doceboPlatform": 1, "points": 2, "vip": 3, "sites": 5, "hired": 6, "theirs": 5}
TYPED = replace(
    WANTED, attributes=MARK | {"points": 0, "vip": False, "sites": ["a", "b"], "hired": "2026-01-31"}
)  # fmt: skip
SHOWN = {"points": "0.0", "vip": "false", "sites": '["b", "a"]', "hired": 1769817600, "freshlyMigrated": "true"}


def test_values_of_every_type_are_the_same_in_another_form() -> None:
    assert not find_changes(TYPED, held(attributes=MARK | SHOWN), policy(), types=TYPES)


def test_zero_and_false_are_sent_and_are_not_empty() -> None:
    """Neither is a missing value in Docebo, nor one that may be filled in Descope."""
    bare = held(attributes=MARK | {"freshlyMigrated": True})
    assert set(find_changes(TYPED, bare, policy(), types=TYPES).described) == {"points", "vip", "sites", "hired"}
    other = replace(WANTED, attributes=MARK | {"points": 7, "vip": True})
    there = held(attributes=MARK | {"points": 0, "vip": False, "freshlyMigrated": True})
    assert not find_changes(other, there, policy(default="fill_if_empty"), types=TYPES)


def test_a_patch_carries_what_is_right_as_it_was_sent_and_what_is_theirs_in_its_type() -> None:
    """A form that answers have may be refused in a request."""
    there = held(attributes=MARK | SHOWN | {"points": 5, "theirs": '["x"]'})
    patched = find_changes(TYPED, there, policy(), types=TYPES).patch["customAttributes"]
    assert patched == TYPED.attributes | {"theirs": ["x"], "freshlyMigrated": "true"}
