"""Figures that tests reach (points tried, seeds), printed at the end of a test run for docs/reliability.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Note = Callable[[str, str, int], None]

KEY = "figure"


@pytest.fixture
def note(record_property: Callable[[str, object], None]) -> Note:
    """`note(row, what, number)` puts a figure of a matrix row into the output; xdist carries it along."""

    def tell(row: str, what: str, number: int) -> None:
        record_property(KEY, (row, what, number))

    return tell


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures, numbers of the same name summed up."""
    figures: dict[tuple[str, str], int] = {}
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == KEY and report.when == "call":
                row, what, number = value
                figures[row, what] = figures.get((row, what), 0) + number
    if figures:
        terminalreporter.section("figures")
    for (row, what), number in sorted(figures.items()):
        terminalreporter.line(f"{row:4} {what}: {number}")
