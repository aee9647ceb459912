"""A confirming sweep beside planning and sending (docs/decisions/0018): who it finds goes through the same steps."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import oracle
import pytest
from runs import LIST, go, small

from migrator.core.clock import Clock
from migrator.flow.read import sweep

if TYPE_CHECKING:
    from world import Place

    from migrator.report.summary import RunFigures

USERS, PAGES = 21, 3
SECOND = PAGES + 1  # the first list request of the confirming sweep
LONG = 600  # seconds, far more than a test may take


@pytest.fixture
def place(any_place: Place) -> Place:
    """One page at a time, so that a script knows which sweep it meets."""
    any_place.configure(docebo={"concurrency": 1})
    return any_place


def newcomer(place: Place, user_id: str = "77777777", **keys: str) -> dict[str, Any]:
    """A person like the first one, with an address of their own."""
    name = f"late{user_id}@example.org"
    return {**place.sources()[0], "user_id": user_id, "username": f"late{user_id}", "email": name, **keys}


def arrives(place: Place, record: dict[str, Any]) -> None:
    """The person comes between the first sweep and the confirming one."""
    place.sandbox.control.set_script({"op": "insert", "before_request": SECOND, "record": record})


def test_who_comes_after_the_first_sweep_is_sent_by_the_same_run(place: Place) -> None:
    """A newcomer is planned, sent and read back like everybody else, and the numbers add up."""
    small(place, USERS)
    arrives(place, newcomer(place))

    run = place.migrate()

    document = run.document()
    assert document["counts"]["created"] == document["actions"]["create"] == USERS + 1
    assert (document["actions"]["nothing"], document["prediction"]["gap"]) == (0, 0)
    assert len(place.targets()) == USERS + 1


def test_a_newcomer_with_somebodys_address_is_never_sent(place: Place) -> None:
    """Two people with one address, the second shown only by the confirming sweep: the first keeps the login."""
    small(place, USERS)
    there = place.sources()[3]
    arrives(place, newcomer(place, email=there["email"]))

    run = go(place)

    assert (run.code, run.reasons) == (3, {"duplicate_email": 1})
    rows = oracle.read_rows(place.checkpoint, place)
    assert (rows["77777777"]["state"], rows[str(there["user_id"])]["state"]) == ("conflict", "created")
    assert len(place.targets()) == USERS


def test_a_change_is_never_stored_under_a_request(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody is renamed before the confirming sweep: sent as first read, then updated, however few are held back."""
    monkeypatch.setattr(sweep, "MOST_HELD", 2)
    start = small(place, USERS)
    place.sandbox.control.set_script(
        *(
            {"op": "update", "before_request": SECOND, "user_id": str(user["user_id"]), "keys": {"fullname": "Neu"}}
            for user in place.sources()
        )
    )

    run = place.migrate()

    actions = run.document()["actions"]
    assert (actions["create"], actions["update"], actions["nothing"]) == (USERS, USERS, 0)
    assert {target["name"] for target in oracle.check(place, start).targets.values()} == {"Neu"}


def test_a_plan_counts_whom_the_confirming_sweep_finds(place: Place) -> None:
    """A plan ends when the list is confirmed; a newcomer collides with a user who was decided before."""
    small(place, USERS)
    there = place.sources()[3]
    arrives(place, newcomer(place, email=there["email"]))

    document = go(place, dry_run=True)

    assert document.counts == {"found": USERS + 1, "created": USERS - 1, "conflict": 2}
    assert not place.targets()


def test_a_no_ends_the_confirming_sweep_at_once(place: Place) -> None:
    """Docebo asks for a long pause while a person says no: nothing is sent, and nobody waits for Docebo."""
    small(place, USERS)
    throttle(place)

    began = time.monotonic()
    run = go(place, Clock(), confirm=lambda _figures: False)

    assert (run.code, run.counts) == (4, {"found": USERS, "pending": USERS})
    assert time.monotonic() - began < LONG / 10
    assert not place.targets()


def test_a_pause_of_docebo_does_not_hold_up_sending(place: Place) -> None:
    """Everybody is sent while Docebo pauses; a stop then ends the run, and the next one confirms the list."""
    start = small(place, USERS)
    throttle(place)
    clock = Clock()
    done = threading.Event()

    def stop_when_sent() -> None:
        while not done.wait(0.1):
            if len(place.targets()) == USERS:
                clock.request_stop()
                return

    watcher = threading.Thread(target=stop_when_sent)
    watcher.start()
    run = go(place, clock)
    done.set()
    watcher.join()

    assert run.code == 130
    assert oracle.check(place, start, whole=False).creates == USERS
    place.sandbox.control.clear_faults()
    assert go(place).counts == {"found": USERS, "created": USERS}
    oracle.check(place, start)


def throttle(place: Place) -> None:
    """From the confirming sweep on, Docebo wants nobody to ask for a long time."""
    params = {"code": 429, "headers": {"Retry-After": str(LONG)}}
    place.sandbox.control.set_faults(
        {"kind": "status", "path": f"{LIST}$", "nth": SECOND, "times": 1000, "params": params}
    )


def test_a_question_is_asked_again_for_whom_it_did_not_name(place: Place) -> None:
    """A newcomer was in no plan that a person saw: the run asks once more, and a no leaves the newcomer pending."""
    small(place, USERS)
    arrives(place, newcomer(place))
    asked: list[int] = []

    def once(figures: RunFigures) -> bool:
        asked.append(figures.sends)
        return len(asked) == 1

    run = go(place, confirm=once)

    assert (asked, run.code) == ([USERS, 1], 4)
    assert run.counts == {"found": USERS + 1, "created": USERS, "pending": 1}
    assert "Nothing more was sent" in str(run.error)
    assert go(place).counts == {"found": USERS + 1, "created": USERS + 1}
