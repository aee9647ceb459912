"""Docebo's fields by name, and a record under these names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from migrator.core.fields import ATTRIBUTE, USER_FIELDS
from migrator.docebo import record
from migrator.docebo.record import DoceboField, DoceboRecord, additional_name, holds_date, is_additional

CONTRACT = Path(__file__).parents[3] / "docs/contract/docebo.md"
ATTRIBUTES = [name for name in vars(DoceboRecord) if name in set(DoceboField)]


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_a_value_stands_under_its_own_name_as_it_came(name: str) -> None:
    held = DoceboRecord({name: ["1"]})

    assert getattr(held, name) == held.get(name) == ["1"]
    assert getattr(DoceboRecord({}), name) is None


def test_whoever_is_recognised_by_the_mapping_has_an_attribute() -> None:
    used = {*record.BECOMES, *record.CHOOSES, *record.KNOWN_BY, *record.CORRECTABLE}

    assert used <= set(ATTRIBUTES)


@pytest.mark.parametrize("text", [None, "", "null", "[1]", '"x"', "7"])
def test_what_is_no_object_is_an_empty_record(text: str | None) -> None:
    assert DoceboRecord.from_json(text) == DoceboRecord({})
    assert DoceboRecord.from_json('{"email": "a"}').email == "a"


def test_every_field_stands_in_the_contract_and_the_contracts_table_here() -> None:
    section = CONTRACT.read_text(encoding="utf-8").partition("### 2.3 A user\n")[2].partition("### 2.4")[0]
    table = {name for row in section.splitlines() if row.startswith("|") for name in words(row.split("|")[1])}

    assert table - {"field_N"} <= set(DoceboField) <= set(words(section))


def words(text: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([a-z_N]+)`", text)


def test_a_field_is_used_or_not_but_never_both() -> None:
    used = record.BECOMES.keys() | record.CHOOSES.keys()

    assert not used & record.NOT_FOR_DESCOPE
    assert not record.SOMETIMES & (used | record.NOT_FOR_DESCOPE)
    assert {goes.partition(".")[0] for goes in record.BECOMES.values()} <= {one.name for one in USER_FIELDS}
    assert record.BECOMES["user_id"] == f"{ATTRIBUTE}doceboUserId"


@pytest.mark.parametrize(
    ("name", "additional", "date"),
    [
        ("field_4", True, False),
        ("field_", False, False),
        ("field_4x", False, False),
        ("xfield_4", False, False),
        ("creation_date", False, True),
        ("last_update", False, True),
        ("email", False, False),
    ],
)
def test_the_name_says_what_kind_of_field_it_is(name: str, *, additional: bool, date: bool) -> None:
    assert (is_additional(name), holds_date(name)) == (additional, date)


@pytest.mark.parametrize(("number", "name"), [(4, "field_4"), ("12", "field_12")])
def test_an_additional_field_is_named_by_its_id(number: Any, name: str) -> None:
    assert additional_name(number) == name
