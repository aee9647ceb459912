"""A checkpoint with rows put in by hand, beside another migration's that nothing may touch."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, insert, select

from migrator.checkpoint.db.checkpoint import Checkpoint
from migrator.checkpoint.db.tables import login, migration, source_user
from migrator.core.clock import Clock
from migrator.core.model import MARK_PLATFORM, MARK_USER, Decision, State, TargetUser

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = 1_800_000_000.0
KEY, OTHER = "default", "other"


class StillClock(Clock):
    """A wall clock that stands at `NOW`."""

    def time(self) -> float:
        """Always the same moment."""
        return NOW


def target(user_id: str, **changes: Any) -> TargetUser:
    """The Descope user that Docebo user `user_id` becomes."""
    email = f"u{user_id}@example.org"
    mark = {MARK_USER: user_id, MARK_PLATFORM: "acme.docebosaas.com"}
    values: dict[str, Any] = {"verified_email": True, "status": "enabled", "attributes": mark} | changes
    return TargetUser(email, email, **values)


def put(checkpoint: Checkpoint, user_id: str, key: str = KEY, **columns: Any) -> None:
    """Store a user, pending unless said otherwise."""
    row = {
        "migration": key, "user_id": user_id, "seen_sweep": 1, "state": State.PENDING, "note_codes": "",
        "profile": target(user_id).to_json(), "target_hash": f"hash {user_id}", "attempts": 0,
    }  # fmt: skip
    if columns.get("state") == State.SENDING:
        row |= {"batch": "a batch", "sending_since": 1.0, "decision": Decision.CREATE}
    checkpoint.write(lambda c: c.execute(insert(source_user).values(row | columns)))


def put_logins(checkpoint: Checkpoint, user_id: str, *login_keys: str, key: str = KEY) -> None:
    """Store login keys of a user."""
    values = [{"migration": key, "user_id": user_id, "login_key": one} for one in login_keys]
    checkpoint.write(lambda c: c.execute(insert(login), values))


def share_login(checkpoint: Checkpoint, login_key: str, *user_ids: str) -> None:
    """Store one login key of several users."""
    for user_id in user_ids:
        put_logins(checkpoint, user_id, login_key)


def rows(checkpoint: Checkpoint, key: str = KEY) -> dict[str, dict[str, Any]]:
    """User id to everything stored of that user but the history, which `test_state_history.py` looks at."""
    told = [column for column in source_user.c if column.name != "history"]
    query = select(*told).where(source_user.c.migration == key)
    return {row["user_id"]: dict(row) for row in checkpoint.read(lambda c: c.execute(query).mappings().all())}


def states(checkpoint: Checkpoint) -> dict[str, tuple[str, str | None]]:
    """User id to (state, reason)."""
    return {user_id: (row["state"], row["reason"]) for user_id, row in rows(checkpoint).items()}


def logins(checkpoint: Checkpoint, key: str = KEY) -> list[tuple[str, str]]:
    """(login key, user id), in order."""
    query = select(login.c.login_key, login.c.user_id).where(login.c.migration == key).order_by(*login.c)
    return [(row.login_key, row.user_id) for row in checkpoint.read(lambda c: c.execute(query).all())]


@cache
def _with_another() -> bytes:
    """A database with the other migration alone."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "migrator.db"
        with Checkpoint(URL.create("sqlite", database=str(path)), KEY, StillClock(), upgrade=True) as checkpoint:
            _fill_other(checkpoint)
        with sqlite3.connect(path) as connection:
            connection.execute("DELETE FROM migration WHERE key = ?", (KEY,))
        connection.close()
        return path.read_bytes()


def _fill_other(checkpoint: Checkpoint) -> None:
    """One user in each situation, under ids that the tests use too."""
    checkpoint.write(
        lambda c: c.execute(
            insert(migration).values(key=OTHER, fence=1, sweep=7),
        )
    )
    put(checkpoint, "1", OTHER)
    put(checkpoint, "2", OTHER, decision=Decision.CREATE, target_id="other 2")
    put(checkpoint, "3", OTHER, decision=Decision.UPDATE)
    put(checkpoint, "4", OTHER, decision=Decision.UNCHANGED)
    put(checkpoint, "5", OTHER, decision="conflict", reason="login_taken")
    put(checkpoint, "6", OTHER, state=State.SENDING)
    put(checkpoint, "7", OTHER, state=State.CONFLICT, reason="duplicate_email")
    put(checkpoint, "8", OTHER, state=State.FAILED, reason="deleted_at_descope", target_id="other 8")
    put(checkpoint, "9", OTHER, state=State.CREATED, seen_sweep=9)
    put_logins(checkpoint, "1", "a key", key=OTHER)


@contextmanager
def open_store(folder: Path) -> Iterator[Checkpoint]:
    """An open, empty checkpoint; at the end the other migration must be as it was."""
    path = folder / "migrator.db"
    path.write_bytes(_with_another())
    path.chmod(0o600)
    with Checkpoint(URL.create("sqlite", database=str(path)), KEY, StillClock(), upgrade=False) as checkpoint:
        before = rows(checkpoint, OTHER), logins(checkpoint, OTHER), _row(checkpoint)
        yield checkpoint
        assert (rows(checkpoint, OTHER), logins(checkpoint, OTHER), _row(checkpoint)) == before


def _row(checkpoint: Checkpoint) -> dict[str, Any]:
    query = select(migration).where(migration.c.key == OTHER)
    return dict(checkpoint.read(lambda c: c.execute(query).mappings().one()))
