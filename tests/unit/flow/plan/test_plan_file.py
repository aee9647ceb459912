"""The seal of a plan's lines: any edit breaks it, another way of writing the same does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from migrator.core.errors import ConfigError
from migrator.flow.plan.plan_file import SEAL, _break_seal, _sealed

VALUES: dict[str, Any] = {
    "user_id": "7",
    "decision": "update",
    "hash": "ab",
    "seen": None,
    "changes": {"name": ["Zo\u00eb \ud800", "A"]},
    "reason": None,
}


def open_line(line: dict[str, Any]) -> None:
    _break_seal(Path("plan.jsonl"), 120, line)


def assert_edited(line: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        open_line(line)
    assert caught.value.message == "Line 120 of plan.jsonl was edited: plans must not be edited by hand."


def test_a_line_as_it_was_written_is_whole() -> None:
    """Also when a tool wrote its keys in another order or with other blanks; the seal is taken off."""
    line = json.loads(_sealed(VALUES))

    open_line(dict(reversed(line.items())))
    open_line(line)

    assert line == VALUES


@pytest.mark.parametrize("key", [*VALUES, SEAL])
def test_any_change_of_a_line_is_an_edit(key: str) -> None:
    """Every value counts, and so does a key that was taken away or put in."""
    line = json.loads(_sealed(VALUES))

    assert_edited({**line, key: "other"})
    assert_edited({name: value for name, value in line.items() if name != key})
    assert_edited({**line, "more": 1})
