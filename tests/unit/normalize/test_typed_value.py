"""Docebo's values in the type of the attribute they fill (docs/decisions/0025): converted, unset, or left out."""

from __future__ import annotations

from typing import Any

import pytest

from migrator.config.mapped_attribute import MappedAttribute
from migrator.config.schema import MappingConfig
from migrator.core.model import Ready
from migrator.core.reasons import Note
from migrator.normalize.mapping import Normalizer
from migrator.normalize.typed_value import typed_value

OPTIONS = ("Milan", "R&D", "Sales, EMEA", "São Paulo")
UNSET = ""


def attribute(kind: str, **more: Any) -> MappedAttribute:
    """An attribute of that type."""
    options = {"options": OPTIONS} if kind.endswith("select") else {}
    return MappedAttribute.model_validate({"field": "field_9", "type": kind, **options, **more})


CASES: dict[str, list[tuple[Any, Any]]] = {
    "number": [
        ("12", 12), (" 12 ", 12), ("-7", -7), ("+7", 7), ("0", 0), ("-0", 0), ("12.0", 12), ("12.50", 12.5),
        ("3.125", 3.125), ("12,5", 12.5), ("0,125", 0.125), ("1234,567", 1234.567), ("1,2345", 1.2345),
        (12, 12), (12.0, 12), (0.1, 0.1), ("999999999999999", 999999999999999),
        ("1,250", None), ("-999,000", None), ("1.234,5", None), ("1,234.5", None), ("1 234", None), ("00815", None),
        ("1e3", None), ("12 kg", None), ("12.", None), (".5", None), ("0.1234567890123456", None),
        ("1234567890123456", None), (2**53 + 1, None), (1e300, None), (float("nan"), None), (float("inf"), None),
        (True, None), ([12], None), ({"a": 1}, None), ("٣", None), ("x" * 9999, None),
    ],
    "boolean": [
        ("1", True), (1, True), (True, True), ("Yes", True), ("TRUE", True), (" no ", False), ("0", False),
        (0, False), (False, False), ("false", False),
        ("2", None), (2, None), ("Sì", None), ("y", None), ("on", None), ([True], None),
    ],
    "date": [
        ("2026-01-31", "2026-01-31"), ("2026/01/31", "2026-01-31"), ("2026-01-31 23:15:00", "2026-01-31"),
        ("2026-01-31T23:15", "2026-01-31"), ("2026-01-31T23:15:00.5Z", "2026-01-31"),
        ("2026-01-31T23:15:00-05:00", "2026-01-31"), ("2024-02-29", "2024-02-29"),
        ("0", UNSET), ("null", UNSET), ("0000-00-00", UNSET), ("0000-00-00 00:00:00", UNSET), (0, UNSET),
        ("2026-02-30", None), ("2025-02-29", None), ("2026-1-3", None), ("31/01/2026", None), ("01/31/2026", None),
        ("2026-01/31", None), ("2026-01-31 25:00:00", None), ("20260131", None), ("1769817600", None),
        (1769817600, None), ("soon", None), (True, None), (["2026-01-31"], None), ("0000-01-01", None),
    ],
    "single_select": [
        ("Milan", "Milan"), (" mILAN ", "Milan"), ("R&amp;D", "R&D"), ("Sa\u0303o Paulo", "São Paulo"),
        ("Sales, EMEA", "Sales, EMEA"), ("Rome", None), ("Milan, R&D", None), (["Milan"], None), (7, None),
    ],
    "multi_select": [
        ("Milan", ["Milan"]), ("R&D, milan", ["Milan", "R&D"]), ("Sales, EMEA", ["Sales, EMEA"]),
        ("Sales, EMEA; Milan", ["Milan", "Sales, EMEA"]), ("R&D|Milan|R&D", ["Milan", "R&D"]),
        ("Milan\r\nR&D\n", ["Milan", "R&D"]), (["R&D", "milan"], ["Milan", "R&D"]), ([], UNSET), (" ; , ", UNSET),
        ("R&amp;D; Milan", ["Milan", "R&D"]),
        ("Milan, Rome", None), (["Milan", "Rome"], None), (["Milan", None], None), ([["Milan"]], None),
        ({"Milan": 1}, None), (True, None),
    ],
}  # fmt: skip


@pytest.mark.parametrize(("kind", "given", "value"), [(kind, *case) for kind, cases in CASES.items() for case in cases])
def test_a_value_is_converted_or_left_out_and_never_guessed(kind: str, given: Any, value: Any) -> None:
    found = typed_value(given, attribute(kind))

    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("kind", ["number", "boolean", "date", "single_select", "multi_select"])
@pytest.mark.parametrize("given", [None, "", "  ", [], {}])
def test_what_is_not_set_is_not_set_in_any_type(kind: str, given: Any) -> None:
    """No note is made of it."""
    assert typed_value(given, attribute(kind)) == UNSET


@pytest.mark.parametrize(("form", "value"), [("seconds", 1769817600), ("milliseconds", 1769817600000)])
def test_a_date_can_be_told_as_the_time_since_1970(form: str, value: int) -> None:
    """Midnight of that day, in UTC; also before 1970."""
    assert typed_value("2026-01-31 23:15:00", attribute("date", form=form)) == value
    assert typed_value("1969-12-31", attribute("date", form=form)) == value // 1769817600 * -86400


RECORD = {"user_id": "7", "username": "a.b", "email": "a@b.org", "status": "1"}
TYPED = {
    "size": {"field": "field_1", "type": "number"},
    "vip": {"field": "field_2", "type": "boolean"},
    "city": "field_3",
}


def user(**fields: Any) -> Ready:
    """The user of a record with these fields."""
    mapping = MappingConfig.model_validate({"attributes": TYPED})
    found = Normalizer(mapping, "acme.docebosaas.com")({**RECORD, **fields})
    assert isinstance(found, Ready)
    return found


def mapped(ready: Ready) -> dict[str, Any]:
    """Its attributes but the mark."""
    return {name: value for name, value in ready.target.attributes.items() if name in TYPED}


def test_zero_and_false_are_values() -> None:
    assert mapped(user(field_1="0", field_2="no", field_3="0")) == {"size": 0, "vip": False, "city": "0"}


def test_a_value_that_cannot_be_converted_is_noted_and_costs_nothing_else() -> None:
    """The user comes, with every other attribute."""
    found = user(field_1="a few", field_2="1", field_3="Milan")

    assert mapped(found) == {"vip": True, "city": "Milan"}
    assert [note for note in found.notes if note != Note.UNVERIFIED_EMAIL] == [Note.ATTRIBUTE_NOT_CONVERTED]


def test_what_is_not_set_is_no_fault() -> None:
    found = user(field_1="", field_2=None)

    assert mapped(found) == {}
    assert Note.ATTRIBUTE_NOT_CONVERTED not in found.notes


def test_a_very_long_value_takes_no_time() -> None:
    """Folding a long run of combining marks would take long; no option looks like that."""
    for kind in ("single_select", "multi_select"):
        assert typed_value("e" + "\u0301" * 99_999, attribute(kind)) is None
        assert typed_value("Milan;" * 16_000 + "\u0301" * 4_000, attribute(kind)) is None
    assert typed_value("Milan;" * 16_000, attribute("multi_select")) == ["Milan"]
    assert typed_value("Milan;" * 17_000, attribute("multi_select")) is None
