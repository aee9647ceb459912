"""What a run asks of its checkpoint again and again costs the same however many users there are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from large_table import fill, watching
from sqlalchemy import make_url

from migrator.checkpoint.db.checkpoint import Checkpoint
from migrator.checkpoint.runs.progress import ProgressPoint, store_progress
from migrator.checkpoint.runs.runs import begin_run
from migrator.checkpoint.users.leavers import leaver_pages
from migrator.checkpoint.users.neighbours import docebo_ids
from migrator.checkpoint.users.plans import PlannedAction, planned_pages, store_actions, undecided_pages, vanished_users
from migrator.checkpoint.users.sends import (
    claim_batch,
    has_hopeful,
    in_flight_pages,
    is_anybody_left,
    store_results,
)
from migrator.checkpoint.users.stored_user import RowVerdict
from migrator.checkpoint.users.sweeps import store_page
from migrator.checkpoint.users.verdicts import arrived_pages, known_users, login_hashes, store_verdicts
from migrator.config.schema import MappingConfig
from migrator.core.clock import Clock
from migrator.core.model import Decision, SourceStatus, canonical_json
from migrator.core.outcomes import UserGivenUp, UserNotSent
from migrator.normalize.mapping import Normalizer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from world import Postgres

FEW, MANY = 1_000, 100_000
PAGE = 20
INCLUDED: tuple[SourceStatus, ...] = ("active",)


def read_page(checkpoint: Checkpoint, numbers: range) -> None:
    normalize = Normalizer(MappingConfig(), "acme.docebosaas.com")
    people = [{"user_id": f"{n:07}", "username": f"u{n}", "email": f"u{n}@example.org", "status": "1"} for n in numbers]
    found = [replace(normalize(person), raw=canonical_json(person)) for person in people]
    store_page(checkpoint, 2, found, INCLUDED)


def send(checkpoint: Checkpoint, decision: Decision, **how: Any) -> None:
    """Claim a batch and put every second user back."""
    batch = claim_batch(checkpoint, decision, PAGE, **how)
    assert batch is not None
    ends = [UserNotSent, UserGivenUp] * PAGE
    outcomes = [end(user.user_id) for end, user in zip(ends, batch.users, strict=False)]
    store_results(checkpoint, outcomes, {user.user_id: user.target_hash for user in batch.users})


def decide(checkpoint: Checkpoint) -> None:
    page = next(undecided_pages(checkpoint, PAGE))
    store_actions(checkpoint, [PlannedAction(user.user_id, Decision.CREATE) for user in page])


def verify(checkpoint: Checkpoint) -> None:
    page = next(arrived_pages(checkpoint, (None,), size=PAGE))
    store_verdicts(checkpoint, page, {user.user_id: RowVerdict.SAME for user in page})


def logins_of_erased(checkpoint: Checkpoint) -> None:
    login_hashes(checkpoint, [replace(user, profile=None) for user in known_users(checkpoint, ANYBODY).values()])


WAITING = [f"{number:07}" for number in range(15, FEW, 20)][:5]
ANYBODY = [f"{number:07}" for number in range(PAGE)]

STEPS: dict[str, Callable[[Checkpoint], object]] = {
    "read a page of known people": lambda c: read_page(c, range(PAGE)),
    "read a page of new people": lambda c: read_page(c, range(9_000_000, 9_000_000 + PAGE)),
    "decide": decide,
    "look for a canary": lambda c: next(planned_pages(c, PAGE)),
    "ask who holds a login and has left": lambda c: vanished_users(c, ANYBODY),
    "claim creates": lambda c: send(c, Decision.CREATE),
    "claim the last creates": lambda c: send(c, Decision.CREATE, last=True),
    "claim updates": lambda c: send(c, Decision.UPDATE),
    "claim a canary": lambda c: send(c, Decision.CREATE, only=WAITING),
    "claim where nobody is left": lambda c: claim_batch(c, Decision.ADOPT, PAGE),
    "ask whether anybody is left": is_anybody_left,
    "ask whether anybody of a canary is left": lambda c: is_anybody_left(c, WAITING),
    "ask whether there is hope": lambda c: has_hopeful(c, 10, 4),
    "look at those in flight": lambda c: next(in_flight_pages(c, PAGE)),
    "look at those to disable": lambda c: next(leaver_pages(c, ("suspended",), PAGE), None),
    "look at those to disable, and at those gone": lambda c: next(
        leaver_pages(c, ("suspended",), PAGE, vanished=True), None
    ),
    "read back": verify,
    "know some users": lambda c: known_users(c, ANYBODY),
    "know some logins": lambda c: login_hashes(
        c, [replace(one, profile=None) for one in known_users(c, ANYBODY).values()]
    ),
    "know whose a Descope user is": lambda c: docebo_ids(c, ["U1", "U2"]),
    "note the progress": lambda c: store_progress(c, 1, ProgressPoint(1.0, "read", 1, 2)),
}


def opened(url: str, users: int) -> Checkpoint:
    checkpoint = Checkpoint(make_url(url), "default", Clock(), upgrade=True)
    checkpoint.__enter__()
    begin_run(checkpoint, "run")
    fill(checkpoint, users)
    with checkpoint.db.outside() as connection:
        connection.exec_driver_sql("ANALYZE")
    return checkpoint


@pytest.fixture(scope="module")
def small_and_large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Checkpoint, Checkpoint]]:
    folder: Path = tmp_path_factory.mktemp("flat")
    both = tuple(opened(f"sqlite:///{folder / f'{users}.db'}", users) for users in (FEW, MANY))
    yield both[0], both[1]
    for one in both:
        one.__exit__(None, None, None)


@pytest.fixture(scope="module")
def on_postgres(postgres: Postgres) -> Iterator[Checkpoint]:
    one = opened(postgres.new_database(), MANY)
    yield one
    one.__exit__(None, None, None)


@pytest.mark.parametrize("step", STEPS)
def test_a_step_costs_no_more_with_a_hundred_times_as_many_users(
    small_and_large: tuple[Checkpoint, Checkpoint], step: str
) -> None:
    """SQLite's machine takes about as many steps with 100,000 users as with 1,000, and reads no table whole."""
    taken = []
    for checkpoint in small_and_large:
        with watching(checkpoint) as watched:
            STEPS[step](checkpoint)
        scans = [plan for _, plan in watched.plans if "SCAN source_user" in plan or "SCAN login" in plan]
        assert not scans, scans
        taken.append(watched.steps)
    assert taken[1] <= 1.5 * taken[0] + 50, taken


@pytest.mark.parametrize("step", STEPS)
def test_postgres_reads_no_table_whole(on_postgres: Checkpoint, step: str) -> None:
    with watching(on_postgres) as watched:
        STEPS[step](on_postgres)

    whole = ("Seq Scan on source_user", "Seq Scan on login")
    assert not [(text, plan) for text, plan in watched.plans if any(scan in plan for scan in whole)]
