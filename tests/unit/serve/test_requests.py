"""What a flow may ask."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.serve.requests import MOST_BODY_BYTES, BadRequest, ResolveRequest, parse_request

GOOD = {"login": "nina", "execution_id": "e1"}


@pytest.mark.parametrize("login", ["a", "a" * 320, " nina ", "Ñ\u200d", "\U0001f600", "a\u00a0b"])
def test_a_login_is_taken_trimmed(login: str) -> None:
    """Format characters and blanks inside stay: names have them."""
    assert parse_request(json.dumps({**GOOD, "login": login}).encode()) == ResolveRequest(login.strip(), "e1")


@pytest.mark.parametrize(
    "change",
    [
        {"login": ""}, {"login": " "}, {"login": "a" * 321}, {"login": "a\nb"}, {"login": "\x00"}, {"login": "\ud800"},
        {"login": None}, {"login": 7}, {"login": ["nina"]}, {"login": {}}, {"login": True}, {"execution_id": ""},
        {"execution_id": 7}, {"execution_id": "e" * 201}, {"execution_id": "e\x7f"}, {"more": 1},
    ],
)  # fmt: skip
def test_another_value_is_refused_without_being_repeated(change: dict[str, Any]) -> None:
    """The reason names the key and nothing of what it holds."""
    with pytest.raises(BadRequest) as told:
        parse_request(json.dumps({**GOOD, **change}).encode())
    assert "nina" not in str(told.value)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"nina", b"[]", b"null", b"{}", b'{"login": "nina"}', b"\xff", b"\xef\xbb\xbf{}", b"[" * MOST_BODY_BYTES,
        b'{"login": "a", "login": "b", "execution_id": "e"}', b'{"login": "a", "execution_id": NaN}', b"1" * 4096,
    ],
)  # fmt: skip
def test_another_body_is_refused(body: bytes) -> None:
    """A key that is there twice included, because two readers would take another one of them."""
    with pytest.raises(BadRequest):
        parse_request(body)


@given(st.binary(max_size=200) | st.text().map(lambda text: json.dumps({**GOOD, "login": text}).encode()))
def test_any_body_is_taken_or_refused(body: bytes) -> None:
    """Nothing else is raised, whatever comes."""
    with contextlib.suppress(BadRequest):
        assert 1 <= len(parse_request(body).login) <= 320
