"""What the sandbox's Descope side promises, as one OpenAPI document, made of its file and of the contract's text.

The answers are the file's, made stricter: no property that nobody promised, and each refusal that section 5 of
docs/contract/descope.md knows. The requests are those that the sandbox accepts, so that most of what is sent gets
past the door.
"""

from __future__ import annotations

import copy
from typing import Any, Final, TypeAlias

from migrator.sandbox.descope import app, validate
from migrator.sandbox.descope.search import Search

Schema: TypeAlias = dict[str, Any]

_JSON: Final = "application/json"
_TEXT: Final[Schema] = {"type": "string"}
_TEXTS: Final[Schema] = {"type": "array", "items": _TEXT}
_WHOLE: Final[Schema] = {"type": "integer"}
_USER: Final[Schema] = {"$ref": "#/components/schemas/UserResponse"}
_KEY: Final = "Descope Project ID and Management Key"


def _exactly(**properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }


_REFUSAL: Final = _exactly(
    errorCode={"type": "string", "pattern": "^E[0-9]{6}$"}, errorDescription=_TEXT, errorMessage=_TEXT, message=_TEXT
)

# The answers of the calls that only the contract's text describes (1, 3.2, 3.8, 3.13 and 11.6).
_BEYOND_THE_FILE: Final[dict[str, Schema]] = {
    "/v1/mgmt/license": _exactly(rateLimitTier=_TEXT),
    "/v1/mgmt/user/create/test": _USER,
    "/v1/mgmt/user/update/name": _USER,
    "/v1/mgmt/user/update/picture": _USER,
    "/v1/mgmt/user/history": {
        "type": "array",
        "items": _exactly(userId=_TEXT, loginTime=_WHOLE, city=_TEXT, country=_TEXT, ip=_TEXT, selectedTenant=_TEXT),
    },
    "/v1/mgmt/audit/search": _exactly(
        audits={
            "type": "array",
            "items": _exactly(
                userId=_TEXT,
                action=_TEXT,
                occurred={"type": "string", "pattern": "^[0-9]+$"},
                externalIds=_TEXTS,
                tenants=_TEXTS,
                data={"type": "object"},
            ),
        },
        total=_WHOLE,
    ),
}

_ONE_USER: Final = ("/v1/mgmt/user", "/v1/mgmt/user/patch", "/v1/mgmt/user/update", "/v1/mgmt/user/delete")
_OTHER_NAMES: Final = ("/search", "/delete")  # calls that do without a login id
_CONTACTS: Final = ("/v1/mgmt/user/update/email", "/v1/mgmt/user/update/phone")


def described(deviations: dict[tuple[str, str], Schema], attributes: dict[str, list[Any]]) -> dict[str, Any]:
    """The document for every operation that the sandbox serves.

    Args:
        deviations: properties of answers that are not as in the file, by schema and name.
        attributes: custom attributes of the project with fitting values, which requests may name.
    """
    document = copy.deepcopy(validate.spec())
    for (schema, name), instead in deviations.items():
        document["components"]["schemas"][schema]["properties"][name] = instead
    for answer in document["components"]["schemas"].values():
        if "properties" in answer:
            answer.setdefault("additionalProperties", False)
    served = app._endpoints(Search()).items()
    return document | {
        "paths": {
            path: {method.lower(): _operation(document, path, method.lower(), body, attributes)}
            for path, (method, body, _) in served
        }
    }


def _operation(
    document: dict[str, Any], path: str, method: str, body: str | None, attributes: dict[str, list[Any]]
) -> dict[str, Any]:
    operation = document["paths"].get(path, {}).get(method) or {
        "responses": {"200": {"description": "OK", "content": {_JSON: {"schema": _BEYOND_THE_FILE[path]}}}},
        "security": [{_KEY: []}],
    }
    has_input = body is not None or "parameters" in operation
    refused = {"description": "Refused", "content": {_JSON: {"schema": _REFUSAL}}}
    answers = operation["responses"] | dict.fromkeys(_refusals(path, has_input=has_input), refused)
    if body is None:
        return operation | {"responses": answers}
    accepted = _with_attributes(validate._named(body, strict=True), attributes)
    if "loginId" in accepted.get("properties", {}) and not path.endswith(_OTHER_NAMES):
        accepted["required"] = ["loginId"]  # without it, there is nothing but 400 with E011002
    request = {"required": True, "content": {_JSON: {"schema": accepted}}}
    return operation | {"requestBody": request, "responses": answers}


def _refusals(path: str, *, has_input: bool) -> list[str]:
    refusals = ["401"]
    if has_input:
        refusals.append("400")
    if path in _ONE_USER or path.startswith("/v1/mgmt/user/update/"):
        refusals.append("404")
    if path in _CONTACTS:
        refusals.append("409")
    return refusals


def _with_attributes(node: Any, attributes: dict[str, list[Any]]) -> Any:
    if isinstance(node, list):
        return [_with_attributes(item, attributes) for item in node]
    if not isinstance(node, dict):
        return node
    known = {key: _with_attributes(value, attributes) for key, value in node.items()}
    values = known.get("customAttributes")
    if isinstance(values, dict) and "additionalProperties" in values:
        other = values["additionalProperties"]
        properties = {name: {"anyOf": [{"enum": fitting}, other]} for name, fitting in attributes.items()}
        known["customAttributes"] = values | {"properties": properties}
    return known
