"""What rules cost: calls to Docebo for each branch, and next to none to Descope (docs/performance.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from project_objects import make

if TYPE_CHECKING:
    from world import Place

MEMBERS = 400
BRANCHES = ("10", "20", "30")
RULES: list[dict[str, Any]] = [
    {"when": {"branch": branch}, "tenant": f"t{branch}", "roles": ["Learner"]} for branch in BRANCHES
]


def calls(place: Place) -> dict[str, int]:
    """The calls of a first run, by API; tokens are left out, whose number depends on the time."""
    since = len(place.sandbox.control.journal())
    assert place.migrate().error is None
    entries = place.sandbox.control.journal(since)
    return {
        api: sum(entry["api"] == api and "oauth2" not in entry["path"] for entry in entries)
        for api in ("docebo", "descope")
    }


def test_a_branch_of_400_members_costs_three_docebo_calls_at_most(place: Place) -> None:
    """Two pages for each, and one look at the tree of all; Descope is asked once for its tenants and once for roles."""
    place.sandbox.control.reset(users=1000, difficult=0)
    without = calls(place)
    place.sandbox.control.reset(users=1000, difficult=0)
    for path in place.folder.glob("migrator.db*"):
        path.unlink()
    people = [str(user["user_id"]) for user in place.sources()]
    for number, branch in enumerate(BRANCHES):
        place.sandbox.control.put_branch(branch, f"Branch {branch}", members=people[200 * number :][:MEMBERS])
    place.configure(mapping={"tenants": RULES})
    make(place, tenants=[rule["tenant"] for rule in RULES], roles=["Learner"])

    ruled = calls(place)

    assert ruled["docebo"] - without["docebo"] == 2 * len(BRANCHES) + 1
    assert ruled["descope"] - without["descope"] == 2
    assert sum(len(user["userTenants"]) for user in place.targets()) == MEMBERS * len(BRANCHES)
