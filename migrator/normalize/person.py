"""What a record says about the person: names, phone, picture, status, dates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import phonenumbers

from migrator.core.model import PlainFields
from migrator.core.reasons import Reason
from migrator.core.text import clean, decode_entities, flag, integer_text
from migrator.docebo.record import level_of
from migrator.normalize.unfit import Unfit

if TYPE_CHECKING:
    from migrator.core.model import Json, SourceStatus
    from migrator.docebo.record import DoceboRecord

NAME_LIMIT = 254
PICTURE_LIMIT = 2048
_PHONE_LIMIT = 250

_NOT_IN_URL = re.compile("[\\s\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?: [0-9]{2}:[0-9]{2}:[0-9]{2})?")


def plain_fields_of(record: DoceboRecord) -> tuple[PlainFields, bool]:
    """The values, and whether a name was cut: each has at most 254 code points.

    The full name is `fullname`, or first and last name when it is blank.
    """
    full, full_cut = _name(record.fullname)
    given, given_cut = _name(record.first_name)
    family, family_cut = _name(record.last_name)
    if not full:
        full, full_cut = clean(f"{given} {family}", NAME_LIMIT)
    plain = PlainFields(name=full, given_name=given, family_name=family, picture=picture_of(record.avatar))
    return plain, full_cut or given_cut or family_cut


def _name(value: Json) -> tuple[str, bool]:
    if isinstance(value, int) and not isinstance(value, bool):
        value = integer_text(value)
    if not isinstance(value, str):
        return "", False
    return clean(decode_entities(value), NAME_LIMIT)


def phone_of(value: Json, region: str | None) -> str:
    """The number in E.164 form (docs/contract/descope.md 6.6), "" when it is no valid number.

    A number with an extension is not taken: E.164 cannot say it, and without it the number is
    somebody else's.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = integer_text(value)
    if not isinstance(value, str) or len(value) > _PHONE_LIMIT:
        return ""
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return ""
    if number.extension or not phonenumbers.is_valid_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def picture_of(value: Json) -> str:
    """`avatar` when it is an https URL with a host, at most 2048 characters; otherwise ""."""
    if not isinstance(value, str):
        return ""
    url = value.strip()
    if not 0 < len(url) <= PICTURE_LIMIT or _NOT_IN_URL.search(url):
        return ""
    try:
        parts = urlsplit(url)
        usable = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port or an IPv6 address that is none
        return ""
    return url if usable else ""


def source_status_of(record: DoceboRecord) -> SourceStatus:
    """Suspended wins over expired; `status` is "1" active, "0" suspended (docs/contract/docebo.md 2.3).

    Raises:
        Unfit: `unknown_status` when `status` is missing or says neither; nobody is enabled by guessing.
    """
    active = flag(record.status)
    if active is None:
        raise Unfit(Reason.UNKNOWN_STATUS)
    if not active:
        return "suspended"
    return "expired" if flag(record.expired) else "active"


def is_superadmin(level: Json) -> bool:
    """Whether a record's level is the highest."""
    return level_of(level) == "superadmin"


def date_of(value: Json) -> str:
    """A date text comparable as text; "" for every never-happened date of docs/contract/docebo.md 2.4."""
    if not isinstance(value, str) or not _DATE.fullmatch(value) or value.startswith("0000"):
        return ""
    return value
