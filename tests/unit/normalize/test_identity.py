"""Keys, login ids and the strong fold (docs/reliability.md D1 and D3)."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest

from migrator.core.login_ids import login_key, same_login
from migrator.core.model import canonical_json, text_hash
from migrator.docebo.record import DoceboRecord
from migrator.normalize.identity import login_id_of, stand_in_key, user_key
from migrator.normalize.unfit import Unfit

KEYS = {
    "text": ("20417", "20417"),
    "integer": (20417, "20417"),
    "blanks around": (" 20417\n", "20417"),
    "leading zeros": ("007", "7"),
    "many leading zeros": ("0" * 100 + "7", "7"),
    "smallest": (1, "1"),
    "largest as text": (str(2**63 - 1), str(2**63 - 1)),
    "largest as integer": (2**63 - 1, str(2**63 - 1)),
}

BAD_KEYS = {
    "zero": 0,
    "zero as text": "0",
    "zeros": "000",
    "negative": -1,
    "negative as text": "-1",
    "plus sign": "+1",
    "2**63": 2**63,
    "2**63 as text": str(2**63),
    "5,000 digits": "9" * 5000,
    "integer of 5,000 digits": 10**5000,
    "true": True,
    "false": False,
    "float": 7.0,
    "decimal text": "7.0",
    "exponent": "1e3",
    "hexadecimal": "0x10",
    "underscore": "1_000",
    "Arabic-Indic digits": "\u0661\u0662",
    "full-width digits": "\uff11",
    "superscript": "²",
    "word": "None",
    "list": ["7"],
    "empty list": [],
    "object": {},
}


@pytest.mark.parametrize(("value", "expected"), KEYS.values(), ids=KEYS)
def test_a_user_id_is_its_canonical_decimal(value: Any, expected: str) -> None:
    """Text and integer ids give the same key: the plain decimal number."""
    assert user_key(DoceboRecord({"user_id": value})) == expected


@pytest.mark.parametrize("value", BAD_KEYS.values(), ids=BAD_KEYS)
def test_a_user_id_is_a_positive_64_bit_number(value: Any) -> None:
    """Every other value is `invalid_user_id`."""
    with pytest.raises(Unfit, match=r"^invalid_user_id$"):
        user_key(DoceboRecord({"user_id": value}))


@pytest.mark.parametrize("record", [{}, {"user_id": None}, {"user_id": ""}, {"user_id": " \t"}], ids=repr)
def test_a_missing_user_id_has_its_own_reason(record: dict[str, Any]) -> None:
    """Missing, null and blank ids are `no_user_id`."""
    with pytest.raises(Unfit, match=r"^no_user_id$"):
        user_key(DoceboRecord(record))


def test_the_stand_in_key_is_made_from_the_content() -> None:
    """A record without an id is keyed by "#" and 32 hex digits of its canonical JSON."""
    record = {"b": [1, None], "a": "\ud800"}

    assert stand_in_key(record) == "#" + text_hash(canonical_json(record))[:32]
    assert stand_in_key({"a": "\ud800", "b": [1, None]}) == stand_in_key(record)


NAMED = {"user_id": None, "uuid": "3a1f", "username": "m.rossi", "email": "m@example.org", "field_4": "Milan"}


def test_b14_the_stand_in_key_outlives_what_changes_every_day() -> None:
    """Names make the key when there are any; without, all that does not change by itself does."""
    nameless = {"email": "m@example.org", "first_name": "Mia", "uuid": "", "username": " "}
    visited = {"last_access_date": "2026-01-02 03:04:05", "last_update": "2026-01-02 03:04:05", "actions": ["edit"]}

    for record in (NAMED, NAMED | {"uuid": None}, NAMED | {"username": ""}, nameless):
        assert stand_in_key(record | visited) == stand_in_key(record)
    assert stand_in_key(NAMED | {"field_4": "Rome"}) == stand_in_key(NAMED)
    different = [NAMED, nameless, nameless | {"first_name": "Max"}]
    different += [NAMED | {name: "other"} for name in ("user_id", "uuid", "username", "email")]
    assert len({stand_in_key(record) for record in different}) == len(different)


def _nested(depth: int, core: Any) -> Any:
    for _ in range(depth):
        core = [core, {"k": core}] if depth < 3 else [core]
    return core


@pytest.mark.parametrize("depth", [0, 1, 100_000])
def test_records_json_cannot_print_get_keys_too(depth: int) -> None:
    """Integers of 5,000 digits and 100,000 levels get stable keys, different for different content."""
    one, same, other = (_nested(depth, {"a": n, "b": True}) for n in (10**5000, 10**5000, 10**5000 + 1))

    assert stand_in_key(one) == stand_in_key(same) != stand_in_key(other)


LOGIN_IDS = {
    "kept as it is": ("m.Rossi", "m.Rossi"),
    "trimmed": (" m.rossi\n", "m.rossi"),
    "NFC": ("re\u0301ne", "r\u00e9ne"),
    "blank inside stays": ("Mario Rossi", "Mario Rossi"),
    "an e-mail address is lower-cased": ("M.Rossi@Example.ORG", "m.rossi@example.org"),
    "what is no address keeps its case": ("M.Rossi@HOST", "M.Rossi@HOST"),
    "an employee number": (20417, "20417"),
    "254 characters": ("x" * 254, "x" * 254),
    "254 characters after composing": ("e\u0301" * 254, "\u00e9" * 254),
    "null": (None, ""),
    "empty": ("", ""),
    "blank": (" \t", ""),
}


@pytest.mark.parametrize(("value", "expected"), LOGIN_IDS.values(), ids=LOGIN_IDS)
def test_a_user_name_becomes_a_login_id(value: Any, expected: str) -> None:
    """A user name is trimmed and composed; its case is changed only in an e-mail address."""
    assert login_id_of(value) == expected


BAD_LOGIN_IDS = {
    "255 characters": "x" * 255,
    "255 characters after composing": "e\u0301" * 255,
    "one megabyte": "x" * 1_000_000,
    "NUL": "m\x00rossi",
    "newline": "m\nrossi",
    "C1 control": "m\x85rossi",
    "lone surrogate": "m\ud800rossi",
    "zero-width characters only": "\u200b\u200d",
    "true": True,
    "float": 1.5,
    "list": [],
    "object": {"a": 1},
    "integer of 5,000 digits": 10**5000,
}


@pytest.mark.parametrize("value", BAD_LOGIN_IDS.values(), ids=BAD_LOGIN_IDS)
def test_what_cannot_be_a_login_id_is_refused(value: Any) -> None:
    """Too long, with control characters, invisible, or no text: `invalid_username`."""
    with pytest.raises(Unfit, match=r"^invalid_username$"):
        login_id_of(value)


EQUAL = {
    "case": ("Ana@Example.org", "ana@example.org"),
    "NFC and NFD": ("r\u00e9ne@b.org", "re\u0301ne@b.org"),
    "upper-case NFD": ("R\u00c9NE@b.org", "re\u0301ne@b.org"),
    "ß and ss": ("strauß@b.org", "strauss@b.org"),
    "ß and capital SS": ("strauß@b.org", "STRAUSS@b.org"),
    "capital ẞ": ("strauẞ@b.org", "strauß@b.org"),
    "full-width": ("\uff41\uff4e\uff41@b.org", "ana@b.org"),
    "full-width at-sign": ("ana\uff20b.org", "ana@b.org"),
    "blanks around": (" ana@b.org\u3000", "ana@b.org"),
    "zero-width space": ("a\u200bna@b.org", "ana@b.org"),
    "zero-width joiner": ("a\u200dna", "ana"),
    "byte order mark": ("\ufeffana", "ana"),
    "soft hyphen": ("a\u00adna", "ana"),
    "right-to-left mark": ("ana\u200f", "ana"),
    "variation selector": ("ana\ufe0f", "ana"),
    "zero-width joiner before an accent": ("re\u200d\u0301ne", "r\u00e9ne"),
    "ligature": ("e\ufb03e@b.org", "effie@b.org"),
    "final sigma": ("ΟΔΟΣ", "οδος"),
    "Kelvin sign": ("\u212aim", "kim"),
    "Unicode and punycode domain": ("a@müller.de", "a@xn--mller-kva.de"),
    "upper-case punycode": ("a@XN--MLLER-KVA.DE", "a@MÜLLER.de"),
    "ß domain: Unicode and punycode": ("a@straße.de", "a@xn--strae-oqa.de"),
    "ß domain and ss domain": ("a@straße.de", "a@strasse.de"),
    "emoji domain in punycode": ("a@💩.org", "a@xn--ls8h.org"),
    "ideographic dot": ("a@b。org", "a@b.org"),
    "full-width dot": ("a@b\uff0eorg", "a@b.org"),
    "half-width ideographic dot": ("a@b\uff61org", "a@b.org"),
    "trailing dot of the domain": ("a@b.org.", "a@b.org"),
    "trailing dot of a Unicode domain": ("a@müller.de.", "a@müller.de"),
    "phone with punctuation": ("+39 02-5550 0001", "+390255500001"),
    "phone with brackets and dots": ("+1 (555) 555.5555", "+15555555555"),
    "phone with a no-break space": ("+39\u00a002 5550 0001", "+390255500001"),
    "phone in full-width digits": ("\uff0b\uff13\uff19 02 5550 0001", "+390255500001"),
    "shortest phone": ("+12-34-56", "+123456"),
    "longest phone": ("+123 456 789 012 345", "+123456789012345"),
    "an at-sign in the local part": ("é@a@müller.de", "é@a@xn--mller-kva.de"),
}


@pytest.mark.parametrize(("one", "other"), EQUAL.values(), ids=EQUAL)
def test_login_ids_that_may_collide_have_one_key(one: str, other: str) -> None:
    """Each class of look-alikes, phone spellings among them, folds to one key, which is its own key."""
    key = login_key(one)

    assert key == login_key(other)
    assert key == login_key(key)
    assert same_login(one, other)


DIFFERENT = {
    "letters": ("ana@b.org", "anna@b.org"),
    "two phones": ("+39 02 5550 0001", "+39 02 5550 0002"),
    "phone and digits without a sign": ("+390255500001", "390255500001"),
    "punctuation of digits without a sign": ("02-5550", "025550"),
    "five digits": ("+12-345", "+12345"),
    "sixteen digits": ("+1234567890-123456", "+1234567890123456"),
    "digits that are not ASCII": ("+\u0663\u0669-0255500001", "+\u0663\u06690255500001"),
    "a sign and letters": ("+anna-b", "+annab"),
    "e-mail that begins like a phone": ("+39-025550@b.org", "+39025550@b.org"),
    "plus tag": ("ana+1@b.org", "ana@b.org"),
    "dot in the local part": ("a.na@b.org", "ana@b.org"),
    "accent": ("rene@b.org", "réne@b.org"),
    "umlaut and ue": ("mueller@b.org", "müller@b.org"),
    "domain": ("ana@b.org", "ana@c.org"),
    "Latin a and Cyrillic \u0430": ("ana@b.org", "\u0430na@b.org"),
    "trailing dot of a user name": ("ana.", "ana"),
    "broken punycode": ("a@xn--99999999.org", "a@xn--99999998.org"),
    "label too long for punycode": (f"a@{'ü' * 64}.org", f"a@{'ü' * 65}.org"),
}


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_login_ids_that_cannot_collide_have_two_keys(one: str, other: str) -> None:
    """The fold is strong, but it does not merge what every system keeps apart."""
    assert login_key(one) != login_key(other)
    assert not same_login(one, other)


def test_a_domain_key_is_ascii() -> None:
    """An international domain is compared in its A-label form."""
    assert login_key("Ana@BÜCHER.Example") == "ana@xn--bcher-kva.example"


def test_nfc_never_joins_more_than_four_code_points() -> None:
    """The bound on which shortening before NFC rests holds for this Python's Unicode data."""
    longest = max(len(unicodedata.normalize("NFD", chr(code))) for code in range(0x110000))

    assert longest <= 4
