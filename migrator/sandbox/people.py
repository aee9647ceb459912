"""Seeded made-up people as Docebo's list shows them (docs/contract/docebo.md 2.3 and 2.4)."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

from migrator.sandbox.names import CITIES, DOMAINS, PEOPLES

if TYPE_CHECKING:
    from collections.abc import Callable

Record: TypeAlias = dict[str, Any]

Kind: TypeAlias = Literal[
    "ordinary",
    "suspended",
    "expired",
    "no_email",
    "bad_email",
    "duplicate_email",
    "html_entities",
    "control_characters",
    "zero_dates",
    "integer_id",
    "missing_keys",
    "extra_keys",
    "long_name",
]

# The order in which difficult people take their class; the first two keep an address of their own, so
# that a repeated address always finds somebody to repeat.
DIFFICULT_KINDS: Final[tuple[Kind, ...]] = get_args(Kind)[1:]

_NO_ADDRESS: Final = ("", None, "missing")
_BAD_ADDRESSES: Final = (
    "not-an-address",
    "two@@example.org",
    "blank space@example.org",
    "@example.org",
    "x@-bad-.example",
)
_ZERO_DATES: Final = (None, "", "0", "null", "0000-00-00", "0000-00-00 00:00:00")
_ENTITIES: Final = (
    ("Anne &amp; Marie", "O&#039;Hara"),
    ("Bj&ouml;rn", "&lt;Berg&gt;"),
    ("Ren&eacute;e", "Smith &quot;Sam&quot;"),
)
_OPTIONAL_KEYS: Final = (
    "uuid",
    "avatar",
    "last_access_date",
    "last_update",
    "creation_date",
    "expiration_date",
    "expired",
    "fullname",
    "timezone",
    "date_format",
    "newsletter_optout_date",
    "multidomains",
    "managers",
    "manager_names",
    "active_subordinates_count",
    "actions",
)


@dataclass(frozen=True, slots=True)
class Person:
    """One made-up Docebo user.

    `kind` is the class of difficulty ("ordinary" for most), `twin` the `user_id` of the earlier person
    whose address a "duplicate_email" person repeats in other letter case, "" otherwise.
    """

    record: Record
    kind: Kind
    twin: str = ""

    @property
    def user_id(self) -> str:
        """The id as text, whatever JSON type the record shows it in."""
        return str(self.record["user_id"])


def make(n: int, seed: int, difficult: float = 0.0) -> list[Person]:
    """Make `n` people; person i depends on `seed`, `difficult` and i alone, never on `n`.

    Args:
        n: how many.
        seed: another seed gives other people.
        difficult: share of difficult people, 0.0 to 1.0, spread evenly over `DIFFICULT_KINDS`.
    """
    people: list[Person] = []
    for index in range(n):
        ordinal = int(index * difficult)
        if int((index + 1) * difficult) > ordinal:
            people.append(_difficult(index, seed, ordinal, people))
        else:
            people.append(person(index, seed))
    return people


def person(index: int, seed: int) -> Person:
    """The ordinary person number `index` of a seed."""
    rng = random.Random(seed * 1_000_003 + index)
    language, label, zone, firsts, lasts = rng.choice(PEOPLES)
    first, first_latin = rng.choice(firsts)
    last, last_latin = rng.choice(lasts)
    email = f"{first_latin}.{last_latin}{index}@{rng.choice(DOMAINS)}"
    username = email if _chance(rng, 0.7) else f"E{rng.randrange(100, 1000)}-{index:06d}"
    user_id = str(_user_id(index, rng))
    record = _record(rng, user_id=user_id, username=username, email=email, first=first, last=last)
    record |= {"lang_code": language, "language": label, "timezone": zone}
    return Person(record, "ordinary")


def pending(n: int, seed: int) -> list[Record]:
    """Self-registered users who wait for approval; their items have fewer keys (docs/contract/docebo.md 2.3)."""
    keep = ("user_id", "username", "first_name", "last_name", "email", "avatar", "language", "field_4")
    found = []
    for index in range(n):
        full = person(9_000_000 + index, seed).record
        extra = {"confirmed": "1", "request_on": full["creation_date"], "create_by_admin": 0, "actions": []}
        found.append({key: full[key] for key in keep} | extra)
    return found


def _user_id(index: int, rng: random.Random) -> int:
    """Unique, with gaps, and not in the order of `index`: 617 is coprime to the block of 1,000."""
    block, place = divmod(index, 1000)
    return 12_001 + block * 7_000 + (place * 617 % 1000) * 7 + rng.randrange(7)


def _chance(rng: random.Random, share: float) -> bool:
    return rng.random() < share


def _date(rng: random.Random, first_year: int, last_year: int) -> str:
    day = f"{rng.randint(first_year, last_year)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
    return f"{day} {rng.randrange(24):02d}:{rng.randrange(60):02d}:{rng.randrange(60):02d}"


def _record(rng: random.Random, *, user_id: str, username: str, email: str, first: str, last: str) -> Record:
    accessed = _date(rng, 2023, 2025) if _chance(rng, 0.8) else None  # the others never came
    managed = _chance(rng, 0.2)
    record: Record = {
        "user_id": user_id,
        "username": username,
        "first_name": first,
        "last_name": last,
        "fullname": f"{first} {last}",
        "email": email,
        "uuid": f"{rng.getrandbits(32):08x}-90aa-11ee-8f10-{rng.getrandbits(48):012x}",
        "is_manager": False,
        "last_access_date": accessed,
        "last_update": accessed or "2023-01-01 00:00:00",
        "creation_date": _date(rng, 2019, 2022),
        "status": "1",
        "avatar": f"https://cdn.example.org/avatars/{user_id}.png" if _chance(rng, 0.3) else "",
        "language": "English",
        "lang_code": "english",
        "expiration_date": None,
        "expired": False,
        "level": rng.choices(("user", "power_user", "godadmin"), (96, 3, 1))[0],
        "email_validation_status": rng.choice("011"),
        "send_notification": rng.choice("01"),
        "newsletter_optout": "0",
        "newsletter_optout_date": None,
        "encoded_username": username,
        "timezone": "UTC",
        "date_format": None,
        "field_4": rng.choice(CITIES),
        "field_9": rng.choice((None, "", "Night shift", "ISO 9001 / audit")),
        "field_12": rng.choice(
            ("", None, f"+39 02 {rng.randrange(10**6):06d}", f"+1 202-555-{rng.randrange(100, 200):04d}")
        ),
        "multidomains": [],
        "manager_names": {"1": {"manager_title": "Direct Manager", "manager_name": None, "manager_username": None}},
        "managers": [],
        "active_subordinates_count": 0,
        "actions": ["edit", "delete"],
    }
    if managed:
        record["manager_names"]["1"] |= {"manager_name": "Dana Boss", "manager_username": "dana.boss"}
    if _chance(rng, 0.1):
        del record["field_9"]
    return record


def _difficult(index: int, seed: int, ordinal: int, earlier: list[Person]) -> Person:
    """The `ordinal`-th difficult person, of the class whose turn it is; `turn` varies within the class."""
    turn, place = divmod(ordinal, len(DIFFICULT_KINDS))
    kind = DIFFICULT_KINDS[place]
    record = person(index, seed).record
    if kind == "duplicate_email":
        original = next(one for one in reversed(earlier) if one.kind in ("ordinary", "suspended", "expired"))
        record["email"] = original.record["email"].upper()
        return Person(record, kind, original.user_id)
    _SPOIL[kind](record, turn)
    return Person(record, kind)


def _no_email(record: Record, turn: int) -> None:
    address = _NO_ADDRESS[turn % len(_NO_ADDRESS)]
    record["username"] = record["encoded_username"] = f"E-{record['user_id']}"
    if address == "missing":
        del record["email"]
    else:
        record["email"] = address


def _names(record: Record, first: str, last: str) -> None:
    record.update(first_name=first, last_name=last, fullname=f"{first} {last}")


def _zero_dates(record: Record, turn: int) -> None:
    for place, key in enumerate(("last_access_date", "expiration_date", "creation_date", "last_update")):
        record[key] = _ZERO_DATES[(turn + place) % len(_ZERO_DATES)]


def _missing_keys(record: Record, _turn: int) -> None:
    for key in _OPTIONAL_KEYS:
        del record[key]


_SPOIL: Final[dict[Kind, Callable[[Record, int], None]]] = {
    "suspended": lambda record, _turn: record.update(status="0"),
    "expired": lambda record, _turn: record.update(expired=True, expiration_date="2024-06-30"),
    "no_email": _no_email,
    "bad_email": lambda record, turn: record.update(email=_BAD_ADDRESSES[turn % len(_BAD_ADDRESSES)]),
    "html_entities": lambda record, turn: _names(record, *_ENTITIES[turn % len(_ENTITIES)]),
    "control_characters": lambda record, _turn: _names(record, "Tab\there\x07", "Nul\x00\u202eLast\r\n"),
    "zero_dates": _zero_dates,
    "integer_id": lambda record, _turn: record.update(user_id=int(record["user_id"])),
    "missing_keys": _missing_keys,
    "extra_keys": lambda record, _turn: record.update(country="IT", future_key={"nested": [1, None]}),
    "long_name": lambda record, _turn: _names(record, "Ann" * 200, "Lang" * 100),
}
