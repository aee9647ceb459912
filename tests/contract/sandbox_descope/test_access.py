"""Who may call what, and how errors look, as docs/contract/descope.md says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migrator.sandbox.descope import MANAGEMENT_KEY, PROJECT_ID

if TYPE_CHECKING:
    from descope_sandbox import World


@pytest.mark.parametrize(
    "bearer",
    [
        "",
        f"Bearer {PROJECT_ID}",
        f"Bearer {PROJECT_ID}:wrong",
        f"Bearer P2other:{MANAGEMENT_KEY}",
        "Basic eA==",
    ],
)
def test_a_wrong_bearer_is_refused_with_401(world: World, bearer: str) -> None:
    answer = world.call("GET", "/v1/mgmt/license", status=401, headers={"Authorization": bearer})
    assert answer.json()["errorCode"].startswith("E")


def test_an_unknown_path_is_404_and_a_wrong_method_405(world: World) -> None:
    assert "errorCode" in world.call("GET", "/v1/mgmt/nothing", status=404).json()
    assert "errorCode" in world.call("POST", "/v1/mgmt/user/patch", {}, status=405).json()
    assert "errorCode" in world.call("GET", "/v1/mgmt/user/create", status=405).json()


def test_the_license_answers_and_a_wrong_license_header_is_refused(world: World) -> None:
    assert world.get("license") == {"rateLimitTier": "tier1"}
    world.store.switches.license_tier = "tier3"
    assert world.get("license") == {"rateLimitTier": "tier3"}
    wrong = {"x-descope-license": "tier1"}
    world.call("GET", "/v1/mgmt/role/all", status=400, headers=wrong)
    world.call("GET", "/v1/mgmt/license", headers=wrong)
    world.call("GET", "/v1/mgmt/role/all", headers={"x-descope-license": "tier3"})
    world.store.switches.license_header = "ignore"
    world.call("GET", "/v1/mgmt/role/all", headers=wrong)
    world.store.switches.license_status = 500
    world.get("license", status=500)


def test_error_bodies_may_lack_the_message(world: World) -> None:
    full = world.get("user", status=404, loginId="nobody")
    assert full["errorMessage"] == full["message"] == "User not found"
    world.store.switches.error_message = "absent"
    bare = world.get("user", status=404, loginId="nobody")
    assert bare == {"errorCode": "E112102", "errorDescription": "User not found"}
