"""What every whole-run test ends with: the judge's look at what must hold at any moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import oracle
import pytest
from world import Place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from migrator.sandbox.process import SandboxProcess


@pytest.fixture
def place(tmp_path: Path, sandbox: SandboxProcess) -> Iterator[Place]:
    """`place`, at whose end the judge looks at it whatever the test did."""
    place = Place(tmp_path, sandbox, "sqlite:///migrator.db")
    yield place
    place.end_all()
    oracle.anytime(place)
