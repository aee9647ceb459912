"""Redaction finds a secret in every spelling, and shown texts cannot act on a terminal."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.log.redact import MARK, Redactor, visible

SECRETS = [
    "plain-secret",
    "with blank and + / % & ?",
    "quote \" and ' and \\",
    "line one of it\nline two of it",
    "tab\tand \x1b escape",
    "ümläut-пароль-密码",
    "a/b/c/d=",
    "abcd",
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "spell",
    [
        str,
        lambda secret: quote(secret, safe=""),
        quote,
        quote_plus,
        lambda secret: quote(secret, safe="").lower() if secret.islower() else quote(secret, safe=""),
        json.dumps,
        lambda secret: json.dumps(secret, ensure_ascii=False),
        lambda secret: json.dumps(secret).replace("/", "\\/"),
        repr,
        visible,
        lambda secret: base64.b64encode(secret.encode()).decode(),
        lambda secret: base64.urlsafe_b64encode(secret.encode()).decode(),
    ],
    ids=[
        "raw",
        "url",
        "path",
        "form",
        "lower",
        "json",
        "json-unicode",
        "json-php",
        "repr",
        "visible",
        "base64",
        "base64url",
    ],
)
def test_a_secret_is_found_in_every_spelling(secret: str, spell: object) -> None:
    assert callable(spell)
    spelled = spell(secret).strip("\"'")

    redacted = Redactor([secret])(f"before<{spelled}>after")

    assert redacted.startswith("before<")
    assert redacted.endswith(">after")
    assert MARK in redacted
    assert spelled not in redacted


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "user:", "P2abc:"])
def test_a_secret_is_found_inside_a_longer_base64_text(before: str) -> None:
    """An HTTP Basic header encodes name and secret together."""
    secret = "s3cret-management-key"
    header = base64.b64encode(f"{before}{secret}:after".encode()).decode()

    redacted = Redactor([secret])(f"Basic {header}")

    assert MARK in redacted
    kept = redacted.removeprefix("Basic ").split(MARK)
    assert sum(map(len, kept)) <= len(base64.b64encode(f"{before}:after".encode())) + 4


def test_each_line_of_a_secret_of_several_lines_is_hidden() -> None:
    redact = Redactor(["first line of key\nsecond line of key"])

    assert redact("a second line of key b") == f"a {MARK} b"


@pytest.mark.parametrize(
    ("secrets", "text", "expected"),
    [
        (["abcd", "xxabcdyy"], "xxabcdyy abcd", f"{MARK} {MARK}"),
        (["aabb", "bbccdd"], "1aabbccdd2", f"1{MARK}2"),
        (["aaaa"], "aaaaaa", MARK),
        (["abcd"], "abcdabcd", MARK * 2),
        (["abc"], "abc", MARK),
        (["abc"], " abc\n", MARK),
        (["abc"], "abcd xabc", "abcd xabc"),
        (["", "abcd"], "", ""),
        ([], "abcd", "abcd"),
        (["ABCD"], "abcd", "abcd"),
        (["a.*d"], "abcd a.*d", f"abcd {MARK}"),
    ],
)
def test_overlapping_short_and_odd_secrets(secrets: list[str], text: str, expected: str) -> None:
    assert Redactor(secrets)(text) == expected


def test_a_redactor_does_not_show_what_it_knows() -> None:
    assert "canary" not in repr(Redactor(["canary-secret"]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain Zoë 李 😀", "plain Zoë 李 😀"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\r\nb\tc\0", "a\\r\\nb\\tc\\x00"),
        ("\x9b31m\x85", "\\x9b31m\\x85"),
        ("\u202eabc\u2066\u200b\ufeff", "\\u202eabc\\u2066\\u200b\\ufeff"),
        ("\u2028\u2029", "\\u2028\\u2029"),
        ("\ud800", "\\ud800"),
        ("\U000e0001", "\\U000e0001"),
    ],
)
def test_unseen_characters_are_shown_as_escapes(text: str, expected: str) -> None:
    assert visible(text) == expected


@given(st.text())
def test_a_visible_text_is_one_printable_line(text: str) -> None:
    shown = visible(text)

    assert shown.isprintable()
    assert visible(shown) == shown
