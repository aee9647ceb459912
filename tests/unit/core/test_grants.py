"""Tenants and roles as fields of a user, and in the form in which Descope takes and shows them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.core.grants import Grant, in_order, is_grant, read_grants, role_list, tenant_list

# Any character at all: half of one too, which an answer may hold.
NAMES = st.text(st.characters() | st.characters(categories=["Cs"]), min_size=1) | st.sampled_from(["a/b", "a.b", "%2F"])
GRANTS = st.builds(Grant, NAMES) | st.builds(Grant, NAMES, NAMES) | st.builds(Grant, st.just(""), NAMES)


@given(GRANTS)
def test_a_grant_is_found_again_by_the_name_of_its_field(grant: Grant) -> None:
    assert Grant.named(grant.field) == grant
    assert is_grant(grant.field)
    assert grant.field.isascii()


@given(GRANTS, GRANTS)
def test_no_two_grants_share_the_name_of_a_field(one: Grant, other: Grant) -> None:
    assert (one.field == other.field) == (one == other)


@pytest.mark.parametrize(
    ("grant", "field", "rule"),
    [
        (Grant("acme"), "userTenants.acme", "tenants"),
        (Grant("acme", "Team Lead"), "userTenants.acme/Team Lead", "tenants"),
        (Grant("", "Admin"), "roleNames.Admin", "roles"),
        (Grant("a/b", "c.d"), "userTenants.a%2Fb/c.d", "tenants"),
    ],
)
def test_a_field_is_named_so_that_people_can_read_it(grant: Grant, field: str, rule: str) -> None:
    assert (grant.field, grant.rule) == (field, rule)


def test_other_fields_are_no_grants() -> None:
    assert not any(map(is_grant, ("userTenants", "roleNames", "name", "customAttributes.roleNames.x")))


@given(st.lists(GRANTS))
def test_what_is_sent_is_read_as_the_same_grants(grants: list[Grant]) -> None:
    assert read_grants(tenant_list(grants), role_list(grants)) == in_order(grants)


@given(st.lists(GRANTS).flatmap(lambda grants: st.tuples(st.just(grants), st.permutations(grants))))
def test_order_and_repetition_say_nothing(both: tuple[list[Grant], list[Grant]]) -> None:
    grants, shuffled = both
    assert in_order(shuffled + shuffled) == in_order(grants)


def test_a_role_in_a_tenant_brings_the_tenant_along() -> None:
    assert in_order([Grant("acme", "Learner")]) == (Grant("acme"), Grant("acme", "Learner"))
    assert tenant_list([Grant("acme", "Learner")]) == [{"tenantId": "acme", "roleNames": ["Learner"]}]


@pytest.mark.parametrize("nothing", [None, []])
def test_no_list_stands_for_an_empty_one(nothing: Any) -> None:
    assert read_grants(nothing, nothing) == ()
    assert read_grants([{"tenantId": "acme", "roleNames": nothing}, {"tenantId": "b"}], nothing) == (
        Grant("acme"), Grant("b"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("tenants", "roles"),
    [
        ("acme", None), ({"tenantId": "acme"}, None), (["acme"], None), ([{}], None), ([None], None), (7, None),
        ([{"tenantId": 7}], None), ([{"tenantId": ""}], None), ([{"tenantId": "a", "roleNames": "Learner"}], None),
        ([{"tenantId": "a", "roleNames": [7]}], None), (None, "Admin"), (None, {"Admin": 1}), (None, [None]), (None, 7),
        (None, [""]), (None, True),
    ],
)  # fmt: skip
def test_an_answer_in_another_form_is_refused_and_never_guessed_at(tenants: Any, roles: Any) -> None:
    with pytest.raises((KeyError, TypeError)):
        read_grants(tenants, roles)
