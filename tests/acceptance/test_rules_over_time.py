"""Rules beside plans, faults and other people's tenants, through the installed program (docs/decisions/0027)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from deadline import until
from project_objects import defined, give, held, make, make_role_of

from migrator.core.grants import Grant

if TYPE_CHECKING:
    from world import Place

ACME = Grant("acme")
TENANT, ROLE = "/v1/mgmt/tenant/create", "/v1/mgmt/role/create"
BY_GROUP: list[dict[str, Any]] = [{"when": {"group": 7}, "tenant": "acme", "roles": ["Learner"]}]


def three_people(place: Place, rules: list[dict[str, Any]] | None = None, **settings: Any) -> None:
    """11 is in the group; 12 and 13 are not."""
    place.sandbox.control.reset(users=0)
    place.configure(mapping={"tenants": BY_GROUP if rules is None else rules}, **settings)
    for user_id in ("11", "12", "13"):
        person = {"user_id": user_id, "username": f"u{user_id}", "email": f"u{user_id}@acme.example"}
        place.sandbox.control.put_docebo_user({**person, "status": "1", "level": "user"})
    place.sandbox.control.put_group("7", "Managers", members=["11"])


def made(place: Place, path: str) -> int:
    """How many tenants or roles were created by a call."""
    return sum(entry["path"] == path and bool(entry["committed"]) for entry in place.journal())


def test_whoever_joins_a_group_behind_the_plan_is_not_sent_by_it(place: Place) -> None:
    """A plan binds to what each user would get; the next run without a plan sends whoever moved."""
    three_people(place)
    make(place, tenants=["acme"], roles=["Learner"])
    assert place.forked("plan", "--out", "plan.jsonl").code == 0
    place.sandbox.control.put_group("7", "Managers", members=["12"])

    bound = place.forked("run", "--yes", "--plan", "plan.jsonl", "--json")

    assert (bound.code, bound.document["reasons"]) == (3, {"drifted": 2})
    assert held(place) == {"13": set()}
    assert place.forked("run", "--yes").code == 0
    assert held(place) == {"11": set(), "12": {ACME, Grant("acme", "Learner")}, "13": set()}


@pytest.mark.parametrize("path", [TENANT, ROLE])
@pytest.mark.parametrize("fault", [{"kind": "close", "when": "after"}, {"kind": "status", "params": {"code": 503}}])
def test_a_create_without_an_answer_makes_no_second_one(place: Place, path: str, fault: dict[str, Any]) -> None:
    """It is asked for again, and found there."""
    three_people(place)
    place.sandbox.control.set_faults({**fault, "path": path, "nth": 1})

    assert place.forked("run", "--yes", "--create-missing").code == 0

    assert defined(place) == (["acme"], ["Learner"])
    assert (made(place, TENANT), made(place, ROLE)) == (1, 1)
    assert held(place)["11"] == {ACME, Grant("acme", "Learner")}


def test_missing_tenants_are_created_also_if_nobody_is_sent(place: Place) -> None:
    """Whoever asks for them gets them, so that the next run needs no option."""
    three_people(place, rules=[{"when": {"group": 7, "status": "suspended"}, "tenant": "acme"}])
    assert place.forked("run", "--yes").code == 2
    place.configure(mapping={"tenants": []})
    assert place.forked("run", "--yes").code == 0
    place.configure(mapping={"tenants": [{"when": {"group": 7, "status": "suspended"}, "tenant": "acme"}]})

    ran = place.forked("run", "--yes", "--remap", "--create-missing", "--json")

    assert (ran.code, ran.document["actions"]["update"]) == (0, 0)
    assert defined(place)[0] == ["acme"]
    assert place.forked("run", "--yes").code == 0


def test_a_role_of_another_tenant_alone_is_missing(place: Place) -> None:
    """A role that one tenant has for itself cannot be given in another."""
    three_people(place)
    make(place, tenants=["acme", "beta"])
    make_role_of(place, "beta", "Learner")

    checked = place.forked("check", "--json")

    [line] = [one for one in checked.document["checks"] if one["name"] == "rules"]
    assert "the role Learner" in line["text"]


def test_a_key_that_may_not_list_tenants_is_told_before_anything_is_sent(place: Place) -> None:
    """Exit 2: whether they exist cannot be known."""
    three_people(place)
    fault = {"kind": "status", "path": "/v1/mgmt/tenant/all", "params": {"code": 403}}
    place.sandbox.control.set_faults(fault)

    ran = place.forked("run", "--yes", "--create-missing")

    assert ran.code == 2
    assert "is not permitted to do this" in " ".join(ran.err.split())
    assert held(place) == {}


def test_a_stranger_who_is_linked_gets_the_tenants_too_and_keeps_its_own(place: Place) -> None:
    """Each tenant is a field of its own: what is not there is filled in."""
    three_people(place, policy={"existing": "link"})
    make(place, tenants=["acme", "vip"], roles=["Learner"])
    stranger = {"loginIds": ["u11@acme.example"], "email": "u11@acme.example", "name": "Own Name"}
    place.sandbox.control.put_descope_user({**stranger, "userTenants": [{"tenantId": "vip", "roleNames": []}]})

    assert place.forked("run", "--yes").code == 0

    assert held(place)["11"] == {Grant("vip"), ACME, Grant("acme", "Learner")}
    assert place.forked("undo", "--yes").code == 0
    [left] = place.targets()
    assert [one["tenantId"] for one in left["userTenants"]] == ["vip"]


def test_a_verification_that_needs_no_docebo_reads_no_members(place: Place) -> None:
    """While profiles are kept they say who is to have what, also when Docebo is switched off or a group is gone."""
    three_people(place, checkpoint={"keep_profiles": "always"})
    assert place.forked("run", "--yes", "--create-missing").code == 0
    place.sandbox.control.delete_group("7")
    since = len(place.sandbox.control.journal())

    assert place.forked("verify").code == 0

    assert place.journal("docebo", since) == []
    give(place, "11", ACME)
    found = place.forked("verify", "--json")
    assert (found.code, found.document["classes"]["differs"]) == (3, 1)


def test_a_list_that_a_run_accepted_short_is_no_end_to_verify_and_show(place: Place) -> None:
    """Neither has the option, and neither gives or takes anything."""
    three_people(place)
    place.sandbox.control.put_group("7", "Managers", members=["11", "12"])
    place.sandbox.control.set_switches(docebo={"hidden_rows": 1})
    assert place.forked("run", "--yes", "--create-missing").code == 4
    assert place.forked("run", "--yes", "--create-missing", "--accept-short-list").code == 0

    verified, shown = place.forked("verify", "--json"), place.forked("show", "11", "--fresh", "--json")

    assert (verified.code, verified.document["erased"]["reread"]) == (0, 2)
    assert shown.document["decision"]["action"] == "unchanged"


def test_reading_members_is_a_stage_of_its_own(place: Place) -> None:
    """A thousand calls take an hour: status says how many members were read, and what the run waits for."""
    three_people(place, docebo={"page_size": 1, "concurrency": 1})
    place.sandbox.control.put_group("7", "Managers", members=["11", "12", "13"])
    throttled = {"code": 429, "headers": {"Retry-After": "600"}}
    place.sandbox.control.set_faults({"kind": "status", "path": "/members", "nth": 3, "params": throttled})
    run = place.start("run", "--yes", "--create-missing")
    found: dict[str, Any] = {}

    def waits() -> bool:
        said = place.forked("status", "--json")
        found.update((said.document.get("progress") or {}) if said.code == 0 else {})
        return bool(found.get("waiting"))

    until(waits)

    assert (found["stage"], found["done"]) == ("members", 2)
    assert found["waiting"].startswith("Docebo asked for a pause")
    run.terminate()
    assert run.wait(60) == 143


@pytest.mark.parametrize(
    ("code", "path", "text"),
    [
        (400, TENANT, "Error: Descope refused to create the tenant acme ("),
        (400, ROLE, "Fix: Create it in the Descope console, or correct mapping.tenants[0].roles (config.yaml, line"),
        (403, ROLE, "the key is not permitted to do this"),
    ],
)
def test_a_tenant_or_role_that_descope_refuses_is_named(place: Place, code: int, path: str, text: str) -> None:
    """Exit 4, before anybody is sent; what could be created stays, and the next run goes on."""
    three_people(place)
    place.sandbox.control.set_faults({"kind": "status", "path": path, "params": {"code": code}})

    ran = place.forked("run", "--yes", "--create-missing")

    assert ran.code == 4
    assert text in " ".join(ran.err.split())
    assert held(place) == {}
    place.sandbox.control.clear_faults()
    assert place.forked("run", "--yes", "--create-missing").code == 0
