"""Request bodies against the OpenAPI file, with the documented relaxations and nothing more.

Relaxed: aliases of a field (docs/contract/descope.md 1), null = absent, custom attribute values of any
scalar type or a list of strings, epoch times as number or string, and the keys that the contract
or the official SDK name beyond the file (`_MORE_KEYS`).
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, TypeAlias

import yaml
from openapi_schema_validator import OAS30Validator, oas30_format_checker

from migrator.sandbox.descope.refusal import MALFORMED, Refusal

if TYPE_CHECKING:
    from migrator.core.model import Json

Schema: TypeAlias = dict[str, Any]

_STRING: Schema = {"type": "string"}
_STRINGS: Schema = {"type": "array", "items": _STRING}
_BOOLEAN: Schema = {"type": "boolean"}
_SCALARS: list[Schema] = [_STRING, {"type": "number"}, _BOOLEAN]
_VALUES: Schema = {"type": "object", "additionalProperties": {"anyOf": [*_SCALARS, _STRINGS]}}
_WANTED: Schema = {
    "type": "object",
    "additionalProperties": {"anyOf": [*_SCALARS, {"type": "array", "items": {"anyOf": _SCALARS}}]},
}
_INT32: Schema = {"type": "integer", "format": "int32"}
_TIME: Schema = {"anyOf": [{"type": "integer", "format": "int64"}, {"type": "string", "pattern": "^[0-9]{1,18}$"}]}
_TENANTS: Schema = {"type": "array", "items": {"$ref": "#/components/schemas/managementv1.AssociatedTenant"}}
_FAMILIES: Schema = {"familyAssociations": {"type": "array", "items": {"type": "object"}}}
_SENDING: Schema = {"templateId": _STRING, "locale": _STRING}

# Replaced or added properties by schema.
_MORE_KEYS: dict[str, Schema] = {
    "CreateUserRequest": {"customAttributes": _VALUES, **_SENDING, **_FAMILIES},
    "CreateUsersRequest": _SENDING,
    "CreateUsers": {"customAttributes": _VALUES, **_FAMILIES},
    "UpdateUserRequest": {"customAttributes": _VALUES, "test": _BOOLEAN, **_FAMILIES},
    "PatchUserRequest": {
        "customAttributes": _VALUES,
        "roleNames": _STRINGS,
        "ssoAppIds": _STRINGS,
        "userTenants": _TENANTS,
        "test": _BOOLEAN,
        "scim": _BOOLEAN,
        **_FAMILIES,
    },
    "LoadUsersRequest": {"withTestUser": _BOOLEAN},
    "SearchUsersRequest": {
        "customAttributes": _WANTED,
        "familyIds": _STRINGS,
        "dependent": _BOOLEAN,
        "lockReasons": _STRINGS,
        "tempLockReasons": _STRINGS,
        **dict.fromkeys(("fromCreatedTime", "toCreatedTime", "fromModifiedTime", "toModifiedTime"), _TIME),
    },
    "UpdateUserCustomAttributeRequest": {"attributeValue": {"anyOf": [*_SCALARS, _STRINGS]}},
    "CreateTenantRequest": {"customAttributes": _VALUES},
    "CustomAttribute": {"required": _BOOLEAN, "type": {"anyOf": [{"type": "integer"}, _STRING]}},
}

# Endpoints that the file leaves out (docs/contract/descope.md 3.8).
_MORE_SCHEMAS: dict[str, Schema] = {
    "UpdateUserNameRequest": {
        "type": "object",
        "properties": dict.fromkeys(("loginId", "name", "givenName", "middleName", "familyName"), _STRING),
    },
    "UserHistoryRequest": {"type": "array", "items": _STRING},
    "SearchAuditRequest": {
        "type": "object",
        "properties": {
            **dict.fromkeys(
                (
                    "userIds",
                    "actions",
                    "excludedActions",
                    "devices",
                    "methods",
                    "geos",
                    "remoteAddresses",
                    "externalIds",
                    "tenants",
                ),
                _STRINGS,
            ),
            "noTenants": _BOOLEAN,
            "text": _STRING,
            "limit": _INT32,
            "page": _INT32,
            **dict.fromkeys(("from", "to"), _TIME),
        },
    },
    "UpdateUserPictureRequest": {
        "type": "object",
        "properties": {"loginId": _STRING, "picture": _STRING},
    },
}

_ALIASES = {
    "identifier": "loginId",
    "displayName": "name",
    "additionalLoginIds": "additionalIdentifiers",
    "ssoAppIDs": "ssoAppIds",
    "phoneNumber": "phone",
}
_ALIASED = {"CreateUserRequest", "UpdateUserRequest", "PatchUserRequest", "UpdateUserNameRequest"}
_ALIASED_BATCHES = {"CreateUsersRequest", "PatchUserBatchRequest"}


def clean(schema: str, body: Json, *, unknown_keys: str) -> dict[str, Json]:
    """The body with nulls dropped and aliases replaced by the file's names; a list becomes the `items` of an object.

    Raises:
        Refusal: E011001 when the body does not fit the schema; the text names the place.
    """
    body = _without_nulls(body)
    if schema in _ALIASED:
        _rename(body)
    elif schema in _ALIASED_BATCHES and isinstance(body, dict) and isinstance(body.get("users"), list):
        for user in body["users"]:
            _rename(user)
    error = next(iter(_validator(schema, unknown_keys == "reject").iter_errors(body)), None)
    if error is not None:
        raise Refusal(400, MALFORMED, f"The request is malformed at {error.json_path} ({error.validator})")
    return dict(body) if isinstance(body, dict) else {"items": body}


def _without_nulls(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value


def _rename(body: Json) -> None:
    if not isinstance(body, dict):
        return
    for alias in _ALIASES.keys() & body.keys():
        name = _ALIASES[alias]
        if name in body:
            raise Refusal(400, MALFORMED, f"The field {name} was given twice")
        body[name] = body.pop(alias)


@cache
def spec() -> Schema:
    """The OpenAPI document that travels with the package."""
    text = resources.files(__package__).joinpath("openapi.yaml").read_text(encoding="utf-8")
    document: Schema = yaml.safe_load(text)
    return document


@cache
def _validator(schema: str, strict: bool) -> OAS30Validator:
    return OAS30Validator(_named(schema, strict=strict), format_checker=oas30_format_checker)


def _named(name: str, *, strict: bool) -> Schema:
    schema = _MORE_SCHEMAS.get(name) or spec()["components"]["schemas"][name]
    if "properties" not in schema:
        return dict(schema)
    properties = schema["properties"] | _MORE_KEYS.get(name, {})
    resolved = {key: _resolved(value, strict=strict) for key, value in properties.items()}
    return {"additionalProperties": not strict} | schema | {"properties": resolved}


def _resolved(node: Json, *, strict: bool) -> Json:
    if isinstance(node, dict):
        if "$ref" in node:
            return _named(node["$ref"].rpartition("/")[2], strict=strict)
        return {key: _resolved(value, strict=strict) for key, value in node.items()}
    if isinstance(node, list):
        return [_resolved(item, strict=strict) for item in node]
    return node
