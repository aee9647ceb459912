"""Who a record is: its key, its login ids, and the strong fold that detects collisions."""

from __future__ import annotations

import re
import unicodedata

from migrator.model import Json, canonical_json, text_hash
from migrator.normalize.email import parse_email
from migrator.normalize.text import FORBIDDEN, integer_text, is_blank, nfc
from migrator.normalize.unfit import Unfit

MAX_USER_ID = 2**63 - 1
LOGIN_ID_LIMIT = 254

# What a record without a usable user id is known by. An address alone may be that of several people.
_NAMES = ("user_id", "uuid", "username", "email")
# What changes without anybody having touched the record (contract/docebo.md section 2.3).
_VOLATILE = {
    "last_access_date",
    "last_update",
    "active_subordinates_count",
    "currently_logged_users_count",
    "actions",
}

_DIGITS = re.compile(r"[0-9]+")
_MAX_DIGITS = len(str(MAX_USER_ID))
_MAX_LABEL = 63
# A login id that Descope reads as a phone number; it keeps the sign and the digits (contract descope 6.6).
_PHONE = re.compile(r"\+[0-9]{6,15}")
_PHONE_PUNCTUATION = re.compile(r"[\s().-]")
# Removing and folding can each make work for the other; text settles in two rounds.
_ROUNDS = 3

# Invisible characters that are not of category Cf (Unicode: Default_Ignorable_Code_Point).
_IGNORABLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def user_key(record: dict[str, Json]) -> str:
    """The Docebo user id as decimal text without leading zeros, 1 to 2**63 - 1 (docebo.md 2.3).

    Raises:
        Unfit: `no_user_id` when it is missing or blank, `invalid_user_id` when it is anything else.
    """
    value = record.get("user_id")
    if is_blank(value):
        raise Unfit("no_user_id")
    if isinstance(value, str) and _DIGITS.fullmatch(text := value.strip()):
        digits = text.lstrip("0")
        number = int(digits) if 0 < len(digits) <= _MAX_DIGITS else 0
    elif isinstance(value, int) and not isinstance(value, bool):
        number = value
    else:
        number = 0
    if not 1 <= number <= MAX_USER_ID:
        raise Unfit("invalid_user_id")
    return str(number)


def stand_in_key(record: Json) -> str:
    """A key for a record that has none: "#" and 32 hex digits, the same every night, so that it is counted once.

    Made of the names a person is known by when the record has some, else of the content that does not change
    with every sign-in. All the names count: a person too many in the books is better than one too few.
    """
    lasting = _lasting(record)
    try:
        text = canonical_json(lasting)
    except (ValueError, RecursionError):  # an integer too long to print, or nested too deep
        text = _flat_text(lasting)
    return "#" + text_hash(text)[:32]


def _lasting(record: Json) -> Json:
    if not isinstance(record, dict):
        return record
    if not is_blank(record.get("uuid")) or not is_blank(record.get("username")):
        return {name: record.get(name) for name in _NAMES}
    return {name: value for name, value in record.items() if name not in _VOLATILE}


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
        raise Unfit("invalid_username")
    text = value.strip()
    name = nfc(text, LOGIN_ID_LIMIT)
    if len(name) > LOGIN_ID_LIMIT or FORBIDDEN.search(name) or not login_key(name):
        raise Unfit("invalid_username")
    return parse_email(name) or name


def login_key(login_id: str) -> str:
    """The strong fold of a login id; equal keys mean that two users may collide (matrix B2.12, D1).

    Case, compatibility forms (full-width), NFC/NFD, ß/ss, invisible characters, Unicode or punycode
    domain, a phone number's punctuation: all equal. Two different people can share a key, so it only
    detects, it never names anyone.
    """
    if login_id.isascii() and "xn--" not in (plain := login_id.strip().lower()):
        return plain.rstrip(".") if "@" in plain else _bare_phone(plain)
    folded = _fold(login_id)
    local, at, domain = folded.rpartition("@")
    if not at:
        return _bare_phone(folded)
    labels = domain.replace("\u3002", ".").rstrip(".").split(".")
    return f"{local}@{'.'.join(map(_ascii_label, labels))}"


def same_login(one: str, other: str) -> bool:
    """Whether two spellings must be taken for one login id; the one rule of every comparison (contract descope 6)."""
    return login_key(one) == login_key(other)


def _bare_phone(text: str) -> str:
    """A phone number without its punctuation; any other text as it is."""
    if not text.startswith("+"):
        return text
    bare = _PHONE_PUNCTUATION.sub("", text)
    return bare if _PHONE.fullmatch(bare) else text


def _fold(text: str) -> str:
    for _ in range(_ROUNDS):
        visible = "".join(c for c in _IGNORABLE.sub("", text) if unicodedata.category(c) != "Cf")
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible).casefold()).strip()
    return text


def _ascii_label(label: str) -> str:
    """The punycode form of a folded domain label; a label that has none stays as it is."""
    if len(label) > _MAX_LABEL:
        return label
    try:
        if label.startswith("xn--"):
            label = _fold(label[4:].encode("ascii").decode("punycode"))
        return label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")
    except ValueError:
        return label


# Letters people cannot tell apart at a glance, folded to one of them. Not a standard's full table: it only
# decides what is shown to a person, never what is sent.
_ALIKE = str.maketrans(
    {
        "0": "o", "1": "l", "i": "l", "|": "l",
        "\u0430": "a", "\u0435": "e", "\u043e": "o", "\u0440": "p", "\u0441": "c", "\u0443": "y", "\u0445": "x",
        "\u0456": "l", "\u0455": "s", "\u04bb": "h", "\u0501": "d", "\u051b": "q", "\u051d": "w",
        "\u03b1": "a", "\u03bf": "o", "\u03c1": "p", "\u03bd": "v", "\u03b9": "l", "\u03ba": "k",
        ".": None, "-": None, "_": None,
    }
)  # fmt: skip


def look_alike_key(login_id: str) -> str:
    """One key for login ids that look alike: accents, dots, tags and similar letters are folded away.

    It groups more than `login_key` does and is for showing only.
    """
    local, at, domain = login_key(login_id).rpartition("@")
    local = local.partition("+")[0] if at else domain
    plain = "".join(c for c in unicodedata.normalize("NFD", local) if not unicodedata.combining(c))
    return plain.translate(_ALIKE) + (f"@{domain}" if at else "")
