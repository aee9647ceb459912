"""What every whole-run test ends with: the judge's look at what must hold at any moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import oracle
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world import Place


@pytest.fixture
def place(place: Place) -> Iterator[Place]:
    """`place`, at whose end the judge looks at it whatever the test did."""
    yield place
    place.end_all()
    oracle.anytime(place)
