"""Creating many users in one call, as docs/contract/descope.md says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from descope_sandbox import ANA, BEN, CLEO, batch, logins

if TYPE_CHECKING:
    from descope_sandbox import World


def test_a_batch_reports_each_user_for_itself(world: World) -> None:
    world.make(BEN)
    users = [{"loginId": ANA, "createdTime": 1234}, {"loginId": BEN}, {"loginId": "x"}, {"loginId": ANA}]
    answer = world.post("user/create/batch", {"users": users})
    assert logins(answer["createdUsers"]) == [ANA]
    assert answer["createdUsers"][0]["createdTime"] == 1234
    assert logins([failed["user"] for failed in answer["failedUsers"]]) == [BEN, "x", ANA]
    texts = [failed["failure"] for failed in answer["failedUsers"]]
    assert texts == ["User already exists", "Missing email or phone", "User already exists"]
    assert answer["additionalErrors"] == {}
    assert world.ops() == ["create", "create"]


def test_a_batch_user_with_a_password_needs_no_contact(world: World) -> None:
    users = [{"loginId": "anon", "hashedPassword": {"bcrypt": {"hash": "x"}}, "seed": "s"}]
    (user,) = world.post("user/create/batch", {"users": users})["createdUsers"]
    assert (user["password"], user["TOTP"], user["email"]) == (True, True, "")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("partial", {"loginIds": ["x"], "email": ""}),
        ("email", {"email": ""}),
        ("login_id", {"loginId": "x"}),
        ("null", None),
    ],
)
def test_a_failed_user_can_be_partial_or_null(world: World, kind: Any, expected: Any) -> None:
    world.store.switches.failed_user = kind
    assert batch(world, "x")["failedUsers"][0]["user"] == expected


def test_batches_over_the_limit_are_refused_whole(world: World) -> None:
    many = [f"u{i}@example.org" for i in range(101)]
    body = {"users": [{"loginId": login} for login in many]}
    assert world.post("user/create/batch", body, status=400)["errorCode"] == "E011003"
    world.patch("user/patch/batch", body, status=400)
    world.store.switches.batch_limit_status = 413
    world.post("user/create/batch", body, status=413)
    assert world.store.dump()["users"] == []
    world.store.switches.batch_limit = 101
    assert len(batch(world, *many)["createdUsers"]) == 101


def test_the_order_of_a_batch_answer_is_a_switch(world: World) -> None:
    world.store.switches.existing_login = "tolerate"
    many = [f"u{i}@example.org" for i in range(20)]
    assert logins(batch(world, *many)["createdUsers"]) == many
    world.store.switches.batch_order = "reversed"
    assert logins(batch(world, *many)["createdUsers"]) == many[::-1]
    world.store.switches.batch_order = "shuffled"
    shuffled = logins(batch(world, *many)["createdUsers"])
    assert sorted(shuffled) == sorted(many)
    assert shuffled not in (many, many[::-1])


def test_a_batch_answer_can_lie_about_one_user(world: World) -> None:
    world.store.switches.existing_login = "tolerate"
    world.store.switches.batch_answer = "both"
    answer = batch(world, ANA, BEN)
    assert logins(answer["createdUsers"]) == [ANA, BEN]
    assert logins([failed["user"] for failed in answer["failedUsers"]]) == [ANA]
    world.store.switches.batch_answer = "neither"
    answer = batch(world, ANA, BEN)
    assert (logins(answer["createdUsers"]), answer["failedUsers"]) == ([BEN], [])
    world.store.switches.batch_answer = "extra"
    *known, extra = logins(batch(world, ANA, BEN)["createdUsers"])
    assert known == [ANA, BEN]
    assert extra not in world.search()
    world.store.switches.batch_answer = "twice"
    assert logins(batch(world, ANA, BEN)["createdUsers"]) == [ANA, BEN, ANA]


def test_additional_errors_name_a_created_user_by_switch(world: World) -> None:
    world.store.switches.additional_errors = "on"
    assert list(batch(world, ANA, BEN)["additionalErrors"]) == [ANA]


def test_poisoned_logins_fail_the_whole_call_or_one_user(world: World) -> None:
    world.store.switches.refuse_logins = [BEN]
    body = {"users": [{"loginId": ANA}, {"loginId": BEN}]}
    world.post("user/create/batch", body, status=400)
    world.post("user/create", {"loginId": BEN}, status=400)
    assert world.store.dump()["users"] == []
    world.store.switches.poison_mode = "per_user"
    answer = batch(world, ANA, BEN)
    assert (logins(answer["createdUsers"]), len(answer["failedUsers"])) == ([ANA], 1)
    answer = world.patch("user/patch/batch", body)
    assert (logins(answer["patchedUsers"]), len(answer["failedUsers"])) == ([ANA], 1)


def test_a_failed_user_can_be_the_whole_request_again(world: World) -> None:
    world.make(BEN)
    world.store.switches.failed_user = "echo"
    asked = {"loginId": BEN, "password": "made-up-1", "familyName": "B", "customAttributes": {}, "verifiedEmail": False}
    answer = world.post("user/create/batch", {"users": [asked]})
    assert [failed["user"] for failed in answer["failedUsers"]] == [asked]
    wrong = {"loginId": "nobody", "customAttributes": {"a": 1}, "test": False}
    answer = world.patch("user/patch/batch", {"users": [wrong]})
    assert [failed["user"] for failed in answer["failedUsers"]] == [wrong]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_one_login_can_break_every_create_that_has_it(world: World, status: Any) -> None:
    world.store.switches.choke_logins = [BEN]
    world.store.switches.choke_status = status
    users = [{"loginId": ANA}, {"loginId": CLEO, "additionalIdentifiers": [BEN]}]
    assert world.post("user/create/batch", {"users": users}, status=status)["errorCode"] == "E010000"
    world.post("user/create", {"loginId": BEN}, status=status)
    assert world.store.dump()["users"] == []
    assert logins(batch(world, ANA, CLEO)["createdUsers"]) == [ANA, CLEO]
    assert world.patch("user/patch", {"loginId": ANA, "email": BEN})["user"]["email"] == BEN
