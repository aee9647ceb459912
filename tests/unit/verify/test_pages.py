"""A verification over many pages: every page counts, nobody is read twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from in_memory import Descope, Docebo, page, run_context
from read_back import arrived, erased, person, verdicts
from two_migrations import target

from migrator.core.model import State
from migrator.verify import readback
from migrator.verify.after_run import verify_after_run
from migrator.verify.full import VerifyReport, verify_all

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.checkpoint.db.checkpoint import Checkpoint

Checked = tuple[VerifyReport, list[tuple[int, int]], Descope]


@pytest.fixture
def check(store: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Verify two users at a time."""
    monkeypatch.setattr(readback, "USERS_PER_CALL", 2)

    def go(docebo: Docebo, *users: Any) -> Checked:
        descope = Descope(*users)
        work = run_context(store, tmp_path, docebo, descope)
        progress: list[tuple[int, int]] = []
        found = verify_all(
            store, descope, work.config, (docebo, lambda: work.normalize),
            progress=lambda done, total: progress.append((done, total)),
        )  # fmt: skip
        return found, progress, descope

    return go


EMPTY = page([])


def test_everybody_is_checked_two_at_a_time(store: Checkpoint, check: Any) -> None:
    for number in range(1, 6):
        arrived(store, str(number))

    found, progress, descope = check(Docebo(EMPTY), *(person(str(number)) for number in range(1, 6)))

    assert progress == [(2, 5), (4, 5), (5, 5)]
    assert [len(call) - 1 for call in descope.names("load")] == [2, 2, 1]
    assert found.classes["same"] == 5


def test_erased_users_on_an_early_page_are_not_forgotten_over_later_ones(store: Checkpoint, check: Any) -> None:
    erased(store, "1")
    for number in range(2, 6):
        arrived(store, str(number))

    found, _, _ = check(Docebo(EMPTY), *(person(str(number)) for number in range(1, 6)))

    assert (found.by_mark, found.checked) == (1, 5)


def test_erased_users_compared_by_mark_are_counted_over_all_pages(store: Checkpoint, check: Any) -> None:
    for number in range(1, 6):
        erased(store, str(number))

    found, progress, _ = check(Docebo(EMPTY), *(person(str(number)) for number in range(1, 6)))

    assert (found.by_mark, found.checked) == (5, 5)
    assert progress == [(0, 5), (0, 5), (0, 5), (0, 5), (2, 5), (4, 5), (5, 5)]


def test_once_all_erased_users_were_shown_by_docebo_nobody_is_read_again(store: Checkpoint, check: Any) -> None:
    for number in range(1, 4):
        erased(store, str(number), sent_hash="of another target")
    pages = [page([1, 2], more=True, total=3), page([3], total=3)]

    found, progress, _ = check(Docebo(*pages), *(person(str(number)) for number in range(1, 4)))

    assert (found.reread, found.changed, found.by_mark) == (3, 3, 0)
    assert progress == [(0, 3), (0, 3), (2, 3), (3, 3)]


def test_a_user_shown_on_two_pages_of_docebo_is_built_anew_once(store: Checkpoint, check: Any) -> None:
    for number in range(1, 4):
        erased(store, str(number))
    pages = [page([1, 2], more=True, total=4), page([3], more=True, total=4), page([1, 4], total=4)]

    found, _, _ = check(Docebo(*pages), *(person(str(number)) for number in range(1, 4)))

    assert (found.reread, found.checked) == (3, 3)


def test_an_erased_user_of_whom_no_login_id_is_known_is_compared_by_its_mark_alone(
    store: Checkpoint, check: Any
) -> None:
    """Its record cannot be migrated any more, so that its login keys are gone as well."""
    arrived(store, "1", profile=None)
    arrived(store, "2", profile=None)

    found, _, _ = check(Docebo(EMPTY), person("1"), person("2", attributes={}))

    assert (found.classes["same"], found.classes["differs"]) == (1, 1)
    assert verdicts(store) == {"1": "mark", "2": "differs"}


@pytest.mark.parametrize(("state", "same"), [(State.CREATED, 0), (State.UPDATED, 1)])
def test_what_became_of_a_user_says_whether_an_unverified_address_counts(
    store: Checkpoint, check: Any, state: State, same: int
) -> None:
    arrived(store, "1", state=state, profile=target("1", verified_email=False).to_json())

    assert check(Docebo(EMPTY), person("1"))[0].classes["same"] == same


def test_late_users_are_read_again_two_at_a_time(
    store: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readback, "USERS_PER_CALL", 2)
    for number in range(1, 4):
        erased(store, str(number))
    descope = Descope()
    work = run_context(store, tmp_path, descope=descope, settings={"descope": {"settle_seconds": 0}})

    assert verify_after_run(store, descope, work.config)["missing"] == 3
    assert [len(call) - 1 for call in descope.names("load")] == [2, 1, 2, 1]
