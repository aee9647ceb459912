"""docs/terminal.md shows what the program shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from screens import PAGE, WIDTHS, night, shown_on

if TYPE_CHECKING:
    from world import Place


@pytest.mark.parametrize("columns", [WIDTHS[0], *(pytest.param(wider, marks=pytest.mark.soak) for wider in WIDTHS[1:])])
def test_the_recorded_screens_are_what_the_program_shows(place: Place, columns: int) -> None:
    """Every screen of a night is on the page as it looks now; `make readme` renews the page."""
    shots = night(place, columns)

    recorded = shown_on(PAGE.read_text(encoding="utf-8"), columns)
    assert list(recorded) == list(shots)
    for name, shot in shots.items():
        # Where a line ends depends on how long this machine's folder is called.
        assert recorded[name].split() == shot.split(), f"{name} is not what docs/terminal.md shows: make readme"
    assert all(len(line) <= columns for shot in shots.values() for line in shot.splitlines())
