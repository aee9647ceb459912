"""What every crash test takes for granted, and the judge's look that each of them ends with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import oracle
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world import Place


@pytest.fixture
def place(place: Place) -> Iterator[Place]:
    """An SQLite checkpoint, batches and pages of ten, one request in flight: every run takes the same steps."""
    place.configure(docebo={"page_size": 10}, descope={"batch_size": 10}, run={"concurrency": 1})
    yield place
    place.end_all()
    oracle.anytime(place)
