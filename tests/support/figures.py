"""Figures that tests reach (points tried, seeds), printed at the end of a test run for docs/reliability.md."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Note = Callable[[str, str, int], None]

KEY = "figure"
ROWS = re.compile(r"::test_((?:[a-z]\d+_)+)")


@pytest.fixture
def note(record_property: Callable[[str, object], None]) -> Note:
    """`note(row, what, number)` puts a row's figure into the output; xdist carries it along."""

    def tell(row: str, what: str, number: int) -> None:
        record_property(KEY, (row, what, number))

    return tell


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many cases of each row passed, and the figures; numbers of the same name summed up."""
    figures: Counter[tuple[str, str]] = Counter()
    for report in terminalreporter.getreports("passed"):
        if report.when == "call":
            figures.update((row, "cases") for row in rows_of(report.nodeid))
            for name, value in report.user_properties:
                if name == KEY:
                    row, what, number = value
                    figures[row, what] += number
    if figures:
        terminalreporter.section("figures")
    for (row, what), number in sorted(figures.items()):
        terminalreporter.line(f"{row:4} {what}: {number}")


def rows_of(nodeid: str) -> list[str]:
    """The rows of docs/reliability.md that a test is named after."""
    ids = ROWS.search(nodeid)
    return ids[1].upper().strip("_").split("_") if ids else []
