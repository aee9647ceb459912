"""Rules give tenants, people give and take them, policies change, an undo restores (docs/decisions/0027)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import oracle
import pytest
import requests
from undo_world import Project, check_undone, target_of

if TYPE_CHECKING:
    from world import Place

ACME, BETA = {"level": "user"}, {"language": "english"}


@pytest.fixture
def place(any_place: Place) -> Place:
    """Two tenants with a role each, no user, and a rule that puts the users of level `user` into the tenant acme."""
    any_place.sandbox.control.reset(users=0)
    for name in ("acme", "beta", "hand"):
        _make(any_place, "tenant", {"name": name.title(), "id": name})
        for role in ("Learner", "Coach"):
            _make(any_place, "role", {"name": role, "tenantId": name})
    _make(any_place, "role", {"name": "Admin"})
    _rules(any_place, {"when": ACME, "tenant": "acme", "roles": ["Learner"]})
    return any_place


def _make(place: Place, what: str, body: dict[str, Any]) -> None:
    descope = place.config.descope
    key = f"{descope.project_id}:{descope.management_key.get_secret_value()}"
    made = requests.post(
        f"{descope.url}/v1/mgmt/{what}/create", json=body, headers={"Authorization": f"Bearer {key}"}, timeout=30
    )
    assert made.status_code == 200, made.text


def _rules(place: Place, *rules: dict[str, Any], **update: str) -> None:
    place.configure(mapping={"tenants": list(rules)}, policy={"update": update})


def _person(place: Place, user_id: str, **fields: Any) -> None:
    names = {"first_name": "Ana", "last_name": f"Of {user_id}", "fullname": f"Ana Of {user_id}"}
    record = {"user_id": user_id, "username": f"u{user_id}", "email": f"u{user_id}@example.org", "status": "1"}
    place.sandbox.control.put_docebo_user({**record, "level": "user", "language": "english", **names, **fields})


def _has(place: Place, user_id: str) -> dict[str, set[str]]:
    """The tenants of a migrated user, each with its roles there."""
    target = target_of(place, user_id)
    user = next(one for one in place.targets() if one["userId"] == target)
    return {one["tenantId"]: set(one["roleNames"]) for one in user["userTenants"]}


def _put(place: Place, user_id: str, **tenants: list[str]) -> None:
    """What a person does in the console: the user has these tenants and no others."""
    listed = [
        {"tenantId": name, "tenantName": name.title(), "roleNames": roles, "permissions": []}
        for name, roles in tenants.items()
    ]
    place.sandbox.control.patch_descope_user(target_of(place, user_id), userTenants=listed)


def _run(place: Place, *options: str) -> dict[str, Any]:
    ended = place.forked("run", "--yes", "--json", *options)
    assert ended.code == 0, ended.out + ended.err
    return ended.document


def test_weeks_of_rules_people_and_policies(place: Place) -> None:
    """Each of six users is changed by another person; every run gives or takes exactly what it may."""
    for number in range(1, 7):
        _person(place, str(number), **({"level": "godadmin"} if number == 6 else {}))
    assert _run(place)["counts"]["created"] == 6
    assert [_has(place, str(number)) for number in (1, 6)] == [{"acme": {"Learner"}}, {}]

    # Monday: people at work in Descope.
    _put(place, "2")
    _put(place, "3", acme=["Learner"], hand=[])
    _put(place, "4", acme=["Learner", "Coach"])
    _put(place, "5", acme=["Learner"], beta=[])
    assert _run(place)["actions"]["update"] == 0

    # Tuesday: another rule, for everybody.
    beta = {"when": BETA, "tenant": "beta", "roles": ["Learner"]}
    _rules(place, {"when": ACME, "tenant": "acme", "roles": ["Learner"]}, beta)
    assert place.forked("run", "--yes").code == 2  # the mapping was changed
    assert _run(place, "--remap")["verify"]["classes"]["differs"] == 0
    learner = {"Learner"}
    assert {number: _has(place, number) for number in "123456"} == {
        "1": {"acme": learner, "beta": learner},
        "2": {"beta": learner},
        "3": {"acme": learner, "beta": learner, "hand": set()},
        "4": {"acme": {"Learner", "Coach"}, "beta": learner},
        "5": {"acme": learner, "beta": learner},
        "6": {"beta": learner},
    }

    # Wednesday: the first rule goes, and nothing is taken back.
    _rules(place, beta)
    assert _run(place, "--remap")["actions"]["update"] == 0
    assert _has(place, "1") == {"acme": learner, "beta": learner}

    # Thursday: the policy takes back; the second rule is gone, too.
    _rules(place, tenants="source_wins")
    _run(place, "--remap")
    assert {number: _has(place, number) for number in "123456"} == {
        "1": {}, "2": {}, "3": {"hand": set()}, "4": {"acme": {"Coach"}}, "5": {"beta": set()}, "6": {},
    }  # fmt: skip
    calls = len(place.journal())
    assert _run(place)["actions"]["update"] == 0
    assert not [one for one in place.journal()[calls:] if oracle._is_write(one)]


def test_an_undo_takes_away_what_was_given_and_spares_what_people_did(place: Place) -> None:
    """Created users go with their tenants, linked strangers keep their own, and an edit spares."""
    place.configure(policy={"existing": "link"})
    for number in range(1, 6):
        _person(place, str(number))
    own = {"tenantId": "hand", "tenantName": "Hand", "roleNames": ["Coach"], "permissions": []}
    for number in (4, 5):
        mail = f"u{number}@example.org"
        place.sandbox.control.put_descope_user({"loginIds": [mail], "email": mail, "userTenants": [own]})
    before = Project.now(place)
    _run(place)
    assert _has(place, "4") == {"acme": {"Learner"}, "hand": {"Coach"}}
    _put(place, "2", acme=["Learner"], hand=[])
    _put(place, "3")
    _put(place, "5", acme=["Learner", "Coach"], hand=["Coach"])

    undone = place.forked("undo", "--yes", "--json")

    assert undone.code == 3
    assert {one["docebo_user_id"]: one["reason"] for one in undone.document["spared"]} == dict.fromkeys("235", "edited")
    check_undone(place, before, undone, exact=False)


def test_a_user_with_roles_of_the_project_waits_for_a_person(place: Place) -> None:
    """Nothing is changed meanwhile; the run behind the person's change gives the tenant."""
    place.configure(policy={"existing": "link"})
    _person(place, "1")
    stranger = {"loginIds": ["u1@example.org"], "email": "u1@example.org", "roleNames": ["Admin"]}
    descope_id = place.sandbox.control.put_descope_user(stranger)
    before = Project.now(place)

    ended = place.forked("run", "--yes", "--json")

    assert (ended.code, ended.document["reasons"]) == (3, {"tenants_or_roles": 1})
    assert Project.now(place) == before
    place.sandbox.control.patch_descope_user(descope_id, roleNames=[])
    assert _run(place)["actions"]["adopt"] == 1
    assert _has(place, "1") == {"acme": {"Learner"}}
