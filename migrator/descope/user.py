"""A Descope user as read, and what it says about whose it is (contract descope 2)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from migrator.model import MARK_PLATFORM, MARK_USER, canonical_json, text_hash

if TYPE_CHECKING:
    from collections.abc import Iterable

    from migrator.model import Json


@dataclass(frozen=True, slots=True)
class DescopeUser:
    """What we use of a user object; "" means unset. `attributes` holds every custom attribute, foreign ones too."""

    user_id: str
    login_ids: tuple[str, ...]
    name: str = ""
    given_name: str = ""
    family_name: str = ""
    email: str = ""
    verified_email: bool = False
    phone: str = ""
    verified_phone: bool = False
    status: str = ""
    picture: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)

    def mark(self) -> tuple[str, str] | None:
        """(platform, Docebo user id) of the migration that made this user; None for a stranger."""
        platform, user_id = self.attributes.get(MARK_PLATFORM), self.attributes.get(MARK_USER)
        if platform in (None, "") and user_id in (None, ""):
            return None
        return str(platform), str(user_id)

    def fingerprint(self) -> str:
        """A hash of everything read of this user: equal as long as nobody changed it."""
        return text_hash(canonical_json(asdict(self)))

    def answers_to(self, login_id: str) -> bool:
        """Whether this login id is the user's; spellings that differ by case count as one (contract 6.5)."""
        return login_id.casefold() in (own.casefold() for own in self.login_ids)


def parse_user(value: Json) -> DescopeUser:
    """Take a user object apart; absent optional fields are unset.

    Raises:
        KeyError, TypeError, ValueError: no user id or no list of login ids.
    """
    user_id, login_ids = value["userId"], value["loginIds"]
    if not isinstance(user_id, str) or not user_id or not isinstance(login_ids, list):
        raise TypeError("userId or loginIds has the wrong type")
    attributes = value.get("customAttributes") or {}
    if not isinstance(attributes, dict):
        raise TypeError("customAttributes has the wrong type")

    def text(name: str) -> str:
        found = value.get(name)
        return found if isinstance(found, str) else ""

    return DescopeUser(
        user_id=user_id,
        login_ids=tuple(str(login_id) for login_id in login_ids),
        name=text("name"),
        given_name=text("givenName"),
        family_name=text("familyName"),
        email=text("email"),
        verified_email=value.get("verifiedEmail") is True,
        phone=text("phone"),
        verified_phone=value.get("verifiedPhone") is True,
        status=text("status"),
        picture=text("picture"),
        attributes=attributes,
    )


def parse_users(value: Json) -> list[DescopeUser]:
    """A list of user objects; null stands for an empty list (protobuf JSON)."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise TypeError("not a list of users")
    return [parse_user(user) for user in value]


def find(users: Iterable[DescopeUser], login_ids: Iterable[str]) -> list[DescopeUser]:
    """The distinct users among `users` that answer to any of these login ids."""
    wanted = {login_id.casefold() for login_id in login_ids}
    found = {user.user_id: user for user in users if any(own.casefold() in wanted for own in user.login_ids)}
    return list(found.values())
