"""Count every effect of a run, and die by SIGKILL at the n-th (docs/reliability.md C1). For forked children only.

An effect is what the world outside can see: a request sent, a commit, a step of writing a report. The wrappers
stand around the program's own outermost calls; the program knows nothing of them.
"""

from __future__ import annotations

import functools
import os
import signal
import threading
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, Pool, event

from migrator.checkpoint.db.database import Database
from migrator.checkpoint.users import problems
from migrator.http.session import HttpSession
from migrator.report.summary import RunFigures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest
    from sqlalchemy import Connection

    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.report.document import RunDocument

# Modules between a transaction and whoever wanted it.
_BETWEEN = ("migrator.checkpoint.db.database", "migrator.checkpoint.db.checkpoint")


class Countdown:
    """Names each point of a run to a pipe, one per line, and dies at point number `at` (0: never).

    With a `label`, only the points of that name count: threads pass the others in a new order each time.
    """

    def __init__(self, at: int, pipe: int, label: str | None = None) -> None:
        self._at = at
        self._pipe = pipe
        self._label = label
        self._passed = 0
        self._lock = threading.Lock()

    def point(self, label: str) -> None:
        """A moment at which the process may die."""
        with self._lock:
            self._passed += self._label in (None, label)
            os.write(self._pipe, f"{label}\n".encode())
            if self._passed == self._at and self._label in (None, label):
                os.kill(os.getpid(), signal.SIGKILL)


def wrap(patch: pytest.MonkeyPatch, point: Callable[[str], None]) -> None:
    """Put a point before and behind every effect."""
    requests(patch, point)
    commits(patch, point)
    reports(patch, point)


def requests(patch: pytest.MonkeyPatch, point: Callable[[str], None]) -> None:
    """Points around every request."""
    exchange = HttpSession.exchange

    def counted(http: HttpSession, what: str, *args: Any, **kwargs: Any) -> Any:
        point(f"send {what}")
        answer = exchange(http, what, *args, **kwargs)
        point(f"answered {what}")
        return answer

    patch.setattr(HttpSession, "exchange", counted)


def commits(patch: pytest.MonkeyPatch, point: Callable[[str], None]) -> None:
    """Points around every commit, and around the rewriting of the file."""
    write = Database.write

    @contextmanager
    def counted(database: Database) -> Iterator[Connection]:
        who = caller()
        with write(database) as connection:
            yield connection
            point(f"before commit {who}")
        point(f"after commit {who}")

    patch.setattr(Database, "write", counted)
    patch.setattr(Database, "compact", _around(Database.compact, "compact", point))


def reports(patch: pytest.MonkeyPatch, point: Callable[[str], None]) -> None:
    """Points in every step of writing the reports."""
    rows_of, document = problems.problem_users, RunFigures.document

    def rows(*args: Any, **kwargs: Any) -> Iterator[StoredUser]:
        for problem in rows_of(*args, **kwargs):
            yield problem
            point("report row")

    def counted_document(figures: RunFigures) -> RunDocument:
        point("report document")
        return document(figures)

    patch.setattr(problems, "problem_users", rows)
    patch.setattr(RunFigures, "document", counted_document)
    patch.setattr(os, "fsync", _around(os.fsync, "report fsync", point))
    patch.setattr(Path, "replace", _around(Path.replace, "report rename", point))


def statements(patch: pytest.MonkeyPatch, point: Callable[[str], None]) -> None:
    """Points around every SQL statement and every commit."""

    def before(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        point(f"before {statement.split(maxsplit=1)[0]}")

    def after(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        point(f"after {statement.split(maxsplit=1)[0]}")

    event.listen(Engine, "before_cursor_execute", before)
    event.listen(Engine, "after_cursor_execute", after)
    commits(patch, point)


def power_cut(_patch: pytest.MonkeyPatch, point: Callable[[str], None]) -> None:
    """Points behind every commit to an SQLite file, while its -wal still holds what was written."""

    def given_back(_connection: object, record: Any) -> None:
        path = record.dbapi_connection.execute("PRAGMA database_list").fetchone()[2]
        wal = Path(f"{path}-wal")
        if wal.exists() and wal.stat().st_size:
            point(f"commit {caller()}")

    event.listen(Pool, "checkin", given_back)


def _around(function: Callable[..., Any], label: str, point: Callable[[str], None]) -> Callable[..., Any]:
    @functools.wraps(function)
    def counted(*args: Any) -> Any:
        point(f"before {label}")
        value = function(*args)
        point(f"after {label}")
        return value

    return counted


def caller() -> str:
    """Which step of the checkpoint or the flow the transaction belongs to."""
    for frame, _ in traceback.walk_stack(None):
        module = frame.f_globals["__name__"]
        if module.startswith("migrator.") and module not in _BETWEEN:
            return f"{module.removeprefix('migrator.')}.{frame.f_code.co_name}"
    return "test"
