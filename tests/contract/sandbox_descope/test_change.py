"""Changing and deleting users, as docs/contract/descope.md says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from descope_sandbox import ANA, BEN, CLEO, declare

if TYPE_CHECKING:
    from descope_sandbox import World


def test_a_patch_changes_only_what_it_names(world: World) -> None:
    declare(world, a=1, b=1)
    before = world.make(name="Ana", roleNames=["Tenant Admin"], customAttributes={"a": "1"}, status="enabled")
    after = world.patch("user/patch", {"loginId": ANA, "givenName": "A", "customAttributes": {"b": "2"}})["user"]
    changed = {"givenName": "A", "customAttributes": {"a": "1", "b": "2"}}
    assert after == before | changed
    cleared = world.patch("user/patch", {"loginId": before["userId"], "name": "", "roleNames": []})["user"]
    assert (cleared["name"], cleared["roleNames"], cleared["givenName"]) == ("", [], "A")
    kept = world.patch("user/patch", {"loginId": ANA, "givenName": None})["user"]
    assert kept["givenName"] == "A"
    world.store.switches.patch_attributes = "replace"
    replaced = world.patch("user/patch", {"loginId": ANA, "customAttributes": {"b": "3"}})["user"]
    assert replaced["customAttributes"] == {"b": "3"}
    assert world.ops()[2:] == ["create", *["patch"] * 4]


def test_a_patched_phone_ends_verified_unless_told_otherwise(world: World) -> None:
    world.make()
    user = world.patch("user/patch", {"loginId": ANA, "phone": "+1-555-555-5555"})["user"]
    assert (user["phone"], user["verifiedPhone"]) == ("+15555555555", True)
    user = world.patch("user/patch", {"loginId": ANA, "verifiedPhone": False})["user"]
    assert user["verifiedPhone"] is False


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"roleNames": "Tenant Admin"}, "E011001"),
        ({"userTenants": [{"tenantId": 1}]}, "E011001"),
        ({"failOnConflict": True}, "E011001"),
        ({"status": "active"}, "E011003"),
        ({"email": "x"}, "E011003"),
        ({"customAttributes": {"nope": 1}}, "E011003"),
        ({"customAttributes": {"nope": {"a": 1}}}, "E011001"),
    ],
)
def test_a_bad_patch_is_refused_and_changes_nothing(world: World, fields: Any, code: str) -> None:
    before = world.make()
    body = {"loginId": ANA, "name": "New", **fields}
    assert world.patch("user/patch", body, status=400)["errorCode"] == code
    assert world.load(ANA) == before


def test_a_patch_batch_reports_unknown_users_as_failed(world: World) -> None:
    world.make()
    body = {"users": [{"loginId": ANA, "name": "A"}, {"loginId": BEN, "name": "B"}]}
    answer = world.patch("user/patch/batch", body)
    assert [user["name"] for user in answer["patchedUsers"]] == ["A"]
    assert [failed["failure"] for failed in answer["failedUsers"]] == ["User not found"]
    assert world.patch("user/patch/batch", {"users": []})["patchedUsers"] == []
    assert world.patch("user/patch", {"loginId": BEN}, status=404)["errorCode"] == "E112102"


def test_an_update_wipes_what_it_does_not_name_but_keeps_status_and_logins(world: World) -> None:
    declare(world, a=1)
    before = world.make(name="Ana", phone="+15555555555", customAttributes={"a": "1"}, status="enabled")
    user = world.post("user/update", {"loginId": ANA, "familyName": "Ruiz", "additionalIdentifiers": ["ana.r"]})["user"]
    assert (user["userId"], user["status"], user["loginIds"]) == (before["userId"], "enabled", [ANA, "ana.r"])
    assert (user["name"], user["phone"], user["email"], user["customAttributes"]) == ("", "", "", {})
    assert user["familyName"] == "Ruiz"
    world.post("user/update", {"loginId": BEN}, status=404)


def test_the_granular_endpoints_change_one_thing(world: World) -> None:
    declare(world, a=1, b=1)
    world.make(name="Ana", customAttributes={"a": "1"}, phone="+15555555555")
    calls: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("status", {"status": "disabled"}, {"status": "disabled"}),
        ("name", {"displayName": "Ana R", "givenName": "Ana"}, {"name": "Ana R", "givenName": "Ana"}),
        ("picture", {"picture": "https://x.example/p"}, {"picture": "https://x.example/p"}),
        (
            "customAttribute",
            {"attributeKey": "b", "attributeValue": "2"},
            {"customAttributes": {"a": "1", "b": "2"}},
        ),
        ("email", {"email": BEN, "verified": False}, {"email": BEN, "verifiedEmail": False}),
        ("phone", {"phone": ""}, {"phone": "", "verifiedPhone": False}),
        ("loginid", {"newLoginId": "ana.r"}, {"loginIds": ["ana.r"], "externalIds": ["ana.r"]}),
    ]
    before = world.load(ANA)
    for path, fields, changed in calls:
        after = world.post(f"user/update/{path}", {"loginId": ANA, **fields})["user"]
        assert after == before | changed, path
        before = after
    assert world.ops()[3:] == ["status", "name", "picture", "attribute", "email", "phone", "loginid"]
    world.get("user", status=404, loginId=ANA)


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("status", {"status": "expired"}, 400),
        ("status", {}, 400),
        ("loginid", {"newLoginId": ""}, 400),
        ("loginid", {"newLoginId": BEN}, 400),
        ("customAttribute", {"attributeKey": "nope", "attributeValue": 1}, 400),
        ("customAttribute", {"attributeKey": "nope"}, 400),
        ("email", {"email": "x"}, 400),
        ("phone", {"phone": "x"}, 400),
        ("email", {"email": BEN, "failOnConflict": True}, 409),
    ],
)
def test_the_granular_endpoints_refuse_what_they_cannot_do(world: World, path: str, fields: Any, status: int) -> None:
    world.make(ANA)
    world.make(BEN)
    before = world.store.dump()["users"]
    world.post(f"user/update/{path}", {"loginId": ANA, **fields}, status=status)
    world.post(f"user/update/{path}", {"loginId": "nobody", **fields}, status=404)
    assert world.store.dump()["users"] == before


def test_a_second_login_id_can_be_removed_but_not_the_last(world: World) -> None:
    world.make(ANA, additionalIdentifiers=["ana.r"])
    user = world.post("user/update/loginid", {"loginId": "ana.r", "newLoginId": ""})["user"]
    assert user["loginIds"] == [ANA]
    world.post("user/update/loginid", {"loginId": user["userId"], "newLoginId": "new"}, status=400)


@pytest.mark.parametrize(("kind", "taken"), [("email", BEN), ("phone", "+15555555555")])
def test_a_changed_contact_silently_swallows_the_user_who_logs_in_with_it(world: World, kind: str, taken: str) -> None:
    ana, other = world.make(ANA), world.make(taken, additionalIdentifiers=["other.one"])
    body = {"loginId": ANA, kind: taken}
    refused = world.post(f"user/update/{kind}", body | {"failOnConflict": True}, status=409)
    assert refused["errorCode"] == "E111127"
    user = world.post(f"user/update/{kind}", body)["user"]
    assert (user["userId"], user["loginIds"], user[kind]) == (ana["userId"], [ANA, taken, "other.one"], taken)
    assert world.load(taken)["userId"] == ana["userId"]
    world.get("user", status=404, userId=other["userId"])
    assert world.ops() == ["create", "create", "merge_delete", kind]


def test_a_patch_swallows_too_unless_the_switch_says_no(world: World) -> None:
    world.make(ANA)
    ben = world.make(BEN, additionalIdentifiers=["ben.r"])
    world.store.switches.patch_conflict = "keep"
    assert world.patch("user/patch", {"loginId": ANA, "email": BEN})["user"]["email"] == BEN
    assert world.load(BEN) == ben
    world.store.switches.patch_conflict = "merge"
    patched = world.patch("user/patch", {"loginId": ANA, "email": BEN})["user"]
    assert patched["loginIds"] == patched["externalIds"] == [ANA, BEN, "ben.r"]
    assert world.search() == [ANA]
    assert world.load("ben.r") == patched
    assert world.ops()[-2:] == ["merge_delete", "patch"]


def test_a_patch_batch_hands_over_every_login_id_of_whom_it_swallows(world: World) -> None:
    world.make(ANA)
    world.make("+15555555555", additionalIdentifiers=["cleo.c"])
    body = {"users": [{"loginId": ANA, "phone": "+1 555 555 5555"}]}
    (user,) = world.patch("user/patch/batch", body)["patchedUsers"]
    assert user["loginIds"] == [ANA, "+15555555555", "cleo.c"]
    assert world.load("cleo.c") == user


def test_users_are_deleted_by_login_user_id_or_in_a_batch(world: World) -> None:
    world.make(ANA)
    ids = [world.make(login)["userId"] for login in (BEN, CLEO, "dan@example.org")]
    assert world.post("user/delete", {"loginId": ANA}) == {}
    assert world.post("user/delete", {"userId": ids[0]}) == {}
    assert world.post("user/delete/batch", {"userIds": [*ids[1:], "U2unknown"]}) == {}
    assert world.store.dump()["users"] == []
    assert world.post("user/delete", {"loginId": ANA}, status=404)["errorCode"] == "E112102"
    world.post("user/delete", {}, status=400)
    assert world.ops() == ["create"] * 4 + ["delete"] * 4
    assert world.make(ANA)["loginIds"] == [ANA]
