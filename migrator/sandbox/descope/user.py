"""The user object as answers show it (docs/contract/descope.md 2)."""

from __future__ import annotations

from typing import Any, TypeAlias

# Treated as immutable once it is in the table: a change saves a clone.
User: TypeAlias = dict[str, Any]

_LISTS = ("loginIds", "roleNames", "userTenants", "externalIds", "ssoAppIds", "permissions")


def blank() -> User:
    """A user with nothing set; the sandbox adds `modifiedTime`, which the OpenAPI file leaves out."""
    return {
        "loginIds": [],
        "userId": "",
        "name": "",
        "email": "",
        "phone": "",
        "verifiedEmail": False,
        "verifiedPhone": False,
        "roleNames": [],
        "userTenants": [],
        "status": "invited",
        "externalIds": [],
        "picture": "",
        "test": False,
        "customAttributes": {},
        "createdTime": 0,
        "modifiedTime": 0,
        "TOTP": False,
        "SAML": False,
        "OAuth": {},
        "webauthn": False,
        "password": False,
        "ssoAppIds": [],
        "givenName": "",
        "middleName": "",
        "familyName": "",
        "editable": True,
        "SCIM": False,
        "push": False,
        "permissions": [],
        "OIDC": False,
        "recoveryEmail": "",
        "verifiedRecoveryEmail": False,
        "recoveryPhone": "",
        "verifiedRecoveryPhone": False,
    }


def clone(user: User) -> User:
    """A copy that can be changed without touching the original."""
    copy = dict(user)
    for key in _LISTS:
        copy[key] = list(user[key])
    copy["userTenants"] = [
        tenant | {key: list(tenant[key]) for key in ("roleNames", "permissions") if key in tenant}
        for tenant in user["userTenants"]
    ]
    copy["customAttributes"] = {
        key: list(value) if isinstance(value, list) else value for key, value in user["customAttributes"].items()
    }
    copy["OAuth"] = dict(user["OAuth"])
    return copy
