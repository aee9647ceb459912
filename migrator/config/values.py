"""The rules of single configuration values. Each returns the value as it is kept, or raises ValueError.

The texts never repeat the value: it may be a secret, or hold one.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar
from urllib.parse import SplitResult, urlsplit

import idna
import phonenumbers
from pydantic import AfterValidator, SecretStr
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from migrator.core.email_address import domain_of, parse_email
from migrator.core.expressions import compiled
from migrator.core.hosts import is_loopback
from migrator.core.model import DOCEBO_USERNAME, OUR_ATTRIBUTES, Json
from migrator.core.text import folded, nfc

if TYPE_CHECKING:
    from collections.abc import Hashable
    from pathlib import Path

Bucket: TypeAlias = Literal["create", "search", "user"]
Items = TypeVar("Items", bound="tuple[Hashable, ...]")

# Requests per 60 s and project (docs/contract/descope.md 7).
DOCUMENTED_LIMITS: dict[Bucket, int] = {"create": 100, "search": 200, "user": 500}
GENERAL_LIMIT = 100  # every path that has no bucket of its own

PLATFORM_LIMIT = 250  # characters

OPTION_LIMIT = 254  # characters

MOST_CONCURRENT = 16  # write batches in flight

LEAST_TOKEN = 16  # characters

HIGHEST_PORT = 65535

_DEFAULT_PORTS = {"https": 443, "http": 80}
_HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
_NUMERIC_LABEL = re.compile(r"(?:.*\.)?(?:\d+|0x[0-9a-f]*)")
_OURS = {name.casefold() for name in OUR_ATTRIBUTES}


def between(low: int, high: int) -> AfterValidator:
    """A whole number within both bounds."""

    def check(value: int) -> int:
        if not low <= value <= high:
            raise ValueError(f"must be between {low} and {high}")
        return value

    return AfterValidator(check)


def at_least(low: int) -> AfterValidator:
    """A whole number with a lower bound alone."""

    def check(value: int) -> int:
        if value < low:
            raise ValueError(f"must be {low} or more")
        return value

    return AfterValidator(check)


def text(value: str) -> str:
    """Text that says something and fits on one line."""
    if not value.strip():
        raise ValueError("must not be empty")
    if not value.isprintable() or value != value.strip():
        raise ValueError("must be one line without control characters or spaces around it")
    return value


def secret(value: SecretStr) -> SecretStr:
    """A secret of one line; blanks may belong to it."""
    clear = value.get_secret_value()
    if not clear:
        raise ValueError("must not be empty")
    if any(ord(character) < ord(" ") or character == "\x7f" for character in clear):
        raise ValueError("must be one line without control characters")
    return value


def header_secret(value: SecretStr) -> SecretStr:
    """A secret that travels in an HTTP header as it is."""
    if not re.fullmatch(r"[!-~]+", value.get_secret_value()):
        raise ValueError("must be ASCII letters, digits and punctuation only, without spaces")
    return value


def token(value: SecretStr) -> SecretStr:
    """A bearer token that nobody guesses."""
    if len(header_secret(value).get_secret_value()) < LEAST_TOKEN:
        raise ValueError(f"must have at least {LEAST_TOKEN} characters; make one with `openssl rand -hex 32`")
    return value


def socket_address(value: str) -> str:
    """Where to listen, as HOST:PORT; port 0 takes any that is free."""
    host, colon, port = value.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and int(port) <= HIGHEST_PORT):
        raise ValueError("must be HOST:PORT, as in 127.0.0.1:8484")
    return value


def some(value: Items) -> Items:
    """A list of at least one item."""
    if not value:
        raise ValueError("must name at least one")
    return value


def distinct(value: Items) -> Items:
    """A list that names nothing twice."""
    if len(set(value)) < len(value):
        raise ValueError("must not name anything twice")
    return value


def rate_limits(value: Json) -> Json:
    """The three buckets spelled out; no bucket at all means "none"."""
    match value:
        case "none":
            return {}
        case "documented":
            return DOCUMENTED_LIMITS
        case dict():
            return DOCUMENTED_LIMITS | value
    raise ValueError("must be documented, none, or a mapping of create, search and user")


def project_id(value: str) -> str:
    """A Descope project id; it becomes part of a host name and, before a colon, of a header."""
    return _matching(value, r"[A-Za-z0-9]{2,64}", "must be 2 to 64 letters and digits, as the Descope console shows it")


def platform_name(value: str) -> str:
    """The platform's name in the mark of every user."""
    if not 1 <= len(value) <= PLATFORM_LIMIT or not value.isprintable() or " " in value:
        raise ValueError(f"must be 1 to {PLATFORM_LIMIT} characters without spaces or control characters, or null")
    return value


def checkpoint_key(value: str) -> str:
    """The name of a migration inside a shared database."""
    return _matching(value, r"[A-Za-z0-9_-]{1,64}", "must be 1 to 64 characters of A-Z a-z 0-9 _ -")


def docebo_field(value: str) -> str:
    """The name of a field of a Docebo record (docs/contract/docebo.md 2.3)."""
    fix = "must be the name of a Docebo field, such as field_12 or lang_code"
    return _matching(value, r"[A-Za-z][A-Za-z0-9_]{0,63}", fix)


def attribute_name(value: str) -> str:
    """The name of a Descope custom attribute that is not one of ours; `doceboUsername` may be mapped to what it is."""
    _matching(value, r"[A-Za-z0-9_-]{1,20}", "attribute names are 1 to 20 characters of A-Z a-z 0-9 _ -")
    if value.casefold() in _OURS and value != DOCEBO_USERNAME:
        raise ValueError("this attribute name belongs to the migrator; choose another")
    return value


def option(value: str) -> str:
    """An option of a select attribute, in the form in which values are compared with it."""
    if len(value) > OPTION_LIMIT:
        raise ValueError(f"options are at most {OPTION_LIMIT} characters")
    return nfc(value, OPTION_LIMIT)


def distinct_options(value: tuple[str, ...]) -> tuple[str, ...]:
    """Options that a value cannot be two of, because case says nothing."""
    if len(set(map(folded, value))) < len(value):
        raise ValueError("must not name an option twice; upper and lower case are the same")
    return value


def phone_region(value: str) -> str:
    """A region whose national phone numbers can be read."""
    if value not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError("must be a region of two capital letters, such as DE or US")
    return value


def email_domain(value: str) -> str:
    """A domain that made-up addresses can end in."""
    if "@" in value or parse_email(f"docebo-1@{value}") is None:
        raise ValueError("must be a domain, such as migrated.example.com")
    return value


def address_domain(value: str) -> str:
    """A domain of e-mail addresses, in the form in which it is compared with theirs."""
    return domain_of(f"name@{email_domain(value)}")


def expression(value: str) -> str:
    """A regular expression that takes linear time, whatever it meets (docs/decisions/0027)."""
    if not value:  # it would find nothing everywhere
        raise ValueError("must not be empty")
    try:
        compiled(value)
    except ValueError:
        raise ValueError(
            "is not a regular expression that RE2 takes: its syntax is wrong, it is too large, or it uses"
            " backreferences or lookaround, which can take exponential time"
        ) from None
    return value


def _matching(value: str, pattern: str, fix: str) -> str:
    if not re.fullmatch(pattern, value):
        raise ValueError(fix)
    return value


def base_url(value: str) -> str:
    """An API's address in its one spelling: scheme, lower-case ASCII host, port unless it is the default."""
    if not value.isprintable() or " " in value or "\\" in value:
        raise ValueError("must be an address without spaces, backslashes or control characters")
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise ValueError("must be an address such as https://acme.docebosaas.com") from None
    _check_parts(value, parts, port)
    host = _host(parts.hostname or "")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError("must begin with https://; http:// is for loopback hosts only")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + ("" if port in {None, _DEFAULT_PORTS[parts.scheme]} else f":{port}")


def _check_parts(value: str, parts: SplitResult, port: int | None) -> None:
    if parts.scheme not in _DEFAULT_PORTS:
        raise ValueError("must begin with https://")
    if not parts.hostname:
        raise ValueError("must name a host")
    if "@" in parts.netloc:
        raise ValueError("must not carry a user name or password")
    if "?" in value or "#" in value:
        raise ValueError("must not carry a query (?) or a fragment (#)")
    if parts.path not in {"", "/"}:
        raise ValueError("must end after the host; the migrator adds the paths itself")
    if port == 0 or parts.netloc.endswith(":"):
        raise ValueError("must name a port between 1 and 65535, or none")


def proxy_url(value: str) -> str:
    """A proxy's address in its one spelling, with its port, as no port is everybody's default."""
    known = "must be http://HOST:PORT"
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise ValueError(known) from None
    if "@" in parts.netloc:
        raise ValueError("must not carry a user name or password: the migrator has no credentials for proxies")
    if not value.isprintable() or parts.scheme != "http" or not port or parts.path not in {"", "/"}:
        raise ValueError(known)
    if "?" in value or "#" in value or not parts.hostname:
        raise ValueError(known)
    host = _host(parts.hostname)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _host(host: str) -> str:
    """A host in its one spelling. A bracketed address comes without its brackets."""
    with contextlib.suppress(ValueError):
        if "%" not in host:  # a zone (fe80::1%eth0) means something on this machine alone
            return str(ipaddress.ip_address(host))
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii").lower()
        except idna.IDNAError:
            host = ""
    # A last label of digits is another spelling of an IP address to some resolvers (127.1, 0x7f000001).
    if not _HOST.fullmatch(host) or _NUMERIC_LABEL.fullmatch(host):
        raise ValueError("must name a valid host")
    return host


def database_url(value: str, folder: Path) -> URL:
    """The checkpoint's database, with a relative SQLite path starting from `folder`."""
    known = "must be sqlite:///file or postgresql+psycopg://user:password@host/database"
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):
        raise ValueError(f"{known} (percent-encode special characters in the password)") from None
    if url.drivername in {"postgresql", "postgres"}:
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername == "postgresql+psycopg":
        return _postgres_url(url)
    if url.drivername != "sqlite":
        raise ValueError(known)
    if url.host or url.username or url.query or (url.database or "").startswith("file:"):
        raise ValueError("must be sqlite:/// and a path, nothing else (four slashes for an absolute path)")
    if url.database in {None, "", ":memory:"}:
        raise ValueError("must name a file: a checkpoint in memory would be lost when the program ends")
    return url.set(database=str(folder / (url.database or "")))


def _postgres_url(url: URL) -> URL:
    if not url.database:
        raise ValueError("must name a database: postgresql+psycopg://user:password@host/database")
    if "password" in url.query or "sslpassword" in url.query:
        raise ValueError("must carry its password as user:password@host, where it is kept out of every log")
    return url
