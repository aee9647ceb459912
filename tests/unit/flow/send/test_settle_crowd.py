"""What settling many users costs, and what a person is told meanwhile."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from in_flight import came, patient, sending, waits
from in_memory import Descope, Told, run_context, told
from read_back import person
from two_migrations import put, states

from migrator.core.model import Decision, State
from migrator.flow.send.settle import settle_in_flight

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.checkpoint.db.checkpoint import Checkpoint

# --- by the hundred ------------------------------------------------------------------------------


def crowd(store: Checkpoint, number: int) -> list[str]:
    user_ids = [str(user_id) for user_id in range(1000, 1000 + number)]
    for user_id in user_ids:
        sending(store, user_id)
    return user_ids


def test_300_users_who_arrived_cost_three_searches(store: Checkpoint, tmp_path: Path) -> None:
    work, descope = patient(store, tmp_path, *map(person, crowd(store, 300)))

    assert came(settle_in_flight(work)) == 300
    assert [len(names) for names in descope.names("search")] == [100, 100, 100]
    assert descope.names("marked_as") == descope.names("by_login") == []
    assert waits(work) == []


def test_300_users_who_did_not_are_asked_for_alone_once_each(store: Checkpoint, tmp_path: Path) -> None:
    """Each look is two searches a hundred; only the last one, right before sending again, asks one by one."""
    user_ids = crowd(store, 300)
    work, descope = patient(store, tmp_path)
    asked_before_the_end = 0

    def look() -> None:
        nonlocal asked_before_the_end
        if len(waits(work)) < 4:  # the waits before the last look
            asked_before_the_end = len(descope.names("by_login"))

    work.clock.guard(look)

    assert came(settle_in_flight(work)) == 0
    assert asked_before_the_end == 0
    assert sorted(descope.names("by_login")) == [(f"u{user_id}@example.org",) for user_id in user_ids]
    looks = len(waits(work)) + 1
    assert len(descope.names("search")) == len(descope.names("marked_as")) == 3 * looks
    assert looks == 5
    assert {state for state, _ in states(store).values()} == {State.PENDING}


# --- what is told --------------------------------------------------------------------------------


class Hearing(Told):
    """Notes how many calls had been made when something was told."""

    def __init__(self, descope: Descope) -> None:
        super().__init__()
        self.calls: list[int] = []
        self._descope = descope

    def notice(self, text: str) -> None:
        super().notice(text)
        self.calls.append(len(self._descope.asked))


CREATE, UPDATE = {"decision": Decision.CREATE}, {"decision": Decision.UPDATE, "target_id": "U1"}


@pytest.mark.parametrize(
    ("decisions", "this_run", "patience", "said"),
    [
        (
            [CREATE] * 3, False, 60,
            ("3 users were being sent when the last run ended."
            " Descope may still create them, so nothing is sent again for up to 60 s."),
        ),
        (
            [CREATE], True, 20,
            ("Descope did not confirm 1 user."
            " Descope may still create them, so nothing is sent again for up to 20 s."),
        ),
        (
            [CREATE, UPDATE, UPDATE], False, 60,
            ("3 users were being sent when the last run ended."
            " Descope may still create 1 of them, so nothing is sent again for up to 60 s."),
        ),
        (
            [UPDATE, UPDATE], True, 60,
            ("Descope did not confirm 2 users."
            " Descope is asked what became of them before anything is sent again."),
        ),
        (
            [CREATE], False, 0,
            ("1 user was being sent when the last run ended."
            " Descope is asked what became of them before anything is sent again."),
        ),
    ],
)  # fmt: skip
def test_who_is_waited_for_why_and_how_long_is_said_before_the_first_call(
    store: Checkpoint, tmp_path: Path, decisions: list[Any], this_run: bool, patience: int, said: str
) -> None:
    for number, columns in enumerate(decisions):
        sending(store, str(number), **columns)
    descope = Descope()
    work = run_context(store, tmp_path, descope=descope, settings={"descope": {"settle_seconds": patience}})
    hearing = Hearing(descope)

    settle_in_flight(replace(work, events=hearing), this_run=this_run)

    assert hearing.all[0] == ("notice", said)
    assert hearing.calls[0] == 0


def test_nobody_in_flight_is_nothing_to_tell(store: Checkpoint, tmp_path: Path) -> None:
    put(store, "1", state=State.PENDING, decision=Decision.CREATE)
    work, descope = patient(store, tmp_path)

    assert came(settle_in_flight(work)) == 0
    assert told(work) == descope.asked == []
