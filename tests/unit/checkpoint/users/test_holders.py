"""Who stands in a user's way: written into one text, read back from it, and asked for in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from two_migrations import KEY, put

from migrator.checkpoint.db.tables import source_user
from migrator.checkpoint.users.holders import (
    CAME_MEANWHILE,
    HELD_BY_OURS,
    MAY_LET_GO,
    WANTED_TWICE,
    Holders,
    holders_text,
    may_let_go,
    parse_holders,
)

if TYPE_CHECKING:
    from migrator.checkpoint.db.checkpoint import Checkpoint

FIVE = ("U1", "U2", "U3", "U4", "U5")


@pytest.mark.parametrize(
    ("word", "ids", "text"),
    [
        ("", (), None),
        ("", ("U1",), "U1"),
        (HELD_BY_OURS, (), "held_by_migrated_user"),
        (CAME_MEANWHILE, ("U1",), "came_meanwhile U1"),
        (WANTED_TWICE, ("U2", "U1"), "wanted_twice U1 U2"),
        ("", FIVE, "U1 U2 U3 U4 U5"),
        ("", (*FIVE, "U6"), "U1 U2 U3 U4 U5 +1"),
        (CAME_MEANWHILE, (*FIVE, "U6", "U7"), "came_meanwhile U1 U2 U3 U4 U5 +2"),
    ],
    ids=str,
)
def test_the_text_and_what_is_read_from_it(word: str, ids: tuple[str, ...], text: str | None) -> None:
    """The word, five ids in their order and the number of the others; nothing at all where there is nothing to say."""
    assert holders_text(word, ids) == text
    assert parse_holders(text) == Holders(word, tuple(sorted(ids)[:5]), max(0, len(ids) - 5))


def test_whoever_is_named_several_times_counts_once_and_the_first_in_order_are_named() -> None:
    ids = ["U9", "U1", "U9", "U5", "U3", "U1", "U7", "U8"]

    assert holders_text("", iter(ids)) == "U1 U3 U5 U7 U8 +1"
    assert holders_text("", ids[:-1]) == "U1 U3 U5 U7 U9"


@pytest.mark.parametrize(
    "one", ["ann@example.org", "a b", "", "U1\n", " U1", "Zoë", "U" * 65, "+3"], ids=lambda one: repr(one)[:20]
)
def test_an_id_that_could_be_something_else_is_neither_named_nor_counted(one: str) -> None:
    assert holders_text("", [one]) is None
    assert holders_text(WANTED_TWICE, [one, *FIVE]) == "wanted_twice U1 U2 U3 U4 U5"


@pytest.mark.parametrize("one", ["U", "U" * 64, "aZ09_-", "-", "_"])
def test_an_id_of_letters_digits_and_two_signs_is_named(one: str) -> None:
    assert holders_text("", [one]) == one


@pytest.mark.parametrize(
    ("detail", "found"),
    [
        (None, Holders("", (), 0)),
        ("", Holders("", (), 0)),
        (" ", Holders("", (), 0)),
        ("E062107", Holders("", ("E062107",), 0)),
        ("U1 came_meanwhile", Holders("", ("U1", "came_meanwhile"), 0)),
        ("came_meanwhile wanted_twice U1", Holders("came_meanwhile", ("wanted_twice", "U1"), 0)),
        ("came_meanwhiles U1", Holders("", ("came_meanwhiles", "U1"), 0)),
        ("+12", Holders("", (), 12)),
        ("held_by_migrated_user +7", Holders("held_by_migrated_user", (), 7)),
        ("U1 3", Holders("", ("U1", "3"), 0)),
    ],
    ids=str,
)
def test_only_a_known_word_in_front_is_a_word_and_only_a_plus_at_the_end_a_number(
    detail: str | None, found: Holders
) -> None:
    assert parse_holders(detail) == found


DETAILS: dict[str, bool] = {
    **dict.fromkeys(MAY_LET_GO, True),
    **dict.fromkeys((f"{word} U1" for word in MAY_LET_GO), True),
    "wanted_twice U1 U2 U3 U4 U5 +3": True,
    "U1": False,
    "U1 came_meanwhile": False,
    "U1 came_meanwhile U2": False,
    "came_meanwhiles U1": False,
    "came_meanwhileU1": False,
    "came": False,
    "cameXmeanwhile U1": False,
    "heldXbyXmigratedXuser U1": False,
    "wanted-twice U1": False,
    "": False,
}


def test_the_database_finds_whose_detail_begins_with_a_word_and_nobody_else(store: Checkpoint) -> None:
    """A word that is only part of another one does not count, nor does one that merely looks like it."""
    for number, detail in enumerate(DETAILS):
        put(store, f"{number:02}", detail=detail)
    put(store, "99", detail=None)
    query = select(source_user.c.detail).where(source_user.c.migration == KEY).order_by(source_user.c.user_id)

    found = store.read(lambda c: c.execute(query.where(may_let_go(source_user.c.detail))).scalars().all())

    assert found == [detail for detail, wanted in DETAILS.items() if wanted]


def test_the_words_that_others_search_for_stay_as_they_are() -> None:
    assert MAY_LET_GO == ("held_by_migrated_user", "came_meanwhile", "wanted_twice")
