"""A field of a user is known everywhere it must be, or in no place at all (`core.fields.USER_FIELDS`)."""

from __future__ import annotations

import ast
import dataclasses
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sources import nodes_of
from wanted_and_held import CITY, held, policy

from migrator.core import fields
from migrator.core.fields import ATTRIBUTE, UPDATE_FIELDS, USER_FIELDS, Change, SentFields, UserField, field_values
from migrator.core.grants import Grant
from migrator.core.model import State, TargetUser
from migrator.descope.payload import create_body
from migrator.descope.user import DescopeUser, parse_user
from migrator.flow.plan.changes import Changes, KnownPast, find_changes
from migrator.flow.send.canary import variant_of
from migrator.verify.compare import StoredFacts, compare_user

PACKAGE = Path(__file__).parents[3] / "migrator"
# Only remembers how Docebo spells the login id, so that it is found in every spelling; it is never sent.
NOT_SENT = {"spelled"}
# Descope shows them as two fields, of which each is a row.
GRANTS = ("tenants", "roles")
ACME = Grant("acme")
BEFORE = replace(CITY, verified_email=False)  # as a flag is never taken away afterwards
# Field of a target to another value, and to one that makes another variant of the user.
OTHERS: dict[str, tuple[Any, Any]] = {
    "login_id": ("other@example.org", "víctor@example.org"),
    "email": ("other@example.org", ""),
    "verified_email": (True, True),
    "status": ("disabled", "disabled"),
    "name": ("Other Name", ""),
    "given_name": ("Other", ""),
    "family_name": ("Name", ""),
    "phone": ("+393487654321", ""),
    "picture": ("https://x.org/b.png", ""),
    "extra_login_ids": (("other",), ()),
    "attributes": (CITY.attributes | {"city": "Rome"}, CITY.attributes | {"site": "Rome"}),
    "grants": ((ACME,), (ACME,)),
    "spelled": ("U1@example.org", "U1@example.org"),
}
FIELDS = [one.name for one in dataclasses.fields(TargetUser)]
sent = pytest.mark.parametrize("field", [name for name in FIELDS if name not in NOT_SENT])


def with_other(field: str, which: int = 0) -> TargetUser:
    """The user before, but for one field."""
    return replace(BEFORE, **{field: OTHERS[field][which]})


def row(field: str) -> UserField:
    """The table's row."""
    place = GRANTS[0] if field == "grants" else field
    return next(one for one in USER_FIELDS if one.attribute == place)


def shown_name(field: str) -> str:
    """The name under which a changed value is told; an attribute is a field of its own."""
    return f"{ATTRIBUTE}city" if field == "attributes" else row(field).name


def stored_name(field: str) -> str:
    """The name under which it is remembered; a grant is a field of its own."""
    return ACME.field if field == "grants" else shown_name(field)


def changes(field: str, **rules: str) -> Changes:
    """What is done about a user who has another value at Docebo."""
    return find_changes(with_other(field), held(BEFORE), policy(**rules), past=KnownPast(SentFields.of(BEFORE)))


def differences(field: str, **rules: str) -> set[str]:
    """What verification says of the same user when nothing was done."""
    differing = compare_user(with_other(field), held(BEFORE), StoredFacts(State.UPDATED), policy(**rules))
    return {one.path for one in differing}


def differing_keys(one: dict[str, Any], other: dict[str, Any]) -> set[str]:
    """The keys that have not the same value in both."""
    return {key for key in one.keys() | other.keys() if one.get(key) != other.get(key)}


def test_every_field_of_a_target_has_a_row_or_is_declared_as_not_sent() -> None:
    attributes = [one.attribute for one in USER_FIELDS if one.attribute not in GRANTS]

    assert sorted([*attributes, "grants", *NOT_SENT]) == sorted(FIELDS) == sorted(OTHERS)
    assert len({one.name for one in USER_FIELDS}) == len(USER_FIELDS)


@pytest.mark.parametrize("field", sorted(NOT_SENT))
def test_what_is_not_sent_shows_nowhere(field: str) -> None:
    other = with_other(field)

    assert not changes(field)
    assert create_body(other) == create_body(BEFORE)
    assert variant_of(other) == variant_of(BEFORE)
    assert not differences(field)
    assert SentFields.of(other) == SentFields.of(BEFORE)
    assert other.content_hash() == BEFORE.content_hash()


@sent
def test_another_value_is_a_change_under_the_fields_name(field: str) -> None:
    found = changes(field)

    assert set(found.described) == {shown_name(field).removeprefix(ATTRIBUTE)}
    assert set(found.patch) == (set() if row(field).change == Change.OWN_CALL else {row(field).name})
    assert found.moves == (row(field).change == Change.OWN_CALL)


@sent
def test_another_value_is_another_create(field: str) -> None:
    assert differing_keys(create_body(with_other(field)), create_body(BEFORE)) == {row(field).name}


@sent
def test_what_a_create_sends_is_what_a_read_understands(field: str) -> None:
    """`parse_user` knows the same names, and keeps the value where the table says."""

    def read(target: TargetUser) -> DescopeUser:
        return parse_user({"userId": "U1", "loginIds": list(target.all_login_ids), **create_body(target)})

    place = "login_ids" if field in ("login_id", "extra_login_ids") else field
    one, other = read(with_other(field)), read(BEFORE)

    assert differing_keys(dataclasses.asdict(one), dataclasses.asdict(other)) == {place}
    assert one.fingerprint() != other.fingerprint()


@sent
def test_a_value_of_another_kind_is_another_variant(field: str) -> None:
    assert variant_of(with_other(field, 1)) != variant_of(BEFORE)


@sent
def test_another_value_is_a_difference_to_verification(field: str) -> None:
    """Its table is its own; here is the tie between both."""
    assert differences(field) == {stored_name(field)}


@sent
def test_another_value_is_another_thing_to_have_sent(field: str) -> None:
    other = with_other(field)
    hashes = dict(SentFields.of(other).hashes), dict(SentFields.of(BEFORE).hashes)

    assert differing_keys(field_values(other), field_values(BEFORE)) == {stored_name(field)}
    assert differing_keys(*hashes) == {stored_name(field)}
    assert other.content_hash() != BEFORE.content_hash()


@sent
def test_the_rule_that_keeps_a_field_keeps_it_for_both(field: str) -> None:
    """What `policy.update` leaves to Descope is neither sent nor missed."""
    rule = row(field).rule or "city"

    assert rule == fields.rule_name(shown_name(field))
    assert rule in (*UPDATE_FIELDS, "city")
    assert not changes(field, **{rule: "target_wins"})
    assert not differences(field, **{rule: "target_wins"})


def test_the_fields_that_a_rule_may_name_are_known_to_users() -> None:
    assert UPDATE_FIELDS == (
        "name", "givenName", "familyName", "picture", "email", "verifiedEmail", "phone", "status",
        "tenants", "roles",
    )  # fmt: skip


def test_the_flow_knows_no_name_of_the_wire() -> None:
    """It names a field by its constant; the bodies are `descope.payload`'s."""
    nodes = [node for path in (PACKAGE / "flow").rglob("*.py") for node in nodes_of(path)]
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    wire = {one.name for one in USER_FIELDS} | {fields.VERIFIED_PHONE}

    # These two are columns, attributes and messages too.
    assert texts & (wire - {"name", "status"}) == set()
