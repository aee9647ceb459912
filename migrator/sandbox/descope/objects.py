"""Custom attribute definitions, tenants and roles (docs/contract/descope.md 4)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from migrator.sandbox.descope.fields import required
from migrator.sandbox.descope.refusal import ROLE_EXISTS, Refusal, invalid

if TYPE_CHECKING:
    from migrator.core.model import Json
    from migrator.sandbox.descope.call import Call
    from migrator.sandbox.descope.store import Store

_NAME = re.compile(r"[A-Za-z0-9_-]{1,20}")
_TYPES = range(1, 8)
DATE = 6
_TYPE_NAMES = {
    "text": 1, "string": 1, "number": 2, "boolean": 3, "singleselect": 4, "multiselect": 5, "date": 6, "monthday": 7,
}  # fmt: skip
_SHOWN_NAMES = {number: name for name, number in _TYPE_NAMES.items()}
_TENANT_DEFAULTS: dict[str, Json] = {
    "customAttributes": {},
    "selfProvisioningDomains": [],
    "authType": "none",
    "domains": [],
    "disabled": False,
    "enforceSSO": False,
    "parent": "",
    "successors": [],
    "defaultRoles": [],
}


def list_attributes(call: Call) -> Json:
    """All definitions."""
    definitions = list(call.store.attributes.values())
    if call.store.switches.attribute_types_shown == "names":
        definitions = [one | {"type": _SHOWN_NAMES[one["type"]]} for one in definitions]
    return {"data": definitions, "total": str(len(definitions))}


def create_attributes(call: Call) -> Json:
    """Create or replace definitions by name; one bad definition refuses the call."""
    made = [_definition(call.store, given) for given in call.body.get("attributes", [])]
    for definition in made:
        call.store.attributes[definition["name"]] = definition
        call.note("attribute_create", name=definition["name"], type=definition["type"])
    return list_attributes(call)


def delete_attributes(call: Call) -> Json:
    """Delete definitions; unknown names are passed over, stored values stay."""
    for name in call.body.get("names", []):
        if call.store.attributes.pop(name, None):
            call.note("attribute_delete", name=name)
    return list_attributes(call)


def _definition(store: Store, given: dict[str, Json]) -> dict[str, Json]:
    name = required(given, "name")
    if not _NAME.fullmatch(name):
        raise invalid("The name field must be at most 20 of A-Z, a-z, 0-9, _ and -")
    kind = given.get("type")
    if isinstance(kind, str) and store.switches.attribute_type_names == "accept":
        kind = _TYPE_NAMES.get(kind)
    if not isinstance(kind, int) or kind not in _TYPES:
        raise invalid("The type field is invalid")
    defaults = {
        "options": [],
        "displayName": name,
        "viewPermissions": [],
        "editPermissions": [],
        "editable": True,
    }
    return defaults | given | {"name": name, "type": kind}


def list_tenants(call: Call) -> Json:
    """All tenants."""
    return {"tenants": list(call.store.tenants.values())}


def create_tenant(call: Call) -> Json:
    """Make a tenant; name and id are unique in the project."""
    store, name = call.store, required(call.body, "name")
    tenant_id = call.body.get("id") or store.make_id("T2")
    if tenant_id in store.tenants or any(tenant["name"] == name for tenant in store.tenants.values()):
        raise invalid("The tenant already exists")
    made = {"id": tenant_id, "createdTime": int(store.wall())}
    store.tenants[tenant_id] = _TENANT_DEFAULTS | call.body | made
    call.note("tenant_create", id=tenant_id)
    return {"id": tenant_id}


def list_roles(call: Call) -> Json:
    """All roles."""
    return {"roles": list(call.store.roles.values())}


def create_role(call: Call) -> Json:
    """Make a role of the project or of one tenant."""
    store, name = call.store, required(call.body, "name")
    tenant_id = call.body.get("tenantId", "")
    if tenant_id and tenant_id not in store.tenants:
        raise invalid("The tenant does not exist")
    if (tenant_id, name) in store.roles:
        raise Refusal(400, ROLE_EXISTS, "The role already exists")
    defaults = {"description": "", "permissionNames": [], "default": False, "private": False}
    made = {"id": store.make_id("ROL2"), "tenantId": tenant_id, "createdTime": int(store.wall())}
    role = defaults | call.body | made
    store.roles[tenant_id, name] = role
    call.note("role_create", name=name, tenantId=tenant_id)
    return role
