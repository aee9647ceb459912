"""Whom the histories are about: few values, so that people meet; and what becomes of a record, worked out apart."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Any

# Few addresses, some of which are one address in two spellings.
ADDRESSES = (
    "ann@acme.example",
    "bob@acme.example",
    "Cleo@Acme.example",
    "dan@acme.example",
    "jose\u0301@acme.example",
    "jos\u00e9@acme.example",
    "eve@b\u00fccher.example",
    "eve@xn--bcher-kva.example",
)
USERNAMES = (
    "ann@acme.example",
    "jsmith",
    "JSmith",
    "+39 02 5550 0001",
    "+390255500001",
    "dan@acme.example",
    "emp-7",
    "rene\u0301e",
    "ren\u00e9e",
)
NAMES = (("Ann", "Lee"), ("Bob", "Roe"), ("Cleo", "Ray"), ("Jos\u00e9", "Paz"), ("Zo\u00eb", "Str\u00f6m"))
CITIES = ("Rome", "Oslo", "Lima")
NO_ADDRESSES = ("", None, "not-an-address")

FIELDS = ("name", "givenName", "familyName", "city")
_PHONE = re.compile(r"\+[1-9]\d{6,14}")


def fold(login_id: str) -> str:
    """Equal for two login ids that are one person's: case, Unicode form, phone punctuation, punycode."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", login_id).casefold()).strip()
    bare = re.sub(r"[\s().-]", "", text)
    if _PHONE.fullmatch(bare):
        return bare
    local, at, domain = text.rpartition("@")
    if not at:
        return text
    plain = [
        label[4:].encode().decode("punycode") if label.startswith("xn--") else label for label in domain.split(".")
    ]
    return f"{local}@{'.'.join(plain)}"


def folds(login_ids: list[str]) -> set[str]:
    """The folds of several."""
    return {fold(login_id) for login_id in login_ids}


@dataclass(frozen=True)
class Mapping:
    """The part of the configuration that says what a record becomes."""

    login_id: str = "email"
    extra: bool = False  # extra_login_ids: [username]

    @property
    def section(self) -> dict[str, Any]:
        """The section of the configuration."""
        extra = ["username"] if self.extra and self.login_id == "email" else []
        return {"login_id": self.login_id, "extra_login_ids": extra, "attributes": {"city": "field_4"}}


@dataclass(frozen=True)
class Wanted:
    """What a record asks for: folded login ids, plain values, and why it cannot be had, if it cannot."""

    login: str
    extra: frozenset[str]
    email: str
    status: str
    values: dict[str, str] = field(hash=False)
    problem: str = ""

    @property
    def logins(self) -> set[str]:
        """All login ids, folded."""
        return {self.login, *self.extra} - {""}


def wanted(record: dict[str, Any], mapping: Mapping) -> Wanted:
    """What must become of a record."""
    email = str(record["email"] or "")
    problem = "" if "@" in email else "no_email"
    username = record["username"]
    login = email if mapping.login_id == "email" else username
    extra = {fold(username)} if mapping.extra and mapping.login_id == "email" else set()
    first, last = record["first_name"], record["last_name"]
    return Wanted(
        login="" if problem else fold(login),
        extra=frozenset(extra - {fold(login), ""}),
        email="" if problem else fold(email),
        status="enabled" if record["status"] == "1" and not record["expired"] else "disabled",
        values={"name": f"{first} {last}", "givenName": first, "familyName": last, "city": record["field_4"]},
        problem=problem,
    )


def record(user_id: int, email: str | None, username: str, name: tuple[str, str], city: str) -> dict[str, Any]:
    """A Docebo record; who is new is active."""
    first, last = name
    return {
        "user_id": str(user_id),
        "username": username,
        "first_name": first,
        "last_name": last,
        "fullname": f"{first} {last}",
        "email": email,
        "uuid": f"{user_id:08x}-90aa-11ee-8f10-000000000000",
        "last_access_date": None,
        "last_update": "2023-01-01 00:00:00",
        "creation_date": f"2020-01-{1 + user_id % 28:02} 00:00:00",
        "status": "1",
        "avatar": "",
        "language": "English",
        "lang_code": "english",
        "expiration_date": None,
        "expired": False,
        "level": "user",
        "email_validation_status": "1",
        "field_4": city,
    }


def value_of(account: dict[str, Any], name: str) -> str:
    """A field of a Descope user."""
    return str((account["customAttributes"].get("city") if name == "city" else account[name]) or "")


def mark_of(account: dict[str, Any]) -> tuple[str, str] | None:
    """Platform and Docebo id, when both are there."""
    attributes = account["customAttributes"]
    platform, user_id = attributes.get("doceboPlatform"), attributes.get("doceboUserId")
    return (str(platform), str(user_id)) if platform and user_id else None
