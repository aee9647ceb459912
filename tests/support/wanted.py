"""What a created user must look like with the default mapping, worked out apart from the program."""

from __future__ import annotations

import html
import unicodedata
from typing import Any


def difference(user: dict[str, Any], record: dict[str, Any], platform: str) -> dict[str, tuple[Any, Any]]:
    """Fields of a created user that differ from what is to be sent, as {field: (found, expected)}."""
    wanted = expected(record, platform)
    attributes = user.get("customAttributes") or {}
    found = {key: user.get(key) for key in wanted if key != "customAttributes"}
    pairs = {key: (found[key], wanted[key]) for key in found if (found[key] or "") != (wanted[key] or "")}
    for key, value in wanted["customAttributes"].items():
        if attributes.get(key) != value:
            pairs[key] = (attributes.get(key), value)
    if wanted["email"] not in user["loginIds"]:
        pairs["loginIds"] = (user["loginIds"], wanted["email"])
    return pairs


def expected(record: dict[str, Any], platform: str) -> dict[str, Any]:
    """The default target of a record that can be migrated (default mapping)."""
    email = spelled(record["email"])
    first, last = _name(record.get("first_name")), _name(record.get("last_name"))
    avatar = str(record.get("avatar") or "")
    active = str(record["status"]) == "1" and record.get("expired") not in (True, "1", 1)
    return {
        "email": email,
        "verifiedEmail": str(record.get("email_validation_status")) == "1",
        "name": _name(record.get("fullname")) or _name(f"{first} {last}"),
        "givenName": first,
        "familyName": last,
        "phone": "",
        "picture": avatar if avatar.startswith("https://") else "",
        "status": "enabled" if active else "disabled",
        "customAttributes": {
            "doceboUserId": str(record["user_id"]),
            "doceboPlatform": platform,
            "freshlyMigrated": True,
            **_username(record.get("username")),
        },
    }


def _username(value: object) -> dict[str, str]:
    """Docebo's user name as it stands, where that can be sent."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    usable = text.strip() and len(text) <= 1000 and not any(unicodedata.category(one) in ("Cc", "Cs") for one in text)
    return {"doceboUsername": text} if usable else {}


def spelled(text: object) -> str:
    """The login id as which the text is sent, worked out apart from the program."""
    name = unicodedata.normalize("NFC", str(text)).strip()
    local, at, domain = name.rpartition("@")
    if not at or any(unicodedata.category(char) == "Cf" or char == " " for char in name) or domain.endswith("."):
        return name
    plain = unicodedata.normalize("NFKC", domain.lower().replace("\u3002", ".")) if "\u00df" not in domain else domain
    return unicodedata.normalize("NFC", local.lower()) + at + plain


def _name(value: object) -> str:
    decoded = html.unescape(str(value or ""))
    clean = "".join(char for char in decoded if unicodedata.category(char) not in ("Cc", "Cs"))
    return unicodedata.normalize("NFC", clean).strip()[:254].strip()
