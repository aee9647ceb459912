"""E-mail addresses: which are taken, and the one spelling of each."""

from __future__ import annotations

import sys
import unicodedata
from typing import Any

import pytest

from migrator.core.email_address import parse_email
from migrator.normalize.identity import email_of
from migrator.normalize.unfit import Unfit

TAKEN = {
    "plain": ("ana@example.org", "ana@example.org"),
    "upper case is lowered": ("Ana.RUIZ@Example.ORG", "ana.ruiz@example.org"),
    "blanks around are trimmed": (" \tana@example.org\r\n", "ana@example.org"),
    "no-break and ideographic space are trimmed": ("\u00a0ana@example.org\u3000", "ana@example.org"),
    "NFD becomes NFC": ("re\u0301ne@example.org", "r\u00e9ne@example.org"),
    "upper-case NFD becomes lower-case NFC": ("RE\u0301NE@example.org", "r\u00e9ne@example.org"),
    "international local part": ("用户@example.org", "用户@example.org"),
    "international domain stays Unicode": ("a@Müller.de", "a@müller.de"),
    "punycode stays punycode": ("a@xn--mller-kva.de", "a@xn--mller-kva.de"),
    "ß in the domain stays": ("a@straße.de", "a@straße.de"),
    "full-width domain is mapped": (
        "a@\uff45\uff58\uff41\uff4d\uff50\uff4c\uff45\uff0e\uff4f\uff52\uff47",
        "a@example.org",
    ),
    "ideographic dot is mapped": ("a@example。org", "a@example.org"),
    "half-width ideographic dot is mapped": ("a@example\uff61org", "a@example.org"),
    "full-width local part stays: it may be another mailbox": ("\uff41@example.org", "\uff41@example.org"),
    "plus tag": ("ana+docebo@example.org", "ana+docebo@example.org"),
    "apostrophe": ("o'neil@example.org", "o'neil@example.org"),
    "all atom characters": ("!#$%&'*+-/=?^_`{|}~@example.org", "!#$%&'*+-/=?^_`{|}~@example.org"),
    "test domain": ("ana@example.test", "ana@example.test"),
    "local domain": ("ana@corp.LOCAL", "ana@corp.local"),
    "special-use domain with an international label": ("a@bücher.test", "a@bücher.test"),
    "special-use domain in full-width": ("a@b\uff0e\uff54\uff45\uff53\uff54", "a@b.test"),
    "subdomain": ("a@mail.eu.example.org", "a@mail.eu.example.org"),
    "local part over 64 characters: seen in the wild": (f"{'a' * 65}@b.org", f"{'a' * 65}@b.org"),
    "254 characters": (f"{'a' * 248}@b.org", f"{'a' * 248}@b.org"),
    "254 characters in a special-use domain, of which labels and local part are as long as may be": (
        LONGEST := f"!{'a' * 63}@{'b' * 63}.{'c' * 63}.{'d' * 56}.test",
        LONGEST,
    ),
    "label of 63": (f"a@{'b' * 63}.org", f"a@{'b' * 63}.org"),
}

REFUSED = {
    "no at-sign": "ana.example.org",
    "two at-signs": "a@b@example.org",
    "nothing before the at-sign": "@example.org",
    "nothing after the at-sign": "ana@",
    "domain without a dot": "ana@localhost",
    "special-use name alone": "ana@test",
    "domain literal": "ana@[192.0.2.1]",
    "domain that is an IP address": "ana@192.0.2.1",
    "quoted local part": '"ana"@example.org',
    "quoted local part with blank": '"a b"@example.org',
    "display name": "Ana <ana@example.org>",
    "angle brackets": "<ana@example.org>",
    "blank inside": "a na@example.org",
    "no-break space inside": "a\u00a0na@example.org",
    "newline inside": "ana@example.org\nbcc@example.org",
    "two addresses": "a@example.org,b@example.org",
    "two dots": "a..b@example.org",
    "dot first": ".a@example.org",
    "dot before the at-sign": "a.@example.org",
    "dot at the end": "a@example.org.",
    "two dots in the domain": "a@example..org",
    "hyphen first in a label": "a@-example.org",
    "hyphen last in a label": "a@example-.org",
    "reserved double hyphen": "a@ab--cd.org",
    "broken punycode": "a@xn--a-\u00e4.org",
    "label of 64": f"a@{'b' * 64}.org",
    "255 characters": f"{'a' * 249}@b.org",
    "254 characters but more octets": f"{'é' * 248}@b.org",
    "one megabyte": "a" * 1_000_000 + "@example.org",
    "one megabyte of letters with accents": "e\u0301" * 500_000 + "@example.org",
    "NUL": "a\x00na@example.org",
    "lone surrogate before the at-sign": "a\ud800@example.org",
    "lone surrogate after the at-sign": "a@ex\udfffample.org",
    "right-to-left override": "a\u202egro@example.org",
    "zero-width space": "a\u200bna@example.org",
    "byte order mark": "\ufeffana@example.org",
    "soft hyphen in the domain": "a@exam\u00adple.org",
    "soft hyphen in a special-use name": "a@example.te\u00adst",
    "one-dot leader instead of a dot": "a@example\u2024test",
    "combining mark after the at-sign": "a@\u0338example.org",
    "emoji domain": "a@💩.org",
    "full-width at-sign": "a\uff20example.org",
    "text None": "None",
    "text null": "null",
    "underscore in the domain": "a@ex_ample.org",
}


@pytest.mark.parametrize(("given", "expected"), TAKEN.values(), ids=TAKEN)
def test_an_address_has_one_spelling(given: str, expected: str) -> None:
    """A valid address is taken in its one spelling, and that spelling stays as it is."""
    assert email_of(given) == expected
    assert email_of(expected) == expected


@pytest.mark.parametrize("given", REFUSED.values(), ids=REFUSED)
def test_what_is_no_address_is_refused(given: str) -> None:
    """Anything that is not a plain address is `invalid_email`."""
    with pytest.raises(Unfit, match=r"^invalid_email$"):
        email_of(given)


@pytest.mark.parametrize("given", [None, "", " ", "\t\r\n", "\u00a0\u3000"], ids=ascii)
def test_blank_is_no_address_at_all(given: Any) -> None:
    """Null, empty and blank all mean that there is no address."""
    assert email_of(given) == ""


@pytest.mark.parametrize("given", [0, 1, True, False, 1.5, [], ["a@b.org"], {}, {"a": "a@b.org"}], ids=repr)
def test_an_address_is_text(given: Any) -> None:
    """An e-mail field that is not text is `invalid_email`, never quietly missing."""
    with pytest.raises(Unfit, match=r"^invalid_email$"):
        email_of(given)


@pytest.mark.parametrize("step", [7, pytest.param(1, marks=pytest.mark.soak)])
def test_every_folding_character_gives_a_settled_spelling(step: int) -> None:
    """Whatever character with a case or a compatibility form stands in an address, its spelling is settled."""
    folding = [c for c in map(chr, range(sys.maxunicode + 1)) if _folds(c)]
    spellings = [parse_email(f"a{c}@b{c}c.org") or parse_email(f"a@b{c}c.org") for c in folding[::step]]

    assert len(folding) > 4000
    assert [s for s in spellings if s is not None and parse_email(s) != s] == []


def _folds(char: str) -> bool:
    return unicodedata.normalize("NFKC", char).casefold() != char
