"""The list of reasons on a screen: by state and weight, wrapped between words, each with its fix."""

from __future__ import annotations

import pytest

from migrator.cli.reason_list import reason_list
from migrator.core.reasons import Reason

MANY = {"no_email": 20, "login_taken": 3, "duplicate_email": 10, "gave_up": 1, "limit": 500, "of_a_later_version": 2}


def test_conflicts_and_failures_come_first_and_the_heaviest_of_each() -> None:
    """What a person must act on stands above what was left out on purpose, however many these are."""
    lines = reason_list(MANY, width=100)
    heads = [line.strip() for line in lines if not line.startswith("    ")]
    codes = [line.split(maxsplit=1)[1].split(":")[0] for line in lines if line[:11].strip().isdigit()]

    assert heads == [f"reasons for {state}:" for state in ("conflict", "failed", "rejected", "skipped")] + [
        "other reasons:"
    ]
    assert codes == ["duplicate_email", "login_taken", "gave_up", "no_email", "limit", "of_a_later_version"]


@pytest.mark.parametrize("width", [40, 80, 100, 200])
def test_no_word_is_broken_and_every_word_is_there(width: int) -> None:
    """Lines fit the terminal, go on below their beginning, and hold meaning and fix once."""
    lines = reason_list(MANY, width=width)
    text = " ".join(" ".join(lines).split())

    assert all(len(line) < width for line in lines)
    for code in MANY.keys() - {"of_a_later_version"}:
        assert text.count(f"{code}: {Reason[code.upper()].meaning} Fix: {Reason[code.upper()].fix}") == 1
    assert "Fix:" not in " ".join(reason_list(MANY, width=width, fixes=False))
