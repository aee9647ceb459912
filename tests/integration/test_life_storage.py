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

from migrator.checkpoint.db.checkpoint import Checkpoint
from migrator.checkpoint.db.database import DatabaseLost
from migrator.checkpoint.users.sweeps import begin_sweep
from migrator.core.clock import Clock
from migrator.core.errors import ConfigError
from migrator.sandbox import people

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


def bytes_of_users(url: str, table: str = "source_user") -> bytes:
    """The file that holds the table of users, as it is on the disk."""
    ((content,),) = ask(url, "CHECKPOINT", f"SELECT pg_read_binary_file(pg_relation_filepath('{table}'))")
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
        numbers.append(begin_sweep(checkpoint))
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
            numbers.append(begin_sweep(checkpoint))
            other.join(LONGEST)

        assert sorted(numbers) == [1, 2]
        assert begin_sweep(checkpoint) == 3


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


# --- B14: what is kept, and a platform that moves ------------------------------------------------------


@pytest.mark.parametrize("named", [True, False], ids=["with names", "without names"])
def test_b14_a_record_without_an_id_is_the_same_one_every_night(any_place: Place, named: bool) -> None:
    """Whoever has no id and signs in between two runs stays one rejected record, and nobody has vanished."""
    names = {} if named else {"username": "", "uuid": None}
    any_place.sandbox.control.put_docebo_user(people.person(1, 77).record)
    nobody = people.person(2, 77).record | {"user_id": ""} | names
    expected = {"found": 2, "created": 1, "rejected": 1}

    for day in (1, 2, 3):
        visited = {"last_access_date": f"2026-03-0{day} 08:00:00", "last_update": f"2026-03-0{day} 08:00:01"}
        any_place.sandbox.control.put_docebo_user(nobody | visited)
        assert len(any_place.sources()) == 2
        assert go(any_place).counts == expected


def moved(place: Place) -> dict[str, str]:
    """The same platform's address under another name of its host."""
    return {"base_url": place.sandbox.docebo_url.replace("127.0.0.1", "localhost")}


def test_b14_a_platform_with_another_host_name_goes_on_under_its_old_one(any_place: Place) -> None:
    """The checkpoint refuses the new address and names the key; with it, everybody is known, with it or without."""
    place = any_place
    place.sandbox.control.reset(users=6, difficult=0)
    name = place.config.docebo.platform
    go(place)
    place.configure(docebo=moved(place))
    requests = len(place.sandbox.control.journal())

    refused = place.forked("run", "--yes")

    assert refused.code == ConfigError.exit_code
    assert f"docebo.platform: {name}" in refused.err
    assert len(place.sandbox.control.journal()) == requests
    place.configure(docebo={"platform": name})
    start = oracle.before(place)
    place.sandbox.control.patch_docebo_user(str(place.sources()[0]["user_id"]), fullname="Somebody Renamed")
    assert go(place).counts == {"found": 6, "created": 5, "updated": 1}
    assert oracle.check(place, start, whole=False).creates == 0
    assert {user["customAttributes"]["doceboPlatform"] for user in place.targets()} == {name}
    assert place.forked("verify").code == 0


def test_b14_the_old_marks_are_known_to_a_new_checkpoint_too(any_place: Place, postgres: Postgres) -> None:
    """Address and checkpoint are both new: by the platform's name everybody is recognised, and nobody is doubled."""
    place = any_place
    place.sandbox.control.reset(users=6, difficult=0)
    name = place.config.docebo.platform
    go(place)
    place.configure(docebo=moved(place) | {"platform": name}, checkpoint={"key": "anew"})
    if place.checkpoint.startswith("sqlite"):
        (place.folder / "migrator.db").unlink()
    else:
        place.checkpoint = postgres.new_database()
    place.configure()

    assert go(place).counts == {"found": 6, "unchanged": 6}
    assert len(place.targets()) == 6


@pytest.mark.parametrize("is_undone", [False, True])
def test_what_linked_users_were_like_leaves_the_bytes_too(on_postgres: Place, is_undone: bool) -> None:
    """Erased by a purge, or by the undo before it: its table is rewritten as well."""
    place = on_postgres
    place.configure(policy={"existing": "link"})
    address = str(place.sources()[0]["email"])
    place.sandbox.control.put_descope_user({"loginIds": [address], "email": address, "name": "Own Name"})
    assert place.forked("run", "--yes").code == 0
    assert b"had_credential" in bytes_of_users(place.checkpoint, "pre_image")
    if is_undone:
        assert place.forked("undo", "--yes", "--json").document["counts"]["restored"] == 1

    assert place.forked("purge", "--yes", "--json").document == {"schema": "purge/1", "erased": 1}

    assert b"had_credential" not in bytes_of_users(place.checkpoint, "pre_image")
