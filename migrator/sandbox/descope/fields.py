"""How the fields of a request end up in a user (docs/contract/descope.md 3.1, 3.5 and 4.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.sandbox.descope import contacts, dates
from migrator.sandbox.descope.refusal import MISSING, Refusal, invalid

if TYPE_CHECKING:
    from collections.abc import Iterable

    from migrator.core.model import Json
    from migrator.sandbox.descope.store import Store
    from migrator.sandbox.descope.user import User

STATUSES = frozenset({"enabled", "disabled", "invited", "expired"})

_PLAIN = ("name", "givenName", "middleName", "familyName", "picture", "ssoAppIds", "test")
_CONTACTS = {
    "email": "verifiedEmail",
    "phone": "verifiedPhone",
    "recoveryEmail": "verifiedRecoveryEmail",
    "recoveryPhone": "verifiedRecoveryPhone",
}


def required(body: dict[str, Json], key: str) -> str:
    """A text that must be there and not empty."""
    value = body.get(key)
    if not value:
        raise Refusal(400, MISSING, f"The {key} field is required")
    return str(value)


def login_ids(store: Store, given: Iterable[str]) -> list[str]:
    """The login ids as they are stored, each once; empty ones are refused."""
    stored = [contacts.login_id(text, lower=store.lowers) for text in given]
    if "" in stored:
        raise invalid("A login id must not be empty")
    return list(dict.fromkeys(stored))


def apply(
    store: Store, user: User, body: dict[str, Json], *, creating: bool = False, replace_attributes: bool = False
) -> None:
    """Write every field the request names into the user; what it does not name stays.

    Args:
        store: knows definitions, roles, tenants and switches.
        user: a clone or a new user, changed in place.
        body: a cleaned create, update or patch body.
        creating: the request is a create, not a change.
        replace_attributes: drop the custom attributes that the request does not name.

    Raises:
        Refusal: a value is not acceptable; the user must then not be saved.
    """
    user.update({key: body[key] for key in _PLAIN if key in body})
    if "scim" in body:
        user["SCIM"] = body["scim"]
    for kind, flag in _CONTACTS.items():
        set_contact(store, user, kind, body.get(kind), verified=body.get(flag))
    if "status" in body:
        user["status"] = status(body["status"], STATUSES)
    _apply_access(store, user, body)
    if "customAttributes" in body:
        kept = {} if replace_attributes else user["customAttributes"]
        given = accepted_attributes(store, body["customAttributes"], creating=creating)
        user["customAttributes"] = {
            name: value
            for name, value in (kept | given).items()
            if creating or value != "" or store.switches.empty_attribute == "stored"
        }


def set_contact(store: Store, user: User, kind: str, value: str | None, *, verified: bool | None) -> None:
    """Set an e-mail or phone; it counts as verified unless the request says otherwise."""
    flag = _CONTACTS[kind]
    if value is not None:
        is_phone = kind.lower().endswith("phone")
        user[kind] = contacts.phone(value) if is_phone else contacts.email(value, lower=store.lowers)
        user[flag] = bool(user[kind]) and verified is not False
    elif verified is not None:
        user[flag] = bool(user[kind]) and verified


def status(value: str, allowed: frozenset[str]) -> str:
    """A known status."""
    if value not in allowed:
        raise invalid("The status field is invalid")
    return value


def accepted_attributes(store: Store, values: dict[str, Json], *, creating: bool) -> dict[str, Json]:
    """The values that are stored; an undeclared name or a wrong type is refused."""
    accepted = {}
    loses = store.switches.ignored_by in ("every_write", "create" if creating else "change")
    for name, value in values.items():
        definition = store.attributes.get(name)
        if definition is None:
            if store.switches.unknown_attribute == "ignore":
                continue
            raise invalid(f"Custom attribute {name} is not defined")
        check = store.switches.attribute_type_check
        if check != "off" and not _fits(definition, value, store.switches.date_values):
            if check == "drop":
                continue
            raise invalid(f"Custom attribute {name} has a value of the wrong type")
        if not (loses and name == store.switches.ignored_attribute):
            accepted[name] = value
    return accepted


def _fits(definition: dict[str, Json], value: Json, date_values: str) -> bool:
    options = {option.get("value", "") for option in definition["options"]}
    match definition["type"]:
        case 2:
            return isinstance(value, int | float) and not isinstance(value, bool)
        case 3:
            return isinstance(value, bool)
        case 4:
            return isinstance(value, str) and value in options
        case 5:
            return isinstance(value, list) and all(isinstance(one, str) and one in options for one in value)
        case 6:
            return dates.day_of(value) is not None and date_values in ("any", dates.form_of(value))
        case _:
            return isinstance(value, str)


def _apply_access(store: Store, user: User, body: dict[str, Json]) -> None:
    if body.get("roleNames") and body.get("userTenants"):
        raise invalid("roleNames and userTenants exclude each other")
    if "roleNames" in body:
        user["roleNames"] = list(dict.fromkeys(body["roleNames"]))
        user["permissions"] = _permissions(store, user["roleNames"], "")
    if "userTenants" in body:
        user["userTenants"] = [_membership(store, wanted) for wanted in body["userTenants"]]


def _membership(store: Store, wanted: dict[str, Json]) -> dict[str, Json]:
    tenant_id = required(wanted, "tenantId")
    tenant = store.tenants.get(tenant_id)
    if tenant is None:
        raise invalid(f"Tenant {tenant_id} does not exist")
    roles = list(dict.fromkeys(wanted.get("roleNames", ())))
    permissions = _permissions(store, roles, tenant_id)
    return {
        "tenantId": tenant_id,
        "tenantName": tenant["name"],
        "roleNames": roles,
        "permissions": permissions,
    }


def _permissions(store: Store, role_names: list[str], tenant_id: str) -> list[str]:
    permissions: list[str] = []
    for name in role_names:
        role = store.roles.get((tenant_id, name)) or store.roles.get(("", name))
        if role is None:
            raise invalid(f"Role {name} does not exist")
        permissions += role["permissionNames"]
    return list(dict.fromkeys(permissions))
