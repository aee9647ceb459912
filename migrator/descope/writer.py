"""What is written through the Descope management API (docs/contract/descope.md 3 and 4.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.core.errors import Refused
from migrator.descope.batch import BatchAnswer, parse_batch
from migrator.descope.endpoints import (
    ALL_CALLS,
    CREATE_ATTRIBUTES,
    CREATE_BATCH,
    CREATE_ROLE,
    CREATE_TENANT,
    DELETE_BATCH,
    PATCH_BATCH,
    UPDATE_EMAIL,
    UPDATE_LOGIN,
    UPDATE_PHONE,
)
from migrator.descope.payload import attribute_body, create_request
from migrator.descope.reader import DescopeReader
from migrator.descope.refusals import stop_for
from migrator.descope.user import DescopeUser, parse_user

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migrator.core.model import Json
    from migrator.descope.attribute_value import AttributeDefinition


class DescopeWriter(DescopeReader):
    """Reads and writes. Its writes raise `ApiError`s: who sends knows what each means for whom."""

    allowed = ALL_CALLS

    def create_attributes(self, definitions: Mapping[str, AttributeDefinition]) -> None:
        """Define custom attributes; defining one again changes nothing (docs/contract/descope.md 4.1)."""
        body = {"attributes": [attribute_body(name, one) for name, one in definitions.items()]}
        try:
            self._call(CREATE_ATTRIBUTES, lambda a: a["data"], body)
        except Refused as error:
            raise stop_for(error) from None

    def create_tenant(self, tenant_id: str) -> None:
        """Make a tenant that is called like its id.

        Raises:
            Refused: Descope does not take it; perhaps it is there.
        """
        self._raw(CREATE_TENANT, lambda _answer: None, {"id": tenant_id, "name": tenant_id})

    def create_role(self, name: str) -> None:
        """Make a role of the project, which its tenants can give too.

        Raises:
            Refused: Descope does not take it; perhaps it is there.
        """
        self._raw(CREATE_ROLE, lambda _answer: None, {"name": name})

    def create(self, users: Sequence[Json]) -> BatchAnswer:
        """Create users without contacting anybody (docs/contract/descope.md 3.3)."""
        return self._raw(CREATE_BATCH, lambda a: parse_batch(a, "createdUsers"), create_request(users))

    def patch(self, patches: Sequence[Json]) -> BatchAnswer:
        """Change the given fields of users, nothing else (docs/contract/descope.md 3.6)."""
        body = {"users": list(patches)}
        return self._raw(PATCH_BATCH, lambda a: parse_batch(a, "patchedUsers"), body)

    def delete(self, user_ids: Sequence[str]) -> None:
        """Delete users by Descope id; the answer says nothing about any of them (docs/contract/descope.md 3.11)."""
        self._raw(DELETE_BATCH, lambda _answer: None, {"userIds": list(user_ids)})

    def update_email(self, login_id: str, email: str, *, verified: bool) -> DescopeUser:
        """Change the e-mail; another's login id is a 409, no silent merge (docs/contract/descope.md 3.8)."""
        body = {"loginId": login_id, "email": email, "verified": verified, "failOnConflict": True}
        return self._raw(UPDATE_EMAIL, lambda a: parse_user(a["user"]), body)

    def update_phone(self, login_id: str, phone: str) -> DescopeUser:
        """Change the phone, unverified; as careful as `update_email`."""
        body = {"loginId": login_id, "phone": phone, "verified": False, "failOnConflict": True}
        return self._raw(UPDATE_PHONE, lambda a: parse_user(a["user"]), body)

    def update_login(self, login_id: str, new_login_id: str) -> DescopeUser:
        """Rename one login id (docs/contract/descope.md 3.8)."""
        body = {"loginId": login_id, "newLoginId": new_login_id}
        return self._raw(UPDATE_LOGIN, lambda a: parse_user(a["user"]), body)
