"""The ASGI application: who may call what, in which order a request is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.routing import Route

from migrator.sandbox.descope import (
    limits,
    objects,
    shown,
    trail,
    users_change,
    users_create,
    users_read,
    validate,
    wire,
)
from migrator.sandbox.descope.call import Call, Handler
from migrator.sandbox.descope.refusal import INTERNAL, MALFORMED, UNAUTHORIZED, Refusal, invalid
from migrator.sandbox.descope.search import Search

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from migrator.core.model import Json
    from migrator.sandbox.descope.store import Store

LICENSE_PATH = "/v1/mgmt/license"

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def get_license(call: Call) -> Json:
    """The project's rate-limit tier (docs/contract/descope.md 1)."""
    switches = call.store.switches
    if switches.license_status != 200:  # noqa: PLR2004 -- HTTP OK
        raise Refusal(switches.license_status, INTERNAL, "The licence is not available")
    return {"rateLimitTier": switches.license_tier}


def _endpoints(search: Search) -> dict[str, tuple[str, str | None, Handler]]:
    """Path to method, schema of the body and handler."""
    user = "/v1/mgmt/user"
    return {
        LICENSE_PATH: ("GET", None, get_license),
        user: ("GET", None, users_read.load),
        "/v1/mgmt/users/load": ("POST", "LoadUsersRequest", users_read.load_many),
        f"{user}/create": ("POST", "CreateUserRequest", users_create.create),
        f"{user}/create/test": ("POST", "CreateUserRequest", users_create.create_test),
        f"{user}/create/batch": ("POST", "CreateUsersRequest", users_create.create_batch),
        f"{user}/patch": ("PATCH", "PatchUserRequest", users_change.patch),
        f"{user}/patch/batch": ("PATCH", "PatchUserBatchRequest", users_change.patch_batch),
        f"{user}/update": ("POST", "UpdateUserRequest", users_change.update),
        f"{user}/update/status": ("POST", "UpdateUserStatusRequest", users_change.update_status),
        f"{user}/update/email": ("POST", "UpdateUserEmailRequest", users_change.update_email),
        f"{user}/update/phone": ("POST", "UpdateUserPhoneRequest", users_change.update_phone),
        f"{user}/update/loginid": ("POST", "UpdateUserLoginIDRequest", users_change.update_login_id),
        f"{user}/update/name": ("POST", "UpdateUserNameRequest", users_change.update_name),
        f"{user}/update/picture": ("POST", "UpdateUserPictureRequest", users_change.update_picture),
        f"{user}/update/customAttribute": (
            "POST",
            "UpdateUserCustomAttributeRequest",
            users_change.update_custom_attribute,
        ),
        f"{user}/delete": ("POST", "DeleteUserRequest", users_read.delete),
        f"{user}/delete/batch": ("POST", "DeleteUsersRequest", users_read.delete_batch),
        f"{user}/history": ("POST", "UserHistoryRequest", trail.history),
        "/v1/mgmt/audit/search": ("POST", "SearchAuditRequest", trail.search_audit),
        f"{user}/search": ("POST", "SearchUsersRequest", search.v1),
        "/v2/mgmt/user/search": ("POST", "SearchUsersRequest", search.v2),
        f"{user}/customattributes": ("GET", None, objects.list_attributes),
        f"{user}/customattribute/create": (
            "POST",
            "ImportCustomAttributesRequest",
            objects.create_attributes,
        ),
        f"{user}/customattribute/delete": (
            "POST",
            "DeleteCustomAttributesRequest",
            objects.delete_attributes,
        ),
        "/v1/mgmt/tenant/all": ("GET", None, objects.list_tenants),
        "/v1/mgmt/tenant/create": ("POST", "CreateTenantRequest", objects.create_tenant),
        "/v1/mgmt/role/all": ("GET", None, objects.list_roles),
        "/v1/mgmt/role/create": ("POST", "CreateRoleRequest", objects.create_role),
    }


def build(store: Store) -> Starlette:
    """The management API over one store; all requests are handled one after the other."""
    endpoints = _endpoints(Search())

    async def serve(request: Request) -> Response:
        """Answer one request of this path."""
        raw = await request.body()
        with store.lock:
            try:
                return _answer(store, endpoints, request, raw)
            except Refusal as refusal:
                with_message = store.switches.error_message == "present"
                return wire.json_response(refusal.body(with_message=with_message), status=refusal.status)

    return Starlette(routes=[Route("/{path:path}", serve, methods=_METHODS)])


def _answer(
    store: Store, endpoints: dict[str, tuple[str, str | None, Handler]], request: Request, raw: bytes
) -> Response:
    path, switches = _path(request), store.switches
    _authenticate(store, request)
    licensed = _licensed(store, request)
    caller = request.client.host if request.client else ""
    seconds = store.limiter.refuse_for(path, caller, licensed=licensed, switches=switches)
    if seconds is not None:
        return limits.throttled(seconds, store.wall(), switches)
    endpoint = endpoints.get(path)
    if endpoint is None or (path.startswith("/v2/mgmt/user/search") and switches.search_v2 == "off"):
        raise Refusal(404, MALFORMED, "There is no such endpoint")
    method, schema, handler = endpoint
    if request.method != method:
        raise Refusal(405, MALFORMED, "The method is not allowed here")
    body = validate.clean(schema, wire.parse(raw), unknown_keys=switches.unknown_keys) if schema else {}
    call = Call(store, body, dict(request.query_params), request.scope.get("journal_entry"))
    answer = handler(call)
    if switches.dates_shown != "as_sent":
        dates = [name for name, definition in store.attributes.items() if definition["type"] == objects.DATE]
        answer = shown.with_dates(answer, dates, switches.dates_shown)
    if switches.attribute_values == "strings":
        answer = shown.with_strings(answer)
    return wire.json_response(answer)


def _path(request: Request) -> str:
    return f"/{request.path_params['path']}"


def _authenticate(store: Store, request: Request) -> None:
    expected = f"Bearer {store.project_id}:{store.management_key}"
    if request.headers.get("authorization") != expected:
        raise Refusal(401, UNAUTHORIZED, "The bearer is not valid")


def _licensed(store: Store, request: Request) -> bool:
    """Whether the licence header names the project's tier; another one is refused."""
    tier = request.headers.get("x-descope-license")
    if tier is None or _path(request) == LICENSE_PATH or store.switches.license_header == "ignore":
        return tier is not None
    if tier != store.switches.license_tier:
        raise invalid("The licence header does not fit the project")
    return True
