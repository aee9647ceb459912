"""The checkpoint against a plain dict: any order of its operations, the same states, and counts that add up."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from two_migrations import open_store, rows, target

from migrator.checkpoint.users.counts import count_users
from migrator.checkpoint.users.erasure import erase_profiles
from migrator.checkpoint.users.plans import PlannedAction, finish_without_sending, store_actions
from migrator.checkpoint.users.reopening import reopen_users
from migrator.checkpoint.users.sends import claim_batch, in_flight_pages, store_results
from migrator.checkpoint.users.sweeps import PageCounts, begin_sweep, mark_vanished, store_page
from migrator.core.errors import LeaseLost
from migrator.core.fields import SentFields
from migrator.core.model import Decision, Normalized, Ready, Rejected, SourceStatus, State
from migrator.core.outcomes import Outcome, UserCreated, UserInConflict, UserNotSent, UserRefused, UserUnknown
from migrator.core.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.checkpoint.users.stored_user import StoredUser


MEMORY = Path("/dev/shm")  # noqa: S108 -- holds folders with random names, made for us alone
ARRIVED = {"created", "updated", "unchanged"}
INCLUDE: tuple[SourceStatus, ...] = ("active",)
ids = st.sampled_from([str(number) for number in range(1, 9)])
faces = st.sampled_from(["a", "b", "bad", "left out"])  # what Docebo says about somebody today
OUTCOMES: dict[str, Callable[[str], Outcome]] = {
    "created": lambda user_id: UserCreated(user_id, "U", SentFields({})),
    "conflict": lambda user_id: UserInConflict(user_id, Reason.LOGIN_TAKEN),
    "failed": lambda user_id: UserRefused(user_id, "E011003"),
    "pending": UserNotSent,
    "sending": UserUnknown,
}
outcomes = st.sampled_from(list(OUTCOMES))


@dataclass
class Person:
    """What the checkpoint should know about a user."""

    face: str
    state: str
    seen: int
    decision: str | None = None
    arrived_as: str | None = None


def record_of(user_id: str, face: str) -> Normalized:
    if face == "bad":
        return Rejected(user_id, Reason.NO_EMAIL, raw="{}")
    status: SourceStatus = "suspended" if face == "left out" else "active"
    return Ready(user_id, target(user_id, name=face), status, (f"u{user_id}",), raw="{}")


def state_of(face: str) -> str:
    return {"bad": "rejected", "left out": "skipped"}.get(face, "pending")


class CheckpointModel(RuleBasedStateMachine):
    """Every rule does the same to the checkpoint and to the dict."""

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None))
        self.store = self._stack.enter_context(open_store(Path(folder)))
        self.people: dict[str, Person] = {}
        self.sweep = 0

    def teardown(self) -> None:
        """Close the checkpoint, which looks at the other migration's rows once more."""
        self._stack.close()

    @rule()
    def begin_a_sweep(self) -> None:
        self.sweep += 1
        assert begin_sweep(self.store) == self.sweep

    @precondition(lambda self: self.sweep)
    @rule(page=st.dictionaries(ids, faces, min_size=1))
    def store_a_page(self, page: dict[str, str]) -> None:
        records = [record_of(user_id, face) for user_id, face in page.items()]
        fresh = sum(user_id not in self.people or self.people[user_id].seen != self.sweep for user_id in page)
        new = len(page.keys() - self.people.keys())

        assert store_page(self.store, self.sweep, records, INCLUDE) == PageCounts(fresh, new)

        for user_id, face in page.items():
            person = self.people.setdefault(user_id, Person("", "", 0))
            person.seen = self.sweep
            changed = face != person.face
            # In flight: its outcome comes first. Unchanged: done is done, and who is open keeps its decision.
            if person.state != "sending" and (changed or person.state == "vanished"):
                person.state, person.face, person.decision = state_of(face), face, None

    @precondition(lambda self: self.sweep)
    @rule()
    def mark_who_is_gone(self) -> None:
        gone = [p for p in self.people.values() if p.seen < self.sweep and p.state not in ("vanished", "sending")]

        assert mark_vanished(self.store, since=self.sweep) == len(gone)

        for person in gone:
            person.state, person.decision = "vanished", None

    @rule(planned=st.dictionaries(ids, st.sampled_from(["create", "update", "unchanged", "conflict"]), min_size=1))
    def decide(self, planned: dict[str, str]) -> None:
        """Only a pending user takes a decision; nobody else changes."""
        store_actions(
            self.store,
            [
                PlannedAction(u, Decision(word), reason=Reason.LOGIN_TAKEN if word == "conflict" else None)
                for u, word in planned.items()
            ],
        )
        for user_id, word in planned.items():
            if user_id in self.people and self.people[user_id].state == "pending":
                self.people[user_id].decision = word

    @rule()
    def settle_without_sending(self) -> None:
        finish_without_sending(self.store)
        for person in self.people.values():
            if person.state == "pending" and person.decision in ("unchanged", "conflict"):
                person.state, person.decision = person.decision, None

    @rule()
    def forget_decisions(self) -> None:
        reopen_users(self.store)
        for person in self.people.values():
            if person.state == "pending":
                person.decision = None

    @rule(size=st.integers(1, 4), decision=st.sampled_from(["create", "update"]), data=st.data())
    def send_a_batch(self, size: int, decision: str, data: st.DataObject) -> None:
        batch = claim_batch(self.store, Decision(decision), size)

        waiting = {u for u, p in self.people.items() if p.state == "pending" and p.decision == decision}
        assert (batch is None) == (not waiting)
        if batch is None:
            return
        claimed = {user.user_id for user in batch.users}
        assert claimed <= waiting
        assert 1 <= len(claimed) <= size
        for user_id in claimed:
            self.people[user_id].state = "sending"
        self._answer(batch.users, data)

    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        """Whoever is in flight, from whichever batch, gets an outcome, or none again."""
        self._answer([user for page in in_flight_pages(self.store, 100) for user in page], data)

    def _answer(self, users: list[StoredUser] | tuple[StoredUser, ...], data: st.DataObject) -> None:
        answers = {user.user_id: data.draw(outcomes) for user in users}
        results = [OUTCOMES[state](user_id) for user_id, state in answers.items()]

        store_results(self.store, results, {user.user_id: user.target_hash for user in users})

        for user_id, state in answers.items():
            self.people[user_id].state = state
            if state not in ("pending", "sending"):
                self.people[user_id].decision = None

    @rule(user_id=ids, state=outcomes)
    def an_outcome_nobody_waits_for(self, user_id: str, state: str) -> None:
        """A result for somebody who is not in flight is refused, and changes nothing."""
        if user_id not in self.people or self.people[user_id].state != "sending":
            with pytest.raises(LeaseLost):
                store_results(self.store, [OUTCOMES[state](user_id)], {})

    @rule()
    def erase_who_arrived(self) -> None:
        arrived = tuple(State(state) for state in sorted(ARRIVED))
        erase_profiles(self.store, arrived)
        stored = rows(self.store)
        assert not any(stored[u]["profile"] or stored[u]["raw"] for u, p in self.people.items() if p.state in ARRIVED)

    @invariant()
    def the_states_are_those_of_the_model(self) -> None:
        stored = rows(self.store)
        assert {user_id: row["state"] for user_id, row in stored.items()} == {
            user_id: person.state for user_id, person in self.people.items()
        }
        for user_id, row in stored.items():
            assert (row["batch"] is not None) == (row["state"] == "sending")
            if row["state"] == "pending":
                assert row["decision"] == self.people[user_id].decision
                assert row["profile"]

    @invariant()
    def the_books_close(self) -> None:
        counted = count_users(self.store)
        assert counted.found == len(self.people) == sum(counted.states.values())
        for state, number in counted.states.items():
            assert number == sum(person.state == state for person in self.people.values())


# Each example is a course of 30 steps on a real database.
COURSES = settings(max_examples=settings().max_examples // 20, stateful_step_count=30)
CheckpointModel.TestCase.settings = COURSES
TestCheckpoint = CheckpointModel.TestCase
