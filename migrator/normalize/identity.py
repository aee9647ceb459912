"""Who a record is: its key, its login ids, and the strong fold that detects collisions."""

from __future__ import annotations

import re

from migrator.core.email_address import parse_email
from migrator.core.login_ids import LOGIN_ID_LIMIT, login_key
from migrator.core.model import Json, canonical_json, text_hash
from migrator.core.reasons import Reason
from migrator.core.text import FORBIDDEN, integer_text, is_blank, nfc
from migrator.docebo.record import KNOWN_BY, VOLATILE, DoceboRecord
from migrator.normalize.unfit import Unfit

MAX_USER_ID = 2**63 - 1
USERNAME_LIMIT = 1000

_DIGITS = re.compile(r"[0-9]+")
_MAX_DIGITS = len(str(MAX_USER_ID))


def user_key(record: DoceboRecord) -> str:
    """The Docebo user id as decimal text without leading zeros, 1 to 2**63 - 1 (docs/contract/docebo.md 2.3).

    Raises:
        Unfit: `no_user_id` when it is missing or blank, `invalid_user_id` when it is anything else.
    """
    value = record.user_id
    if is_blank(value):
        raise Unfit(Reason.NO_USER_ID)
    if isinstance(value, str) and _DIGITS.fullmatch(text := value.strip()):
        digits = text.lstrip("0")
        number = int(digits) if 0 < len(digits) <= _MAX_DIGITS else 0
    elif isinstance(value, int) and not isinstance(value, bool):
        number = value
    else:
        number = 0
    if not 1 <= number <= MAX_USER_ID:
        raise Unfit(Reason.INVALID_USER_ID)
    return str(number)


def user_key_or_none(value: Json) -> str | None:
    """The key of a record as it came; None for a record that has none."""
    try:
        return user_key(DoceboRecord(value)) if isinstance(value, dict) else None
    except Unfit:
        return None


def record_key(value: Json) -> str:
    """What the normalizer knows a record by: its user id, or a stand-in."""
    return user_key_or_none(value) or stand_in_key(value)


def stand_in_key(value: Json) -> str:
    """A key for a record that has none: "#" and 32 hex digits, the same every night, so that it is counted once.

    Made of the names a person is known by when the record has some, else of the content that does not change
    with every sign-in. All the names count: one person counted twice is better than one not counted.
    """
    lasting = _lasting(value)
    try:
        text = canonical_json(lasting)
    except (ValueError, RecursionError):  # an integer too long to print, or nested too deep
        text = _flat_text(lasting)
    return "#" + text_hash(text)[:32]


def _lasting(value: Json) -> Json:
    if not isinstance(value, dict):
        return value
    record = DoceboRecord(value)
    if not is_blank(record.uuid) or not is_blank(record.username):
        return {name.value: record.get(name) for name in KNOWN_BY}
    return {name: held for name, held in value.items() if name not in VOLATILE}


def _flat_text(record: Json) -> str:
    """One text per JSON value, however deep or large, where the json module gives up."""
    parts: list[str] = []
    stack: list[Json] = [record]
    while stack:
        value = stack.pop()
        match value:
            case dict():
                parts.append(f"object {len(value)}")
                for key in sorted(value):
                    stack += (value[key], key)
            case list():
                parts.append(f"array {len(value)}")
                stack += value
            case int():
                parts.append(f"{type(value).__name__} {value:x}")
            case _:
                parts.append(repr(value))
    return "\n".join(parts)


def login_id_of(value: Json) -> str:
    """A user name as login id: trimmed, NFC, lower-cased only when it is an e-mail address.

    Returns:
        At most 254 code points; "" when there is none. Integers (employee numbers) become text.

    Raises:
        Unfit: `invalid_username` when it is too long, holds control characters, shows nothing at
            all (zero-width characters only), or is neither text nor an integer.
    """
    if is_blank(value):
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        value = integer_text(value)
    if not isinstance(value, str):
        raise Unfit(Reason.INVALID_USERNAME)
    text = value.strip()
    name = nfc(text, LOGIN_ID_LIMIT)
    if len(name) > LOGIN_ID_LIMIT or FORBIDDEN.search(name) or not login_key(name):
        raise Unfit(Reason.INVALID_USERNAME)
    return parse_email(name) or name


def username_of(value: Json) -> str:
    """Docebo's user name verbatim, at most 1000 code points; "" when there is none that can be sent as it is.

    Neither trimmed nor lower-cased nor brought to NFC: Docebo compares it as it stands. Not sent are blank ones, those
    with control characters or lone surrogates, and what is neither text nor an integer (an employee number).
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = integer_text(value)
    if not isinstance(value, str) or is_blank(value) or len(value) > USERNAME_LIMIT or FORBIDDEN.search(value):
        return ""
    return value


def email_of(value: Json) -> str:
    """The one spelling of an e-mail address; "" when there is none.

    Trimmed, NFC, lower-cased; the domain mapped by UTS 46 when it is not ASCII. Punycode stays
    punycode and Unicode stays Unicode. Special-use domains (.test, .local) pass: companies use them.

    Raises:
        Unfit: `invalid_email` for anything that is not an address.
    """
    if is_blank(value):
        return ""
    address = parse_email(value) if isinstance(value, str) else None
    if address is None:
        raise Unfit(Reason.INVALID_EMAIL)
    return address
