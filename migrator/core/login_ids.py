"""When two login ids count as one: the strong fold that detects collisions. Pure."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

LOGIN_ID_LIMIT = 254


_MAX_LABEL = 63


# A login id that Descope reads as a phone number; it keeps the sign and the digits (docs/contract/descope.md 6.6).
_PHONE = re.compile(r"\+[0-9]{6,15}")


_PHONE_PUNCTUATION = re.compile(r"[\s().-]")


# Removing and folding can each create work for the other; text is stable after two rounds.
_ROUNDS = 3


# Invisible characters that are not of category Cf (Unicode: Default_Ignorable_Code_Point).
_IGNORABLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]")


@lru_cache(maxsize=4096)  # asked again and again while a batch is planned, sent and compared
def login_key(login_id: str) -> str:
    """The strong fold of a login id; equal keys mean that two users may collide (docs/decisions/0008).

    Differences in case, compatibility forms (full-width), NFC/NFD, ß/ss, invisible characters, Unicode or punycode
    domain, and a phone number's punctuation do not count. Two different people can share a key, so it only
    detects collisions and never identifies anyone.
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
    """Whether two spellings must count as one login id; every comparison uses this rule (docs/decisions/0012)."""
    return one == other or login_key(one) == login_key(other)


def _bare_phone(text: str) -> str:
    """A phone number without its punctuation; any other text unchanged."""
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
    """The punycode form of a folded domain label; a label without one is unchanged."""
    if len(label) > _MAX_LABEL:
        return label
    try:
        if label.startswith("xn--"):
            label = _fold(label[4:].encode("ascii").decode("punycode"))
        return label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")
    except ValueError:
        return label


# Letters that people confuse at a glance, folded to one of them. This is not a standard's full table: it
# only decides what is shown to a person, never what is sent.
_ALIKE = str.maketrans(
    {
        "0": "o", "1": "l", "i": "l", "\u0131": "l", "|": "l",
        "\u0430": "a", "\u0435": "e", "\u043e": "o", "\u0440": "p", "\u0441": "c", "\u0443": "y", "\u0445": "x",
        "\u0456": "l", "\u0455": "s", "\u04bb": "h", "\u0501": "d", "\u051b": "q", "\u051d": "w",
        "\u03b1": "a", "\u03bf": "o", "\u03c1": "p", "\u03bd": "v", "\u03b9": "l", "\u03ba": "k",
        ".": None, "-": None, "_": None,
    }
)  # fmt: skip


def look_alike_key(login_id: str) -> str:
    """One key for login ids that look alike: accents, dots, tags and similar letters are folded away.

    It groups more than `login_key` does and is only for display.
    """
    local, at, domain = login_key(login_id).rpartition("@")
    local = local.partition("+")[0] if at else domain
    plain = local
    if not local.isascii():
        plain = "".join(c for c in unicodedata.normalize("NFD", local) if not unicodedata.combining(c))
    return plain.translate(_ALIKE) + (f"@{domain}" if at else "")
