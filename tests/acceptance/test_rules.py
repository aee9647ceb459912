"""Tenants and roles by rules, through the installed program (docs/decisions/0027)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from project_objects import defined, give, held, make

from migrator.core.grants import Grant

if TYPE_CHECKING:
    from world import Place

ACME, BETA = Grant("acme"), Grant("beta")
LEARNER, ADMIN = Grant("acme", "Learner"), Grant("acme", "Boss")
BY_DOMAIN: list[dict[str, Any]] = [
    {"when": {"email_domain": "acme.example"}, "tenant": "acme", "roles": ["Learner"]},
    {"when": {"email_domain": ["beta.example", "acme.example"], "level": "power_user"}, "tenant": "beta"},
    {"when": {"level": "superadmin"}, "tenant": "acme", "roles": ["Boss"]},
]
# Docebo id to what Docebo says of the person, and what the rules above give.
PEOPLE: dict[str, tuple[dict[str, Any], set[Grant]]] = {
    "11": ({"email": "a@ACME.example"}, {ACME, LEARNER}),
    "12": ({"email": "b@acme.example", "level": "poweruser"}, {ACME, LEARNER, BETA}),
    "13": ({"email": "c@sub.acme.example"}, set()),
    "14": ({"email": "d@other.example", "level": "godadmin"}, {ACME, ADMIN}),
    "15": ({"email": "e@beta.example"}, set()),
}
NOTHING = {"create": 0, "update": 0, "adopt": 0, "disable": 0, "nothing": len(PEOPLE)}


def people(place: Place, rules: list[dict[str, Any]] | None = None, **mapping: Any) -> None:
    """The five people, and a mapping with rules."""
    place.sandbox.control.reset(users=0)
    place.configure(mapping={"tenants": BY_DOMAIN if rules is None else rules, **mapping})
    for user_id, (fields, _) in PEOPLE.items():
        place.sandbox.control.put_docebo_user(person(user_id, **fields))


def person(user_id: str, **fields: Any) -> dict[str, Any]:
    """A Docebo record."""
    return {"user_id": user_id, "username": f"u{user_id}", "status": "1", "level": "user", **fields}


def wanted() -> dict[str, set[Grant]]:
    """What the rules give each."""
    return {user_id: grants for user_id, (_, grants) in PEOPLE.items()}


def writes(place: Place, since: int) -> list[str]:
    """The paths of what changed something at Descope."""
    return [entry["path"] for entry in place.journal(since=since) if entry["committed"]]


def test_each_person_gets_the_tenants_and_roles_of_every_rule_that_matches(any_place: Place) -> None:
    """What Descope lacks is named by check and plan, created once by `run --create-missing`, and by nothing else."""
    place = any_place
    people(place)
    make(place, tenants=["beta"])

    checked, planned = place.forked("check", "--json"), place.forked("plan", "--json")
    refused = place.forked("run", "--yes")
    assert defined(place) == (["beta"], [])
    ran = place.forked("run", "--yes", "--create-missing", "--json")

    [line] = [one for one in checked.document["checks"] if one["name"] == "rules"]
    assert (checked.code, line["ok"]) == (2, False)
    assert "the tenant acme and the roles Boss, Learner" in line["text"]
    assert planned.document["missing_grants"] == {"tenants": ["acme"], "roles": ["Boss", "Learner"]}
    assert (planned.code, planned.document["actions"]["create"]) == (0, 5)
    assert (refused.code, refused.out) == (2, "")
    assert "mapping.tenants[0].tenant" in " ".join(refused.err.split())
    assert "--create-missing" in refused.err
    assert (ran.code, ran.document["verify"]["classes"]["same"]) == (0, 5)
    assert held(place) == wanted()
    assert defined(place) == (["acme", "beta"], ["Boss", "Learner"])
    since = len(place.sandbox.control.journal())
    again = place.forked("run", "--yes", "--json")
    assert (again.code, again.document["actions"]) == (0, NOTHING)
    assert writes(place, since) == []
    assert place.forked("check").code == 0


def test_a_plan_tries_rules_and_a_run_takes_them_up_with_remap(any_place: Place) -> None:
    """Rules are a changed mapping: without the rules, the run after the plan finds everything as it was."""
    place = any_place
    people(place, rules=[])
    assert place.forked("run", "--yes").code == 0
    place.configure(mapping={"tenants": BY_DOMAIN})

    planned = place.forked("plan", "--remap", "--json")

    assert (planned.code, planned.document["actions"]["update"]) == (0, 3)
    place.configure(mapping={"tenants": []})
    assert place.forked("run", "--yes", "--json").document["actions"] == NOTHING
    place.configure(mapping={"tenants": BY_DOMAIN})
    assert place.forked("run", "--yes", "--create-missing").code == 2
    assert place.forked("run", "--yes", "--create-missing", "--remap").code == 0
    assert held(place) == wanted()


def test_what_people_gave_or_took_by_hand_stays(any_place: Place) -> None:
    """Adding only: a tenant given by hand stays, one taken away stays away, until Docebo says something new."""
    place = any_place
    people(place)
    assert place.forked("run", "--yes", "--create-missing").code == 0
    make(place, tenants=["vip"])
    by_hand = Grant("vip")
    give(place, "11", by_hand)
    give(place, "14", ACME, ADMIN, by_hand)
    place.sandbox.control.patch_docebo_user("11", level="power_user", last_name="New")
    place.sandbox.control.patch_docebo_user("14", level="user")

    ran = place.forked("run", "--yes", "--json")

    assert ran.code == 0
    found = held(place)
    assert found["11"] == {by_hand, BETA}  # what was taken stays away, what is new comes
    assert found["14"] == {ACME, ADMIN, by_hand}  # no rule gives it any more; only source_wins takes it back
    place.configure(policy={"update": {"tenants": "source_wins"}})
    place.sandbox.control.patch_docebo_user("14", last_name="Other")
    assert place.forked("run", "--yes").code == 0
    assert held(place)["14"] == {by_hand}
    assert held(place)["11"] == {by_hand, BETA}


def test_tenants_and_roles_of_the_project_never_meet(any_place: Place) -> None:
    """Somebody with a role of the project becomes a conflict, untouched, and is settled once the role is gone."""
    place = any_place
    people(place, rules=[])
    assert place.forked("run", "--yes").code == 0
    make(place, roles=["Auditor"])
    give(place, "11", Grant("", "Auditor"))
    place.configure(mapping={"tenants": BY_DOMAIN})

    ran = place.forked("run", "--yes", "--remap", "--create-missing", "--json")

    assert (ran.code, ran.document["reasons"]) == (3, {"tenants_or_roles": 1})
    assert held(place) == {**wanted(), "11": {Grant("", "Auditor")}}
    give(place, "11")
    assert place.forked("run", "--yes").code == 0
    assert held(place) == wanted()


def test_roles_of_the_project_need_no_tenant(any_place: Place) -> None:
    """`mapping.roles` gives roles of the project."""
    place = any_place
    people(place, rules=[])
    place.configure(mapping={"roles": [{"when": {"level": ["superadmin", "power_user"]}, "roles": ["Admin"]}]})
    assert place.forked("run", "--yes").code == 2

    ran = place.forked("run", "--yes", "--create-missing", "--json")

    assert ran.code == 0
    assert {user_id for user_id, grants in held(place).items() if grants == {Grant("", "Admin")}} == {"12", "14"}
    shown = place.forked("show", "12", "--fresh", "--json").document
    assert shown["found"]["roles"] == shown["target"]["roles"] == ["Admin"]


BY_MEMBERS: list[dict[str, Any]] = [
    {"when": {"branch": ["EMEA", 20], "descendants": True}, "tenant": "acme"},
    {"when": {"branch": "EMEA"}, "tenant": "acme", "roles": ["Boss"]},
    {"when": {"group": 7}, "tenant": "beta"},
]


def in_branches(place: Place) -> None:
    """EMEA (10) has 11, North (12) below it has 12 and 13, the empty 20 nobody, and the group has 14."""
    place.sandbox.control.put_branch("10", "Europe", code="EMEA", members=["11"])
    place.sandbox.control.put_branch("12", "North", code="NORTH", parent="10", members=["12", "13"])
    place.sandbox.control.put_branch("20", "Legal", code="LEGAL")
    place.sandbox.control.put_group("7", "Managers", members=["14"])


def test_branches_and_groups_decide_and_who_moves_is_planned_again(any_place: Place) -> None:
    """Membership is no part of the record, so that whoever moves is noticed although the record is the same."""
    place = any_place
    people(place, rules=BY_MEMBERS)
    in_branches(place)
    planned = place.forked("plan", "--json").document
    ran = place.forked("run", "--yes", "--create-missing", "--log-file", "run.log")

    assert ran.code == 0
    logged = [json.loads(line) for line in (place.folder / "run.log").read_text(encoding="utf-8").splitlines()]
    told = {one["event"]: one for one in logged}
    assert (told["members_read"]["lists"], told["members_read"]["members"]) == (4, 5)
    assert (told["grants_created"]["tenants"], told["grants_created"]["roles"]) == (["acme", "beta"], ["Boss"])
    # The tree, four lists, and what tells an empty branch from one that was deleted.
    assert planned["member_calls"] == 7
    assert [(one["kind"], one["name"], one["users"]) for one in planned["members"]] == [
        ("branch", "EMEA", 3), ("branch", "20", 0), ("branch", "EMEA", 1), ("group", "7", 1),
    ]  # fmt: skip
    [line] = [one for one in place.forked("check", "--json").document["checks"] if one["name"] == "members"]
    assert (line["ok"], line["text"]) == (True, "Docebo has everything that rules name: branches 2, groups 1")
    first = {"11": {ACME, ADMIN}, "12": {ACME}, "13": {ACME}, "14": {BETA}, "15": set()}
    assert held(place) == first
    place.sandbox.control.put_group("7", "Managers", members=["13", "15"])
    again = place.forked("run", "--yes", "--json")
    assert (again.code, again.document["actions"]["update"]) == (0, 2)
    assert held(place) == {**first, "13": {ACME, BETA}, "15": {BETA}}
    shown = place.forked("show", "15", "--fresh", "--json").document
    assert (shown["decision"]["action"], shown["found"]["tenants"]) == (
        "unchanged",
        [{"tenantId": "beta", "roleNames": []}],
    )
    assert place.forked("verify").code == 0


@pytest.mark.parametrize("wrong", [{"branch": "NOWHERE"}, {"group": "99"}], ids=["branch", "group"])
def test_a_branch_or_group_that_does_not_exist_changes_nothing(any_place: Place, wrong: dict[str, Any]) -> None:
    """Exit 2, with the line of the rule; nobody is read, nothing is sent, and no run is counted."""
    place = any_place
    people(place, rules=[*BY_MEMBERS, {"when": wrong, "tenant": "acme"}])
    in_branches(place)
    make(place, tenants=["acme", "beta"], roles=["Boss"])
    checked, ran = place.forked("check", "--json"), place.forked("run", "--yes")

    [line] = [one for one in checked.document["checks"] if one["name"] == "members"]
    assert (checked.code, line["ok"]) == (2, False)
    assert f"mapping.tenants[3].when.{next(iter(wrong))}" in line["fix"]
    told = " ".join(ran.err.split())
    assert ran.code == 2
    assert f"mapping.tenants[3].when.{next(iter(wrong))}" in told
    assert "line " in told
    assert held(place) == {}
    assert place.forked("runs", "--json").document["runs"] == []


@pytest.mark.parametrize("path", ["/manage/v1/orgchart", "/manage/v1/group/7/members"])
def test_a_list_that_cannot_be_read_stops_the_run(any_place: Place, path: str) -> None:
    """Exit 4, nothing sent: a part of the members never counts as all of them; the next run goes on."""
    place = any_place
    people(place, rules=BY_MEMBERS)
    in_branches(place)
    place.sandbox.control.set_faults({"kind": "status", "api": "docebo", "path": path, "params": {"code": 403}})

    ran = place.forked("run", "--yes", "--create-missing")

    assert ran.code == 4
    assert held(place) == {}
    place.sandbox.control.clear_faults()
    assert place.forked("run", "--yes", "--create-missing").code == 0
    assert held(place)["14"] == {BETA}


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "unknown condition": (
        {"when": {"mail": "x"}, "tenant": "a"},
        "mapping.tenants[0].when.mail: is not a known condition",
    ),
    "bad expression": (
        {"when": {"field_4": {"matches": "("}}, "tenant": "a"},
        "mapping.tenants[0].when.field_4.matches: is not a regular expression that RE2 takes",
    ),
    "needs exponential time": (
        {"when": {"field_4": {"matches": r"^(a+)\1$"}}, "tenant": "a"},
        "mapping.tenants[0].when.field_4.matches: is not a regular expression that RE2 takes",
    ),
}


@pytest.mark.parametrize(("rule", "text"), BAD.values(), ids=BAD)
def test_a_bad_rule_is_named_with_its_line(place: Place, rule: dict[str, Any], text: str) -> None:
    """Exit 2, nothing sent."""
    people(place, rules=[rule])

    ran = place.forked("run", "--yes")

    assert ran.code == 2
    assert text in " ".join(ran.err.split())
    assert "line " in ran.err
    assert held(place) == {}
