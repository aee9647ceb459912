"""The wire of every test of calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from wire import Wire

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def wire() -> Iterator[Wire]:
    wire = Wire()
    yield wire
    wire.close()
