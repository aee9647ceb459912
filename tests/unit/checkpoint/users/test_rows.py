"""Users page by page: each once, in order, whatever happens to them meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update
from two_migrations import put

from migrator.checkpoint.db.tables import source_user
from migrator.checkpoint.users.rows import count_where, pages, this_user
from migrator.core.model import State

if TYPE_CHECKING:
    from migrator.checkpoint.db.checkpoint import Checkpoint

PENDING = source_user.c.state == State.PENDING


def found(store: Checkpoint, size: int, *, growing: bool = False) -> list[list[tuple[str, str]]]:
    some = pages(store, [source_user.c.target_hash], PENDING, size=size, growing=growing)
    return [[(row.user_id, row.target_hash) for row in page] for page in some]


@pytest.mark.parametrize("growing", [False, True])
def test_pages_are_full_but_the_last_and_none_is_empty(store: Checkpoint, growing: bool) -> None:
    assert found(store, 2, growing=growing) == []
    for user_id in ("30", "1", "20", "4"):
        put(store, user_id)
    put(store, "2", state=State.CREATED)
    one, two, three, four = ((user_id, f"hash {user_id}") for user_id in ("1", "20", "30", "4"))

    assert found(store, 2, growing=growing) == [[one, two], [three, four]]
    assert found(store, 3, growing=growing) == [[one, two, three], [four]]


def test_whoever_handles_a_page_may_move_its_users(store: Checkpoint) -> None:
    for user_id in ("1", "2", "3"):
        put(store, user_id)
    seen = []

    for page in pages(store, [], PENDING, size=2):
        seen += [row.user_id for row in page]
        gone = update(source_user).where(this_user(store)).values(state=State.SKIPPED)
        store.write(lambda c, gone=gone, page=page: c.execute(gone, [{"b_user": row.user_id} for row in page]))  # type: ignore[misc]

    assert seen == ["1", "2", "3"]
    assert count_where(store, PENDING) == 0
    assert count_where(store) == 3


@pytest.mark.parametrize(("growing", "seen"), [(False, ["2"]), (True, ["2", "3"])])
def test_a_short_page_ends_it_unless_users_may_be_added(store: Checkpoint, growing: bool, seen: list[str]) -> None:
    put(store, "2")
    told = []

    for page in pages(store, [], size=2, growing=growing):
        told += [row.user_id for row in page]
        if told == ["2"]:
            put(store, "1")
            put(store, "3")

    assert told == seen


def test_only_the_pages_asked_for_are_read(store: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    for user_id in ("1", "2", "3"):
        put(store, user_id)
    some = pages(store, [], size=1)
    assert [row.user_id for row in next(some)] == ["1"]

    with monkeypatch.context() as patch:
        patch.setattr(store, "read", None)
        with pytest.raises(TypeError):
            next(some)
