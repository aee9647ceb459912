"""Fixtures of the whole suite: a sandbox, a real PostgreSQL, and a place where a migration lives."""

from __future__ import annotations

import functools
import logging
import os
import shutil
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

import pytest
import structlog
from figures import note, pytest_terminal_summary
from hypothesis import HealthCheck, settings
from world import Place, Postgres

from migrator.checkpoint.db import database
from migrator.checkpoint.db.database import Database
from migrator.http import session
from migrator.log.sinks import Output
from migrator.sandbox.process import SandboxProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Engine

__all__ = ["note", "pytest_terminal_summary"]  # found here by pytest

# Nothing of the developer's own environment may leak into a test.
_OWN = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE", "LC_ALL")
for name in [name for name in os.environ if name.startswith("MIGRATOR_") or name in _OWN]:
    del os.environ[name]
# Whoever starts the suite with nohup, or from a service, has it ignored, and every command would inherit that.
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# Programs are killed here, machines are not: nothing is gained by waiting for a disk at every commit.
MEMORY = Path("/dev/shm")  # noqa: S108 -- pytest makes a private folder there
if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 2**30:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))

ENGINES = 4  # kept at a time
# The tests whose coverage is measured by `make test COVERAGE=1`: they run most of the program, in their own process.
MEASURED = (
    "unit/",
    "integration/http/",
    "integration/test_life",
    "integration/test_main_flow",
    "integration/test_partial",
)
TESTS = Path(__file__).parent

# A busy machine must not fail a test: nothing that hypothesis tries here is about time.
settings.register_profile("daily", max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("soak", settings.get_profile("daily"), max_examples=20_000)
settings.load_profile("daily")


@pytest.hookimpl(tryfirst=True)  # before -m is looked at
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of a `grid`, keep for every day what shows each value of each parameter once; the rest is for the soak."""
    if config.getoption("cov_source", None) and config.getoption("cov_config") == ".coveragerc":  # by pyproject.toml
        for item in items:
            if not item.path.relative_to(TESTS).as_posix().startswith(MEASURED):
                item.add_marker(pytest.mark.no_cover)
    shown: set[tuple[str, str, str]] = set()
    for item in sorted(items, key=lambda item: crc32(item.nodeid.encode())):  # not one row and one column
        if item.get_closest_marker("soak"):
            continue  # shows nothing every day
        if isinstance(item, pytest.Function) and item.get_closest_marker("grid"):
            values = {(item.originalname, name, repr(value)) for name, value in item.callspec.params.items()}
            if values <= shown:
                item.add_marker(pytest.mark.soak)
            shown |= values


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    """Each test starts and ends with the libraries' own set-up, and whatever it sets up ends with it."""
    handlers = logging.getLogger().handlers[:]
    yield
    if isinstance(output := structlog.get_config()["logger_factory"], Output):
        output.close()
    structlog.reset_defaults()
    logging.getLogger().handlers[:] = handlers


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL server from a test dependency; each test gets a database of its own."""
    # Not below pytest's own folder: every pytest that starts makes that one private again, and the server, which
    # must not be root, can no longer reach its data.
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder, Postgres(Path(folder)) as server:
        yield server


@pytest.fixture(scope="session")
def _sandbox_process() -> Iterator[SandboxProcess]:
    with SandboxProcess(users=0) as process:
        yield process


@pytest.fixture
def sandbox(_sandbox_process: SandboxProcess) -> SandboxProcess:
    """Both APIs, freshly emptied: no users, no strangers, no switches, no faults, an empty journal."""
    _sandbox_process.control.reset(users=0, strangers=0)
    return _sandbox_process


@pytest.fixture(scope="session")
def _home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def home(_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, the same one for every test, so that the SQL for its checkpoint is compiled once.

    The trusted authorities are read once as well. Connections are never shared: every command
    ends by closing its own.
    """
    shutil.rmtree(_home)
    _home.mkdir()
    monkeypatch.setattr(session, "_trust", _trust)
    monkeypatch.setattr(Database, "_engine", _engine)
    return _home


_trust = functools.cache(session._trust)
_make_engine = Database._engine


_engines: dict[tuple[URL, int], Engine] = {}


def _engine(made_for: Database, url: URL) -> Engine:
    wanted = url, database.BUSY_SECONDS
    if wanted not in _engines:
        while len(_engines) >= ENGINES:  # each test on PostgreSQL has a database of its own
            del _engines[next(iter(_engines))]
        _engines[wanted] = _make_engine(made_for, url)
    return _engines[wanted]


@pytest.fixture
def place(home: Path, sandbox: SandboxProcess) -> Iterator[Place]:
    """A folder with a configuration for the sandbox and an SQLite checkpoint."""
    place = Place(home, sandbox, "sqlite:///migrator.db")
    yield place
    place.end_all()


@pytest.fixture(params=["sqlite", "postgres"])
def any_place(request: pytest.FixtureRequest, place: Place) -> Place:
    """`place`, once with each kind of checkpoint."""
    if request.param == "postgres":
        server: Postgres = request.getfixturevalue("postgres")
        place.checkpoint = server.new_database()
        place.configure()
    return place
