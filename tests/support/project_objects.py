"""Tenants and roles that somebody made in Descope before us, and what users have of them."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import requests

from migrator.core.clock import Clock
from migrator.core.grants import ROLE_NAMES, USER_TENANTS, Grant, read_grants, role_list, tenant_list
from migrator.descope.writer import DescopeWriter

if TYPE_CHECKING:
    from collections.abc import Iterable

    from world import Place


def make(place: Place, *, tenants: Iterable[str] = (), roles: Iterable[str] = ()) -> None:
    """Make tenants and roles by hand."""
    with closing(DescopeWriter(place.config.descope, Clock())) as descope:
        for tenant in tenants:
            descope.create_tenant(tenant)
        for role in roles:
            descope.create_role(role)


def make_role_of(place: Place, tenant: str, role: str) -> None:
    """Make a role that one tenant has for itself, which the program never does."""
    config = place.config.descope
    key = f"{config.project_id}:{config.management_key.get_secret_value()}"
    body, headers = {"name": role, "tenantId": tenant}, {"Authorization": f"Bearer {key}"}
    assert requests.post(f"{config.url}/v1/mgmt/role/create", json=body, headers=headers, timeout=10).ok


def defined(place: Place) -> tuple[list[str], list[str]]:
    """The ids of the project's tenants, and the names of its roles but the built-in one."""
    descope = place.sandbox.control.state()["descope"]
    return sorted(one["id"] for one in descope["tenants"]), sorted(
        one["name"] for one in descope["roles"] if one["name"] != "Tenant Admin"
    )


def held(place: Place) -> dict[str, set[Grant]]:
    """What each migrated Docebo user has in Descope."""
    return {
        user["customAttributes"]["doceboUserId"]: set(read_grants(user["userTenants"], user["roleNames"]))
        for user in place.targets()
        if "doceboUserId" in user["customAttributes"]
    }


def give(place: Place, user_id: str, *grants: Grant) -> None:
    """Leave a migrated user with these grants, as an admin would in the console."""
    target = next(one for one in place.targets() if one["customAttributes"].get("doceboUserId") == user_id)
    body: dict[str, Any] = {"loginId": target["userId"], USER_TENANTS: tenant_list(grants)}
    if target["roleNames"] or role_list(grants):
        body[ROLE_NAMES] = role_list(grants)
    with closing(DescopeWriter(place.config.descope, Clock())) as descope:
        assert not descope.patch([body]).failed
