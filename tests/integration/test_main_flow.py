"""The main job from end to end: config, read, normalize, checkpoint, send, report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import oracle
import pytest

if TYPE_CHECKING:
    from world import Place


def calls(place: Place, *paths: str) -> list[dict[str, object]]:
    return [entry for api in ("docebo", "descope") for entry in place.journal(api) if entry["path"] in paths]


def test_every_user_arrives_once_and_the_second_run_does_nothing(any_place: Place) -> None:
    """After one run everybody is in Descope with every field right or has a reason; a second run asks nothing."""
    place = any_place
    place.sandbox.control.reset(users=1500, strangers=20, difficult=0.05)
    start = oracle.before(place)

    first = place.forked("run", "--yes", "--json", "--project", place.config.descope.project_id)
    verdict = oracle.check(place, start, first)

    assert first.document["outcome"] == "needs_person"
    assert first.document["reasons"]["login_taken"] == 20
    assert verdict.states["created"] > 1400
    so_far = len(place.sandbox.control.journal())

    second = place.forked("run", "--yes", "--json")

    oracle.check(place, start, second)
    assert second.document["counts"] == first.document["counts"]
    assert second.document["reasons"] == first.document["reasons"]
    asked = {entry["path"] for entry in place.journal("descope", so_far)}
    assert asked == {"/v1/mgmt/license", "/v1/mgmt/user/customattributes", "/v1/mgmt/users/load"}  # the spot check


def test_call_budget(place: Place) -> None:
    """1,000 new users cost at most 10.5 creates, 10.5 look-ups and 5 page calls per sweep; one counts strangers."""
    place.sandbox.control.reset(users=1000, difficult=0)

    place.migrate()

    assert len(calls(place, "/v1/mgmt/user/create/batch")) == 10
    assert len(calls(place, "/v2/mgmt/user/search", "/v1/mgmt/user")) == 10 + 1
    assert len(calls(place, "/manage/v1/user")) == 2 * 5


def test_plan_predicts_what_run_does(any_place: Place) -> None:
    """`plan` writes nothing to Descope, and the next `run` gives the counts it predicted."""
    place = any_place
    place.sandbox.control.reset(users=600, strangers=12, difficult=0.1)
    start = oracle.before(place)

    plan = place.forked("plan", "--json")

    assert plan.code == 0
    assert plan.document["outcome"] == "dry_run"
    assert [entry for entry in place.journal() if entry["committed"]] == []
    assert oracle.check(place, start, whole=False).writes == 0
    run = place.forked("run", "--yes", "--json", "--project", place.config.descope.project_id)
    oracle.check(place, start, run)
    assert run.document["counts"] == plan.document["counts"]
    assert run.document["reasons"] == plan.document["reasons"]


def test_a_changed_user_is_patched_and_nobody_else_is_asked_for(any_place: Place) -> None:
    """The catch-up pass loads and patches the one user whose name changed; everybody else costs nothing."""
    place = any_place
    place.sandbox.control.reset(users=300, difficult=0)
    start = oracle.before(place)
    place.migrate()
    somebody = place.sources()[7]
    place.sandbox.control.patch_docebo_user(somebody["user_id"], fullname="Neue Frau", last_name="Frau")
    so_far = len(place.sandbox.control.journal())

    again = place.forked("run", "--yes", "--json")

    assert again.document["counts"]["updated"] == 1
    verdict = oracle.check(place, start, again)
    assert verdict.targets[somebody["user_id"]]["name"] == "Neue Frau"
    assert verdict.targets[somebody["user_id"]]["customAttributes"]["freshlyMigrated"] is True
    entries = place.journal("descope", so_far)
    assert [e["path"] for e in entries if e["committed"]] == ["/v1/mgmt/user/patch/batch"]


def test_a_changed_address_moves_by_the_calls_that_do_not_merge(place: Place) -> None:
    """A new e-mail goes through update/email with failOnConflict and update/loginid, never by patch."""
    place.sandbox.control.reset(users=50, difficult=0)
    place.migrate()
    somebody = place.sources()[3]
    place.sandbox.control.patch_docebo_user(somebody["user_id"], email="brand.new@example.org")
    start = oracle.before(place)

    again = place.migrate()

    assert again.outcome == "complete"
    verdict = oracle.check(place, start)
    assert verdict.targets[somebody["user_id"]]["email"] == "brand.new@example.org"
    assert verdict.targets[somebody["user_id"]]["loginIds"] == ["brand.new@example.org"]


def test_an_address_taken_by_a_stranger_is_a_conflict(place: Place) -> None:
    """When the new address is a stranger's login, both users stay as they are."""
    place.sandbox.control.reset(users=50, difficult=0)
    place.migrate()
    place.sandbox.control.put_descope_user({"loginIds": ["taken@example.org"], "email": "taken@example.org"})
    somebody = place.sources()[3]
    place.sandbox.control.patch_docebo_user(somebody["user_id"], email="taken@example.org")
    start = oracle.before(place)

    again = place.forked("run", "--yes", "--json")

    assert again.code == 3
    assert again.document["reasons"] == {"login_taken": 1}
    verdict = oracle.check(place, start, whole=False)
    assert verdict.targets[somebody["user_id"]]["email"] == somebody["email"].lower()


@pytest.mark.parametrize("policy", ["oldest", "newest_login"])
def test_duplicate_policy_chooses_one(place: Place, policy: str) -> None:
    """With a policy, one of the users with the same address is migrated and the others are conflicts."""
    place.sandbox.control.reset(users=20, difficult=0)
    one, two = place.sources()[:2]
    for user, day in ((one, "2020-01-01"), (two, "2022-01-01")):
        dates = {"creation_date": f"{day} 08:00:00", "last_access_date": f"{day} 09:00:00"}
        place.sandbox.control.patch_docebo_user(user["user_id"], email="same@example.org", **dates)
    place.configure(policy={"duplicate_email": policy})
    start = oracle.before(place)

    figures = place.migrate()

    verdict = oracle.check(place, start)
    winner = one if policy == "oldest" else two
    assert verdict.rows[winner["user_id"]]["state"] == "created"
    assert figures.books.reasons == {"duplicate_email": 1}


def test_limit_and_search_text_leave_the_others_out(place: Place) -> None:
    """`--limit` and `--search-text` send a few; the rest is skipped, and a later plain run sends it."""
    place.sandbox.control.reset(users=60, difficult=0)
    start = oracle.before(place)
    email = place.sources()[5]["email"]

    one = place.forked("run", "--yes", "--json", "--search-text", email)
    few = place.forked("run", "--yes", "--json", "--limit", "9")
    rest = place.forked("run", "--yes", "--json")

    assert one.document["counts"]["created"] == 1
    assert few.document["counts"]["created"] == 10
    assert few.document["counts"]["skipped"] == 50
    assert few.code == 0
    assert rest.document["counts"]["created"] == 60
    oracle.check(place, start, rest)


def test_somebody_who_left_is_vanished_and_comes_back_without_a_call(place: Place) -> None:
    """A user gone from Docebo is `vanished`, untouched in Descope, and is unchanged when it comes back."""
    place.sandbox.control.reset(users=40, difficult=0)
    place.migrate()
    somebody = place.sources()[0]
    place.sandbox.control.delete_docebo_user(somebody["user_id"])

    gone = place.migrate()
    place.sandbox.control.put_docebo_user(somebody)
    back = place.migrate()

    assert gone.books.states["vanished"] == 1
    assert len(place.targets()) == 40
    assert back.books.states["vanished"] == 0
    assert back.books.states["unchanged"] == 1
