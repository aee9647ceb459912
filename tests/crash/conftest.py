"""What every crash test takes for granted."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from world import Place

from migrator import http
from migrator.checkpoint.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Engine

    from migrator.sandbox.process import SandboxProcess

# A killed process leaves all it wrote to the system, on a disk or not: memory does, and syncs in no time.
MEMORY = Path("/dev/shm")  # noqa: S108 -- holds folders with random names, made for us alone


@pytest.fixture(autouse=True)
def _warm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the trusted authorities and compile the SQL once, not anew in each of a thousand runs.

    Connections are never shared: SQLite's are not pooled, and every run ends by giving up PostgreSQL's.
    """
    monkeypatch.setattr(http, "_trust", functools.cache(http._trust))
    make = Database._engine
    engines: dict[str, Engine] = {}

    def engine(database: Database, url: URL) -> Engine:
        name = url.render_as_string(hide_password=False)
        if name not in engines:
            engines[name] = make(database, url)
        return engines[name]

    monkeypatch.setattr(Database, "_engine", engine)


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory where there is such a place."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture
def place(memory: Path, sandbox: SandboxProcess) -> Iterator[Place]:
    """An SQLite checkpoint, batches and pages of ten, one request in flight: every run takes the same steps."""
    place = Place(memory, sandbox, "sqlite:///migrator.db")
    place.configure(docebo={"page_size": 10}, descope={"batch_size": 10}, run={"concurrency": 1})
    yield place
    place.end_all()
