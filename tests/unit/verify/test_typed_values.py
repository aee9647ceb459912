"""Whether an attribute holds the value it must, to the eyes of verification (docs/verify.md)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from wanted_and_held import MARK, WANTED, held, policy

from migrator.config.schema import MappingConfig
from migrator.core.model import State
from migrator.verify.compare import StoredFacts, compare_user
from migrator.verify.typed_values import holds_value


@pytest.mark.parametrize(
    ("kind", "wanted", "found", "same"),
    [
        ("text", "12", 12, True), ("text", "12", "12.0", False), ("text", "true", True, True),
        ("text", "a", None, False),
        ("number", 12, "12", True), ("number", 12, 12.0, True), ("number", 12.5, "12.50", True),
        ("number", 0, None, False), ("number", 0, "", False), ("number", 10, "1_0", False), ("number", 1, "x", False),
        ("boolean", True, "true", True), ("boolean", False, "false", True), ("boolean", False, "", False),
        ("boolean", False, None, False), ("boolean", True, "yes", False),
        ("single_select", "a", "a", True), ("single_select", "a", "b", False),
        ("multi_select", ["a", "b"], ["b", "a"], True), ("multi_select", ["a", "b"], '["b", "a"]', True),
        ("multi_select", ["a", "b"], "b, a", True), ("multi_select", ["a"], ["a", "b"], False),
        ("multi_select", ["a"], None, False),
        ("date", "2026-01-31", "2026-01-31T10:00:00Z", True), ("date", "2026-01-31", 1769817600, True),
        ("date", "2026-01-31", "1769817600000", True), ("date", 1769817600000, "2026-01-31", True),
        ("date", "2026-01-31", "2026-02-01", False), ("date", "2026-01-31", 10**30, False),
        ("date", "2026-01-31", "2026-01-310", False),
    ],
)  # fmt: skip
def test_a_value_is_held_in_whatever_form_it_comes_back(kind: Any, wanted: Any, found: Any, same: bool) -> None:
    assert holds_value(kind, wanted, found) == same


def test_a_zero_in_descope_is_no_empty_field() -> None:
    """`fill_if_empty` left it alone, so that it is no difference; `source_wins` did not, so that it is one."""
    mapping = MappingConfig.model_validate({"attributes": {"points": {"field": "field_1", "type": "number"}}})
    target = replace(WANTED, attributes=MARK | {"points": 7})
    there = held(attributes=MARK | {"points": 0, "freshlyMigrated": True})

    def differing(**rules: str) -> list[str]:
        found = compare_user(target, there, StoredFacts(State.UPDATED), policy(**rules), mapping.attributes)
        return [one.path for one in found]

    assert differing(points="fill_if_empty") == []
    assert differing() == ["customAttributes.points"]
