"""A user record of Docebo (docs/contract/docebo.md 2.3), and what the program does with its fields. Pure.

No other file knows how Docebo names them, and this one knows nothing of the API: whoever judges records may import it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from migrator.core import fields, model
from migrator.core.text import scalar_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.core.model import Json


class DoceboField(StrEnum):
    """Every field that a record of its own accord may have; a platform's additional ones are called `field_4`."""

    # Who it is, and what becomes a field of its own at Descope.
    USER_ID = "user_id"
    UUID = "uuid"
    USERNAME = "username"
    EMAIL = "email"
    EMAIL_VALIDATION_STATUS = "email_validation_status"
    FULLNAME = "fullname"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    AVATAR = "avatar"
    STATUS = "status"
    EXPIRED = "expired"
    # What chooses between two users with one address.
    CREATION_DATE = "creation_date"
    LAST_ACCESS_DATE = "last_access_date"
    # What only a report looks at, or nobody.
    LEVEL = "level"
    LAST_UPDATE = "last_update"
    EXPIRATION_DATE = "expiration_date"
    LANGUAGE = "language"
    LANG_CODE = "lang_code"
    TIMEZONE = "timezone"
    DATE_FORMAT = "date_format"
    IS_MANAGER = "is_manager"
    SEND_NOTIFICATION = "send_notification"
    NEWSLETTER_OPTOUT = "newsletter_optout"
    NEWSLETTER_OPTOUT_DATE = "newsletter_optout_date"
    ENCODED_USERNAME = "encoded_username"
    MULTIDOMAINS = "multidomains"
    MANAGER_NAMES = "manager_names"
    MANAGERS = "managers"
    ACTIVE_SUBORDINATES_COUNT = "active_subordinates_count"
    ACTIONS = "actions"
    # What some platforms have besides.
    CURRENTLY_LOGGED_USERS_COUNT = "currently_logged_users_count"
    COUNTRY = "country"
    ROLE_ID = "role_id"
    ROLE_TITLE = "role_title"
    MANAGER_FIRST_NAME = "manager_first_name"
    MANAGER_LAST_NAME = "manager_last_name"
    AUTHENTICATOR_APP_PAIR_DATE = "authenticator_app_pair_date"


_F = DoceboField
ADDITIONAL_PREFIX = "field_"
_ADDITIONAL = re.compile(f"{ADDITIONAL_PREFIX}[0-9]+")

# The field at Descope that each becomes, whatever the mapping says.
BECOMES: Mapping[str, str] = {
    _F.USER_ID: fields.ATTRIBUTE + model.MARK_USER,
    _F.USERNAME: fields.ATTRIBUTE + model.DOCEBO_USERNAME,
    _F.EMAIL: fields.EMAIL,
    _F.EMAIL_VALIDATION_STATUS: fields.VERIFIED_EMAIL,
    _F.FULLNAME: model.NAME,
    _F.FIRST_NAME: model.GIVEN_NAME,
    _F.LAST_NAME: model.FAMILY_NAME,
    _F.AVATAR: model.PICTURE,
    _F.STATUS: fields.STATUS,
    _F.EXPIRED: fields.STATUS,
}
# The value of `policy.duplicate_email` that looks at each.
CHOOSES: Mapping[str, str] = {_F.CREATION_DATE: "oldest", _F.LAST_ACCESS_DATE: "newest_login"}
# Say nothing that a Descope user could hold.
NOT_FOR_DESCOPE = frozenset((
    _F.UUID, _F.IS_MANAGER, _F.LAST_UPDATE, _F.LANGUAGE, _F.LANG_CODE, _F.EXPIRATION_DATE, _F.LEVEL,
    _F.SEND_NOTIFICATION, _F.NEWSLETTER_OPTOUT, _F.NEWSLETTER_OPTOUT_DATE, _F.ENCODED_USERNAME, _F.TIMEZONE,
    _F.DATE_FORMAT, _F.MULTIDOMAINS, _F.MANAGER_NAMES, _F.MANAGERS, _F.ACTIVE_SUBORDINATES_COUNT, _F.ACTIONS,
))  # fmt: skip
# Change without anybody having touched the record.
VOLATILE = frozenset((
    _F.LAST_ACCESS_DATE, _F.LAST_UPDATE, _F.ACTIVE_SUBORDINATES_COUNT, _F.CURRENTLY_LOGGED_USERS_COUNT, _F.ACTIONS,
))  # fmt: skip
# Seen at some platforms only, so that one page without them proves nothing.
SOMETIMES = frozenset((
    _F.COUNTRY, _F.ROLE_ID, _F.ROLE_TITLE, _F.MANAGER_FIRST_NAME, _F.MANAGER_LAST_NAME, _F.AUTHENTICATOR_APP_PAIR_DATE,
))  # fmt: skip
# A person is known by these; an address alone may be that of several.
KNOWN_BY = (_F.USER_ID, _F.UUID, _F.USERNAME, _F.EMAIL)
# A person may have to correct these, or needs them to know whom it is about.
CORRECTABLE = (_F.USERNAME, _F.EMAIL, _F.FIRST_NAME, _F.LAST_NAME, _F.FULLNAME, _F.STATUS)


class _Value:
    """The value of a field as it came; None where the record has none."""

    def __init__(self, name: str) -> None:
        self._name = str(name)  # a plain text is found faster than a member

    def __get__(self, record: DoceboRecord, _: type[DoceboRecord]) -> Json:
        return record.raw.get(self._name)


@dataclass(frozen=True, slots=True)
class DoceboRecord:
    """A record as it came; nothing is looked at before somebody asks, as the API promises no type of any value."""

    raw: Mapping[str, Json]

    user_id = _Value(_F.USER_ID)
    uuid = _Value(_F.UUID)
    username = _Value(_F.USERNAME)
    email = _Value(_F.EMAIL)
    email_validation_status = _Value(_F.EMAIL_VALIDATION_STATUS)
    fullname = _Value(_F.FULLNAME)
    first_name = _Value(_F.FIRST_NAME)
    last_name = _Value(_F.LAST_NAME)
    avatar = _Value(_F.AVATAR)
    status = _Value(_F.STATUS)
    expired = _Value(_F.EXPIRED)
    creation_date = _Value(_F.CREATION_DATE)
    last_access_date = _Value(_F.LAST_ACCESS_DATE)
    level = _Value(_F.LEVEL)
    language = _Value(_F.LANGUAGE)
    lang_code = _Value(_F.LANG_CODE)
    multidomains = _Value(_F.MULTIDOMAINS)

    @classmethod
    def from_json(cls, text: str | None) -> DoceboRecord:
        """From a kept record; an empty one where there is none, or no object."""
        value = json.loads(text) if text else None
        return cls(value if isinstance(value, dict) else {})

    def get(self, name: str) -> Json:
        """The value of a field that the mapping names; None where the record has none."""
        return self.raw.get(name)


# As Docebo's answers spell them (docs/contract/docebo.md 11).
_LEVELS = {
    "godadmin": "superadmin", "super_admin": "superadmin", "superadmin": "superadmin", "3": "superadmin",
    "power_user": "power_user", "poweruser": "power_user", "admin": "power_user", "4": "power_user",
    "user": "user", "6": "user",
}  # fmt: skip


def level_of(value: Json) -> str:
    """The level that a record shows, in one spelling; "" for one that nobody knows."""
    return _LEVELS.get((scalar_text(value) or "").strip().lower(), "")


def additional_name(number: Json) -> str:
    """The name of the additional field with this id."""
    return f"{ADDITIONAL_PREFIX}{number}"


def is_additional(name: str) -> bool:
    """Whether it is one of the platform's own additional fields."""
    return _ADDITIONAL.fullmatch(name) is not None


def holds_date(name: str) -> bool:
    """Whether the field's name says that it holds a date."""
    return name.endswith("_date") or name == DoceboField.LAST_UPDATE
