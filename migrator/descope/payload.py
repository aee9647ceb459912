"""The bodies that create and patch users (docs/contract/descope.md 3.3 and 3.6). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.core import fields
from migrator.core.model import FRESHLY_MIGRATED
from migrator.descope.attribute_value import sent_value

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from migrator.core.model import Json, TargetUser
    from migrator.descope.attribute_value import AttributeDefinition


def create_body(target: TargetUser) -> dict[str, Json]:
    """The user as create/batch takes it; what is not set is left out (docs/contract/descope.md 3.3 and 10.11)."""
    values = {one.name: one.of(target) for one in fields.USER_FIELDS}
    values[fields.EXTRA_LOGIN_IDS] = list(target.extra_login_ids)
    return {name: value for name, value in values.items() if value} | {
        # An omitted flag counts as verified, even of an address taken from a login id (docs/contract/descope.md 3.1).
        fields.VERIFIED_EMAIL: bool(target.email) and target.verified_email,
        fields.VERIFIED_PHONE: False,
        fields.CUSTOM_ATTRIBUTES: {**target.attributes, FRESHLY_MIGRATED: True},
    }


def create_request(users: Iterable[Json]) -> dict[str, Json]:
    """The body of create/batch: it contacts nobody (docs/contract/descope.md 3.3)."""
    return {"users": list(users), "invite": False, "sendMail": False, "sendSMS": False}


def attribute_body(name: str, definition: AttributeDefinition) -> dict[str, Json]:
    """A definition as Descope takes it; an option's value is its label, too (docs/contract/descope.md 4.1)."""
    body: dict[str, Json] = {"name": name, "type": int(definition.kind), "displayName": name}
    if definition.options:
        body["options"] = [{"value": one, "label": one} for one in definition.options]
    return body


def patch_body(login_id: str, changed: Mapping[str, Json]) -> dict[str, Json]:
    """A user as patch/batch takes it: who it is, and the new values by the names of their fields."""
    return {fields.LOGIN_ID: login_id, **changed}


def patched_attributes(
    values: Mapping[str, Json], types: Mapping[str, int] | None, ours: Collection[str]
) -> dict[str, Json]:
    """Custom attributes as a patch takes them, each in the type it is defined with.

    Args:
        types: the type numbers of the project's custom attributes; None where they are not known.
        ours: attributes that are sent whether they are defined or not.
    """
    return {
        name: sent_value(value, types.get(name)) if types else value
        for name, value in values.items()
        # A value whose definition is gone would have the whole patch refused.
        if not types or name in types or name in ours or name == FRESHLY_MIGRATED
    }
