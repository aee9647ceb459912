"""What is asked of the run at work: of that run alone, one thing beside the other, and of nobody when none works."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update
from two_migrations import KEY

from migrator.checkpoint.db.tables import migration
from migrator.checkpoint.runs.control import NOTHING_ASKED, Control, change_control, read_control

if TYPE_CHECKING:
    from migrator.checkpoint.db.checkpoint import Checkpoint


def ask(store: Checkpoint, **values: float | None) -> tuple[Control, Control] | None:
    return change_control(store, lambda was: replace(was, **values))  # type: ignore[arg-type]


def test_nothing_is_asked_at_first(store: Checkpoint) -> None:
    assert read_control(store) == NOTHING_ASKED == Control(None, None, None)


def test_what_is_asked_is_read_by_the_run_and_stays_beside_what_is_asked_later(store: Checkpoint) -> None:
    assert ask(store, rate=0.5) == (NOTHING_ASKED, Control(rate=0.5))
    assert ask(store, paused_since=7.5) == (Control(rate=0.5), Control(7.5, 0.5))
    assert ask(store, concurrency=8, rate=1.0) == (Control(7.5, 0.5), Control(7.5, 1.0, 8))
    assert ask(store, paused_since=None) == (Control(7.5, 1.0, 8), Control(None, 1.0, 8))
    assert read_control(store) == Control(None, 1.0, 8)


def test_a_later_run_is_asked_nothing(store: Checkpoint) -> None:
    """It holds the lease by another fence, so that a pause of the run before cannot hold it up."""
    ask(store, paused_since=7.5, concurrency=8)
    later = update(migration).where(migration.c.key == KEY).values(fence=store.fence + 1)
    store.write(lambda c: c.execute(later))

    assert read_control(store) == NOTHING_ASKED
    assert ask(store, rate=0.5) == (NOTHING_ASKED, Control(rate=0.5))
    store.fence += 1


@pytest.mark.parametrize("holder", ["none", "over"])
def test_nobody_is_asked_when_no_run_is_at_work(store: Checkpoint, holder: str) -> None:
    """Where nobody holds the lease, or nobody has renewed it in time, nothing is stored."""
    gone: dict[str, object] = {"holder": None} if holder == "none" else {"lease_until": 1.0}
    store.db_write(lambda c, _name: c.execute(update(migration).where(migration.c.key == KEY).values(**gone)))

    assert ask(store, paused_since=7.5) is None
    assert read_control(store) == NOTHING_ASKED


def test_what_is_asked_in_words_and_in_json() -> None:
    """As `status` tells it."""
    asked = Control(1_800_000_000.9, 0.125, 8)

    assert asked.words == "rate 12.5 %, concurrency 8"
    assert asked.keys() == {
        "paused": True, "paused_since": "2027-01-15T08:00:00Z", "rate": 0.125, "concurrency": 8,
    }  # fmt: skip
    assert NOTHING_ASKED.words == ""
    assert NOTHING_ASKED.keys() == {"paused": False, "paused_since": None, "rate": None, "concurrency": None}
