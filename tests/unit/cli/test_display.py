"""What a run shows of a reading that goes on beside its steps."""

from __future__ import annotations

import pytest
from virtual_clock import VirtualClock

from migrator.cli.display import Display


@pytest.mark.parametrize(
    ("seen", "total", "shown"),
    [
        (0, 1200, "Reading Docebo once more: 0 of 1,200 users"),
        (1000, None, "Reading Docebo once more: 1,000 users"),
        (1200, 1200, ""),
        (1201, 1200, ""),
    ],
)
def test_a_reading_beside_the_steps_is_shown_until_everybody_was_seen(seen: int, total: int | None, shown: str) -> None:
    display = Display(VirtualClock())

    display.confirming(seen, total)

    assert display.beside == shown
