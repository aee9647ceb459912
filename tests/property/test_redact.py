"""Redaction leaves no secret in any text, whatever both are made of."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from migrator.log.redact import MARK, Redactor


@given(st.lists(st.text(min_size=4, max_size=12), max_size=4), st.lists(st.text(max_size=8), max_size=4))
def test_no_secret_survives_in_any_text(secrets: list[str], others: list[str]) -> None:
    text = "|".join(part for pair in zip(secrets, [*others, "", "", "", ""], strict=False) for part in pair)

    pieces = Redactor(secrets)(text).split(MARK)

    assert not any(secret in piece for secret in secrets for piece in pieces)
