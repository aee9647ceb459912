"""The official Descope SDK, an outside judge, works against the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from descope import AssociatedTenant, AuthException, DescopeClient, RateLimitException, UserObj
from descope_sandbox import ANA, BEN

from migrator.sandbox.descope import MANAGEMENT_KEY, PROJECT_ID

if TYPE_CHECKING:
    from descope_sandbox import World


@pytest.fixture
def client(world: World) -> DescopeClient:
    return DescopeClient(PROJECT_ID, management_key=MANAGEMENT_KEY, base_url=world.url)


def test_the_sdk_fetches_the_licence_and_its_header_is_accepted(world: World) -> None:
    world.store.switches.license_tier = "tier4"
    client = DescopeClient(PROJECT_ID, management_key=MANAGEMENT_KEY, base_url=world.url)
    assert client._mgmt_http_client.rate_limit_tier == "tier4"
    assert client.mgmt.role.load_all()["roles"][0]["name"] == "Tenant Admin"


def test_create_load_and_delete(client: DescopeClient) -> None:
    user = client.mgmt.user.create(ANA, display_name="Ana", given_name="A", additional_login_ids=["ana.r"])["user"]
    assert (user["name"], user["email"], user["verifiedEmail"]) == ("Ana", ANA, True)
    assert user["status"] == "invited"
    assert client.mgmt.user.load("ana.r")["user"] == user
    assert client.mgmt.user.load_by_user_id(user["userId"])["user"] == user
    client.mgmt.user.delete(ANA)
    with pytest.raises(AuthException) as caught:
        client.mgmt.user.load(ANA)
    assert caught.value.status_code == 404
    assert "E112102" in str(caught.value.error_message)


def test_invite_batch_and_patch_batch(client: DescopeClient) -> None:
    client.mgmt.tenant.create("Acme", id="acme")
    users = [
        UserObj(ANA, display_name="Ana", status="enabled", user_tenants=[AssociatedTenant("acme")]),
        UserObj(BEN, verified_email=False, role_names=["Tenant Admin"]),
        UserObj("no contact"),
    ]
    answer = client.mgmt.user.invite_batch(users)
    assert [user["status"] for user in answer["createdUsers"]] == ["enabled", "invited"]
    assert [failed["user"]["loginIds"] for failed in answer["failedUsers"]] == [["no contact"]]
    patches = [UserObj(ANA, family_name="Ruiz"), UserObj("nobody", family_name="X")]
    answer = client.mgmt.user.patch_batch(patches)
    assert [user["familyName"] for user in answer["patchedUsers"]] == ["Ruiz"]
    assert answer["patchedUsers"][0]["userTenants"][0]["tenantName"] == "Acme"
    assert len(answer["failedUsers"]) == 1


def test_search_all(client: DescopeClient) -> None:
    """The SDK's search shows every user there is."""
    client.mgmt.user.create(ANA)
    client.mgmt.user.create(BEN, phone="+15555555555")
    assert len(client.mgmt.user.search_all()["users"]) == 2
    found = client.mgmt.user.search_all(
        login_ids=[BEN], statuses=["invited"], phones=["+15555555555"], from_created_time=1, text="ben"
    )
    assert [user["loginIds"] for user in found["users"]] == [[BEN]]


def test_activate_deactivate_and_the_granular_calls(client: DescopeClient) -> None:
    user_id = client.mgmt.user.create(ANA)["user"]["userId"]
    assert client.mgmt.user.deactivate(ANA)["user"]["status"] == "disabled"
    assert client.mgmt.user.load_users([user_id], include_invalid_users=True)["total"] == 1
    assert client.mgmt.user.activate(ANA)["user"]["status"] == "enabled"
    assert client.mgmt.user.update_display_name(ANA, "Ana R")["user"]["name"] == "Ana R"
    assert client.mgmt.user.update_picture(ANA, "https://x.example/p")["user"]["picture"]
    assert client.mgmt.user.update_email(ANA, BEN)["user"]["email"] == BEN
    assert client.mgmt.user.update_phone(ANA, "+1 555 555 5555")["user"]["phone"] == "+15555555555"
    assert client.mgmt.user.update_login_id(ANA, BEN)["user"]["loginIds"] == [BEN]
    assert client.mgmt.user.update(BEN, display_name="Only")["user"]["email"] == ""
    assert client.mgmt.user.patch(BEN, status="disabled")["user"]["name"] == "Only"
    client.mgmt.user.delete_batch([user_id])
    assert client.mgmt.user.search_all()["users"] == []


def test_custom_attributes(client: DescopeClient) -> None:
    """The SDK can define an attribute, use it and delete it."""
    client.mgmt.user.create_custom_attribute("city", "City", "string", required=False)
    assert [one["name"] for one in client.mgmt.user.load_custom_attributes()["data"]] == ["city"]
    user = client.mgmt.user.create(ANA, custom_attributes={"city": "Rome"})["user"]
    assert user["customAttributes"] == {"city": "Rome"}
    user = client.mgmt.user.update_custom_attribute(ANA, "city", "Oslo")["user"]
    assert user["customAttributes"] == {"city": "Oslo"}
    assert client.mgmt.user.delete_custom_attribute("city")["data"] == []


def test_attributes_of_every_type(world: World, client: DescopeClient) -> None:
    """Values of each type come and go through the SDK, however answers show them."""
    options = [{"value": "a", "label": "A"}, {"value": "b", "label": "B"}]
    definitions = [
        {"name": f"t{kind}", "type": kind, "options": options if kind in (4, 5) else []} for kind in range(1, 8)
    ]
    world.post("user/customattribute/create", {"attributes": definitions})
    values = {"t1": "x", "t2": 1.5, "t3": False, "t4": "a", "t5": ["a", "b"], "t6": "2026-01-31", "t7": "01-31"}
    user = client.mgmt.user.create(ANA, custom_attributes=values)["user"]
    assert user["customAttributes"] == values
    world.store.switches.attribute_values = "strings"
    world.store.switches.dates_shown = "seconds"
    shown = client.mgmt.user.load(ANA)["user"]["customAttributes"]
    assert shown == {name: value for name, value in values.items() if isinstance(value, str)} | {
        "t2": "1.5", "t3": "false", "t5": '["a", "b"]', "t6": "1769817600",
    }  # fmt: skip
    assert len(client.mgmt.user.search_all(custom_attributes={"t4": "a"})["users"]) == 1
    with pytest.raises(AuthException):
        client.mgmt.user.update_custom_attribute(ANA, "t4", "c")


def test_a_429_arrives_as_the_sdks_rate_limit_error(world: World, client: DescopeClient) -> None:
    world.store.switches.rate_limits = "custom"
    world.store.switches.custom_limits = {"search": 0}
    with pytest.raises(RateLimitException) as caught:
        client.mgmt.user.search_all()
    assert caught.value.rate_limit_parameters == {"Retry-After": 60}
