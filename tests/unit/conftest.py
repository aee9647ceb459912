"""Fixtures of the fast tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from two_migrations import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from migrator.checkpoint.db.checkpoint import Checkpoint


@pytest.fixture
def store(home: Path) -> Iterator[Checkpoint]:
    """An open, empty checkpoint beside another migration's; that one must not have changed at the end."""
    with open_store(home) as checkpoint:
        yield checkpoint
