"""Whom an undo may look at, and what it leaves of them in the checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from two_migrations import put, rows, states

from migrator.checkpoint.db.tables import pre_image
from migrator.checkpoint.users.erasure import count_with_personal_data, erase_everybody
from migrator.checkpoint.users.pre_images import keep_pre_images, pre_images_of
from migrator.checkpoint.users.undoing import (
    DELETING,
    being_undone_pages,
    count_being_undone,
    count_undoable,
    drop_undo_intent,
    store_undo_intent,
    store_undone,
    undoable_pages,
)
from migrator.core.fields import SentFields
from migrator.core.model import State
from migrator.core.pre_image import PreImage

if TYPE_CHECKING:
    from migrator.checkpoint.db.checkpoint import Checkpoint

IMAGE = PreImage({"name": "Own Name"}, {"name": frozenset({"h"})}, 5.0, had_credential=False)


def come(store: Checkpoint, user_id: str, **columns: Any) -> None:
    """A user who is in Descope by this migration."""
    row = {"state": State.CREATED, "target_id": f"U{user_id}", "sent_hash": "h", "origin": "created"}
    put(store, user_id, **(row | columns))


def found(store: Checkpoint) -> list[str]:
    return [one.user_id for page in undoable_pages(store, 2) for one in page]


def test_whoever_is_in_descope_by_us_may_be_undone_whatever_its_state(store: Checkpoint) -> None:
    """But nobody in flight, nobody who never arrived, and nobody whom a plan alone has found."""
    come(store, "1")
    come(store, "2", state=State.VANISHED)
    come(store, "3", state=State.REJECTED, reason="no_email")
    come(store, "4", state=State.PENDING)
    come(store, "5", state=State.SENDING, batch="b")
    come(store, "6", target_id=None)
    come(store, "7", state=State.PENDING, sent_hash=None)

    assert found(store) == ["1", "2", "3", "4"]
    assert count_undoable(store) == 4


def test_whoever_has_an_intent_is_settled_first(store: Checkpoint) -> None:
    come(store, "1")
    come(store, "2")
    store_undo_intent(store, ["1"], DELETING)
    assert found(store) == ["2"]
    assert [[one.user_id for one in page] for page in being_undone_pages(store, DELETING, 9)] == [["1"]]

    drop_undo_intent(store, ["1"])

    assert (found(store), count_being_undone(store)) == (["1", "2"], 0)


def test_the_undone_are_left_out_until_a_run_sees_them_again(store: Checkpoint) -> None:
    """Nothing is known of their stay in Descope any more; whoever has left Docebo stays known as gone."""
    come(store, "1", verdict="same", retry=1, still_enabled=1, sent_fields=SentFields({}).to_json(), disabled_by_us=1)
    come(store, "2", state=State.VANISHED, reason="not_in_docebo")
    come(store, "3", state=State.CONFLICT, reason="deleted_at_descope", detail="U9")
    keep_pre_images(store, {("U1", "1"): IMAGE, ("U8", "8"): IMAGE}, {"U1", "U8"})
    users = [one for page in undoable_pages(store, 9) for one in page]
    store_undo_intent(store, ["1"], DELETING)

    store_undone(store, users, {})

    assert states(store) == {
        "1": ("skipped", "undone"), "2": ("vanished", "not_in_docebo"), "3": ("skipped", "undone"),
    }  # fmt: skip
    kept = ("target_id", "sent_hash", "origin", "verdict", "retry", "undoing", "sent_fields", "detail", "still_enabled")
    assert {row[name] for row in rows(store).values() for name in kept} == {None}
    assert set(pre_images_of(store, ["U1", "U8"])) == {"U8"}


def test_what_was_there_first_stays_whatever_changes_later(store: Checkpoint) -> None:
    keep_pre_images(store, {("U1", "1"): IMAGE}, {"U1"})
    later = PreImage({"name": "Ours", "phone": ""}, {"name": frozenset({"i"})}, 9.0, had_credential=True)

    keep_pre_images(store, {("U1", "2"): later}, ())

    kept = pre_images_of(store, ["U1"])["U1"]
    assert (kept.before, kept.at, kept.had_credential) == ({"name": "Own Name", "phone": ""}, 5.0, False)
    assert kept.sent["name"] == {"h", "i"}


def test_a_purge_erases_what_was_there_before_and_counts_its_user_once(store: Checkpoint) -> None:
    """Also of users of whom nothing else is left; a purge behind it finds nobody."""
    come(store, "1", profile=None)
    come(store, "2")
    keep_pre_images(store, {("U1", "1"): IMAGE, ("U2", "2"): IMAGE}, {"U1", "U2"})
    assert count_with_personal_data(store) == 2

    erased = erase_everybody(store)

    assert (erased, count_with_personal_data(store), erase_everybody(store)) == (2, 0, 0)
    assert store.read(lambda c: c.execute(select(func.count()).select_from(pre_image)).scalar_one()) == 0
