"""Who is read again as it was is not normalized again; whoever may have to be judged anew is."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from in_memory import PLATFORM, Docebo, page, record, run_context
from sqlalchemy import update
from two_migrations import rows, states

from migrator.checkpoint.db.tables import source_user
from migrator.core.model import State
from migrator.docebo.client import Page
from migrator.flow.read.sweep import Sweeps
from migrator.normalize import code_fingerprint
from migrator.normalize.mapping import Normalizer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.core.model import Json, Normalized

EVERYBODY = page([1, 2, 3], total=3)


class Counted(Normalizer):
    """Notes whose records it is given."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.given: list[str] = []

    def __call__(self, value: Json) -> Normalized:
        self.given.append(value["user_id"])
        return super().__call__(value)


@pytest.fixture
def normalized(store: Checkpoint, tmp_path: Path) -> Callable[..., list[str]]:
    """Read this page until nothing is new, and tell whose records were normalized."""

    def read(listed: Page = EVERYBODY, *, is_trial: bool = False, **settings: Any) -> list[str]:
        work = run_context(store, tmp_path, Docebo(listed), settings=settings)
        counted = Counted(work.config.mapping, PLATFORM)
        Sweeps(replace(work, normalize=counted), is_trial=is_trial).read()
        return counted.given

    return read


def change(store: Checkpoint, user_id: str, **columns: Any) -> None:
    this = (source_user.c.migration == store.key, source_user.c.user_id == user_id)
    store.write(lambda c: c.execute(update(source_user).where(*this).values(**columns)))


def test_a_confirming_sweep_normalizes_nobody_again(normalized: Any) -> None:
    assert normalized() == ["1", "2", "3"]


def test_a_later_run_normalizes_nobody_again_and_still_sees_everybody(normalized: Any, store: Checkpoint) -> None:
    normalized()
    before = rows(store)

    assert normalized() == []
    assert {row["seen_sweep"] for row in rows(store).values()} == {3}
    assert [row | {"seen_sweep": 3} for row in before.values()] == list(rows(store).values())


@pytest.mark.parametrize("state", [State.CREATED, State.UPDATED, State.UNCHANGED])
def test_who_arrived_is_known_again_without_its_record(normalized: Any, store: Checkpoint, state: State) -> None:
    """Its personal data was erased; the hash of the record was not."""
    normalized()
    change(store, "2", state=state, target_id="U2", raw=None, profile=None, verdict="same")

    assert normalized() == []


def test_whose_record_changed_is_judged_again_and_nobody_else(normalized: Any, store: Checkpoint) -> None:
    normalized()
    renamed = record(2) | {"first_name": "Ana"}

    assert normalized(Page([record(1), renamed, record(3)], False, 3, None, False)) == ["2"]
    assert '"given_name":"Ana"' in rows(store)["2"]["profile"]


def test_one_record_twice_on_a_page_counts_as_its_last_one(normalized: Any, store: Checkpoint) -> None:
    normalized()
    twice = Page([record(1), record(2) | {"first_name": "Ana"}, record(2), record(3)], False, 3, None, False)

    normalized(twice)

    assert "Ana" not in rows(store)["2"]["profile"]


@pytest.mark.parametrize(
    "columns",
    [
        {"retry": 1},
        {"verdict": "differs"},
        {"verdict": "missing"},
        {"state": State.SKIPPED},
        {"state": State.VANISHED},
        {"state": State.CONFLICT},
        {"state": State.FAILED},
        {"state": State.SENDING, "batch": "b"},
        {"record_hash": None},
    ],
    ids=str,
)
def test_whoever_may_have_to_be_judged_anew_is(normalized: Any, store: Checkpoint, columns: dict[str, Any]) -> None:
    """Asked for again, seen wrong, set aside, gone, in flight, or stored by a version that knew no such hash."""
    normalized()
    change(store, "2", **columns)

    assert set(normalized()) == {"2"}


def test_who_was_gone_comes_back(normalized: Any, store: Checkpoint) -> None:
    normalized()
    change(store, "2", state=State.VANISHED)

    normalized()

    assert states(store)["2"] == (State.PENDING, None)


@pytest.mark.parametrize(
    "settings",
    [{"mapping": {"login_id": "username"}}, {"policy": {"include": ["suspended"]}}],
    ids=["mapping", "include"],
)
def test_another_mapping_or_policy_judges_everybody(normalized: Any, settings: dict[str, Any]) -> None:
    normalized()

    assert normalized(**settings) == ["1", "2", "3"]


def test_a_trial_mapping_judges_everybody_and_stores_no_hash_of_its_own(normalized: Any, store: Checkpoint) -> None:
    """Each row must be kept as it was before; a record that changed meanwhile is judged again afterwards."""
    normalized()
    before = {user_id: row["record_hash"] for user_id, row in rows(store).items()}
    used = record(2) | {"last_access_date": "2026-01-01 10:00:00"}

    assert set(normalized(Page([record(1), used, record(3)], False, 3, None, False), is_trial=True)) == {"1", "2", "3"}

    assert {user_id: row["record_hash"] for user_id, row in rows(store).items()} == before | {"2": None}


def test_whoever_has_no_id_is_judged_every_time(normalized: Any) -> None:
    nameless = Page([{"user_id": ""}, record(1)], False, 2, None, False)
    normalized(nameless)

    assert set(normalized(nameless)) == {""}


@pytest.mark.parametrize("changed", [None, "normalize/person.py", "core/text.py", "docebo/record.py"])
def test_other_code_is_another_fingerprint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str | None
) -> None:
    """Another version of the program may make another user of the same record."""
    here, copy = code_fingerprint._ROOT, tmp_path / "migrator"
    shutil.copytree(here, copy, ignore=shutil.ignore_patterns("__pycache__", "sandbox"))
    if changed is not None:
        with (copy / changed).open("a", encoding="utf-8") as file:
            file.write("# one line more\n")
    monkeypatch.setattr(code_fingerprint, "_ROOT", copy)

    other = code_fingerprint.code_fingerprint.__wrapped__()

    assert (other == code_fingerprint.code_fingerprint()) is (changed is None)
