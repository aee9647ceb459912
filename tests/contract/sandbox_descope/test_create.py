"""Creating one user, as docs/contract/descope.md says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from descope_sandbox import ANA, BEN
from openapi_schema_validator import OAS30Validator

from migrator.sandbox.descope.validate import spec

if TYPE_CHECKING:
    from descope_sandbox import World


def test_a_created_user_gets_the_documented_defaults(world: World) -> None:
    answer = world.post("user/create", {"loginId": ANA, "name": "Ana Ruiz"})
    user = answer["user"]
    assert answer["created"] is True
    assert user["userId"].startswith("U2")
    assert (user["status"], user["email"], user["verifiedEmail"]) == ("invited", ANA, True)
    assert (user["phone"], user["verifiedPhone"], user["test"]) == ("", False, False)
    assert user["loginIds"] == user["externalIds"] == [ANA]
    assert user["createdTime"] == int(world.store.wall())
    assert not list(OAS30Validator(spec() | {"$ref": "#/components/schemas/ResponseUser"}).iter_errors(user))
    assert world.ops() == ["create"]


def test_explicit_values_of_a_create_are_kept(world: World) -> None:
    user = world.make(
        "4711",
        email=ANA,
        verifiedEmail=False,
        phone="+1-555-555-5555",
        status="disabled",
        additionalIdentifiers=["ana.r", "+1 (555) 000-1111"],
        givenName="Ana",
        familyName="Ruiz",
        picture="https://x.example/p.png",
    )
    assert (user["email"], user["verifiedEmail"], user["status"]) == (ANA, False, "disabled")
    assert (user["phone"], user["verifiedPhone"]) == ("+15555555555", True)
    assert user["loginIds"] == ["4711", "ana.r", "+15550001111"]
    assert (user["givenName"], user["familyName"], user["picture"]) == (
        "Ana",
        "Ruiz",
        "https://x.example/p.png",
    )
    assert world.load("+1 555 000 1111")["userId"] == user["userId"]


def test_a_phone_as_login_id_is_the_phone_and_test_users_are_marked(world: World) -> None:
    user = world.post("user/create/test", {"loginId": "+1-555-555-5555"})["user"]
    assert (user["loginIds"], user["phone"], user["verifiedPhone"]) == (
        ["+15555555555"],
        "+15555555555",
        True,
    )
    assert user["test"] is True
    assert world.search() == []
    assert world.search(withTestUser=True) == world.search(testUsersOnly=True) == ["+15555555555"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "E011002"),
        ({"loginId": ""}, "E011002"),
        ({"loginId": "4711"}, "E011002"),
        ({"loginId": None}, "E011002"),
        ({"loginId": 4711}, "E011001"),
        ({"loginId": ANA, "surprise": 1}, "E011001"),
        ({"loginId": ANA, "identifier": ANA}, "E011001"),
        ({"loginId": ANA, "verifiedEmail": "true"}, "E011001"),
        ({"loginId": ANA, "roleNames": "Tenant Admin"}, "E011001"),
        ({"loginId": ANA, "userTenants": [{"tenant": "t"}]}, "E011001"),
        ({"loginId": ANA, "customAttributes": {"a": {"b": 1}}}, "E011001"),
        ({"loginId": ANA, "customAttributes": ["a"]}, "E011001"),
        ({"loginId": ANA, "email": "not an address"}, "E011003"),
        ({"loginId": ANA, "email": "a@b"}, "E011003"),
        ({"loginId": ANA, "email": "a..b@example.org"}, "E011003"),
        ({"loginId": ANA, "phone": "12"}, "E011003"),
        ({"loginId": ANA, "phone": "+0123456789"}, "E011003"),
        ({"loginId": ANA, "status": "active"}, "E011003"),
        ({"loginId": ANA, "roleNames": ["No Such Role"]}, "E011003"),
        ({"loginId": ANA, "userTenants": [{"tenantId": "nope"}]}, "E011003"),
        ({"loginId": ANA, "customAttributes": {"undeclared": "x"}}, "E011003"),
        ({"loginId": ANA, "additionalIdentifiers": [""]}, "E011003"),
        ([], "E011001"),
        ("text", "E011001"),
    ],
)
def test_a_create_that_breaks_a_rule_is_refused_and_changes_nothing(world: World, body: Any, code: str) -> None:
    assert world.post("user/create", body, status=400)["errorCode"] == code
    assert world.ops() == []
    assert world.store.dump()["users"] == []


@pytest.mark.parametrize("raw", [b"{", b'{"loginId": NaN}', b'{"loginId": "\\ud800@example.org"}', b"\xff\xfe"])
def test_a_body_that_is_not_json_is_malformed(world: World, raw: bytes) -> None:
    answer = world.session.post(f"{world.url}/v1/mgmt/user/create", raw, headers=world.headers, timeout=20)
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "E011001")


@pytest.mark.parametrize(
    ("alias", "value", "field", "stored"),
    [
        ("displayName", "Ana", "name", "Ana"),
        ("additionalLoginIds", ["ana.r"], "loginIds", [ANA, "ana.r"]),
        ("ssoAppIDs", ["app"], "ssoAppIds", ["app"]),
        ("phoneNumber", "+15555555555", "phone", "+15555555555"),
    ],
)
def test_every_alias_of_section_1_works(world: World, alias: str, value: Any, field: str, stored: Any) -> None:
    user = world.post("user/create", {"identifier": ANA, alias: value})["user"]
    assert user[field] == stored


def test_unknown_keys_can_be_ignored_by_switch(world: World) -> None:
    world.store.switches.unknown_keys = "ignore"
    assert "surprise" not in world.make(surprise=1)


def test_roles_and_tenants_must_exist_and_exclude_each_other(world: World) -> None:
    assert world.post("tenant/create", {"name": "Acme", "id": "acme"}) == {"id": "acme"}
    role = world.post("role/create", {"name": "Learner", "permissionNames": ["learn"]})
    assert role["name"] == "Learner"
    both = {"loginId": ANA, "roleNames": ["Learner"], "userTenants": [{"tenantId": "acme"}]}
    assert world.post("user/create", both, status=400)["errorCode"] == "E011003"
    user = world.make(userTenants=[{"tenantId": "acme", "roleNames": ["Learner"]}], roleNames=[])
    membership = {
        "tenantId": "acme",
        "tenantName": "Acme",
        "roleNames": ["Learner"],
        "permissions": ["learn"],
    }
    assert user["userTenants"] == [membership]
    assert world.make(BEN, roleNames=["Learner"])["permissions"] == ["learn"]
    assert [tenant["id"] for tenant in world.get("tenant/all")["tenants"]] == ["acme"]
    assert [role["name"] for role in world.get("role/all")["roles"]] == ["Tenant Admin", "Learner"]
    world.post("tenant/create", {"name": "Acme"}, status=400)
    world.post("role/create", {"name": "Learner"}, status=400)
    world.post("role/create", {"name": "Learner", "tenantId": "nope"}, status=400)
    assert world.search(tenantIds=["acme"]) == [ANA]
    assert world.search(roleNames=["Learner"]) == [ANA, BEN]
    assert world.search(tenantRoleNames={"acme": {"values": ["Learner", "Other"], "and": True}}) == []
    assert world.search(tenantRoleIds={"acme": {"values": [role["id"]]}}) == [ANA]


def test_login_ids_are_unique_but_emails_are_not(world: World) -> None:
    world.make(ANA, additionalIdentifiers=["ana.r"])
    for taken in (ANA, "ana.r"):
        body = {"loginId": taken, "email": ANA}
        assert world.post("user/create", body, status=400)["errorCode"] == "E062107"
    world.store.switches.duplicate_status = 409
    world.post("user/create", {"loginId": "new", "additionalIdentifiers": [ANA], "email": ANA}, status=409)
    world.make("new", email=ANA)
    assert world.search(emails=[ANA]) == [ANA, "new"]


def test_an_existing_login_is_tolerated_or_overwritten_by_switch(world: World) -> None:
    first = world.make(name="Ana", givenName="A", status="enabled")
    world.store.switches.existing_login = "tolerate"
    answer = world.post("user/create", {"loginId": ANA, "name": "New"})
    assert answer == {"user": first, "created": False}
    world.store.switches.existing_login = "overwrite"
    user = world.make(name="New")
    assert (user["userId"], user["name"], user["givenName"]) == (first["userId"], "New", "")
    assert user["status"] == "enabled"
    assert world.ops() == ["create", "overwrite"]
    world.store.switches.created_flag = "absent"
    assert "created" not in world.post("user/create", {"loginId": ANA})


def test_an_invitation_tolerates_an_existing_user(world: World) -> None:
    world.make()
    assert world.post("user/create", {"loginId": ANA, "invite": True})["created"] is False
