"""A plan that binds, its prediction, the canary and the error budget."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import oracle
import pytest

if TYPE_CHECKING:
    from world import Place


def lines(place: Place, name: str = "plan.jsonl") -> list[dict[str, object]]:
    return [json.loads(line) for line in (place.folder / name).read_text().splitlines()]


def test_run_does_exactly_what_the_plan_says(any_place: Place) -> None:
    """In a quiet world the bound run does all the plan says, and the prediction has no gap."""
    place = any_place
    place.sandbox.control.reset(users=300, strangers=6, difficult=0.05)
    start = oracle.before(place)

    plan = place.forked("plan", "--out", "plan.jsonl", "--json")
    run = place.forked("run", "--yes", "--plan", "plan.jsonl", "--json")

    oracle.check(place, start, run)
    assert (place.folder / "plan.jsonl").stat().st_mode & 0o777 == 0o600
    assert run.document["counts"] == plan.document["counts"]
    assert run.document["prediction"]["gap"] == 0
    assert len(lines(place)) - 1 == plan.document["counts"]["created"] + plan.document["reasons"]["login_taken"]


def test_one_user_changed_at_descope_since_is_drifted_and_all_others_are_written(any_place: Place) -> None:
    """Of all planned updates only the one whose Descope user changed meanwhile is set aside, unwritten."""
    place = any_place
    place.sandbox.control.reset(users=60, difficult=0)
    place.migrate()
    users = place.sources()
    for user in users[:10]:
        place.sandbox.control.patch_docebo_user(user["user_id"], fullname="Another Name")
    plan = place.forked("plan", "--out", "plan.jsonl", "--json")
    entry = next(line for line in lines(place)[1:] if line["user_id"] == users[4]["user_id"])
    target = next(t for t in place.targets() if t["customAttributes"]["doceboUserId"] == users[4]["user_id"])
    place.sandbox.control.put_descope_user({**target, "familyName": "Edited by a person"})

    run = place.forked("run", "--yes", "--plan", "plan.jsonl", "--json")

    assert plan.document["counts"]["updated"] == 10
    assert entry["changes"] == {"name": [users[4]["fullname"], "Another Name"]}
    assert run.code == 3
    assert run.document["reasons"] == {"drifted": 1}
    assert run.document["counts"]["updated"] == 9
    assert run.document["prediction"]["gap"] == 1
    assert run.document["prediction"]["gaps"] == [
        {"predicted": "updated", "actual": "conflict", "reason": "drifted", "users": 1}
    ]
    after = next(t for t in place.targets() if t["userId"] == target["userId"])
    assert (after["familyName"], after["name"]) == ("Edited by a person", users[4]["fullname"])


def test_a_login_taken_since_the_plan_is_drifted(place: Place) -> None:
    """A stranger who took a planned login is untouched, and the planned user is drifted."""
    place.sandbox.control.reset(users=30, difficult=0)
    place.forked("plan", "--out", "plan.jsonl")
    email = place.sources()[2]["email"].lower()
    place.sandbox.control.put_descope_user({"loginIds": [email], "email": email})
    start = oracle.before(place)

    run = place.forked("run", "--yes", "--plan", "plan.jsonl", "--json")

    oracle.check(place, start, run)
    assert run.document["reasons"] == {"drifted": 1}


def test_users_changed_or_added_in_docebo_since_are_left_alone(place: Place) -> None:
    """A changed source is drifted, a new user is skipped, and a plain run afterwards takes both."""
    place.sandbox.control.reset(users=30, difficult=0)
    place.forked("plan", "--out", "plan.jsonl")
    changed = place.sources()[0]
    place.sandbox.control.patch_docebo_user(changed["user_id"], fullname="Changed Since")
    added = {**changed, "user_id": "999999", "username": "new", "email": "new@example.org"}
    place.sandbox.control.put_docebo_user(added)

    bound = place.forked("run", "--yes", "--plan", "plan.jsonl", "--json")
    plain = place.forked("run", "--yes", "--json")

    assert bound.document["reasons"] == {"drifted": 1, "not_in_plan": 1}
    assert bound.document["counts"]["created"] == 29
    assert plain.document["counts"]["created"] == 31
    assert plain.code == 0


def test_a_plan_of_another_mapping_is_refused(place: Place) -> None:
    """A plan binds only the migration, mapping and policy it was made with; nothing is read or sent otherwise."""
    place.sandbox.control.reset(users=5, difficult=0)
    place.forked("plan", "--out", "plan.jsonl")
    place.configure(policy={"existing": "link"})

    other = place.forked("run", "--yes", "--plan", "plan.jsonl")
    (place.folder / "plan.jsonl").write_text("not a plan\n")
    broken = place.forked("run", "--yes", "--plan", "plan.jsonl")
    again = place.forked("plan", "--out", "plan.jsonl")

    assert (other.code, broken.code, again.code) == (2, 2, 2)
    assert "another policy" in other.err
    assert "line 1" in broken.err
    assert place.targets() == []


@pytest.mark.parametrize("name", ["plan.jsonl", "nowhere/plan.jsonl"])
def test_a_plan_that_cannot_be_saved_is_refused_before_anything_is_read(place: Place, name: str) -> None:
    """An older plan is never written over, and nobody waits for a whole reading to hear it."""
    place.sandbox.control.reset(users=5, difficult=0)
    (place.folder / "plan.jsonl").write_text("the plan of last week\n", encoding="utf-8")

    ended = place.forked("plan", "--out", name)

    assert ended.code == 2
    assert name in ended.err
    assert (place.folder / "plan.jsonl").read_text(encoding="utf-8") == "the plan of last week\n"
    assert [*place.journal("docebo"), *place.journal()] == []


def test_the_plan_tells_its_cost_its_collisions_and_its_look_alikes(place: Place) -> None:
    """The plan holds calls and minutes by limit, colliding pairs, and look-alikes, which are sent all the same."""
    place.sandbox.control.reset(users=30, difficult=0)
    one, two, three, four = place.sources()[:4]
    place.sandbox.control.patch_docebo_user(one["user_id"], email="stra\u00dfe@example.org")
    place.sandbox.control.patch_docebo_user(two["user_id"], email="strasse@example.org")
    place.sandbox.control.patch_docebo_user(three["user_id"], email="j.doe@example.org")
    place.sandbox.control.patch_docebo_user(four["user_id"], email="jdoe@example.org")
    place.configure(descope={"batch_size": 2, "rate_limits": {"create": 5}})

    plan = place.forked("plan", "--json").document

    assert plan["reasons"] == {"duplicate_email": 2}
    assert plan["collisions"]["pairs"] == 1
    assert plan["collisions"]["first"][0]["kind"] == "fold"
    assert plan["look_alikes"]["pairs"] == 1
    assert (plan["collisions"]["groups"], plan["look_alikes"]["groups"]) == (1, 1)
    assert plan["counts"]["created"] == 28
    assert plan["estimate"]["calls"]["create"] == 14
    assert plan["estimate"]["minutes"]["create"] == 3.0  # 4 calls at once, the 5th to 8th a minute later, and so on


def test_a_mapping_mistake_hurts_at_most_the_canary(place: Place) -> None:
    """When every user would be refused, `--canary 5` ends the run with exit 4 after at most five of them."""
    place.sandbox.control.reset(users=80, difficult=0)
    place.sandbox.control.set_switches(
        descope={"refuse_logins": [user["email"].lower() for user in place.sources()], "poison_mode": "per_user"}
    )

    run = place.forked("run", "--yes", "--canary", "5", "--json")

    assert run.code == 4
    assert run.document["counts"]["failed"] == 5
    assert run.document["counts"]["pending"] == 75
    assert place.targets() == []


def test_a_canary_that_is_right_lets_the_run_go_on(place: Place) -> None:
    """The canary covers the variants, is verified, and the rest follows in the same run."""
    place.sandbox.control.reset(users=80, difficult=0.1)
    start = oracle.before(place)

    run = place.forked("run", "--yes", "--canary", "12", "--json")

    oracle.check(place, start, run)
    assert run.document["counts"]["pending"] == 0


def test_the_error_budget_stops_before_more_harm(place: Place) -> None:
    """`--max-errors` and `--max-error-rate` end the run with exit 4 while users are left, safe to run again."""
    place.sandbox.control.reset(users=200, difficult=0)
    place.configure(descope={"batch_size": 10}, run={"concurrency": 1})
    bad = [user["email"].lower() for user in place.sources()]
    place.sandbox.control.set_switches(descope={"refuse_logins": bad, "poison_mode": "per_user"})

    count = place.forked("run", "--yes", "--max-errors", "10", "--json")
    rate = place.forked("run", "--yes", "--max-error-rate", "10%", "--json")
    place.sandbox.control.set_switches(descope={"refuse_logins": []})
    rest = place.forked("run", "--yes", "--json")

    assert (count.code, rate.code, rest.code) == (4, 4, 3)
    assert count.document["counts"]["failed"] == 10
    assert rate.document["counts"]["failed"] == 30
    assert rest.document["counts"]["created"] == 170
