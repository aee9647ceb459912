"""The fields of a Descope user, and which of their values were last sent (docs/decisions/0013). Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from migrator.core.grants import ROLE_NAMES, ROLES, TENANTS, USER_TENANTS
from migrator.core.login_ids import login_key
from migrator.core.model import PlainFields, canonical_json, text_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from migrator.core.model import Json, TargetUser

EMAIL, VERIFIED_EMAIL, PHONE, VERIFIED_PHONE = "email", "verifiedEmail", "phone", "verifiedPhone"
LOGIN_ID, EXTRA_LOGIN_IDS, STATUS, CUSTOM_ATTRIBUTES = "loginId", "additionalIdentifiers", "status", "customAttributes"
ATTRIBUTE = f"{CUSTOM_ATTRIBUTES}."  # before the name of a single one
_DIGITS = 16


class Change(StrEnum):
    """How a changed field value reaches an existing user."""

    PATCH = "patch"  # in a patch, whenever it differs
    WITH_STATUS = "with_status"  # in a patch, only for users whom we may enable or disable
    WHOLE_SET = "whole_set"  # in a patch, together with what is there and not ours
    OWN_CALL = "own_call"  # because a patch may silently merge two users (docs/contract/descope.md 10.13)


@dataclass(frozen=True, slots=True)
class UserField:
    """A field of a user, as used for planning, sending and reporting; only verification has its own table.

    `name` is Descope's name, `attribute` the attribute of `TargetUser` with the value, `rule` the `policy.update` key
    that decides on it ("" for the custom attributes, which have one each). `variant` distinguishes users as far as the
    mapping goes.
    """

    name: str
    attribute: str
    change: Change
    rule: str
    variant: Callable[[Json], object] = bool

    def of(self, target: TargetUser) -> Json:
        """A user's value."""
        return getattr(target, self.attribute)


USER_FIELDS = (
    *(UserField(one.metadata["name"], one.name, Change.PATCH, one.metadata["name"]) for one in fields(PlainFields)),
    UserField(EMAIL, "email", Change.OWN_CALL, EMAIL),
    UserField(VERIFIED_EMAIL, "verified_email", Change.OWN_CALL, VERIFIED_EMAIL),
    # Login ids change with the address.
    UserField(LOGIN_ID, "login_id", Change.OWN_CALL, EMAIL, variant=str.isascii),
    UserField(EXTRA_LOGIN_IDS, "extra_login_ids", Change.OWN_CALL, EMAIL, variant=len),
    UserField(PHONE, "phone", Change.OWN_CALL, PHONE),
    UserField(STATUS, "status", Change.WITH_STATUS, STATUS, variant=str),
    UserField(CUSTOM_ATTRIBUTES, "attributes", Change.WHOLE_SET, "", variant=frozenset),
    UserField(USER_TENANTS, "tenants", Change.WHOLE_SET, TENANTS, variant=canonical_json),
    UserField(ROLE_NAMES, "roles", Change.WHOLE_SET, ROLES, variant=canonical_json),
)
_RULES = {one.name: one.rule for one in USER_FIELDS}
# What `policy.update` may name, besides `default` and the mapped attributes.
UPDATE_FIELDS = tuple(dict.fromkeys(filter(None, _RULES.values())))


def rule_name(name: str) -> str:
    """The key of `policy.update` that decides on a field; the name of an attribute begins with `customAttributes.`."""
    return _RULES.get(name) or name.removeprefix(ATTRIBUTE)


def field_values(target: TargetUser) -> dict[str, Json]:
    """Every field of a target by its Descope name.

    Each attribute is a field of its own, as in `customAttributes.city`, and so is each grant.
    """
    return {
        **{one.name: one.of(target) for one in USER_FIELDS if one.change is not Change.WHOLE_SET},
        # Another spelling or order does not make them other login ids.
        LOGIN_ID: login_key(target.login_id),
        EXTRA_LOGIN_IDS: sorted(map(login_key, target.extra_login_ids)),
        **{ATTRIBUTE + name: value for name, value in target.attributes.items()},
        **{grant.field: True for grant in target.grants},
    }


def value_hash(value: Json) -> str:
    """A short hash that distinguishes one value of a field from another; the order of a list does not matter."""
    if isinstance(value, list):
        value = sorted(value, key=canonical_json)
    # Most fields of most users hold one of a few values: nothing, a flag, a status, the platform.
    return _short_hash(value) if isinstance(value, str | bool) else text_hash(canonical_json(value))[:_DIGITS]


@lru_cache(maxsize=1024, typed=True)
def _short_hash(value: str | bool) -> str:
    return text_hash(canonical_json(value))[:_DIGITS]


def login_hash(login_id: str) -> str:
    """The key under which the checkpoint stores a login id: it outlives the profile, so it is hashed."""
    return text_hash(login_key(login_id))[:32]


@dataclass(frozen=True, slots=True)
class SentFields:
    """The Docebo values to which a user was last brought.

    `hashes` maps a field to the hash of its value, `logins` are the hashed login ids, and `left` names the fields
    that differ in Descope and were not sent, because a person changed them there and nobody did in Docebo.
    """

    hashes: Mapping[str, str]
    logins: frozenset[str] = frozenset()
    left: frozenset[str] = field(default=frozenset())

    @classmethod
    def of(cls, target: TargetUser, *, but: Mapping[str, str] | None = None, left: Iterable[str] = ()) -> SentFields:
        """Everything of this target; `but` has other hashes for some fields, "" for a field that was never sent."""
        hashes = {name: value_hash(value) for name, value in field_values(target).items()} | dict(but or {})
        logins = frozenset(map(login_hash, target.all_login_ids))
        return cls({name: text for name, text in hashes.items() if text}, logins, frozenset(left))

    @classmethod
    def from_json(cls, text: str | None) -> SentFields | None:
        """The inverse of `to_json`; None for a user about whom nothing is known."""
        if text is None:
            return None
        stored = json.loads(text)
        return cls(stored["hashes"], frozenset(stored["logins"]), frozenset(stored["left"]))

    def to_json(self) -> str:
        """Canonical JSON text."""
        return canonical_json({"hashes": dict(self.hashes), "logins": sorted(self.logins), "left": sorted(self.left)})

    def with_status(self, status: str) -> SentFields:
        """The same after only a status was sent."""
        return SentFields({**self.hashes, STATUS: value_hash(status)}, self.logins, self.left)

    def had(self, name: str, value: Json) -> bool:
        """Whether this very value of the field was last sent."""
        return self.hashes.get(name) == value_hash(value)
