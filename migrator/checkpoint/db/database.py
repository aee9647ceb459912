"""One database, SQLite or PostgreSQL: how it opens, how a transaction begins, what its errors mean."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, func, select
from sqlalchemy.exc import DBAPIError, DisconnectionError, SQLAlchemyError

from migrator.checkpoint.db.network_disk import on_network
from migrator.core.errors import ConfigError, MigratorError, StopRun
from migrator.core.packaging import install_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.pool import ConnectionPoolEntry

BUSY_SECONDS = 30  # docs/reliability.md S2
# A transaction that does nothing for so long belongs to a paused run; nobody waits for it (docs/reliability.md L3).
IDLE_SECONDS = 60
_CACHE = "cache_size = -32768"  # KiB: each step of a run comes back to the same pages
_ONE_AT_A_TIME = 0x646F63656465  # any number that no other program on the server uses


class Database:
    """A pool of connections with the two kinds of transaction the checkpoint needs.

    Raises:
        ConfigError: the database cannot be opened, is damaged, or is not a database.
        StopRun: it stopped working while in use (full disk, locked, gone); running again is safe.
    """

    def __init__(self, url: URL, *, create: bool = True) -> None:
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self.name = url.database or "" if self.is_sqlite else url.render_as_string(hide_password=True)
        if self.is_sqlite:
            _prepare_file(Path(self.name), create=create)
        try:
            self.engine = self._engine(url)
        except ImportError:  # the driver is an extra
            raise ConfigError(
                "The PostgreSQL driver is not installed.",
                fix=f"Install it: {install_command('postgres')}",
            ) from None

    def _engine(self, url: URL) -> Engine:
        # hide_parameters: an exception's text must not contain personal data.
        if not self.is_sqlite:
            engine = create_engine(
                url,
                hide_parameters=True,
                pool_pre_ping=True,
                # A prepared statement belongs to one server connection, which a pooler may change (PgBouncer).
                connect_args={"connect_timeout": 10, "prepare_threshold": None},
            )
            event.listen(engine, "connect", _set_up_postgres)
            return engine
        engine = create_engine(
            url,
            hide_parameters=True,
            connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
            # The connection used last still has the pages of its last transaction in memory.
            pool_use_lifo=True,
        )
        path = Path(self.name)
        event.listen(engine, "connect", lambda connection, record: _set_up_sqlite(connection, record, path))
        event.listen(engine, "checkout", lambda _connection, record, _proxy: _refuse_replaced(record, path))
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A read transaction: one consistent view."""
        with _explained(self.name), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A write transaction: committed at the end, rolled back by any exception.

        On SQLite it takes the write lock first; there, a read that turns into a write fails at once.
        """
        with _explained(self.name), self.engine.connect() as connection:
            connection = connection.execution_options(immediate=True)  # noqa: PLW2901 -- the same connection, told how to begin
            with connection.begin():
                yield connection

    def one_at_a_time(self, connection: Connection) -> None:
        """Keep others out until the transaction ends if there may be no row to lock (docs/reliability.md L1)."""
        if not self.is_sqlite:
            connection.execute(select(func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))

    def now(self, connection: Connection, wall_clock: float) -> float:
        """The time that all runs on this database share, in epoch seconds."""
        if self.is_sqlite:
            return wall_clock
        return float(connection.execute(select(func.extract("epoch", func.clock_timestamp()))).scalar_one())

    def check_intact(self) -> None:
        """Raise `ConfigError` for a file damaged anywhere, before anything relies on it (docs/reliability.md S3)."""
        if not self.is_sqlite:
            return
        with self.read() as connection:
            if connection.exec_driver_sql("PRAGMA quick_check(1)").scalar() != "ok":
                kind, what, fix = _SQLITE_ERRORS["CORRUPT"]
                raise kind(f"The checkpoint {self.name} {what}.", fix=fix)

    @contextmanager
    def outside(self) -> Iterator[Connection]:
        """A connection without a transaction."""
        with _explained(self.name), self.engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    def compact(self, connection: Connection) -> None:
        """Rewrite the database to remove erased values from its bytes, -wal included.

        Raises:
            BytesRemain: this role may not rewrite the tables (PostgreSQL).
        """
        if self.is_sqlite:
            connection.exec_driver_sql("VACUUM")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            return
        for table in ("source_user", "login", "pre_image"):
            # A role without the right gets a warning in the server's language; a new file is the proof.
            number = select(func.pg_relation_filenode(func.to_regclass(table)))
            before = connection.execute(number).scalar_one()
            connection.exec_driver_sql(f"VACUUM FULL {table}")
            if connection.execute(number).scalar_one() == before:
                raise self._not_rewritten(connection, table)

    def _not_rewritten(self, connection: Connection, table: str) -> BytesRemain:
        query = "SELECT pg_get_userbyid(relowner), current_user FROM pg_class WHERE oid = to_regclass(%(table)s)"
        owner, me = connection.exec_driver_sql(query, {"table": table}).one()
        quote = self.engine.dialect.identifier_preparer.quote_identifier
        return BytesRemain(
            f"Personal data was erased from the rows of {self.name}, but its bytes are still in the table's file:"
            f" the role {me} may not rewrite the table {table}, which belongs to {owner}.",
            fix=f"Run once with {owner} in checkpoint.url, or let {me} do it every time:"
            f" GRANT {quote(owner)} TO {quote(me)}; and run again.",
        )

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()


def _prepare_file(path: Path, *, create: bool) -> None:
    """Make the file readable by its owner alone, before SQLite can create it as 0644."""
    fix = "Set checkpoint.url to a file in a folder of your own that you can write to."
    if not path.parent.is_dir():
        raise ConfigError(
            f"The checkpoint's folder {path.parent} does not exist.", fix=f"Create it: mkdir {path.parent}"
        )
    if kind := on_network(path):
        raise ConfigError(
            f"The checkpoint {path} is on a network folder ({kind}), where SQLite's locks do not hold.",
            fix="Set checkpoint.url to a file on a local disk, or to PostgreSQL.",
        )
    if path.is_symlink():
        raise ConfigError(f"The checkpoint {path} is a symbolic link; it could lead anywhere.", fix=fix)
    if not path.exists() and not create:
        raise ConfigError(f"There is no checkpoint at {path}.", fix="Start with `migrator plan` or `migrator run`.")
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except OSError as error:
        raise ConfigError(f"The checkpoint {path} cannot be written: {error.strerror}.", fix=fix) from None
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ConfigError(f"The checkpoint {path} is not an ordinary file.", fix=fix)
    if not os.access(path.parent, os.W_OK):
        raise ConfigError(f"The checkpoint's folder {path.parent} is not writable.", fix=fix)


def _set_up_sqlite(connection: sqlite3.Connection, record: ConnectionPoolEntry, path: Path) -> None:
    record.info["file"] = _file_of(path)
    connection.isolation_level = None  # SQLAlchemy's begin event decides how a transaction starts
    for pragma in ("synchronous = FULL", "foreign_keys = ON", "secure_delete = ON", _CACHE):
        connection.execute(f"PRAGMA {pragma}").close()
    # Once, when the file is new: the mode stays, and another program's file is not changed (docs/reliability.md S3).
    if connection.execute("PRAGMA page_count").fetchone() == (0,):
        connection.execute("PRAGMA journal_mode = WAL").close()


def _file_of(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _refuse_replaced(record: ConnectionPoolEntry, path: Path) -> None:
    """Drop a connection to a file that was moved or replaced: what is written to it would be lost unseen."""
    if record.info.get("file") != _file_of(path):
        raise DisconnectionError


def _set_up_postgres(connection: Any, _record: Any) -> None:  # noqa: ANN401 -- SQLAlchemy's own type
    with connection.cursor() as cursor:
        cursor.execute(f"SET idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'")
        # An intent must survive a power cut, whatever the role or the server says; all but "off" are as good or better.
        cursor.execute(
            "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
        )
    connection.commit()


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("isolation_level") == "AUTOCOMMIT":
        return
    immediate = options.get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Turn the database's errors into ours; driver texts may contain data, so none is passed on."""
    try:
        yield
    except DBAPIError as error:
        raise _explain(name, error) from None
    except SQLAlchemyError as error:
        raise StopRun(f"The checkpoint {name} failed ({type(error).__name__}).", fix="Run again.") from None


def _explain(name: str, error: DBAPIError) -> Exception:
    code = getattr(error.orig, "sqlite_errorname", "") or ""
    known = _SQLITE_ERRORS.get(code.split("_", 2)[1] if "_" in code else "")
    if known is not None:
        kind, what, fix = known
        return kind(f"The checkpoint {name} {what}.", fix=fix)
    state = getattr(error.orig, "sqlstate", None) or code or type(error.orig).__name__
    if error.connection_invalidated or isinstance(error.orig, sqlite3.OperationalError) or _is_lost(error):
        return DatabaseLost(
            f"The checkpoint database {name} cannot be reached ({state}).",
            fix="Check that the database is up and checkpoint.url is right, then run again.",
        )
    if state in {"40001", "40P01", "55P03"}:
        return DatabaseLost(f"The checkpoint database {name} was busy ({state}).", fix="Run again.")
    return StopRun(
        f"The checkpoint database {name} refused a statement ({state}).",
        fix="Run again; if it happens again, please report it.",
    )


def _is_lost(error: DBAPIError) -> bool:
    return type(error.orig).__name__ in {
        "OperationalError",
        "InterfaceError",
        "AdminShutdown",
        "IdleInTransactionSessionTimeout",
    }


class BytesRemain(MigratorError):
    """All rows are right; only the rewriting of the erased bytes needs a person."""

    exit_code = 3


class DatabaseLost(StopRun):
    """The connection broke or the transaction lost a race: its effect is unknown until looked up."""


_SQLITE_ERRORS: dict[str, tuple[type[ConfigError | StopRun], str, str]] = {
    "FULL": (
        StopRun,
        "could not grow: the disk is full",
        "Free some space, then run again; nothing is lost.",
    ),
    "IOERR": (
        StopRun,
        "could not be read or written: the disk reports an error",
        "Check the disk, then run again.",
    ),
    "BUSY": (
        StopRun,
        f"stayed locked by another program for {BUSY_SECONDS} s",
        "Close that program, then run again.",
    ),
    "LOCKED": (StopRun, "is locked by another program", "Close that program, then run again."),
    "READONLY": (
        ConfigError,
        "cannot be written",
        "Give yourself write permission on the file and its folder.",
    ),
    "CANTOPEN": (ConfigError, "cannot be opened", "Check that the folder exists and is writable."),
    "NOTADB": (
        ConfigError,
        "is not a checkpoint database",
        "Point checkpoint.url at another file; this one was left alone.",
    ),
    "CORRUPT": (
        ConfigError,
        "is damaged",
        "Restore it from a backup; users already in Descope are recognised by their mark.",
    ),
}
