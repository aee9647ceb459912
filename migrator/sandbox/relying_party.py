"""Docebo as a client of an OIDC identity provider: in whose account a person lands (docs/contract/docebo.md 12)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from migrator.sandbox.docebo.users import key_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.core.model import Json
    from migrator.sandbox.docebo.platform import Platform
    from migrator.sandbox.people import Record

Outcome: TypeAlias = Literal["found", "created", "refused"]
_WRONG = "Something went wrong"


class RelyingPartySwitches(BaseModel):
    """How this platform is set up, and what no source says; the defaults are the documented or likeliest ones."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    claim: str = "doceboUsername"  # of the token, that says who it is
    match: Literal["username", "email"] = "username"  # what it is compared with: user name, or registered e-mail
    case: Literal["exact", "ignored"] = "exact"
    creation: Literal["on", "off"] = "on"  # of an account for whoever is not found
    several: Literal["refused", "first"] = "refused"  # accounts that match one claim; "first": of the smallest id


@dataclass(frozen=True, slots=True)
class Landing:
    """Where a person ended up; `user_id` is the Docebo account, "" when refused, and `message` what was shown then."""

    outcome: Outcome
    user_id: str = ""
    message: str = ""


class RelyingParty:
    """Lets people in by the claims of their token."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self.switches = RelyingPartySwitches()

    def reset(self) -> None:
        """Set every switch back."""
        self.switches = RelyingPartySwitches()

    def sign_in(self, claims: Mapping[str, Json]) -> Landing:
        """Let the person of a token in: to the account that its claim names, a new one, or none."""
        value = claims.get(self.switches.claim)
        if not isinstance(value, str) or not value:
            return Landing("refused", message=_WRONG)
        found = self._matching(value)
        if len(found) > 1 and self.switches.several == "refused":
            return Landing("refused", message=_WRONG)
        if found:
            return self._enter(min(found, key=lambda record: (len(key_of(record)), key_of(record))))
        if self.switches.creation == "off":
            return Landing("refused", message=_WRONG)
        return self._create(value, claims)

    def _matching(self, value: str) -> list[Record]:
        fold = str.casefold if self.switches.case == "ignored" else str
        column, wanted = self.switches.match, fold(value)
        return [one for one in self._platform.users.all() if fold(str(one.get(column) or "")) == wanted]

    def _enter(self, record: Record) -> Landing:
        if str(record.get("status")) != "1" or record.get("expired"):
            return Landing("refused", message="Your account is not active")
        now = _now()
        self._platform.users.put({**record, "last_access_date": now, "last_update": now})
        return Landing("found", key_of(record))

    def _create(self, value: str, claims: Mapping[str, Json]) -> Landing:
        """A new account: the claim is its name, and nothing of anybody's courses is in it."""
        numbers = (int(key) for one in self._platform.users.all() if (key := key_of(one)).isdecimal())
        now, user_id = _now(), str(max(numbers, default=10_000) + 1)
        record: dict[str, Any] = {
            "user_id": user_id,
            "username": value,
            "encoded_username": value,
            "first_name": str(claims.get("given_name") or ""),
            "last_name": str(claims.get("family_name") or ""),
            "fullname": str(claims.get("name") or ""),
            "email": str(claims.get("email") or ""),
            "status": "1",
            "level": "user",
            "expired": False,
            "expiration_date": None,
            "email_validation_status": "0",
            "creation_date": now,
            "last_access_date": now,
            "last_update": now,
        }
        self._platform.users.put(record)
        return Landing("created", user_id)


def _now() -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
