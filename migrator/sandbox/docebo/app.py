"""The platform's endpoints; every path not listed here is a 404 with the platform's error body."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from migrator.sandbox.docebo import answers, fields, member_lists, oauth
from migrator.sandbox.docebo.credentials import USERNAME
from migrator.sandbox.docebo.listing import user_page
from migrator.sandbox.docebo.oauth import Token
from migrator.sandbox.docebo.platform import Platform
from migrator.sandbox.docebo.query import FieldQuery, parameters, parse

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from migrator.sandbox.journal import Entry

Endpoint: TypeAlias = Callable[[Request, Platform, Token], Response]
_ANY = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def build(platform: Platform) -> ASGIApp:
    """The ASGI application; it needs the journal's entry in `scope["journal_entry"]`."""

    async def token(request: Request) -> Response:
        """The token endpoint: no bearer, but it counts as a call."""
        refused = platform.limiter.refuse(_address(request), platform.switches)
        if refused is not None:
            return refused
        authorization = request.headers.get("authorization", "")
        return oauth.token_answer(
            request.method, _entry(request).body, authorization, platform.tokens, platform.switches
        )

    def guarded(endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            """Count the call, check the bearer, then let the endpoint answer."""
            refused = platform.limiter.refuse(_address(request), platform.switches)
            if refused is not None:
                return refused
            scheme, _, text = request.headers.get("authorization", "").partition(" ")
            bearer = platform.tokens.access(text.strip()) if scheme.lower() == "bearer" else None
            if bearer is None:
                return oauth.unauthorized(platform.switches)
            try:
                return endpoint(request, platform, bearer)
            except answers.PlatformError as failure:
                return answers.error(failure)

        return answer

    return Starlette(
        routes=[
            Route("/oauth2/token", token, methods=_ANY),
            Route("/manage/v1/user/session", guarded(_session)),
            Route("/manage/v1/user", guarded(_users)),
            Route("/manage/v1/user_fields", guarded(_user_fields)),
            Route("/manage/v1/orgchart", guarded(_branches)),
            Route("/manage/v1/orgchart/{key}", guarded(_branch)),
            Route("/manage/v1/orgchart/{key}/users", guarded(_branch_members)),
            Route("/manage/v1/group", guarded(partial(_groups, "group"))),
            Route("/manage/v1/group/{key}/members", guarded(partial(_group_members, "group"))),
            Route("/audiences/v1/audience", guarded(partial(_groups, "audience"))),
            Route("/audiences/v1/audience/{key}/members", guarded(partial(_group_members, "audience"))),
        ],
        exception_handlers={HTTPException: _http_error},
    )


def _entry(request: Request) -> Entry:
    entry: Entry = request.scope["journal_entry"]
    return entry


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


async def _http_error(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    text = "Method not allowed." if status == 405 else "Page not found."  # noqa: PLR2004 -- HTTP status
    return answers.error(answers.PlatformError(status, text, 1001))


def _session(_request: Request, platform: Platform, _bearer: Token) -> Response:
    """Who the token acts for; open to everybody (docs/contract/docebo.md 1.7)."""
    data = {
        "id": 12345,
        "username": USERNAME,
        "firstname": "Service",
        "lastname": "Account",
        "email": "svc-migrator@acme.example",
        "user_level": platform.level,
        "timezone": "UTC",
        "language": "en",
        "avatar_url": "",
    }
    return answers.ok({"data": data, "version": "1.0.0", "_links": []})


def _users(request: Request, platform: Platform, bearer: Token) -> Response:
    if bearer.grant == "client_credentials" and platform.switches.client_credentials_list == "crashes":
        return answers.html(500, "")
    values = _parameters(request)
    platform.script.before_request("members" if "branch_id" in values else "users")
    return answers.raw(user_page(platform, values))


def _user_fields(request: Request, _platform: Platform, _bearer: Token) -> Response:
    return answers.ok(fields.answer(parse(FieldQuery, _parameters(request))))


def _branches(request: Request, platform: Platform, _bearer: Token) -> Response:
    platform.script.before_request("branches")
    return answers.ok(member_lists.branches(platform, _parameters(request)))


def _branch(request: Request, platform: Platform, _bearer: Token) -> Response:
    return answers.ok(member_lists.branch(platform, request.path_params["key"]))


def _branch_members(request: Request, platform: Platform, _bearer: Token) -> Response:
    platform.script.before_request("members")
    return answers.ok(member_lists.branch_members(platform, request.path_params["key"], _parameters(request)))


def _groups(service: str, request: Request, platform: Platform, _bearer: Token) -> Response:
    return answers.ok(member_lists.groups(platform, service, _parameters(request)))


def _group_members(service: str, request: Request, platform: Platform, _bearer: Token) -> Response:
    platform.script.before_request("members")
    key = request.path_params["key"]
    return answers.ok(member_lists.group_members(platform, service, key, _parameters(request)))


def _parameters(request: Request) -> dict[str, object]:
    return parameters(request.url.query, _entry(request).body)
