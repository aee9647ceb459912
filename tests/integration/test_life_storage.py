"""What storage owes a migration over its whole life: commits that last, data that goes, one writer at a time."""

from __future__ import annotations

import contextlib
import re
import threading
from typing import TYPE_CHECKING, Any

import oracle
import psycopg
import pytest
from runs import go
from sqlalchemy import make_url, text

from migrator.checkpoint import sweeps
from migrator.checkpoint.checkpoint import Checkpoint
from migrator.checkpoint.database import DatabaseLost
from migrator.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection
    from world import Place, Postgres

LONGEST = 20  # seconds a thread waits for another one before the test fails


@pytest.fixture
def on_postgres(place: Place, postgres: Postgres) -> Place:
    """Six plain people and a checkpoint on PostgreSQL."""
    place.checkpoint = postgres.new_database()
    place.configure()
    place.sandbox.control.reset(users=6, difficult=0)
    return place


def opened(place: Place) -> Checkpoint:
    """The place's checkpoint, as any command opens it."""
    return Checkpoint(place.config.checkpoint.sqlalchemy_url, "default", Clock(), upgrade=True)


def ask(url: str, *statements: str) -> list[Any]:
    """Do something as another client of a database; the last statement's rows."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


# --- B12: erased data on PostgreSQL ----------------------------------------------------------------


def as_role(place: Place, name: str) -> None:
    """Let the program connect as another role."""
    place.checkpoint = make_url(place.checkpoint).set(username=name).render_as_string(hide_password=False)
    place.configure()


def bytes_of_users(url: str) -> bytes:
    """The file that holds the table of users, as it is on the disk."""
    ((content,),) = ask(url, "CHECKPOINT", "SELECT pg_read_binary_file(pg_relation_filepath('source_user'))")
    return bytes(content)


@pytest.fixture
def two_roles(on_postgres: Place) -> Iterator[str]:
    """The tables belong to the role `owner`, the program is the role `app` and may read and write; the admin's URL."""
    admin = on_postgres.checkpoint
    ask(admin, 'CREATE ROLE "the owner" LOGIN', "CREATE ROLE app LOGIN", 'GRANT ALL ON SCHEMA public TO "the owner"')
    as_role(on_postgres, "the owner")
    opened(on_postgres).db.close()
    ask(admin, "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO app")
    as_role(on_postgres, "app")
    yield admin
    on_postgres.checkpoint = admin
    on_postgres.configure()
    ask(
        admin,
        'REASSIGN OWNED BY "the owner", app TO CURRENT_USER',
        'DROP OWNED BY "the owner", app',
        'DROP ROLE app, "the owner"',
    )


def test_b12_a_role_that_may_not_rewrite_the_tables_is_told_so(on_postgres: Place, two_roles: str) -> None:
    """Who arrived is erased from the rows, but not from the file: exit 3 and the fix, until the fix is done."""
    place = on_postgres
    start = oracle.before(place)
    address = str(place.sources()[0]["email"]).encode()

    first = place.forked("run", "--yes", "--json")
    second = place.forked("run", "--yes", "--json", "--allow-partial")

    for ended in (first, second):
        assert ended.code == 3
        assert ended.document["outcome"] == "needs_person"
        assert ended.document["counts"]["created"] == 6
        assert "the role app may not rewrite the table source_user" in ended.document["error"]["message"]
        assert ended.document["error"]["message"] in ended.err
        assert address in bytes_of_users(two_roles)
        assert place.forked("status", "--json").document["outcome"] == "needs_person"

    (grant,) = re.findall(r"GRANT .*;", second.document["error"]["fix"])
    ask(two_roles, grant)

    assert go(place).code == 0
    assert address not in bytes_of_users(two_roles)
    oracle.check(place, start)


def test_b12_the_owner_can_run_once_instead(on_postgres: Place, two_roles: str) -> None:
    """A run as the owner rewrites what an earlier run left, though it has nothing to erase itself."""
    place = on_postgres
    address = str(place.sources()[0]["email"]).encode()
    assert go(place).code == 3

    as_role(place, "the owner")

    assert go(place).code == 0
    assert address not in bytes_of_users(two_roles)
    as_role(place, "app")
    assert go(place).code == 0


# --- C8: a commit lasts ----------------------------------------------------------------------------


def test_c8_sqlite_waits_for_the_disk_at_every_commit(place: Place) -> None:
    """Every connection of the program, for reading or writing, waits for the disk and writes ahead."""
    checkpoint = opened(place)

    def look(connection: Connection) -> tuple[int, str]:
        synchronous = connection.exec_driver_sql("PRAGMA synchronous").scalar_one()
        return synchronous, connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()

    with checkpoint:
        assert checkpoint.read(look) == (2, "wal")
        assert checkpoint.write(look) == (2, "wal")


@pytest.mark.parametrize("default", ["off", "local", "remote_apply", "on"])
@pytest.mark.parametrize("whose", ["ROLE", "DATABASE"])
def test_c8_postgres_waits_for_the_disk_at_every_commit(on_postgres: Place, whose: str, default: str) -> None:
    """A server, role or database that commits without the disk is overruled; a stricter one is left alone."""
    url = on_postgres.checkpoint
    name = "CURRENT_USER" if whose == "ROLE" else f'"{make_url(url).database}"'
    ask(url, f"ALTER {whose} {name} SET synchronous_commit = '{default}'")
    try:
        checkpoint = opened(on_postgres)
        kept = checkpoint.read(lambda c: c.execute(text("SHOW synchronous_commit")).scalar_one())
        checkpoint.db.close()
    finally:
        ask(url, f"ALTER {whose} {name} RESET synchronous_commit")

    assert kept == ("on" if default == "off" else default)


# --- S4: one writer at a time, and no state kept in a server's connection --------------------------


class Queue:
    """A lock that tells when somebody has to wait for it."""

    def __init__(self, told: threading.Event) -> None:
        self._lock = threading.Lock()
        self._told = told

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            self._told.set()
            self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def test_s4_no_thread_writes_while_anothers_commit_is_in_doubt(
    any_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit's answer is lost and another thread wants to write: the first write is found done, not done again."""
    checkpoint = opened(any_place)
    # The other thread has written, or must wait: one of the two, before the first looks for its own write.
    settled = threading.Event()
    numbers: list[int] = []

    def write_too() -> None:
        numbers.append(sweeps.begin(checkpoint))
        settled.set()

    other = threading.Thread(target=write_too)
    write = checkpoint.db.write
    lost: list[bool] = []

    @contextlib.contextmanager
    def losing() -> Iterator[Connection]:
        with write() as connection:
            yield connection
        if threading.current_thread() is not other and not lost:
            lost.append(True)
            other.start()
            assert settled.wait(LONGEST)
            raise DatabaseLost("The answer was lost.")

    with checkpoint:
        monkeypatch.setattr(checkpoint, "_one_writer", Queue(settled))
        with monkeypatch.context() as patch:
            patch.setattr(checkpoint.db, "write", losing)
            numbers.append(sweeps.begin(checkpoint))
            other.join(LONGEST)

        assert sorted(numbers) == [1, 2]
        assert sweeps.begin(checkpoint) == 3


def test_s4_no_statement_is_prepared_on_the_server(on_postgres: Place) -> None:
    """However often one statement runs: a pooler between may hand each transaction another of its connections."""
    checkpoint = opened(on_postgres)

    def repeat(connection: Connection) -> int:
        for _ in range(20):
            checkpoint.row(connection)
        prepared: int = connection.execute(text("SELECT count(*) FROM pg_prepared_statements")).scalar_one()
        return prepared

    assert checkpoint.read(repeat) == 0
    checkpoint.db.close()
