"""Who counts as a leaver, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from two_migrations import put, target

from migrator.checkpoint.users.leavers import leaver_pages
from migrator.core.fields import SentFields
from migrator.core.model import State

if TYPE_CHECKING:
    from migrator.checkpoint.db.checkpoint import Checkpoint


def leaver(store: Checkpoint, user_id: str, **columns: Any) -> None:
    row = {
        "state": State.CONFLICT, "reason": "duplicate_email", "target_id": f"U{user_id}", "source_status": "suspended",
        "sent_fields": SentFields.of(target(user_id)).to_json(),
    }  # fmt: skip
    put(store, user_id, **(row | columns))


def found(store: Checkpoint, size: int = 9) -> list[list[str]]:
    return [[one.user_id for one in page] for page in leaver_pages(store, ["suspended"], size)]


def test_whoever_is_not_set_aside_or_never_arrived_is_no_leaver(store: Checkpoint) -> None:
    """Whom a change reaches anyway, and whom there is nothing to disable of."""
    leaver(store, "1", state=State.FAILED)
    leaver(store, "2", state=State.REJECTED)
    leaver(store, "3", state=State.SKIPPED)
    leaver(store, "4", state=State.CREATED)
    leaver(store, "5", state=State.VANISHED)
    leaver(store, "6", target_id=None)
    leaver(store, "7", sent_fields=None)
    leaver(store, "8", origin="linked")

    assert found(store) == [["1", "2", "3", "7"]]


def test_another_migrations_leavers_are_its_own(store: Checkpoint) -> None:
    leaver(store, "1")
    own, store.key = store.key, "third"

    assert found(store) == []
    store.key = own


def test_leavers_come_page_by_page_once_each(store: Checkpoint) -> None:
    for user_id in ("3", "1", "5", "2", "4"):
        leaver(store, user_id)

    assert found(store, 2) == [["1", "2"], ["3", "4"], ["5"]]
    assert found(store, 5) == [["1", "2", "3", "4", "5"]]
