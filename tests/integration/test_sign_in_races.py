"""A run works beside the sign-ins: nobody is lost, doubled, or taken for gone."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import oracle
import pytest
from at_the_door import at_the_door, put, told
from deadline import until
from undo_world import PATCH

from migrator.core.clock import Clock
from migrator.flow.sign_in.answer import SignInOutcome

if TYPE_CHECKING:
    from world import Place

    from migrator.report.summary import RunFigures

KNOWN, BATCH, NEW = 60, 30, 90


@pytest.mark.parametrize("sweeps", ["settle", "single"])
def test_newcomers_who_sign_in_while_a_run_works_are_there_once_afterwards(any_place: Place, sweeps: str) -> None:
    """Whether its reading has passed them or not, nobody is said to be gone or disabled, and the books close."""
    place = any_place
    place.sandbox.control.reset(users=KNOWN, strangers=0, difficult=0)
    reading = {"page_size": 5, "concurrency": 1, "sweeps": sweeps}
    place.configure(docebo=reading, policy={"vanished": "disable"})
    assert place.migrate().error is None
    waiting = [f"batch{number}@example.org" for number in range(BATCH)]
    for number, email in enumerate(waiting):
        put(place, 80000 + number, email.partition("@")[0], email)

    with at_the_door(place, runs_inside=True) as serving, ThreadPoolExecutor(5) as threads:
        figures: list[RunFigures] = []
        run = threading.Thread(target=lambda: figures.append(serving.run_inside(Clock())))

        def is_ready(name: str) -> bool:
            return until(lambda: told(serving.sign_ins, name).outcome is SignInOutcome.READY, 60)

        run.start()
        asked = []
        for number in range(NEW):
            name = f"{'amz'[number % 3]}{number}"  # the list is read in the order of the names
            put(place, 90000 + number, name, f"{name}@example.org")
            asked += [threads.submit(is_ready, name) for name in (f"{name}@example.org", waiting[number % BATCH])]
        assert all(one.result() for one in asked)
        run.join()

    [ended] = figures
    assert ended.error is None
    again = place.migrate()
    assert (again.error, again.actions["create"], again.actions["update"]) == (None, 0, 0)
    assert {row["state"] for row in oracle.read_rows(place.checkpoint, place).values()} == {"created"}
    assert len(place.targets()) == KNOWN + BATCH + NEW
    assert [one for one in place.targets() if one["status"] == "disabled"] == []


def test_whoever_comes_back_while_a_run_disables_them_can_sign_in(place: Place) -> None:
    """Disabling who is gone and bringing them back are never at work on one person together."""
    place.sandbox.control.reset(users=30, strangers=0, difficult=0)
    place.configure(policy={"vanished": "disable"})
    assert place.migrate().error is None
    record = place.sources()[0]
    place.sandbox.control.delete_docebo_user(record["user_id"])
    slow = {"kind": "slow", "path": PATCH, "nth": 1, "when": "before", "params": {"seconds": 3}}
    place.sandbox.control.set_faults(slow)

    with at_the_door(place, runs_inside=True) as serving:
        run = threading.Thread(target=lambda: serving.run_inside(Clock()))
        run.start()
        until(lambda: oracle.read_rows(place.checkpoint, place)[record["user_id"]]["disabled_by_us"])
        place.sandbox.control.put_docebo_user(record)
        until(lambda: told(serving.sign_ins, record["email"]).outcome is SignInOutcome.READY)
        run.join()
        assert told(serving.sign_ins, record["email"]).outcome is SignInOutcome.READY
    assert [one["email"] for one in place.targets() if one["status"] == "disabled"] == []
