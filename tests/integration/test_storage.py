"""Storage that fills up or is locked (docs/reliability.md S1 and S2); PostgreSQL is test_postgres.py."""

from __future__ import annotations

import contextlib
import functools
import os
import resource
import signal
import sqlite3
import subprocess
import threading
from typing import TYPE_CHECKING, Any

import oracle
import pytest
from children import Child
from sqlalchemy import event
from sqlalchemy.pool import Pool

from migrator.checkpoint.db import database
from migrator.core.clock import Clock
from migrator.core.errors import ConfigError, StopRun

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from figures import Note
    from world import Place

    from migrator.report.summary import RunFigures

PAGE = 4096
IS_ROOT = os.geteuid() == 0


def file_of(place: Place) -> Path:
    return place.folder / "migrator.db"


def sound(place: Place) -> None:
    """Whatever happened, the checkpoint is whole, and whoever is at Descope was intended before."""
    with contextlib.closing(sqlite3.connect(file_of(place))) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'source_user'").fetchone():
            assert place.targets() == []
            return
        states = dict(connection.execute("SELECT user_id, state FROM source_user"))
    for user in place.targets():
        assert states[user["customAttributes"]["doceboUserId"]] in ("sending", "created", "unchanged")


def limit_pages(pages: int) -> Callable[[sqlite3.Connection, Any], None]:
    def limit(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}").close()

    return limit


def with_pages(place: Place, pages: int) -> RunFigures:
    """A database that cannot grow beyond some pages: SQLITE_FULL."""
    event.listen(Pool, "connect", limit_pages(pages))
    return place.migrate()


def with_file_size(place: Place, pages: int) -> RunFigures:
    """No file can grow beyond some bytes, -wal and reports included: EFBIG."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (pages * PAGE, resource.RLIM_INFINITY))
    return place.migrate()


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("full", "step"),  # four pages more each time at least, as each run leaves its row
    [(with_pages, 4), (with_file_size, 8), pytest.param(with_file_size, 2, marks=pytest.mark.soak)],
)
def test_s1_a_full_disk_at_every_growth_stops_safely(
    place: Place, capfd: pytest.CaptureFixture[str], full: Callable[[Place, int], RunFigures], step: int, note: Note
) -> None:
    """However far the files may grow, the run ends with 4 and names the file, until one gets through."""
    place.sandbox.control.reset(users=25, difficult=0)
    place.configure(descope={"batch_size": 10}, run={"concurrency": 2})
    start = oracle.before(place)
    stops = 0
    while (code := Child(functools.partial(full, place, step * (stops + 1))).wait()) != 0:
        assert code == StopRun.exit_code
        assert str(place.folder) in capfd.readouterr().err
        sound(place)
        stops += 1

    assert stops > 5
    assert oracle.check(place, start).states == {"created": 25}
    note("S1", "stops on a full disk", stops)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """A real file system of its own, made and resized to some KiB by calling this."""
    if not IS_ROOT:
        pytest.skip("only root may mount a file system")
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ("mount", "-t", "tmpfs", "tmpfs", str(folder))
    if subprocess.run([*mount, "-o", "size=16k"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a file system")

    def resize(kib: int) -> Path:
        subprocess.run([*mount, "-o", f"remount,size={kib}k"], check=True)
        return folder

    yield resize
    subprocess.run(("umount", str(folder)), check=True)


@pytest.mark.parametrize("step", [64, pytest.param(16, marks=pytest.mark.soak)])
def test_s1_a_really_full_disk(
    place: Place, capfd: pytest.CaptureFixture[str], small_disk: Callable[[int], Path], step: int, note: Note
) -> None:
    """On a file system without room the run ends with 4; with more room, runs continue until one gets through."""
    place.sandbox.control.reset(users=25, difficult=0)
    folder = small_disk(16)
    place.checkpoint = f"sqlite:///{folder}/migrator.db"
    place.configure(descope={"batch_size": 10})
    start = oracle.before(place)
    kib = 16
    while (code := Child(place.migrate).wait()) != 0:
        assert code == StopRun.exit_code
        assert str(folder) in capfd.readouterr().err
        kib += step
        small_disk(kib)

    assert kib > 100
    assert oracle.check(place, start).states == {"created": 25}
    note("S1", "stops on a full disk", (kib - 16) // step)


def test_s1_a_folder_that_cannot_be_written(place: Place, tmp_path: Path) -> None:
    """A read-only folder is refused with its path before anything is asked of anybody."""
    folder = tmp_path / "read-only"
    folder.mkdir(mode=0o500)
    if IS_ROOT and subprocess.run(("mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(folder)), check=False).returncode:
        pytest.skip("root ignores permissions, and this machine lets nobody mount a file system")
    place.checkpoint = f"sqlite:///{folder}/migrator.db"
    place.configure()
    try:
        ended = place.forked("run", "--yes")
    finally:
        if IS_ROOT:
            subprocess.run(("umount", str(folder)), check=True)

    assert ended.code == ConfigError.exit_code
    assert str(folder) in ended.err
    assert place.journal() == place.journal("docebo") == []


@contextlib.contextmanager
def locked(path: Path) -> Iterator[sqlite3.Connection]:
    """Another program's write lock, until the end or a rollback."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection


class Locking(Clock):
    """Another program takes the lock right before a request."""

    def __init__(self, path: Path, at: int) -> None:
        super().__init__()
        self._path = path
        self._left = at
        self._lock = contextlib.ExitStack()

    def check(self) -> None:
        super().check()
        self._left -= 1
        if self._left == 0:
            self._lock.enter_context(locked(self._path))


def test_s2_a_locked_checkpoint_is_waited_for(place: Place) -> None:
    """A lock that another program gives back in time is only a delay."""
    place.sandbox.control.reset(users=5, difficult=0)
    place.migrate()
    with locked(file_of(place)) as other:
        release = threading.Timer(0.4, other.rollback)
        release.start()
        assert place.migrate().books.states["created"] == 5
        release.join()


def test_s2_a_checkpoint_that_stays_locked_ends_the_run(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock that stays ends the run with 4 after the busy time, before the run or in its middle."""
    place.sandbox.control.reset(users=5, difficult=0)
    place.configure(run={"concurrency": 1})
    start = oracle.before(place)
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.3)
    clock = Clock()
    Child(lambda: place.migrate(dry_run=True)).wait()
    before = clock.monotonic()
    with locked(file_of(place)):
        assert Child(place.migrate).wait() == StopRun.exit_code
    assert clock.monotonic() - before >= 0.3

    for at in range(1, 8):
        assert Child(lambda at=at: place.migrate(Locking(file_of(place), at))).wait() == StopRun.exit_code  # type: ignore[misc]
        oracle.check(place, start, whole=False)
    place.migrate()
    assert oracle.check(place, start).states == {"created": 5}
