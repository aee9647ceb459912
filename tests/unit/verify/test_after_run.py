"""Reading back at a run's end: who is asked for, how each is judged, what is stored and told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from in_memory import Descope, run_context
from read_back import arrived, erased, loaded, person, verdicts
from two_migrations import put, target

from migrator.core.fields import SentFields
from migrator.verify import readback
from migrator.verify.after_run import _ignore, verify_after_run
from migrator.verify.readback import Difference

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.descope.user import DescopeUser


@pytest.fixture
def new(store: Checkpoint, tmp_path: Path) -> Any:
    """Read back what is new; returns the classes, what was told, the progress and the job."""

    def go(*users: DescopeUser, descope: Descope | None = None, **options: Any) -> Any:
        work = run_context(
            store, tmp_path, descope=descope or Descope(*users), settings={"descope": {"settle_seconds": 60}}
        )
        # Waits are of the checkpoint's clock there.
        store.clock = work.clock
        told: list[Difference] = []
        progress: list[int] = []
        found = verify_after_run(
            store, work.descope, work.config, tell=told.append, progress=progress.append, **options
        )
        return found, told, progress, work

    return go


def test_only_who_was_not_seen_right_is_read(store: Checkpoint, new: Any) -> None:
    for user_id, verdict in enumerate((None, "differs", "missing", "same", "mark", "edited"), start=1):
        arrived(store, str(user_id), verdict=verdict)
    put(store, "7")

    found, told, progress, work = new(*(person(str(number)) for number in range(1, 8)))

    assert loaded(work) == ["U1", "U2", "U3"]
    assert found == {"same": 3, "differs": 0, "missing": 0, "extra": 0}
    assert (told, progress) == ([], [3])
    assert [verdicts(store)[str(number)] for number in range(1, 7)] == ["same"] * 4 + ["mark", "edited"]
    assert work.clock.waits == []


def test_the_caller_says_whom_to_read(store: Checkpoint, new: Any) -> None:
    arrived(store, "1")
    arrived(store, "2", verdict="differs")

    _, _, _, work = new(person("1"), person("2"), verdicts=(None,))

    assert loaded(work) == ["U1"]


def test_what_differs_is_told_and_stored(store: Checkpoint, new: Any) -> None:
    arrived(store, "1")

    found, told, _, _ = new(person("1", email="other@example.org", verified_email=False))

    assert found == {"same": 0, "differs": 1, "missing": 0, "extra": 0}
    assert told == [Difference("1", "differs", "email", "u1@example.org", "other@example.org")]
    assert verdicts(store) == {"1": "differs"}


def test_who_is_not_shown_is_looked_for_once_more_after_a_while(store: Checkpoint, new: Any) -> None:
    arrived(store, "1")
    arrived(store, "2")
    calls: list[int] = []

    class Late(Descope):
        def load(self, user_ids: Any, *, ask_alone: bool = True) -> list[DescopeUser]:
            calls.append(1)
            self.held = [person("1")] if len(calls) == 2 else []
            return super().load(user_ids, ask_alone=ask_alone)

    found, told, progress, work = new(descope=Late())

    assert found == {"same": 1, "differs": 0, "missing": 1, "extra": 0}
    assert told == [Difference("2", "missing", "userId", "U2", None)]
    assert verdicts(store) == {"1": "same", "2": "missing"}
    assert work.clock.waits == [60]
    assert progress == [2]
    assert work.descope.names("load") == [("U1", "U2", True)] * 2
    assert not work.descope.names("by_login")


def test_who_was_missing_before_is_not_waited_for(store: Checkpoint, new: Any) -> None:
    arrived(store, "1", verdict="missing")

    found, _, _, work = new()

    assert (found["missing"], work.clock.waits) == (1, [])
    assert len(work.descope.names("load")) == 1


def test_users_are_read_page_by_page_those_that_are_late_as_well(
    store: Checkpoint, new: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readback, "USERS_PER_CALL", 2)
    for number in range(1, 6):
        arrived(store, str(number))

    found, _, progress, work = new(person("1"), person("2"))

    assert progress == [2, 4, 5]
    assert [len(call) - 1 for call in work.descope.names("load")] == [2, 2, 1, 2, 1]
    assert found == {"same": 2, "differs": 0, "missing": 3, "extra": 0}


def test_an_erased_user_is_compared_by_mark_and_login(store: Checkpoint, new: Any) -> None:
    for user_id in ("1", "2", "3"):
        erased(store, user_id)

    found, told, _, _ = new(person("1"), person("2", login_ids=("other",)), person("3", attributes={}))

    assert (found["same"], found["differs"]) == (1, 2)
    assert [(one.docebo_user_id, one.field) for one in told] == [
        ("2", "loginId"), ("3", "doceboUserId"), ("3", "doceboPlatform")
    ]  # fmt: skip
    assert verdicts(store) == {"1": "mark", "2": "differs", "3": "differs"}


def test_what_was_wrong_when_the_profile_went_is_told_until_somebody_knows(store: Checkpoint, new: Any) -> None:
    erased(store, "1", verdict="differs")

    _found, told, _, _ = new(person("1"))

    assert told == [Difference("1", "differs", "fields", None, None)]
    assert verdicts(store) == {"1": "differs"}


def test_what_a_person_changed_and_was_left_is_no_difference_at_a_runs_end(store: Checkpoint, new: Any) -> None:
    sent = SentFields.of(target("1", name="Ana"), left=("name",))
    arrived(store, "1", profile=target("1", name="Ana").to_json(), sent_fields=sent.to_json())

    found, told, _, _ = new(person("1", name="Anna"))

    assert (found["same"], told) == (1, [])
    assert verdicts(store) == {"1": "same"}


def test_what_changed_in_docebo_since_says_nothing_of_what_was_sent(store: Checkpoint, new: Any) -> None:
    arrived(store, "1", sent_hash="older", profile=target("1", name="New").to_json())

    found, _, _, _ = new(person("1"))

    assert found["differs"] == 1
    assert verdicts(store) == {"1": None}


def test_who_listens_to_nothing_is_told_nothing(store: Checkpoint, tmp_path: Path) -> None:
    arrived(store, "1")
    work = run_context(store, tmp_path, descope=Descope(person("1", name="x", email="y")))

    assert verify_after_run(store, work.descope, work.config)["differs"] == 1
    assert _ignore(Difference("1", "x", "y", None, None)) is None  # type: ignore[func-returns-value]
