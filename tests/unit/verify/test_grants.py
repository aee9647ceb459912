"""What verification says of tenants and roles: it misses what rules give, and minds nothing more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from wanted_and_held import WANTED, held, policy

from migrator.core.grants import Grant, in_order
from migrator.core.model import State
from migrator.flow.plan.changes import KnownPast, find_changes
from migrator.verify.compare import StoredFacts, compare_user

A, B, LEARNER, ADMIN = Grant("a"), Grant("b"), Grant("a", "Learner"), Grant("", "Admin")


def told(wanted: tuple[Grant, ...], has: tuple[Grant, ...], origin: str = "created", **update: Any) -> list[str]:
    """The paths of what differs."""
    target = replace(WANTED, grants=in_order(wanted))
    found = held(grants=in_order(has))
    return [one.path for one in compare_user(target, found, StoredFacts(State.CREATED, origin), policy(**update))]


@pytest.mark.parametrize(
    ("wanted", "has", "expected"),
    [
        ((), (), []),
        ((A, LEARNER), (A, LEARNER), []),
        ((A, LEARNER), (A,), ["userTenants.a/Learner"]),
        ((A, LEARNER), (), ["userTenants.a", "userTenants.a/Learner"]),
        ((A,), (A, LEARNER, B), []),
        ((), (A, ADMIN), []),
        ((ADMIN,), (), ["roleNames.Admin"]),
        ((ADMIN,), (A,), ["roleNames.Admin"]),
    ],
)
@pytest.mark.parametrize("origin", ["created", "linked"])
def test_what_rules_give_must_be_there(
    wanted: tuple[Grant, ...], has: tuple[Grant, ...], expected: list[str], origin: str
) -> None:
    assert told(wanted, has, origin) == expected


@pytest.mark.parametrize(
    ("update", "has", "expected"),
    [
        ({"tenants": "target_wins"}, (), []),
        ({"default": "target_wins"}, (), []),
        ({"default": "target_wins", "tenants": "source_wins"}, (), ["userTenants.a"]),
        ({"tenants": "fill_if_empty"}, (), ["userTenants.a"]),
        ({"tenants": "fill_if_empty"}, (B,), []),
        ({"roles": "target_wins"}, (), ["userTenants.a"]),
    ],
)
def test_what_the_policy_leaves_to_descope_is_not_missed(
    update: dict[str, Any], has: tuple[Grant, ...], expected: list[str]
) -> None:
    assert told((A,), has, **update) == expected


def test_what_a_person_took_away_is_noted_under_the_name_by_which_it_is_missed() -> None:
    """A run's own reading back leaves out the fields that people changed: both must call them the same."""
    target = replace(WANTED, grants=(A, LEARNER))
    sent = find_changes(target, held(grants=(A, LEARNER)), policy()).sent
    found = held(grants=(A,))

    again = find_changes(target, found, policy(), past=KnownPast(sent, seen_right=True)).sent

    assert set(told((A, LEARNER), (A,))) == again.left == {LEARNER.field}


def test_a_tenant_and_a_role_are_called_as_they_are_written() -> None:
    """The checkpoint escapes names; people look for them in the console."""
    target = replace(WANTED, grants=in_order([Grant("München", "Team Lead (EMEA)")]))

    differing = compare_user(target, held(), StoredFacts(State.CREATED, "created"), policy())

    assert [one.name for one in differing] == ["userTenants.München", "userTenants.München/Team Lead (EMEA)"]
