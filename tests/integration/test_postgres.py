"""PostgreSQL connections that are cut, and transactions that lose races (docs/reliability.md S4 and S5)."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import crash_points
import oracle
import psycopg
import pytest
from sqlalchemy import Engine, event
from virtual_clock import VirtualClock
from world import Place, Postgres

from migrator.checkpoint.db.checkpoint import Checkpoint
from migrator.core.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from figures import Note
    from sqlalchemy import Connection

USERS = 4


@pytest.fixture
def place(place: Place, postgres: Postgres) -> Place:
    """A checkpoint on PostgreSQL; one request in flight, so that every run takes the same steps."""
    place.checkpoint = postgres.new_database()
    place.configure(docebo={"page_size": 5}, descope={"batch_size": 3}, run={"concurrency": 1})
    return place


def outside(place: Place, statement: str) -> None:
    """Do something as another client of the same database."""
    url = place.checkpoint.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def cut(place: Place) -> None:
    """Cut every connection of the program, and return when they are gone."""
    outside(
        place,
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )


def fresh(place: Place, *, schema: bool = True) -> oracle.Before:
    """An empty checkpoint, with or without its tables, and nobody migrated yet."""
    outside(place, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    if schema:
        Checkpoint(place.config.checkpoint.sqlalchemy_url, "default", Clock(), upgrade=True).db.close()
    place.sandbox.control.reset(users=USERS, difficult=0)
    return oracle.before(place)


Disturb = Callable[[str, Any], tuple[str, Any]]
# A transaction has fewer statements than this, so that its repetition is not disturbed again.
STRIDE = 17


class Once:
    """Says yes once to each kind of statement, at most every `STRIDE` statements."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.hit: set[str] = set()
        self._since = STRIDE

    def __call__(self, statement: str) -> bool:
        kind = re.sub(r"%\(\w+\)s(::\w+)?(, )?", "", statement)
        self.seen.add(kind)
        self._since += 1
        if kind in self.hit or self._since < STRIDE:
            return False
        self.hit.add(kind)
        self._since = 0
        return True


class Nth:
    """Says yes at number `number` alone, whatever the statement."""

    def __init__(self, number: int) -> None:
        self.left = number

    def __call__(self, _statement: str = "") -> bool:
        self.left -= 1
        return self.left == 0


@contextlib.contextmanager
def disturbed(when: Callable[[str], bool], what: Disturb) -> Iterator[None]:
    """Let `what` act on the statements chosen by `when`: it returns the one to send instead."""

    def before(_connection: object, _cursor: object, statement: str, values: Any, *_: object) -> tuple[str, Any]:
        return what(statement, values) if when(statement) else (statement, values)

    event.listen(Engine, "before_cursor_execute", before, retval=True)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", before)


def never(_statement: str) -> bool:
    return False


def gets_through(
    place: Place,
    start: oracle.Before,
    when: Callable[[str], bool] = never,
    what: Disturb = lambda *sent: sent,
    clock: Clock | None = None,
) -> None:
    """One run, disturbed, ends as if nothing had happened."""
    with disturbed(when, what):
        figures = place.migrate(clock or VirtualClock())
    assert figures.error is None
    verdict = oracle.check(place, start)
    assert (verdict.states, verdict.creates) == ({"created": USERS}, USERS)


def every_kind(place: Place, what: Disturb) -> int:
    """Disturb every kind of statement, several in each run; every run must get through."""
    once = Once()
    before = -1
    while len(once.hit) > before:
        before = len(once.hit)
        start = fresh(place)
        gets_through(place, start, once, what)
    # What people ask of the run is looked up by the second, which a short run may not last (`test_steering.py`).
    assert [kind for kind in once.seen - once.hit if "FROM control" not in kind] == []
    return len(once.hit)


def one_by_one(place: Place, what: Disturb) -> int:
    """Disturb the first statement, the second, …, each in a run of its own, those that make the tables too."""
    for number in itertools.count(1):
        start = fresh(place, schema=False)
        nth = Nth(number)
        gets_through(place, start, nth, what)
        if nth.left > 0:
            return number - 1
    raise AssertionError


WAYS = [every_kind, pytest.param(one_by_one, marks=(pytest.mark.soak, pytest.mark.timeout(3000)))]
Way = Callable[[Place, Disturb], int]


@pytest.mark.parametrize("way", WAYS)
def test_s4_the_connection_is_cut_at_every_statement(place: Place, note: Note, way: Way) -> None:
    """Whichever statement finds its connection dead, the run connects anew and ends as if nothing happened."""

    def kill(statement: str, values: Any) -> tuple[str, Any]:
        cut(place)
        return statement, values

    number = way(place, kill)

    note("S4", "statements that found their connection cut", number)
    assert number > 35


@pytest.mark.parametrize("statement", [1, 5, 20])
def test_s4_the_connection_is_cut_while_the_tables_are_made(place: Place, statement: int) -> None:
    """The first run makes its tables in one transaction, and makes them anew when that was cut."""
    start = fresh(place, schema=False)

    def kill(statement: str, values: Any) -> tuple[str, Any]:
        cut(place)
        return statement, values

    gets_through(place, start, Nth(statement), kill)


def kinds_of_commits(place: Place) -> list[str]:
    """What each commit of an undisturbed run is for, in order."""
    commit = psycopg.Connection.commit
    found: list[str] = []

    def named(connection: psycopg.Connection[Any]) -> None:
        found.append(crash_points.caller())
        commit(connection)

    start = fresh(place)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.Connection, "commit", named)
        gets_through(place, start)
    return found


@pytest.mark.parametrize("once", [True, pytest.param(False, marks=pytest.mark.soak)], ids=["every kind", "each"])
@pytest.mark.parametrize("arrives", [True, False], ids=["committed", "not committed"])
def test_s4_the_answer_to_every_commit_is_lost(
    place: Place, monkeypatch: pytest.MonkeyPatch, note: Note, arrives: bool, once: bool
) -> None:
    """A commit without an answer is looked up: what it did is not done again, what it did not do is."""
    kinds = kinds_of_commits(place)
    commit = psycopg.Connection.commit
    now = Nth(0)

    def lost(connection: psycopg.Connection[Any]) -> None:
        hit = now()
        if arrives or not hit:
            commit(connection)
        if hit:
            cut(place)
            connection.execute("SELECT 1")  # finds the connection cut, as the commit would have

    # Of a kind that comes several times, now the first one and now the last.
    chosen = (
        sorted({kind: number for number, kind in enumerate(kinds, 1)}.values())
        if arrives
        else [kinds.index(kind) + 1 for kind in dict.fromkeys(kinds)]
    )
    chosen = chosen if once else list(range(1, len(kinds) + 1))
    for number in chosen:
        start = fresh(place)
        with monkeypatch.context() as patch:
            now = Nth(number)
            patch.setattr(psycopg.Connection, "commit", lost)
            gets_through(place, start)
        assert now.left <= 0

    note("S4", f"lost answers to commits ({'committed' if arrives else 'not committed'})", len(chosen))
    assert len(chosen) > 20


def test_s4_the_server_restarts_under_a_run(place: Place, postgres: Postgres) -> None:
    """A restart in the middle of a run is survived by connecting anew.

    The clock is a real one: while one thread restarts the server, another tries again until it is back.
    """
    start = fresh(place)

    def restart(statement: str, values: Any) -> tuple[str, Any]:
        postgres.restart()
        return statement, values

    nth = Nth(60)
    gets_through(place, start, nth, restart, Clock())
    assert nth.left < 0


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("state", ["40001", pytest.param("40P01", marks=pytest.mark.soak)], ids=["race", "deadlock"])
def test_s5_a_lost_race_at_every_statement(place: Place, note: Note, state: str, way: Way) -> None:
    """A transaction that loses a race is repeated; its effect, and every request, is not."""

    def lose(_statement: str, values: Any) -> tuple[str, Any]:
        race = f"DO $$ BEGIN RAISE EXCEPTION 'race' USING ERRCODE = '{state}'; END $$"
        return race, [{}] if isinstance(values, list) else {}

    number = way(place, lose)

    note("S5", f"transactions that lost a race ({state})", number)
    assert number > 35


def test_s5_a_real_deadlock(place: Place) -> None:
    """The program holds its own row and wants a user's; another client holds that and wants the row."""
    start = fresh(place)
    place.migrate(dry_run=True)
    url = place.checkpoint.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(url) as other, contextlib.ExitStack() as stack:
        other.execute("SET deadlock_timeout = '10min'")  # so that it is the program's transaction that is given up
        other.execute("UPDATE source_user SET note_codes = note_codes")
        pool = stack.enter_context(ThreadPoolExecutor(1))
        waiting: list[Any] = []

        def cross() -> None:
            other.execute("UPDATE migration SET sweep = sweep")
            other.rollback()

        def crossed(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
            if statement.startswith("UPDATE source_user") and not waiting:
                waiting.append(pool.submit(cross))

        event.listen(Engine, "before_cursor_execute", crossed)
        try:
            figures = place.migrate(VirtualClock())
        finally:
            event.remove(Engine, "before_cursor_execute", crossed)
        waiting[0].result()

    assert figures.error is None
    assert oracle.check(place, start).states == {"created": USERS}
