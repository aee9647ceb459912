"""A checkpoint file that is broken, foreign, on the wrong disk or open to others (docs/reliability.md S3 and S6)."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
from typing import TYPE_CHECKING

import oracle
import pytest
from sqlalchemy import text

from migrator.checkpoint.db.checkpoint import Checkpoint
from migrator.checkpoint.db.network_disk import network_file_system
from migrator.core.clock import Clock
from migrator.core.errors import ConfigError, LeaseLost

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from world import Place


def corrupt_head(path: Path) -> None:
    path.write_bytes(b"\0" * 100 + path.read_bytes()[100:])


def corrupt_page(path: Path) -> None:
    """One of the pages that hold people; a look at the schema does not come by it."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'ix_login_user'").fetchone()
    content = bytearray(path.read_bytes())
    content[(root - 1) * 4096 : (root - 1) * 4096 + 200] = b"\xff" * 200
    path.write_bytes(content)


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2 // 4096 * 4096])


def truncated_inside_a_page(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2 + 1000])


def other_program(path: Path) -> None:
    path.unlink()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
        connection.commit()


def no_database(path: Path) -> None:
    path.write_text("Dear diary, this is no database. " * 200, encoding="utf-8")


def newer_schema(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE migrator_version SET version_num = '9999'")
        connection.commit()


@pytest.mark.parametrize(
    "damage",
    [corrupt_head, corrupt_page, truncated, truncated_inside_a_page, other_program, no_database, newer_schema],
)
def test_s3_a_checkpoint_that_is_not_usable_is_refused(place: Place, damage: Callable[[Path], None]) -> None:
    """Broken, cut, foreign or newer: refused with advice, the file untouched, nobody asked anything."""
    place.sandbox.control.reset(users=40, difficult=0)
    place.configure(checkpoint={"keep_profiles": "always"})
    place.migrate()
    path = place.folder / "migrator.db"
    damage(path)
    content = path.read_bytes()
    place.sandbox.control.clear_journal()

    for repeated in range(2):
        with pytest.raises(ConfigError) as refused:
            place.migrate()

        assert refused.value.fix, repeated
        assert path.read_bytes() == content
    assert place.journal() == place.journal("docebo") == []


@pytest.mark.parametrize("damage", [truncated, other_program, newer_schema])
@pytest.mark.parametrize("arguments", [("run", "--yes"), ("status",), ("db", "upgrade")])
def test_s3_every_command_refuses_alike(
    place: Place, damage: Callable[[Path], None], arguments: tuple[str, ...]
) -> None:
    """Exit 2, the fix on stderr, and the file as it was, whichever command opens it."""
    path = place.folder / "migrator.db"
    Checkpoint(place.config.checkpoint.sqlalchemy_url, "default", Clock(), upgrade=True).db.close()
    damage(path)
    content = path.read_bytes()

    ended = place.forked(*arguments)

    assert ended.code == ConfigError.exit_code, ended.err
    assert "Fix: " in ended.err
    assert path.read_bytes() == content


def test_s3_a_missing_checkpoint_is_not_mistaken_for_an_empty_one(place: Place) -> None:
    """`status` refuses and makes no file; `run` recognises everybody by the mark and creates nobody."""
    place.sandbox.control.reset(users=20, difficult=0)
    start = oracle.before(place)
    place.migrate()
    (place.folder / "migrator.db").unlink()

    status = place.forked("status")

    assert status.code == ConfigError.exit_code
    assert "There is no checkpoint" in status.err
    assert not (place.folder / "migrator.db").exists()
    again = place.forked("run", "--yes", "--json")
    assert oracle.check(place, start, again).states == {"unchanged": 20}


MOUNTS = """\
/dev/sda1 / ext4 rw,relatime 0 0
proc /proc proc rw 0 0
server:/export /mnt/nfs nfs4 rw,vers=4.2 0 0
//server/share /mnt/with\\040blank cifs rw 0 0
//server/share /mnt/smb smb3 rw 0 0
user@host: /mnt/sshfs fuse.sshfs rw 0 0
tmpfs /mnt/nfs/local tmpfs rw 0 0
/dev/sdb1 /mnt/later ext4 rw 0 0
server:/over /mnt/later nfs rw 0 0
autofs /mnt/auto autofs rw 0 0
server:/auto /mnt/auto nfs rw 0 0
cut
"""


def test_s3_a_file_put_in_its_place_meanwhile_is_not_written_past(place: Place) -> None:
    """A backup restored under a run: the run ends, because what it wrote to the old file would be lost unseen."""
    path = place.folder / "migrator.db"
    url = place.config.checkpoint.sqlalchemy_url
    Checkpoint(url, "default", Clock(), upgrade=True).db.close()
    backup = path.read_bytes()

    with Checkpoint(url, "default", Clock(), upgrade=True) as checkpoint:
        checkpoint.write(lambda connection: connection.execute(text("UPDATE migration SET sweep = 7")))
        path.rename(path.with_name("moved.db"))
        for wal in path.parent.glob("migrator.db-*"):
            wal.rename(wal.with_name(wal.name.replace("migrator", "moved")))
        path.write_bytes(backup)

        with pytest.raises(LeaseLost):
            checkpoint.write(lambda connection: connection.execute(text("UPDATE migration SET sweep = 8")))


@pytest.mark.parametrize(
    ("folder", "found"),
    [
        ("/home/me", ""),
        ("/", ""),
        ("/mnt/nfs", "nfs4"),
        ("/mnt/nfs/deep/er", "nfs4"),
        ("/mnt/nfsx", ""),
        ("/mnt/nfs/local/x", ""),
        ("/mnt/with blank/x", "cifs"),
        ("/mnt/smb/x", "smb3"),
        ("/mnt/sshfs", "fuse.sshfs"),
        ("/mnt/later/x", "nfs"),
        ("/mnt/auto/x", "nfs"),
    ],
)
def test_s6_a_network_folder_is_recognised(folder: str, found: str) -> None:
    """The innermost, last mounted file system above a folder counts; only those of other machines are named."""
    assert network_file_system(folder, MOUNTS) == found


def test_s6_a_checkpoint_on_a_network_folder_is_refused(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite's locks do not hold over a network: the run and `check` refuse with the fix, and make no file."""
    mounts = tmp_path / "mounts"
    mounts.write_text(f"server:/export {place.folder} nfs4 rw 0 0\n", encoding="utf-8")
    monkeypatch.setattr("migrator.checkpoint.db.network_disk.MOUNTS", mounts)

    with pytest.raises(ConfigError, match="network folder") as refused:
        place.migrate()

    assert "PostgreSQL" in refused.value.fix
    assert not (place.folder / "migrator.db").exists()


def modes(folder: Path) -> dict[str, str]:
    found = {}
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # gone since it was listed
            status = path.lstat()
            if stat.S_ISREG(status.st_mode) and path.name != "config.yaml":
                found[path.name] = oct(stat.S_IMODE(status.st_mode))
    return found


@pytest.mark.parametrize("umask", [0, 0o022])
def test_x5_every_file_is_for_its_owner_alone(place: Place, umask: int) -> None:
    """Checkpoint, its -wal and -shm, reports and log are 0600 whatever the umask, while running and after."""
    place.sandbox.control.reset(users=20, difficult=0.2)
    seen: dict[str, str] = {}
    before = os.umask(umask)
    try:
        place.sandbox.control.set_faults({"kind": "slow", "api": "descope", "path": "create/batch"})
        process = place.start("run", "--yes", "--log-file", "run.log", "-v")
        while process.poll() is None:
            seen |= modes(place.folder)
        process.communicate()
    finally:
        os.umask(before)

    seen |= modes(place.folder)
    assert {name.split(".", 1)[-1] for name in seen} >= {"db", "db-wal", "db-shm", "json", "csv", "log"}
    assert set(seen.values()) == {"0o600"}
    assert stat.S_IMODE((place.folder / "reports").stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["migrator.db", "run.log"])
def test_x5_a_symbolic_link_in_the_place_of_a_file_is_refused(place: Place, tmp_path: Path, name: str) -> None:
    """A link planted where checkpoint or log belong is not followed; what it points to is untouched."""
    victim = tmp_path / "victim"
    victim.write_text("precious", encoding="utf-8")
    (place.folder / name).symlink_to(victim)

    ended = place.forked("run", "--yes", "--log-file", "run.log")

    assert ended.code == ConfigError.exit_code
    assert "symbolic link" in ended.err
    assert victim.read_text(encoding="utf-8") == "precious"


def test_x5_a_link_in_the_place_of_a_report_is_replaced(place: Place, tmp_path: Path) -> None:
    """A report is renamed over a planted link, so that what it points to is untouched."""
    victim = tmp_path / "victim"
    victim.write_text("precious", encoding="utf-8")
    (place.folder / "reports").mkdir()
    (place.folder / "reports" / "summary.json").symlink_to(victim)
    place.sandbox.control.reset(users=1, difficult=0)

    place.migrate()

    assert victim.read_text(encoding="utf-8") == "precious"
    assert not (place.folder / "reports" / "summary.json").is_symlink()
