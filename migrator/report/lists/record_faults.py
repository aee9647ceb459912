"""What exactly is wrong with the Docebo record of a user that was rejected. Pure; no value of anybody is shown."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from migrator.core.email_address import EMAIL_LIMIT, parse_email
from migrator.core.login_ids import LOGIN_ID_LIMIT
from migrator.core.reasons import Reason
from migrator.core.text import FORBIDDEN, scalar_text
from migrator.docebo.record import DoceboField
from migrator.normalize.identity import MAX_USER_ID

if TYPE_CHECKING:
    from migrator.core.model import Json

# The field each reason is about.
FAULTY_FIELDS: dict[str, DoceboField] = {
    Reason.NO_EMAIL: DoceboField.EMAIL,
    Reason.INVALID_EMAIL: DoceboField.EMAIL,
    Reason.NO_USERNAME: DoceboField.USERNAME,
    Reason.INVALID_USERNAME: DoceboField.USERNAME,
    Reason.UNKNOWN_STATUS: DoceboField.STATUS,
    Reason.NO_USER_ID: DoceboField.USER_ID,
    Reason.INVALID_USER_ID: DoceboField.USER_ID,
}
_KINDS = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list", dict: "an object"}
_SMALL = re.compile(r"-?[0-9]{1,6}")  # a value that tells nothing about anybody


def record_fault(reason: str, raw: str | None) -> str:
    """The fault in a few words, as in `email: no @`; "" for another reason or an erased record."""
    record = json.loads(raw) if raw else None
    if reason == Reason.MALFORMED_RECORD and raw:
        return f"{_KINDS.get(type(record), 'null')} instead of an object"
    if reason not in FAULTY_FIELDS or not isinstance(record, dict) or not record:
        return ""
    field = FAULTY_FIELDS[reason]
    return f"{field}: {_wrong(field, record[field])}" if field in record else f"{field}: not in the record"


def _wrong(field: DoceboField, value: Json) -> str:
    if value is None:
        return "null"
    text = scalar_text(value)
    if text is None:
        return _KINDS[type(value)]
    if not text.strip():
        return "empty"
    return _CHECKS[field](text.strip())


def _address(text: str) -> str:
    local, at, domain = text.partition("@")
    checks = (
        (len(text) > EMAIL_LIMIT, f"{len(text)} characters, {EMAIL_LIMIT} at most"),
        (not at, "no @"),
        ("@" in domain, f"{text.count('@')} @ signs"),
        (not local, "nothing before the @"),
        (not domain, "nothing after the @"),
        (any(map(str.isspace, text)), "a space inside"),
        ("." not in domain, "no dot after the @"),
        (parse_email(f"a@{domain}") is None, "no domain after the @"),
    )
    return next((words for wrong, words in checks if wrong), "a character before the @ that no address can have")


def _name(text: str) -> str:
    if len(text) > LOGIN_ID_LIMIT:
        return f"{len(text)} characters, {LOGIN_ID_LIMIT} at most"
    return "a control character inside" if FORBIDDEN.search(text) else "invisible characters only"


def _status(text: str) -> str:
    return text if _SMALL.fullmatch(text) else "neither 0 nor 1"


def _number(text: str) -> str:
    digits = text.removeprefix("-")
    return f"not from 1 to {MAX_USER_ID}" if digits.isascii() and digits.isdigit() else "not a whole number"


_CHECKS = {
    DoceboField.EMAIL: _address,
    DoceboField.USERNAME: _name,
    DoceboField.STATUS: _status,
    DoceboField.USER_ID: _number,
}
