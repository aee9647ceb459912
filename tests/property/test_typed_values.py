"""What must hold for every value of a typed attribute, from Docebo's record to the comparison (docs/decisions/0025)."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.config.mapped_attribute import MappedAttribute
from migrator.core.model import canonical_json
from migrator.descope.attribute_value import AttributeType, same_value, sent_value
from migrator.normalize.typed_value import typed_value
from migrator.verify.typed_values import holds_value

OPTIONS = ("Milan", "R&D", "Sales, EMEA", "1", "true")
KINDS: dict[str, MappedAttribute] = {
    "number": MappedAttribute(field="field_1", type="number"),
    "boolean": MappedAttribute(field="field_1", type="boolean"),
    "date": MappedAttribute(field="field_1", type="date"),
    "seconds": MappedAttribute(field="field_1", type="date", form="seconds"),
    "milliseconds": MappedAttribute(field="field_1", type="date", form="milliseconds"),
    "single_select": MappedAttribute(field="field_1", type="single_select", options=OPTIONS),
    "multi_select": MappedAttribute(field="field_1", type="multi_select", options=OPTIONS),
}
ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT
ANY_JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner), max_leaves=20)
# Outside of these years a number cannot be told from another one in milliseconds (docs/decisions/0025).
DAYS = st.dates(date(1971, 1, 1), date(2285, 12, 31))
LIKELY = (
    st.sampled_from(["0", "1", "yes", "No", "true", "12.0", "12,5", "0000-00-00", "2026-01-31 10:00:00", "Milan; R&D"])
    | st.integers().map(str)
    | st.decimals(allow_nan=False, allow_infinity=False).map(str)
    | DAYS.map(str)
    | DAYS.map(lambda day: f"{day} 23:15:00")
    | st.lists(st.sampled_from(OPTIONS))
    | st.lists(st.sampled_from(OPTIONS)).map("; ".join)
)
each_kind = pytest.mark.parametrize("kind", KINDS)


def is_of(kind: str, value: Any) -> bool:
    """Whether a value is one of the type."""
    match kind:
        case "number":
            return type(value) is int or (type(value) is float and not value.is_integer())
        case "boolean":
            return type(value) is bool
        case "date":
            return type(value) is str and date.fromisoformat(value).isoformat() == value
        case "seconds" | "milliseconds":
            return type(value) is int and value % (86_400 * (1000 if kind == "milliseconds" else 1)) == 0
        case "single_select":
            return value in OPTIONS
        case _:
            return bool(value) and value == [one for one in OPTIONS if one in value]


def shown_as(kind: str, value: Any) -> list[Any]:
    """The forms in which answers may show a value (docs/contract/descope.md 11.2)."""
    texts = [value, value if isinstance(value, str) else json.dumps(value)]
    if kind == "number":
        return [*texts, float(value), str(float(value))]
    if kind == "multi_select":
        return [*texts, value[::-1], json.dumps(value[::-1])]
    if kind in ("date", "seconds", "milliseconds"):
        per = 1000 if kind == "milliseconds" else 1
        day = date.fromisoformat(value) if kind == "date" else datetime.fromtimestamp(value / per, UTC).date()
        seconds = (day - date(1970, 1, 1)).days * 86_400
        return [*texts, day.isoformat(), f"{day}T00:00:00Z", f"{day} 00:00:00", seconds, seconds * 1000]
    return texts


@each_kind
@given(value=ANY_JSON | LIKELY)
def test_d6_conversion_never_raises_and_gives_a_value_of_the_type(kind: str, value: Any) -> None:
    """Whatever Docebo answers: a value of the type, nothing, or a value left out; the same each time."""
    found = typed_value(value, KINDS[kind])

    assert found is None or found == "" or is_of(kind, found)
    assert canonical_json(found) == canonical_json(typed_value(value, KINDS[kind]))


@each_kind
@given(value=LIKELY)
def test_what_was_converted_is_the_same_in_every_form_an_answer_may_have(kind: str, value: Any) -> None:
    """For the sender and for verification, so that an unchanged world is never sent again."""
    sent = typed_value(value, KINDS[kind])
    if sent is None or sent == "":
        return
    wanted = KINDS[kind].type
    for found in shown_as(kind, sent):
        assert same_value(found, sent, AttributeType[wanted.upper()]), found
        assert holds_value(wanted, sent, found), found


@each_kind
@given(one=LIKELY, other=LIKELY)
def test_other_values_are_never_taken_for_the_same(kind: str, one: Any, other: Any) -> None:
    """For neither of both, also as texts."""
    here, there = typed_value(one, KINDS[kind]), typed_value(other, KINDS[kind])
    wanted = KINDS[kind].type
    if None in (here, there) or "" in (here, there):
        return
    same = canonical_json(here) == canonical_json(there)
    for found in (there, there if isinstance(there, str) else json.dumps(there)):
        assert same_value(found, here, AttributeType[wanted.upper()]) == same
        assert holds_value(wanted, here, found) == same


@pytest.mark.parametrize("kind", list(AttributeType))
@given(one=ANY_JSON, other=ANY_JSON)
def test_d6_comparing_never_raises_and_finds_everything_like_itself(kind: AttributeType, one: Any, other: Any) -> None:
    """Foreign values too: a project holds what it holds."""
    assert same_value(one, one, kind)
    assert same_value(one, other, kind) == same_value(other, one, kind)
    holds_value("date" if kind == AttributeType.DATE else "multi_select", one, other)
    assert canonical_json(sent_value(one, kind)) == canonical_json(sent_value(sent_value(one, kind), kind))
