"""What was last sent of a user, field by field: only the source's change is sent (docs/decisions/0013). Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migrator.core.login_ids import login_key
from migrator.core.model import canonical_json, text_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from migrator.core.model import Json, TargetUser

ATTRIBUTE = "customAttributes."
EMAIL, VERIFIED_EMAIL, LOGIN_ID, EXTRA_LOGIN_IDS = "email", "verifiedEmail", "loginId", "additionalIdentifiers"
PHONE, STATUS = "phone", "status"
_DIGITS = 16


def field_values(target: TargetUser) -> dict[str, Json]:
    """Every field of a target by its name at Descope; an attribute's name has `customAttributes.` before it."""
    return {
        "name": target.name,
        "givenName": target.given_name,
        "familyName": target.family_name,
        "picture": target.picture,
        STATUS: target.status,
        PHONE: target.phone,
        EMAIL: target.email,
        VERIFIED_EMAIL: target.verified_email,
        LOGIN_ID: login_key(target.login_id),
        EXTRA_LOGIN_IDS: sorted(map(login_key, target.extra_login_ids)),
        **{ATTRIBUTE + name: value for name, value in target.attributes.items()},
    }


def value_hash(value: Json) -> str:
    """A short hash that tells one value of a field from another."""
    return text_hash(canonical_json(value))[:_DIGITS]


def login_hash(login_id: str) -> str:
    """The key under which a login id stands in the checkpoint: it outlives the profile, so it is hashed."""
    return text_hash(login_key(login_id))[:32]


@dataclass(frozen=True, slots=True)
class SentFields:
    """What Docebo held when a user was last brought to it.

    `hashes` maps a field to the hash of its value, `logins` are the hashed login ids, and `left` names the fields
    that differ at Descope and were not sent, as a person changed them there and nobody did in Docebo.
    """

    hashes: Mapping[str, str]
    logins: frozenset[str] = frozenset()
    left: frozenset[str] = field(default=frozenset())

    @classmethod
    def of(cls, target: TargetUser, *, but: Mapping[str, str] | None = None, left: Iterable[str] = ()) -> SentFields:
        """Everything of this target; `but` has other hashes for some fields, "" for a field never sent."""
        hashes = {name: value_hash(value) for name, value in field_values(target).items()} | dict(but or {})
        logins = frozenset(map(login_hash, target.all_login_ids))
        return cls({name: text for name, text in hashes.items() if text}, logins, frozenset(left))

    @classmethod
    def from_json(cls, text: str | None) -> SentFields | None:
        """The inverse of `to_json`; None for a user of whom nothing is known."""
        if text is None:
            return None
        stored = json.loads(text)
        return cls(stored["hashes"], frozenset(stored["logins"]), frozenset(stored["left"]))

    def to_json(self) -> str:
        """Canonical JSON text."""
        return canonical_json({"hashes": dict(self.hashes), "logins": sorted(self.logins), "left": sorted(self.left)})

    def with_status(self, status: str) -> SentFields:
        """The same after a status alone was sent."""
        return SentFields({**self.hashes, STATUS: value_hash(status)}, self.logins, self.left)

    def had(self, name: str, value: Json) -> bool:
        """Whether this very value of the field was sent last."""
        return self.hashes.get(name) == value_hash(value)
