"""Values and definitions of custom attributes (docs/contract/descope.md 4.1 and 11.2)."""

from __future__ import annotations

from typing import Any

import pytest

from migrator.descope.attribute_value import AttributeDefinition, AttributeType, is_unset, same_value, sent_value
from migrator.descope.payload import attribute_body


@pytest.mark.parametrize(
    ("told", "kind", "words"),
    [
        (1, 1, "text"), (2, 2, "number"), (3, 3, "boolean"), (4, 4, "single_select"), (5, 5, "multi_select"),
        (6, 6, "date"), (7, 7, "month_day"), ("6", 6, "date"), ("string", 1, "text"), ("Text", 1, "text"),
        ("number", 2, "number"), ("singleSelect", 4, "single_select"), ("MULTI_SELECT", 5, "multi_select"),
        ("date", 6, "date"), ("colour", 0, "of an unknown type"), ("", 0, "of an unknown type"),
        (None, 0, "of an unknown type"), (99, 99, "of an unknown type"),
    ],
)  # fmt: skip
def test_a_type_is_known_by_its_number_and_by_its_name(told: Any, kind: int, words: str) -> None:
    found = AttributeDefinition.of({"name": "a", "type": told})

    assert (found.kind, found.type_name) == (kind, words)


def test_a_definition_without_a_type_is_text_and_options_are_their_values() -> None:
    options = [{"value": "a", "label": "A"}, {"value": "b", "label": "B"}]

    assert AttributeDefinition.of({"name": "a"}) == AttributeDefinition(AttributeType.TEXT)
    assert AttributeDefinition.of({"name": "a", "type": 4, "options": options}).options == ("a", "b")
    assert AttributeDefinition.of({"name": "a", "type": 4, "options": None}).options == ()


def test_a_definition_is_sent_with_its_number_and_only_a_select_has_options() -> None:
    """So that it is read back as it was meant."""
    for one in (AttributeDefinition(AttributeType.DATE), AttributeDefinition(AttributeType.MULTI_SELECT, ("a", "b"))):
        body = attribute_body("x", one)
        assert AttributeDefinition.of(body) == one
        assert ("options" in body) == bool(one.options)
        assert type(body["type"]) is int


@pytest.mark.parametrize(
    ("kind", "one", "other", "same"),
    [
        (1, "12", "12.0", False), (1, "007", "7", False), (1, "true", True, True), (1, "a", "A", False),
        (2, "12", 12, True), (2, 12.0, 12, True), (2, "12.50", 12.5, True), (2, "1e2", 100, True), (2, "0", "", False),
        (2, 0, None, False), (2, "x", 0, False), (2, "1_0", 10, False), (2, True, 1, False),
        (3, "true", True, True), (3, "False", False, True), (3, "", False, False), (3, 0, False, False),
        (4, "a", "a", True), (4, "a", "A", False),
        (5, '["b","a"]', ["a", "b"], True), (5, "a, b", ["b", "a"], True),
        (5, ["a"], ["a", "b"], False), (5, "a", ["a"], True), (5, [], ["a"], False),
        (6, "2026-01-31", 1769817600, True), (6, "2026-01-31", "1769817600000", True),
        (6, "2026-01-31T23:59:59Z", "2026-01-31", True), (6, "2026-01-30", 1769817600, False),
        (6, "2026-02-30", "2026-02-30", True), (6, 10**18, "2026-01-31", False), (6, "1969-12-31", -86400, True),
        (6, "", "2026-01-31", False), (0, 1, "1", True), (None, [1], "[1]", True),
    ],
)  # fmt: skip
def test_values_are_the_same_by_their_type(kind: Any, one: Any, other: Any, same: bool) -> None:
    assert same_value(one, other, kind) == same_value(other, one, kind) == same


@pytest.mark.parametrize(
    ("kind", "value", "sent"),
    [
        (2, "12", 12), (2, "1.5", 1.5), (2, "1_0", "1_0"), (2, "1e999", "1e999"), (2, "nan", "nan"), (2, 7, 7),
        (3, "true", True), (3, "yes", "yes"), (5, '["x", "y"]', ["x", "y"]), (5, "[x", "[x"), (5, "x", "x"),
        (5, ["x"], ["x"]), (6, "1769817600", 1769817600), (6, "2026-01-31", "2026-01-31"), (1, "12", "12"),
        (4, "12", "12"), (None, "12", "12"),
    ],
)  # fmt: skip
def test_a_value_that_came_back_as_text_is_sent_in_its_type(kind: Any, value: Any, sent: Any) -> None:
    """What cannot be read goes back as it came."""
    found = sent_value(value, kind)

    assert (found, type(found)) == (sent, type(sent))


def test_zero_and_false_are_set() -> None:
    unset: list[Any] = [None, "", []]
    values: list[Any] = [0, False, 0.0, " "]
    assert list(map(is_unset, unset + values)) == [True] * len(unset) + [False] * len(values)
