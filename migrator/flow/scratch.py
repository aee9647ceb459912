"""Facts about any number of users, on the temporary disk instead of in memory, for as long as a command works."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from migrator.core.errors import StopRun

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Scratch:
    """A private database in the folder for temporary files, which is gone as soon as it is closed or killed.

    Args:
        schema: the statements that make its tables.

    Raises (every method):
        StopRun: the disk refused.
    """

    def __init__(self, schema: str) -> None:
        with _disk_explained():
            # The empty name is SQLite's for a file that nobody else can open and that outlives no process.
            self._database = sqlite3.connect("", isolation_level=None)
            self._database.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {schema}")

    def add(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Run a statement once for each row."""
        with _disk_explained():
            self._database.execute("BEGIN")
            self._database.executemany(statement, rows)
            self._database.execute("COMMIT")

    def rows(self, query: str, values: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
        """The rows of a query, as they are asked for."""
        with _disk_explained():
            yield from self._database.execute(query, values)

    def close(self) -> None:
        """Give the disk back."""
        self._database.close()


@contextmanager
def _disk_explained() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise StopRun(
            f"The folder for temporary files could not be used ({error}).",
            fix="Make space there, or set TMPDIR to a folder on another disk, then run again.",
        ) from None
