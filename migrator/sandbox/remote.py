"""A small client of the sandbox's control API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import requests

if TYPE_CHECKING:
    from collections.abc import Iterable

    from migrator.core.model import Json

_TIMEOUT = 30.0  # seconds


class Control:
    """One method per control endpoint; a refusal raises `requests.HTTPError` with the reason."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def reset(self, **population: float) -> None:
        """Begin anew with `users`, `seed`, `difficult`, `strangers`, `pending` (see `world.Population`)."""
        self._call("POST", "/reset", population)

    def switches(self) -> dict[str, dict[str, Any]]:
        """All switches of both APIs and of the relying party."""
        return self._dict("GET", "/switches")

    def set_switches(
        self,
        *,
        docebo: dict[str, Any] | None = None,
        descope: dict[str, Any] | None = None,
        relying_party: dict[str, Any] | None = None,
    ) -> None:
        """Change some switches."""
        wanted = {"docebo": docebo, "descope": descope, "relying_party": relying_party}
        self._call("PUT", "/switches", {name: changes for name, changes in wanted.items() if changes})

    def journal(self, since: int = 0) -> list[dict[str, Any]]:
        """Journal entries after number `since`, as `dataclasses.asdict(journal.Entry)` gives them."""
        entries: list[dict[str, Any]] = self._call("GET", f"/journal?since={since}")
        return entries

    def clear_journal(self) -> None:
        """Forget all entries; numbers start at 1 again."""
        self._call("DELETE", "/journal")

    def set_faults(self, *rules: dict[str, Any]) -> None:
        """Replace the fault rules (see `faults.Rule`)."""
        self._call("PUT", "/faults", list(rules))

    def clear_faults(self) -> None:
        """No faults from now on."""
        self._call("DELETE", "/faults")

    def state(self) -> dict[str, dict[str, Any]]:
        """`{"docebo": {users, branches, groups}, "descope": {users, attributes, tenants, roles}}`."""
        return self._dict("GET", "/state")

    def put_docebo_user(self, record: dict[str, Any]) -> str:
        """Add or replace a Docebo record; its user id as text."""
        return str(self._dict("POST", "/docebo/users", record)["user_id"])

    def patch_docebo_user(self, user_id: str, **keys: Json) -> None:
        """Change some keys of a Docebo record."""
        self._call("PATCH", f"/docebo/users/{quote(user_id, safe='')}", keys)

    def delete_docebo_user(self, user_id: str) -> None:
        """Delete a Docebo user."""
        self._call("DELETE", f"/docebo/users/{quote(user_id, safe='')}")

    def put_branch(
        self,
        branch_id: str,
        title: str = "",
        *,
        code: str | None = None,
        parent: str | None = None,
        members: Iterable[str] = (),
    ) -> None:
        """Add or replace a Docebo branch; `parent` is a branch's id, None for the root."""
        branch = {"id": branch_id, "title": title, "code": code, "parent": parent, "members": list(members)}
        self._call("POST", "/docebo/branches", branch)

    def delete_branch(self, branch_id: str) -> None:
        """Delete a Docebo branch and those below it."""
        self._call("DELETE", f"/docebo/branches/{quote(branch_id, safe='')}")

    def put_group(self, group_id: str, name: str = "", *, members: Iterable[str] = ()) -> None:
        """Add or replace a Docebo group."""
        self._call("POST", "/docebo/groups", {"id": group_id, "name": name, "members": list(members)})

    def delete_group(self, group_id: str) -> None:
        """Delete a Docebo group."""
        self._call("DELETE", f"/docebo/groups/{quote(group_id, safe='')}")

    def put_descope_user(self, user: dict[str, Any]) -> str:
        """Plant a Descope user; the user id."""
        return str(self._dict("POST", "/descope/users", user)["userId"])

    def patch_descope_user(self, user_id: str, **fields: Json) -> None:
        """Change fields of a Descope user as a person does in the console; an attribute that is None is removed."""
        self._call("PATCH", f"/descope/users/{quote(user_id, safe='')}", fields)

    def sign_in(self, user_id: str, **how: Json) -> None:
        """Let a person sign in (`Store.sign_in`): `at`, `history`, `audit`, and fields that the flow changed."""
        self._call("POST", f"/descope/users/{quote(user_id, safe='')}/sign_in", how)

    def sign_in_to_docebo(self, claims: dict[str, Json]) -> dict[str, str]:
        """Let a person come to Docebo with a token: `outcome`, `user_id`, `message` (`relying_party.Landing`)."""
        return self._dict("POST", "/docebo/sign_in", claims)

    def delete_descope_user(self, user_id: str) -> None:
        """Delete a Descope user behind the API's back."""
        self._call("DELETE", f"/descope/users/{quote(user_id, safe='')}")

    def set_script(self, *steps: dict[str, Any]) -> None:
        """Changes to make before the n-th request from now to a list of Docebo (see `docebo.script`)."""
        self._call("PUT", "/docebo/script", list(steps))

    def set_churn(self, **churn: int) -> None:
        """Random changes between list requests (see `docebo.script.Churn`)."""
        self._call("PUT", "/docebo/script", {"churn": churn})

    def present_throughout(self) -> dict[str, list[str]]:
        """Since the script was set: `user_ids` never away, and those `inserted`, `deleted`, `changed`."""
        return self._dict("GET", "/docebo/present_throughout")

    def _dict(self, method: str, path: str, body: Json = None) -> dict[str, Any]:
        value: dict[str, Any] = self._call(method, path, body)
        return value

    def _call(self, method: str, path: str, body: Json = None) -> Json:
        answer = self._session.request(method, self._url + path, json=body, timeout=_TIMEOUT)
        if not answer.ok:
            raise requests.HTTPError(f"{method} {path}: {answer.status_code} {answer.text}", response=answer)
        return answer.json()
