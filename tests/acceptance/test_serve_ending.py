"""How `migrator serve` ends, and what it does where its checkpoint does: nobody half, nobody lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import oracle
import psycopg
import pytest
from deadline import until
from serving import Serving, created, looked_up, mark, migrate_few, of, person, run_rows, slow_list
from sqlalchemy import make_url

if TYPE_CHECKING:
    from world import Place, Postgres


@pytest.fixture
def migrated_here(place: Place) -> Place:
    """A migration of four people, confirmed and run, with SQLite."""
    return migrate_few(place)


def test_it_finishes_what_is_in_flight_and_refuses_what_is_new(migrated_here: Place) -> None:
    """On SIGTERM a request is answered and a person brought over; meanwhile 503 with Retry-After; then exit 0."""
    place = migrated_here
    record = person(place, "late")
    with Serving(place) as server, ThreadPoolExecutor() as threads:
        since = mark(place)
        place.sandbox.control.set_faults(slow_list())
        asked = threads.submit(server.resolve, record["email"])
        until(lambda: looked_up(place, since))
        server.stop()
        new = until(lambda: reply if (reply := server.resolve("known1@example.org")).status == 503 else None, 2)
        health = server.call("GET", "/healthz")
        ended = server.ended()

        assert asked.result().check().outcome in ("busy", "ready")
        assert new.headers["retry-after"]
        assert (health.status, health.document) == (503, {"status": "draining"})
        assert ended.code == 0, ended.err
        assert of(place, record)["loginIds"] == [record["email"]]
        assert created(place, since) == {record["email"]: 1}
    with pytest.raises(ConnectionRefusedError):
        server.call("GET", "/healthz")


@pytest.fixture
def migrated_there(place: Place, postgres: Postgres) -> Place:
    """The migration, with PostgreSQL alone: an SQLite file that is open stays there."""
    place.checkpoint = postgres.new_database()
    place.configure()
    return migrate_few(place)


def test_a_checkpoint_that_comes_back_is_used_again(migrated_there: Place, postgres: Postgres) -> None:
    """A restart of the database cuts every connection, and ends nothing."""
    with Serving(migrated_there) as server:
        postgres.restart()

        assert server.settled("known1@example.org").outcome == "ready"
        assert server.settled("nobody@example.org").outcome == "absent"
        assert server.call("GET", "/healthz").status == 200


def test_a_checkpoint_that_is_gone_is_503(migrated_there: Place) -> None:
    """Within seconds, and neither 500 nor an answer about anybody: the flow goes its other way."""
    place = migrated_there
    url = make_url(place.checkpoint)
    with Serving(place) as server:
        admin = url.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{url.database}" WITH (FORCE)')  # our own name

        gone = until(lambda: reply if (reply := server.resolve("known1@example.org")).status == 503 else None, 10)
        health = server.call("GET", "/healthz")
        replies = [server.resolve(login) for login in ("known1@example.org", "nobody@example.org")]

    assert gone.headers["retry-after"]
    assert (health.status, health.document) == (503, {"status": "checkpoint_gone"})
    said = {reply.outcome if reply.status == 200 else str(reply.status) for reply in replies}
    assert said <= {"503", "busy"}  # as long as it tries to reach the database once more


def test_a_stop_ends_the_run_inside_in_order(migrated_here: Place) -> None:
    """It counts as interrupted, and the next run brings whom it has not."""
    place = migrated_here
    start = oracle.before(place)
    everybody = {person(place, f"later{number}")["email"] for number in range(5)}
    since = mark(place)
    place.sandbox.control.set_faults(slow_list(nth=1))
    with Serving(place, ("--with-run",)) as server:
        until(lambda: looked_up(place, since))
        server.stop()
        assert server.ended().code == 0
    assert [(row["command"], row["outcome"]) for row in run_rows(place)[1:]][1:] == [("run", "interrupted")]
    run = place.forked("run", "--yes", "--json")
    assert run.code == 0
    assert set(created(place, since)) == everybody
    oracle.check(place, start, run)
