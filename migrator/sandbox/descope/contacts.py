"""Addresses, phones and login ids: what is accepted and stored (docs/contract/descope.md 3.1, 6.5 and 6.6)."""

from __future__ import annotations

import re

from migrator.sandbox.descope.refusal import invalid

_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_EMAIL = re.compile(rf"[^\s@\"(),:;<>\[\]\\.]+(?:\.[^\s@\"(),:;<>\[\]\\.]+)*@{_LABEL}(?:\.{_LABEL})+")
_E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
_PUNCTUATION = re.compile(r"[\s().-]")


def is_email(text: str) -> bool:
    """Whether the text has the form of an e-mail address."""
    return _EMAIL.fullmatch(text) is not None


def as_phone(text: str) -> str | None:
    """The phone in E.164 without punctuation, or None when it is none."""
    bare = _PUNCTUATION.sub("", text)
    return bare if _E164.fullmatch(bare) else None


def email(text: str, *, lower: bool) -> str:
    """The address as it is stored; empty stays empty. An impossible one is refused."""
    if text and not is_email(text):
        raise invalid("The email field is invalid")
    return text.lower() if lower else text


def phone(text: str) -> str:
    """The phone as it is stored; empty stays empty. An impossible one is refused."""
    if not text:
        return ""
    number = as_phone(text)
    if number is None:
        raise invalid("The phone field is invalid")
    return number


def login_id(text: str, *, lower: bool) -> str:
    """The login id as it is stored: a phone loses its punctuation, whatever spelling came in."""
    number = as_phone(text)
    if number is not None:
        return number
    return text.lower() if lower else text
