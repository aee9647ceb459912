"""E-mail addresses: one spelling for each, syntax checked by email-validator."""

from __future__ import annotations

import re
import unicodedata

import idna
from email_validator import SPECIAL_USE_DOMAIN_NAMES, validate_email

from migrator.core.text import nfc

EMAIL_LIMIT = 254

# A strict subset of what email-validator accepts (tested against it), some 30 times as fast. "--" is left to
# the library, because only some of its uses are allowed.
_ORDINARY = re.compile(
    r"[a-z0-9_+'-]+(?:\.[a-z0-9_+'-]+)*"
    r"@(?:[a-z0-9](?:(?!--)[a-z0-9-]){0,61}(?<!-)\.)+[a-z]{2,63}"
)
_SEPARATORS = re.compile("[.\u3002\uff0e\uff61]")
_SPECIAL_USE = frozenset(SPECIAL_USE_DOMAIN_NAMES)
_NOT_AN_ADDRESS = re.compile(r'[\s"<>]')


def parse_email(text: str) -> str | None:
    """The one spelling of the address in `text`; None if it is not an address."""
    address = text.strip()
    if len(address) > EMAIL_LIMIT and address.isascii():
        return None
    address = nfc(nfc(address, EMAIL_LIMIT).lower(), EMAIL_LIMIT)
    if len(address) > EMAIL_LIMIT:
        return None
    if _ORDINARY.fullmatch(address):
        return address
    if address.count("@") != 1 or _NOT_AN_ADDRESS.search(address):
        return None
    local, _, domain = address.partition("@")
    try:
        return _checked(local, domain)
    except ValueError:  # EmailNotValidError, IDNAError and UnicodeError alike
        return None


def domain_of(text: str) -> str:
    """The domain of the address in `text` in its ASCII form, which two spellings of one domain share; "" for none."""
    domain = (parse_email(text) or "").rpartition("@")[2]
    try:
        return domain if domain.isascii() else idna.encode(domain).decode("ascii")
    except idna.IDNAError:
        return domain


def _checked(local: str, domain: str) -> str | None:
    """The address if the library accepts it, with the domain mapped.

    Raises:
        ValueError: the library refuses it.
    """
    mapped = idna.uts46_remap(domain, std3_rules=False)
    last = mapped.rpartition(".")[2]
    if last == mapped or last.isdigit() or len(local) + 1 + len(mapped) > EMAIL_LIMIT:
        return None
    validate_email(
        f"{local}@{_without_special_use(domain, last)}",
        check_deliverability=False,
        globally_deliverable=False,
        allow_smtputf8=True,
    )
    return f"{local}@{mapped}"


def _without_special_use(domain: str, last: str) -> str:
    """The domain with a special-use last label replaced by an ordinary one of the same length.

    email-validator refuses those names whatever its settings; it still judges everything else.
    """
    if last not in _SPECIAL_USE:
        return domain
    *head, tail = _SEPARATORS.split(domain)
    if unicodedata.normalize("NFKC", tail).lower() != last:
        return domain
    return ".".join([*head, "x" * len(last)])
