"""The third server: steer the two APIs and look behind them, JSON over HTTP."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from migrator.sandbox.docebo.memberships import Branch, Group
from migrator.sandbox.docebo.script import Plan
from migrator.sandbox.docebo.users import key_of
from migrator.sandbox.faults import Rule
from migrator.sandbox.journal import Journal
from migrator.sandbox.world import Population, World

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from migrator.core.model import Json
    from migrator.sandbox.docebo.memberships import Kind

_RULES = TypeAdapter(list[Rule])
_IDS = TypeAdapter(list[str])


class NotThere(Exception):
    """What was named does not exist: 404."""

    def __init__(self, what: str = "user") -> None:
        super().__init__(f"no such {what}")


def _reply(value: Json, status: int = 200) -> Response:
    # Escaped, so that a lone surrogate someone planted survives the way out.
    return Response(json.dumps(value).encode(), status, media_type="application/json")


def _answered(handler: Callable[[Request], Awaitable[Json]]) -> Callable[[Request], Awaitable[Response]]:
    """Make an endpoint of a function from request to JSON value."""

    async def endpoint(request: Request) -> Response:
        try:
            return _reply(await handler(request))
        except NotThere as error:
            return _reply({"error": str(error)}, 404)
        except (ValidationError, ValueError) as error:
            return _reply({"error": str(error)}, 422)

    return endpoint


def build(world: World) -> Starlette:
    """The control application over one world."""
    control = _Control(world)
    table: list[tuple[str, str, Callable[[Request], Awaitable[Json]]]] = [
        ("POST", "/reset", control.reset),
        ("GET", "/switches", control.switches),
        ("PUT", "/switches", control.set_switches),
        ("GET", "/journal", control.journal),
        ("DELETE", "/journal", control.clear_journal),
        ("PUT", "/faults", control.set_faults),
        ("DELETE", "/faults", control.clear_faults),
        ("GET", "/state", control.state),
        ("POST", "/docebo/users", control.put_docebo_user),
        ("PATCH", "/docebo/users/{user_id}", control.patch_docebo_user),
        ("DELETE", "/docebo/users/{user_id}", control.delete_docebo_user),
        ("POST", "/docebo/sign_in", control.sign_in_to_docebo),
        ("POST", "/docebo/branches", control.put_branch),
        ("DELETE", "/docebo/branches/{id}", control.delete_branch),
        ("POST", "/docebo/groups", control.put_group),
        ("DELETE", "/docebo/groups/{id}", control.delete_group),
        ("PUT", "/docebo/script", control.set_script),
        ("GET", "/docebo/present_throughout", control.present_throughout),
        ("POST", "/descope/users", control.put_descope_user),
        ("PATCH", "/descope/users/{user_id}", control.patch_descope_user),
        ("DELETE", "/descope/users/{user_id}", control.delete_descope_user),
        ("POST", "/descope/users/{user_id}/sign_in", control.sign_in),
    ]
    return Starlette(routes=[Route(path, _answered(handler), methods=[method]) for method, path, handler in table])


class _Control:
    """One method per endpoint; each returns the JSON value to answer with."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def reset(self, request: Request) -> Json:
        population = Population.model_validate(await _body(request))
        self._world.reset(population)
        return population.model_dump()

    async def switches(self, _request: Request) -> Json:
        return {name: model.model_dump() for name, model in self._models().items()}

    async def set_switches(self, request: Request) -> Json:
        """Change the named switches, all of them or, when one is wrong, none."""
        wanted = await _body(request)
        models = self._models()
        if not isinstance(wanted, dict) or not wanted.keys() <= models.keys():
            raise ValueError("expected {docebo: {…}, descope: {…}, relying_party: {…}}")
        for name, changes in wanted.items():
            type(models[name]).model_validate(models[name].model_dump() | changes)
        for name, changes in wanted.items():
            for switch, value in changes.items():
                setattr(models[name], switch, value)
        return await self.switches(request)

    async def journal(self, request: Request) -> Json:
        return self._world.journal.dump(int(request.query_params.get("since", "0")))

    async def clear_journal(self, _request: Request) -> Json:
        self._world.journal = Journal()
        return {}

    async def set_faults(self, request: Request) -> Json:
        rules = _RULES.validate_python(await _body(request))
        self._world.faults.set(rules)
        return {"rules": len(rules)}

    async def clear_faults(self, _request: Request) -> Json:
        self._world.faults.set([])
        return {}

    async def state(self, _request: Request) -> Json:
        docebo, held = self._world.docebo, self._world.docebo.memberships
        source = {"users": docebo.users.all(), "branches": held.dump("branch"), "groups": held.dump("group")}
        return {"docebo": source, "descope": self._world.descope.dump()}

    async def put_docebo_user(self, request: Request) -> Json:
        """Add a record, or replace the one of that `user_id` whole; nothing in it is checked."""
        record = await _body(request)
        if not isinstance(record, dict):
            raise ValueError("expected an object")  # noqa: TRY004 -- answered as 422
        return {"user_id": key_of(record), "new": self._world.docebo.users.put(record)}

    async def patch_docebo_user(self, request: Request) -> Json:
        """Merge keys into a record; null is stored, not taken as "remove"."""
        record = self._world.docebo.users.get(request.path_params["user_id"])
        if record is None:
            raise NotThere
        self._world.docebo.users.put({**record, **await _body(request)})
        return {"user_id": key_of(record)}

    async def delete_docebo_user(self, request: Request) -> Json:
        if not self._world.docebo.users.remove(request.path_params["user_id"]):
            raise NotThere
        return {}

    async def sign_in_to_docebo(self, request: Request) -> Json:
        """Let a person come with the claims of a token, and say where they land."""
        claims = await _body(request)
        if not isinstance(claims, dict):
            raise ValueError("expected an object of claims")  # noqa: TRY004 -- answered as 422
        return asdict(self._world.relying_party.sign_in(claims))

    async def put_branch(self, request: Request) -> Json:
        """Add a branch (`memberships.Branch`) with its `members`, or replace both whole."""
        body = await _body(request)
        members = _IDS.validate_python(body.pop("members", []))
        self._world.docebo.memberships.put_branch(Branch.model_validate(body), members)
        return {}

    async def delete_branch(self, request: Request) -> Json:
        return self._delete("branch", request.path_params["id"])

    async def put_group(self, request: Request) -> Json:
        """Add a group (`memberships.Group`) with its `members`, or replace both whole."""
        body = await _body(request)
        members = _IDS.validate_python(body.pop("members", []))
        self._world.docebo.memberships.put_group(Group.model_validate(body), members)
        return {}

    async def delete_group(self, request: Request) -> Json:
        return self._delete("group", request.path_params["id"])

    def _delete(self, kind: Kind, key: str) -> Json:
        if not self._world.docebo.memberships.remove(kind, key):
            raise NotThere(kind)
        return {}

    async def set_script(self, request: Request) -> Json:
        """Steps as a list, or `{"steps": […], "churn": {…}}`."""
        body = await _body(request)
        self._world.docebo.play(Plan.model_validate({"steps": body} if isinstance(body, list) else body))
        return {}

    async def present_throughout(self, _request: Request) -> Json:
        return self._world.docebo.users.watched()

    async def put_descope_user(self, request: Request) -> Json:
        return {"userId": self._world.descope.put_user(await _body(request))}

    async def patch_descope_user(self, request: Request) -> Json:
        """Change fields of a user as a person does in the console."""
        try:
            self._world.descope.change_user(request.path_params["user_id"], await _body(request))
        except KeyError:
            raise NotThere from None
        return {}

    async def sign_in(self, request: Request) -> Json:
        """Let a person sign in: `at`, `history`, `audit`, and the fields that the flow changed."""
        shown = {"at": None, "history": True, "audit": True}
        try:
            self._world.descope.sign_in(request.path_params["user_id"], **{**shown, **await _body(request)})
        except KeyError:
            raise NotThere from None
        return {}

    async def delete_descope_user(self, request: Request) -> Json:
        try:
            self._world.descope.remove_user(request.path_params["user_id"])
        except KeyError:
            raise NotThere from None
        return {}

    def _models(self) -> dict[str, BaseModel]:
        world = self._world
        return {
            "docebo": world.docebo.switches,
            "descope": world.descope.switches,
            "relying_party": world.relying_party.switches,
        }


async def _body(request: Request) -> Any:  # noqa: ANN401 -- any JSON value
    raw = await request.body()
    return json.loads(raw) if raw else {}
