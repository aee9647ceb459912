"""Docebo's user name as the attribute `doceboUsername`: verbatim, or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.config.schema import MappingConfig
from migrator.core.model import DOCEBO_USERNAME, Ready
from migrator.core.reasons import Note
from migrator.normalize.identity import username_of
from migrator.normalize.mapping import Normalizer

RECORD = {"user_id": "1", "email": "ann@example.org", "email_validation_status": "1", "status": "1"}


def ready(**values: Any) -> Ready:
    found = Normalizer(MappingConfig(), "acme.docebosaas.com")({**RECORD, **values})
    assert isinstance(found, Ready)  # a user is never lost for it
    return found


VERBATIM = {
    "capitals": "Ann.Smith@Example.ORG",
    "blanks around it": " ann ",
    "not composed": "Re\u0301ne",
    "an entity": "R&amp;D",
    "a formula": "=1+1",
    "digits with zeros": "00815",
    "a zero-width space": "ann\u200b",
    "the longest": "x" * 1000,
}


@pytest.mark.parametrize("name", VERBATIM.values(), ids=VERBATIM)
def test_the_user_name_is_sent_as_it_stands(name: str) -> None:
    found = ready(username=name)

    assert found.target.attributes[DOCEBO_USERNAME] == name
    assert found.notes == ()


def test_a_user_name_that_came_as_a_number_is_its_digits() -> None:
    assert ready(username=4711).target.attributes[DOCEBO_USERNAME] == "4711"


UNSENT: dict[str, Any] = {
    "null": None, "blank": "  ", "empty": "", "too long": "x" * 1001, "a NUL": "a\x00b", "a line break": "a\nb",
    "half a character": "a\ud800", "a flag": True, "a float": 1.5, "a list": ["ann"], "a huge number": 10**5000,
}  # fmt: skip


@pytest.mark.parametrize("name", UNSENT.values(), ids=UNSENT)
def test_a_user_name_that_cannot_be_sent_as_it_is_is_noted_and_costs_nobody(name: Any) -> None:
    """Cut or cleaned, it would be somebody else's."""
    found = ready(username=name)

    assert DOCEBO_USERNAME not in found.target.attributes
    assert found.notes == (Note.USERNAME_NOT_SENT,)


def test_a_record_without_the_field_is_noted_too() -> None:
    assert ready().notes == (Note.USERNAME_NOT_SENT,)


@given(st.one_of(st.text(), st.integers(), st.none(), st.floats(), st.lists(st.text())))
def test_it_is_verbatim_or_nothing(name: Any) -> None:
    """No user name ever becomes another one."""
    assert username_of(name) in ("", str(name))
