"""Tenants and roles over weeks: rules give them, people give and take them, policies change (docs/decisions/0027)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from stored_users import waiting
from wanted_and_held import CITY, WANTED, held, policy

from migrator.core.fields import SentFields
from migrator.core.grants import Grant, in_order, read_grants
from migrator.core.model import Origin, TargetUser
from migrator.descope.payload import create_body
from migrator.flow.plan.changes import Changes, KnownPast, find_changes
from migrator.flow.plan.decide import DecisionRules, changes_for, decide

A, B, C = Grant("a"), Grant("b"), Grant("c")
LEARNER, COACH = Grant("a", "Learner"), Grant("a", "Coach")
ADMIN, EDITOR = Grant("", "Admin"), Grant("", "Editor")
TAKES: dict[str, Any] = {"tenants": "source_wins", "roles": "source_wins"}
POLICIES: list[dict[str, Any]] = [
    {}, TAKES, {"default": "target_wins"}, {"default": "fill_if_empty"}, {"tenants": "target_wins"},
    {"tenants": "fill_if_empty"},
]  # fmt: skip


class Life:
    """One user over several runs: `has` is what Descope holds, which people change too.

    Args:
        created: what the rules gave when this migration created the user; None for a user who was there before.
    """

    def __init__(self, *created: Grant, known: bool = True) -> None:
        self.has = set(in_order(created))
        self.sent = SentFields.of(wants(*created)) if known else None
        self.done = Changes()

    def run(self, *wanted: Grant, again: bool = False, link: bool = False, **update: str) -> set[Grant]:
        """Plan and patch the user; returns what it then has."""
        found = held(grants=in_order(self.has))
        past = KnownPast(self.sent, again=again, seen_right=True)
        self.done = find_changes(wants(*wanted), found, policy(**update), past=past, link=link)
        if not self.done.excludes:
            patch = {"userTenants": found.tenants, "roleNames": found.roles} | self.done.patch
            self.has = set(read_grants(patch["userTenants"], patch["roleNames"]))
            self.sent = self.done.sent
        return self.has


def wants(*grants: Grant) -> TargetUser:
    """The user with what rules give."""
    return replace(WANTED, grants=in_order(grants))


def test_a_created_user_gets_everything_in_the_form_of_the_contract() -> None:
    assert create_body(wants(A, LEARNER, B))["userTenants"] == [
        {"tenantId": "a", "roleNames": ["Learner"]}, {"tenantId": "b", "roleNames": []},
    ]  # fmt: skip
    assert create_body(wants(EDITOR, ADMIN))["roleNames"] == ["Admin", "Editor"]
    assert not {"userTenants", "roleNames"} & create_body(WANTED).keys()


def test_a_rule_that_begins_to_match_adds_and_the_patch_carries_what_is_there() -> None:
    life = Life(A)
    life.has.add(C)  # given by hand

    assert life.run(A, LEARNER, B) == {A, LEARNER, B, C}
    assert life.done.patch.keys() == {"userTenants"}
    assert life.done.described["userTenants"][0] == [
        {"tenantId": "a", "roleNames": []}, {"tenantId": "c", "roleNames": []},
    ]  # fmt: skip
    life.run(A, LEARNER, B)
    assert not life.done


def test_a_rule_that_no_longer_matches_takes_nothing_back() -> None:
    life = Life(A, LEARNER)

    updates: list[dict[str, Any]] = [{}, {"default": "source_wins"}, {"tenants": "target_wins"}]
    for update in (*updates, {"tenants": "fill_if_empty"}):
        assert life.run(**update) == {A, LEARNER}
        assert not life.done


def test_a_rule_that_no_longer_matches_takes_back_what_it_gave_if_the_policy_says_so() -> None:
    life = Life(A, LEARNER, B)

    assert life.run(A, **TAKES) == {A}
    assert life.run(**TAKES) == set()
    assert life.done.patch == {"userTenants": []}
    assert life.run(A, B, **TAKES) == {A, B}


def test_the_policy_may_change_in_between_and_back() -> None:
    """What was kept while nothing was taken back is taken back later, once."""
    life = Life(A, B)

    assert life.run(A) == {A, B}
    assert life.run(A, tenants="target_wins") == {A, B}
    assert life.run(A, **TAKES) == {A}
    assert life.run(A) == {A}
    life.has.add(B)  # by hand, now
    assert life.run(A, **TAKES) == {A, B}


def test_a_tenant_renamed_in_the_configuration_is_another_tenant() -> None:
    assert Life(A, LEARNER).run(B, Grant("b", "Learner")) == {A, LEARNER, B, Grant("b", "Learner")}
    assert Life(A, LEARNER).run(B, Grant("b", "Learner"), **TAKES) == {B, Grant("b", "Learner")}


@pytest.mark.parametrize("update", POLICIES, ids=str)
@pytest.mark.parametrize("given_by_hand", [{A}, {A, COACH}, {A, B, LEARNER}])
def test_what_a_person_gave_stays_under_every_policy(given_by_hand: set[Grant], update: dict[str, Any]) -> None:
    """Also when a rule gives it too, later, and then stops."""
    life = Life()
    life.has |= given_by_hand

    for wanted in ((), (C,), (A, LEARNER, C), (A, LEARNER), (A,), ()):
        assert given_by_hand <= life.run(*wanted, **update)
    assert life.run(**TAKES) == given_by_hand


def test_what_a_person_took_away_stays_away_until_the_source_changes() -> None:
    life = Life(A, LEARNER, B)
    life.has = {B}

    updates: list[dict[str, Any]] = [{}, TAKES, {"tenants": "target_wins"}, {}]
    for update in updates:
        assert life.run(A, LEARNER, B, **update) == {B}
    assert life.run(B) == {B}  # the rule stops
    assert life.run(A, LEARNER, B) == {A, LEARNER, B}  # and matches again


def test_what_a_person_took_away_is_noted_as_an_edit() -> None:
    life = Life(A, LEARNER)
    life.has = {A}
    life.run(A, LEARNER)

    assert life.done.sent.left == {LEARNER.field}


def test_what_a_person_gave_and_took_away_again_stays_away_although_a_rule_gives_it() -> None:
    life = Life()
    life.has = {A}
    life.run(A)
    life.has = set()

    assert life.run(A) == set()


def test_a_new_role_brings_nobody_back_into_a_tenant() -> None:
    """A person took the tenant away; the role is given when the tenant is there again."""
    life = Life(A, LEARNER)
    life.has = set()

    assert life.run(A, LEARNER, COACH) == set()
    assert life.done.sent.left == {A.field, LEARNER.field, COACH.field}
    life.has = {A}
    assert life.run(A, LEARNER, COACH) == {A, COACH}


def test_a_role_given_by_hand_keeps_the_tenant_and_goes_with_nothing() -> None:
    life = Life(A, LEARNER)
    life.has.add(COACH)

    assert life.run(**TAKES) == {A, COACH}


def test_a_person_can_be_given_everything_again() -> None:
    """`--retry` sends what was sent before."""
    life = Life(A, LEARNER)
    life.has = set()

    assert life.run(A, LEARNER, again=True) == {A, LEARNER}


@pytest.mark.parametrize(
    ("update", "empty", "filled"),
    [
        ({}, {A}, {A, C}),
        ({"default": "target_wins"}, set(), {C}),
        ({"default": "target_wins", "tenants": "source_wins"}, {A}, {A, C}),
        ({"tenants": "target_wins"}, set(), {C}),
        ({"roles": "target_wins"}, {A}, {A, C}),
        ({"default": "fill_if_empty"}, {A}, {C}),
        ({"tenants": "fill_if_empty"}, {A}, {C}),
    ],
)
def test_policy_update_decides_what_is_added(update: dict[str, Any], empty: set[Grant], filled: set[Grant]) -> None:
    """To a user without tenants, and to one who has another."""
    assert Life().run(A, **update) == empty
    other = Life()
    other.has = {C}
    assert other.run(A, **update) == filled
    # What the policy kept back counts as never sent.
    assert other.run(A) == {A, C}


def test_a_stranger_who_is_linked_gets_what_rules_give_and_keeps_everything() -> None:
    life = Life(known=False)
    life.has = {C, Grant("c", "Owner")}

    assert life.run(A, C, link=True, **TAKES) == {A, C, Grant("c", "Owner")}
    assert life.run(link=True, **TAKES) == {C, Grant("c", "Owner")}


def test_where_the_checkpoint_was_lost_nothing_is_taken_back() -> None:
    """Nobody knows any more who gave it."""
    life = Life(A, known=False)

    assert life.run(A) == {A}
    assert life.run(**TAKES) == {A}


@pytest.mark.parametrize(
    ("has", "wanted", "excludes"),
    [
        ({ADMIN}, (A,), True),
        ({A}, (ADMIN,), True),
        ({A}, (A, LEARNER), False),
        ({ADMIN}, (ADMIN, EDITOR), False),
        ({ADMIN}, (), False),
    ],
)
def test_nobody_is_given_tenants_beside_roles_of_the_project(
    has: set[Grant], wanted: tuple[Grant, ...], *, excludes: bool
) -> None:
    found = held(user_id="U9", grants=in_order(has))
    user = waiting(wants(*wanted), target_id="U9")
    stranger = replace(found, attributes={})

    owned = decide(user, [found], found, DecisionRules(policy()))
    linked = decide(waiting(wants(*wanted)), [stranger], None, DecisionRules(policy(existing="link")))

    for plan in (owned, linked):
        assert (plan.reason == "tenants_or_roles") is excludes
        assert (plan.detail == "U9") is excludes


def test_a_mapping_that_turns_from_roles_to_tenants_waits_for_a_person_or_a_policy() -> None:
    life = Life(ADMIN)

    assert life.run(A) == {ADMIN}
    assert life.done.excludes
    assert life.run(A, **TAKES) == {A}
    assert life.done.patch == {"roleNames": [], "userTenants": [{"tenantId": "a", "roleNames": []}]}


@pytest.mark.parametrize(
    ("attempts", "in_flight", "taken_back"), [(0, False, False), (0, True, True), (1, False, True)]
)
def test_what_an_unanswered_patch_gave_is_ours(attempts: int, *, in_flight: bool, taken_back: bool) -> None:
    """What was planned and never asked for is not: a person was quicker."""
    planned = {"userTenants": [[], [{"tenantId": "a", "roleNames": []}]]}
    user = waiting(wants(A), target_id="U1", sent=SentFields.of(WANTED), changes=planned, attempts=attempts)
    arrived = held(grants=(A,))

    sent = changes_for(user, arrived, DecisionRules(policy()), in_flight=in_flight).sent

    later = find_changes(WANTED, arrived, policy(**TAKES), past=KnownPast(sent))
    assert ("userTenants" in later.patch) is taken_back


def test_a_user_without_rules_is_read_stored_and_known_as_before() -> None:
    """Literals of the version before: profiles, hashes of what was sent, and fingerprints stay what they were."""
    assert CITY.to_json() == (
        '{"attributes":{"city":"Milan","doceboPlatform":"acme.docebosaas.com","doceboUserId":"1"},'
        '"email":"u1@example.org","extra_login_ids":["a.ruiz"],"family_name":"Ruiz","given_name":"Ana",'
        '"login_id":"u1@example.org","name":"Ana Ruiz","phone":"+393471234567","picture":"https://x.org/a.png",'
        '"status":"enabled","verified_email":true}'
    )
    assert TargetUser.from_json(CITY.to_json()) == CITY
    assert CITY.content_hash() == "bfb4145c65a1b3819950d13bf2085206812b39da9d25221bc3bea4f96ac225b1"
    assert held(CITY).fingerprint() == "99a7d99812259fca17ae9e9aaab82de07476a026ab2f522e73f1c26557ef648d"
    assert not [name for name in SentFields.of(CITY).hashes if name.startswith(("userTenants", "roleNames"))]


@pytest.mark.parametrize("wanted", [wants(A, LEARNER), wants(ADMIN)])
def test_a_profile_with_grants_is_stored_and_read_as_the_same(wanted: TargetUser) -> None:
    assert TargetUser.from_json(wanted.to_json()) == wanted
    assert wanted.content_hash() != WANTED.content_hash()
    assert SentFields.from_json(SentFields.of(wanted).to_json()) == SentFields.of(wanted)


def test_a_user_changes_for_a_binding_plan_when_somebody_gives_a_tenant() -> None:
    assert held(grants=(A,)).fingerprint() != held().fingerprint()


def test_rows_of_a_version_before_rules_meet_users_with_tenants() -> None:
    """Nothing of what is there is ours, and a rule adds to it."""
    older: dict[str, Any] = {"target_id": "U1", "origin": Origin.CREATED, "sent": SentFields.of(WANTED)}
    todo = changes_for(waiting(wants(A, B), **older), held(grants=(A,)), DecisionRules(policy()))

    assert set(read_grants(todo.patch["userTenants"], ())) == {A, B}
    assert not find_changes(wants(), held(grants=(A,)), policy(**TAKES), past=KnownPast(todo.sent))
