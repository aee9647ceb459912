"""A checkpoint of any number of users in every state, stored past the program; and what a statement visits in it."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import event, insert

from migrator.checkpoint.db.tables import login, source_user
from migrator.core.model import TargetUser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migrator.checkpoint.db.checkpoint import Checkpoint

_CHUNK = 5000


# What becomes of every twentieth user, by the rest of its number; the others have arrived.
_ENDS = {14: "skipped", 15: "pending", 16: "pending", 17: "pending", 18: "sending", 19: "vanished"}
_DECISIONS = {15: "create", 16: "update", 18: "create"}
_NOT_AT_DESCOPE = (15, 17, 18)


def fill(checkpoint: Checkpoint, users: int) -> None:
    """Store users 0 to `users` - 1: most have arrived, some wait, are in flight, have left, or are to be disabled."""
    for start in range(0, users, _CHUNK):
        rows = [_row(checkpoint.key, number) for number in range(start, min(users, start + _CHUNK))]
        keys = [
            {"migration": checkpoint.key, "login_key": f"k{row['user_id']}", "user_id": row["user_id"]} for row in rows
        ]
        with checkpoint.db.write() as connection:
            connection.execute(insert(source_user), rows)
            connection.execute(insert(login), keys)


def _row(key: str, number: int) -> dict[str, Any]:
    user_id, kind = f"{number:07}", number % 20
    target = TargetUser(f"u{number}@example.org", f"u{number}@example.org", verified_email=True, status="enabled")
    state = _ENDS.get(kind, "created")
    return {
        "migration": key,
        "user_id": user_id,
        "seen_sweep": 1,
        "state": state,
        "decision": _DECISIONS.get(kind),
        "note_codes": "",
        "source_status": "suspended" if state == "skipped" else "active",
        "target_hash": f"h{number}",
        "sent_hash": f"h{number}" if state == "created" else None,
        "target_id": None if kind in _NOT_AT_DESCOPE else f"U{number}",
        "raw": json.dumps({"user_id": user_id}),
        "profile": target.to_json(),
        "batch": "b" if state == "sending" else None,
        "attempts": 0,
        "decided_at": 0.0,
    }


class Watched:
    """What the statements of a block did: how many steps SQLite's machine took, and the plan of each statement."""

    def __init__(self) -> None:
        self.steps = 0
        self.plans: list[tuple[str, str]] = []


@contextmanager
def watching(checkpoint: Checkpoint) -> Iterator[Watched]:
    """Count and explain every statement until the block ends."""
    watched, engine, sqlite = Watched(), checkpoint.db.engine, checkpoint.db.is_sqlite

    def step() -> int:
        watched.steps += 1
        return 0

    def explain(_connection: Any, cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if not statement.lstrip().startswith(("SELECT", "UPDATE", "INSERT", "DELETE", "WITH")):
            return
        raw, words = cursor.connection, "EXPLAIN QUERY PLAN" if sqlite else "EXPLAIN (COSTS OFF)"
        if sqlite:
            raw.set_progress_handler(None, 0)
        try:
            one = raw.cursor()
            one.execute(f"{words} {statement}", parameters[0] if many else parameters)
            watched.plans.append((statement, "\n".join(str(row[-1]) for row in one.fetchall())))
            one.close()
        finally:
            if sqlite:
                raw.set_progress_handler(step, 1)

    event.listen(engine, "before_cursor_execute", explain)
    try:
        yield watched
    finally:
        event.remove(engine, "before_cursor_execute", explain)
        if sqlite:
            with checkpoint.db.read() as connection:
                driver = connection.connection.driver_connection
                assert driver is not None
                driver.set_progress_handler(None, 0)
