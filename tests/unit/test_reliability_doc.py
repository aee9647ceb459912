"""docs/reliability.md names a real test for every row of the matrix."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COUNTS = {"C": 8, "N": 17, "P": 8, "D": 8, "S": 7, "L": 5}
TEXT = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| ([CNPDSL]\d+) \|(.*)$", TEXT, re.MULTILINE))


@pytest.mark.parametrize("row", [f"{kind}{number}" for kind, count in COUNTS.items() for number in range(1, count + 1)])
def test_every_row_names_tests_that_exist(row: str) -> None:
    """Each row names at least one file, and every test named is in one of the row's files."""
    files = re.findall(r"`([\w/]+\.py)`", ROWS[row])
    sources = "".join((ROOT / "tests" / name).read_text(encoding="utf-8") for name in files)

    assert files
    assert [name for name in re.findall(r"`(test_\w+)`", ROWS[row]) if f"def {name}(" not in sources] == []
