"""Names, phone, picture, status and dates (docs/contract/docebo.md 2.3 and 2.4)."""

from __future__ import annotations

import time
from typing import Any

import pytest

from migrator.core.model import PlainFields
from migrator.core.text import clean, flag, scalar_text
from migrator.docebo.record import DoceboRecord
from migrator.normalize.person import date_of, phone_of, picture_of, plain_fields_of, source_status_of
from migrator.normalize.unfit import Unfit

FULL_NAMES = {
    "kept": ("Márta O'Neil", "Márta O'Neil"),
    "entities decoded": ("Tom &amp; Jerry O&#039;Neil &#x27;", "Tom & Jerry O'Neil '"),
    "entities decoded once only": ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
    "markup stays text": ("<b>Ana</b>", "<b>Ana</b>"),
    "entity without semicolon stays": ("Smith&copyright &lt", "Smith&copyright &lt"),
    "unknown entity stays": ("A &nosuch; B", "A &nosuch; B"),
    "ampersand stays": ("R&D; AT&T", "R&D; AT&T"),
    "control characters removed": ("A\x00n\x1ba\x7f\x85", "Ana"),
    "decoded control characters removed": ("A&#27;na&Tab;&NewLine;", "Ana"),
    "lone surrogates removed": ("A\ud800na\udfff", "Ana"),
    "decoded surrogates are no surrogates": ("A&#xD800;", "A\ufffd"),
    "NFC": ("Re\u0301ne", "R\u00e9ne"),
    "trimmed": ("\u00a0 Ana\u3000\n", "Ana"),
    "zero-width joiner stays": ("क्\u200dष", "क्\u200dष"),
    "right-to-left mark stays": ("\u200f\u062f\u0627\u0646\u0627", "\u200f\u062f\u0627\u0646\u0627"),
    "emoji": ("Ana 👩\u200d🚀", "Ana 👩\u200d🚀"),
    "integer": (42, "42"),
    "254 characters": ("é" * 254, "é" * 254),
}


def names_of(**record: Any) -> tuple[str, str, str]:
    """Full, given and family name of a record of which none is cut."""
    plain, cut = plain_fields_of(DoceboRecord(record))
    assert not cut
    return plain.name, plain.given_name, plain.family_name


@pytest.mark.parametrize(("given", "expected"), FULL_NAMES.values(), ids=FULL_NAMES)
def test_a_name_is_clean_text(given: Any, expected: str) -> None:
    """All three names are cleaned alike, and none of these is cut."""
    assert names_of(fullname=given, first_name=given, last_name=given) == (expected, expected, expected)


@pytest.mark.parametrize("blank", [None, "", "  ", "\x00", "&nbsp;", True, 1.5, [], {}, 10**5000], ids=type)
def test_a_blank_full_name_is_made_from_its_parts(blank: Any) -> None:
    """First and last name step in when the full name says nothing."""
    names = names_of(fullname=blank, first_name="Ana &amp;", last_name=" Ruiz ")

    assert names == ("Ana & Ruiz", "Ana &", "Ruiz")


@pytest.mark.parametrize(("first", "last", "expected"), [("Ana", "", "Ana"), (None, "Ruiz", "Ruiz"), (None, None, "")])
def test_a_missing_part_leaves_no_blank(first: str | None, last: str | None, expected: str) -> None:
    """A name made from one part has no blank at its end."""
    assert names_of(first_name=first, last_name=last)[0] == expected


def test_the_full_name_wins() -> None:
    """`fullname` follows the platform's name order, so it is not made anew."""
    assert names_of(fullname="Ruiz Ana", first_name="Ana", last_name="Ruiz")[0] == "Ruiz Ana"


CUTS = {
    "255 characters": ("x" * 255, "x" * 254),
    "between code points": ("\U0001d49c" * 300, "\U0001d49c" * 254),
    "after composing": ("e\u0301" * 300, "\u00e9" * 254),
    "after composing four into one": ("\u03b1\u0313\u0300\u0345" * 300, "\u1f82" * 254),
    "no blank at the end": ("x" * 253 + " " + "y" * 9, "x" * 253),
    "one megabyte": ("x" * 1_000_000, "x" * 254),
    "one megabyte of entities": ("&amp;" * 200_000, "&" * 254),
    "behind a megabyte of control characters": ("\x00" * 1_000_000 + "y" * 255, "y" * 254),
}


@pytest.mark.parametrize(("given", "expected"), CUTS.values(), ids=CUTS)
@pytest.mark.parametrize("field", ["fullname", "first_name", "last_name"])
def test_a_long_name_is_cut(field: str, given: str, expected: str) -> None:
    """At most 254 code points are kept, and the cut is told."""
    plain, cut = plain_fields_of(DoceboRecord({"fullname": "x", field: given}))

    assert cut
    assert expected in (plain.name, plain.given_name, plain.family_name)


def test_a_joined_name_is_cut() -> None:
    """Two parts that fit can make a full name that does not."""
    plain, cut = plain_fields_of(DoceboRecord({"first_name": "a" * 200, "last_name": "b" * 200}))

    assert cut
    assert plain == PlainFields(name="a" * 200 + " " + "b" * 53, given_name="a" * 200, family_name="b" * 200)


def test_a_megabyte_of_combining_marks_is_no_attack() -> None:
    """Text whose normalisation is quadratic costs no more than a look at it."""
    start = time.process_time()
    _, cut = plain_fields_of(DoceboRecord({"fullname": "a" + "\u0301\u0316" * 1_000_000}))

    assert cut
    assert time.process_time() - start < 5  # unshortened, it takes more than an hour


PHONES = {
    "international": ("+39 347 123 4567", None, "+393471234567"),
    "national with region": ("347 123 4567", "IT", "+393471234567"),
    "punctuation": ("(650) 253-0000", "US", "+16502530000"),
    "integer": (3471234567, "IT", "+393471234567"),
    "region is only a default": ("+1 650 253 0000", "IT", "+16502530000"),
}

BAD_PHONES = {
    "national without region": ("347 123 4567", None),
    "too short": ("+39 1", None),
    "no number": ("call me", "IT"),
    "with an extension": ("+1 650 253 0000 ext. 12", None),
    "unknown country code": ("+999 123 456 789", None),
    "unknown region": ("347 123 4567", "XX"),
    "one megabyte": ("+39" + "1" * 1_000_000, None),
    "lone surrogate": ("\ud800", "IT"),
    "true": (True, "IT"),
    "list": (["+393471234567"], None),
    "integer of 5,000 digits": (10**5000, "IT"),
}


@pytest.mark.parametrize(("value", "region", "expected"), PHONES.values(), ids=PHONES)
def test_a_valid_number_becomes_e164(value: Any, region: str | None, expected: str) -> None:
    """A number valid in its country is written as + and digits."""
    assert phone_of(value, region) == expected


@pytest.mark.parametrize(("value", "region"), BAD_PHONES.values(), ids=BAD_PHONES)
def test_an_invalid_number_is_none(value: Any, region: str | None) -> None:
    """What is no whole valid number gives no phone."""
    assert phone_of(value, region) == ""


LONGEST_URL = "https://cdn.example.org/" + "a" * (2048 - 24)
PICTURES = {
    "https": ("https://cdn.example.org/a.png", "https://cdn.example.org/a.png"),
    "trimmed": (" https://cdn.example.org/a.png\n", "https://cdn.example.org/a.png"),
    "query and port": ("https://cdn.example.org:8443/a?x=1&y=2", "https://cdn.example.org:8443/a?x=1&y=2"),
    "upper-case scheme": ("HTTPS://cdn.example.org/a.png", "HTTPS://cdn.example.org/a.png"),
    "2048 characters": (LONGEST_URL, LONGEST_URL),
    "2049 characters": (LONGEST_URL + "a", ""),
    "http": ("http://cdn.example.org/a.png", ""),
    "no scheme": ("//cdn.example.org/a.png", ""),
    "path": ("/files/a.png", ""),
    "script": ("javascript:alert(1)", ""),
    "data": ("data:image/png;base64,AAAA", ""),
    "no host": ("https:///a.png", ""),
    "no host but a port": ("https://:443/a.png", ""),
    "bad port": ("https://cdn.example.org:x/a.png", ""),
    "port zero": ("https://cdn.example.org:0/a.png", ""),
    "port out of range": ("https://cdn.example.org:65536/a.png", ""),
    "bad IPv6": ("https://[::1/a.png", ""),
    "blank inside": ("https://cdn.example.org/a b.png", ""),
    "newline inside": ("https://cdn.example.org/a\nb.png", ""),
    "NUL": ("https://cdn.example.org/a\x00.png", ""),
    "lone surrogate": ("https://cdn.example.org/\ud800.png", ""),
    "one megabyte": ("https://cdn.example.org/" + "a" * 1_000_000, ""),
    "empty": ("", ""),
    "null": (None, ""),
    "list": (["https://cdn.example.org/a.png"], ""),
}


@pytest.mark.parametrize(("value", "expected"), PICTURES.values(), ids=PICTURES)
def test_only_an_https_url_is_a_picture(value: Any, expected: str) -> None:
    """`avatar` is taken as it is when it is an https URL with a host, else there is no picture."""
    assert picture_of(value) == expected


ON = ["1", 1, True]
OFF = ["0", 0, False]
NEITHER: list[Any] = [None, "", " 1", "2", 2, -1, 1.0, 0.0, "true", "active", [], ["1"], {}, 10**4000]


@pytest.mark.parametrize("status", ON, ids=repr)
@pytest.mark.parametrize("expired", ON, ids=repr)
def test_an_active_user_past_the_date_is_expired(status: Any, expired: Any) -> None:
    """`expired` counts for active users, in each spelling of a flag."""
    assert source_status_of(DoceboRecord({"status": status, "expired": expired})) == "expired"


@pytest.mark.parametrize("status", ON, ids=repr)
@pytest.mark.parametrize("expired", OFF + NEITHER, ids=lambda value: repr(value)[:9])
def test_an_active_user_is_active(status: Any, expired: Any) -> None:
    """Without a clear `expired` flag an active user is active."""
    assert source_status_of(DoceboRecord({"status": status, "expired": expired})) == "active"
    assert source_status_of(DoceboRecord({"status": status})) == "active"


@pytest.mark.parametrize("status", OFF, ids=repr)
@pytest.mark.parametrize("expired", ON + OFF + NEITHER, ids=lambda value: repr(value)[:9])
def test_suspended_wins(status: Any, expired: Any) -> None:
    """A suspended user is suspended whatever `expired` says."""
    assert source_status_of(DoceboRecord({"status": status, "expired": expired})) == "suspended"


@pytest.mark.parametrize("status", NEITHER, ids=lambda value: repr(value)[:9])
def test_nobody_is_enabled_by_guessing(status: Any) -> None:
    """A status that is neither is `unknown_status`, and so is none."""
    with pytest.raises(Unfit, match=r"^unknown_status$"):
        source_status_of(DoceboRecord({"status": status}))
    with pytest.raises(Unfit, match=r"^unknown_status$"):
        source_status_of(DoceboRecord({"expired": False}))


@pytest.mark.parametrize("value", NEITHER, ids=lambda value: repr(value)[:9])
def test_a_flag_is_only_what_docebo_writes(value: Any) -> None:
    """Nothing but 0, 1, "0", "1", true and false is a flag."""
    assert flag(value) is None


DATES = {
    "date and time": ("2025-03-02 08:15:40", "2025-03-02 08:15:40"),
    "date": ("2025-03-02", "2025-03-02"),
    "null": (None, ""),
    "empty": ("", ""),
    "zero": ("0", ""),
    "text null": ("null", ""),
    "zero date": ("0000-00-00", ""),
    "zero date and time": ("0000-00-00 00:00:00", ""),
    "slashes": ("2025/03/02", ""),
    "ISO with zone": ("2025-03-02T08:15:40Z", ""),
    "newline at the end": ("2025-03-02\n", ""),
    "other digits": ("\u0662025-03-02", ""),
    "epoch": (1740903340, ""),
    "list": (["2025-03-02"], ""),
}


@pytest.mark.parametrize(("value", "expected"), DATES.values(), ids=DATES)
def test_a_date_that_never_happened_is_empty(value: Any, expected: str) -> None:
    """Dates compare as text; every zero date and every other spelling is "" (docs/contract/docebo.md 2.4)."""
    assert date_of(value) == expected


SCALARS: dict[str, tuple[Any, str | None]] = {
    "text": (" a ", " a "),
    "null": (None, ""),
    "true": (True, "true"),
    "false": (False, "false"),
    "integer": (-7, "-7"),
    "float": (1.5, "1.5"),
    "large float": (1e22, "10000000000000000000000"),
    "small float": (1e-7, "0.0000001"),
    "not a number": (float("nan"), None),
    "infinity": (float("-inf"), None),
    "integer of 5,000 digits": (10**5000, None),
    "list": ([], None),
    "object": ({}, None),
}


@pytest.mark.parametrize(("value", "expected"), SCALARS.values(), ids=SCALARS)
def test_a_scalar_has_plain_text(value: Any, expected: str | None) -> None:
    """Scalars become plain text without exponents; what has no such text is None."""
    assert scalar_text(value) == expected


def test_clean_text_is_clean() -> None:
    """Cleaning what is clean changes nothing, not even after a cut."""
    text, cut = clean("  e\u0301\x00 \u200dx" * 100, 48)

    assert cut
    assert clean(text, 50) == (text, False)
