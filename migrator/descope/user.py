"""A Descope user as read, and what it says about whose it is (docs/contract/descope.md 2)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from migrator.core.fields import ATTRIBUTE, USER_FIELDS, Change
from migrator.core.grants import ROLE_NAMES, USER_TENANTS, Grant, HasGrants, is_grant, read_grants
from migrator.core.login_ids import login_key
from migrator.core.model import FRESHLY_MIGRATED, MARK_PLATFORM, MARK_USER, PlainFields, canonical_json, text_hash
from migrator.descope.attribute_value import value_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from migrator.core.model import Json

_ATTRIBUTE_OF = {one.name: one.attribute for one in USER_FIELDS}
_PLAIN = [one for one in USER_FIELDS if one.change is Change.PATCH]  # `PlainFields`
# What a user may have besides; whoever gave it one of these that we do not send has changed the user.
_OTHERS = ("middleName", "ssoAppIds", "recoveryEmail", "recoveryPhone", "SCIM", "OIDC")
_NEVER_SENT = tuple(name for name in _OTHERS if name not in {one.name for one in USER_FIELDS})
_CREDENTIALS = ("password", "webauthn", "TOTP", "SAML", "push")
_NO_PART = ("has_credential", "created_at", "never_sent")  # of the fingerprint, which older versions have stored


@dataclass(frozen=True, slots=True)
class DescopeUser(PlainFields, HasGrants):
    """What we use of a user object; "" means unset. `attributes` holds every custom attribute, foreign ones too.

    `grants` are all its tenants and roles, whoever gave them.

    `created_at` is an epoch second, None where the answer does not tell; `never_sent` names the fields that hold
    something and that we never send.
    """

    user_id: str
    login_ids: tuple[str, ...]
    email: str = ""
    verified_email: bool = False
    phone: str = ""
    verified_phone: bool = False
    status: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)
    has_credential: bool = False
    created_at: float | None = None
    never_sent: tuple[str, ...] = ()
    grants: tuple[Grant, ...] = ()

    def mark(self) -> tuple[str, str] | None:
        """(platform, Docebo user id) of the migration that made this user; None for a stranger.

        Half a mark is none: without both nobody can be recognised.
        """
        platform, user_id = (value_text(self.attributes.get(name)) for name in (MARK_PLATFORM, MARK_USER))
        return (platform, user_id) if platform and user_id else None

    @property
    def fresh(self) -> bool | None:
        """`freshlyMigrated`; None when the user does not have it."""
        return {"true": True, "false": False}.get(value_text(self.attributes.get(FRESHLY_MIGRATED)))

    def value(self, name: str) -> Json:
        """A field by its name in `core.fields`; None for an attribute that is not set, or a grant it does not have."""
        if name.startswith(ATTRIBUTE):
            return self.attributes.get(name.removeprefix(ATTRIBUTE))
        if is_grant(name):
            return True if any(one.field == name for one in self.grants) else None
        return getattr(self, _ATTRIBUTE_OF[name])

    def fingerprint(self) -> str:
        """A hash of everything read of this user: equal as long as nobody changed it."""
        told = {name: value for name, value in asdict(self).items() if name not in _NO_PART}
        if not self.grants:
            del told["grants"]
        return text_hash(canonical_json(told))

    def answers_to(self, login_id: str) -> bool:
        """Whether this login id is the user's, in any spelling (`login_key`)."""
        return login_key(login_id) in map(login_key, self.login_ids)


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
        **{one.attribute: text(one.name) for one in _PLAIN},
        email=text("email"),
        verified_email=value.get("verifiedEmail") is True,
        phone=text("phone"),
        verified_phone=value.get("verifiedPhone") is True,
        status=text("status"),
        attributes=attributes,
        has_credential=_has_credential(value),
        created_at=_seconds(value.get("createdTime")),
        never_sent=tuple(name for name in _NEVER_SENT if value.get(name)),
        grants=read_grants(value.get(USER_TENANTS), value.get(ROLE_NAMES)),
    )


def _seconds(value: Json) -> float | None:
    """An epoch second, which a protobuf answer may show as text; None for none."""
    try:
        return float(value) or None
    except (TypeError, ValueError):
        return None


def _has_credential(value: Json) -> bool:
    oauth = value.get("OAuth")
    return any(value.get(name) is True for name in _CREDENTIALS) or (isinstance(oauth, dict) and any(oauth.values()))


def parse_users(value: Json) -> list[DescopeUser]:
    """A list of user objects; null stands for an empty list (protobuf JSON)."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise TypeError("not a list of users")
    return [parse_user(user) for user in value]


def find_by_login(users: Iterable[DescopeUser], login_ids: Iterable[str]) -> list[DescopeUser]:
    """The distinct users among `users` that answer to any of these login ids."""
    wanted = set(map(login_key, login_ids))
    found = {user.user_id: user for user in users if not wanted.isdisjoint(map(login_key, user.login_ids))}
    return list(found.values())
