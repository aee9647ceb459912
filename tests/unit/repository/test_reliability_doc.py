"""docs/reliability.md names a real test and a figure for every row."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from figures import rows_of

ROOT = Path(__file__).parents[3]
COUNTS = {"C": 8, "N": 19, "P": 9, "D": 8, "S": 7, "L": 5, "W": 5}
TEXT = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
ROWS = {row: (tests, reached) for row, tests, reached in re.findall(
    r"^\| ([CNPDSLW]\d+) \|[^|]*\|([^|]*)\|([^|]*)\|$", TEXT, re.MULTILINE)}  # fmt: skip
IDS = [f"{kind}{number}" for kind, count in COUNTS.items() for number in range(1, count + 1)]
NAMED = [name for path in (ROOT / "tests").rglob("test_*.py") if "node_modules" not in path.parts
         for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)]  # fmt: skip


@pytest.mark.parametrize("row", IDS)
def test_every_row_names_tests_that_exist(row: str) -> None:
    """Each row names at least one file, and every test named is in one of the row's files."""
    tests, _ = ROWS[row]
    files = re.findall(r"`([\w/]+\.py)`", tests)
    sources = "".join((ROOT / "tests" / name).read_text(encoding="utf-8") for name in files)

    assert files
    assert [name for name in re.findall(r"`(test_\w+)`", tests) if f"def {name}(" not in sources] == []


@pytest.mark.parametrize("row", IDS)
def test_every_row_names_all_its_tests_and_what_they_reached(row: str) -> None:
    """Every test that bears a row's id stands in the row, beside the figure it reached."""
    tests, reached = ROWS[row]

    assert [name for name in NAMED if row in rows_of(f"::{name}") and f"`{name}`" not in tests] == []
    assert re.search(r"\d", reached)
