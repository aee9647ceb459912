"""Which page is the last one: the rule alone, against every way in which a list may lie about its end."""

from __future__ import annotations

import threading
from contextlib import closing
from itertools import islice
from typing import Any

import pytest

from migrator.core.errors import StopRun
from migrator.docebo.client import Page, parse_page
from migrator.docebo.paging import Reading, read_ahead

SIZE = 10


def page(*, more: bool, total: int | None = None, pages: int | None = None, full: bool = True) -> Page:
    return Page([], more, total, pages, full)


def read(*answers: tuple[Page, int]) -> tuple[int, Reading]:
    """How many of the pages are read, and the reading; the last page comes again and again, with nobody fresh."""
    reading = Reading()
    for answer, fresh in answers:
        if reading.is_last(answer, fresh):
            return reading.page, reading
    while not reading.is_last(answers[-1][0], 0):
        assert reading.page < 50
    return reading.page, reading


@pytest.mark.parametrize("counts", [{"total": 25}, {"pages": 3}, {"total": 25, "pages": 3}])
def test_p6_no_more_is_believed_only_when_every_count_agrees(counts: dict[str, Any]) -> None:
    """`has_more_data: false` on page one is not the end of three pages, whichever of the two counts says three."""
    lie = page(more=False, **counts)

    number, reading = read((lie, 10), (lie, 10), (lie, 5))

    assert (number, reading.seen, reading.whole) == (3, 25, True)


def test_d_a_total_that_is_too_small_does_not_end_the_list_before_its_pages_do() -> None:
    """Total and `has_more_data` may both be wrong: the count of pages is asked as well."""
    lie = page(more=False, total=10, pages=3)

    assert read((lie, 10), (lie, 10), (lie, 5))[1].seen == 25


def test_d_a_page_count_beyond_the_list_costs_one_page() -> None:
    """Where everybody counted was shown and a page more shows nobody, that is the end."""
    lie = page(more=False, total=20, pages=900)

    assert read((lie, 10), (lie, 10), (lie, 0))[0] == 3


@pytest.mark.parametrize("counts", [{"total": 900}, {"pages": 90}])
def test_d_a_list_that_ends_before_its_count_is_not_whole(counts: dict[str, Any]) -> None:
    """Three pages that show nobody end it, and who was absent from it is not gone."""
    lie = page(more=False, **counts)

    number, reading = read((lie, 10), (lie, 10))

    assert (number, reading.whole) == (5, False)


@pytest.mark.parametrize(("full", "pages_read"), [(True, 2), (False, 1)])
def test_d_without_any_count_a_full_last_page_is_asked_past_once(full: bool, pages_read: int) -> None:
    """One call more, and only where the page is full: a short one can be the last."""
    number, reading = read((page(more=False, full=full), 10))

    assert (number, reading.whole) == (pages_read, True)


def test_d_what_stands_behind_a_full_page_without_any_count_is_read() -> None:
    """`has_more_data: false` too early and nothing else said: as long as pages are full they are turned."""
    full, short = page(more=False), page(more=False, full=False)

    assert read((full, 10), (full, 10), (short, 4))[1].seen == 24


def test_p6_more_that_never_comes_stops_the_reading() -> None:
    """Three pages without anybody fresh while there is said to be more, and nobody counts the users."""
    with pytest.raises(StopRun) as caught:
        read((page(more=True, pages=1), 10))
    assert caught.value.message == (
        "Failed Getting Users: Docebo says there is more, but 3 pages in a row showed nothing new."
    )
    assert caught.value.fix == (
        "Run again; if it happens again, ask Docebo's support why has_more_data stays true. Nothing was sent."
    )


def test_p6_more_is_said_after_everybody_counted_was_shown() -> None:
    """One page that shows nobody is enough then."""
    assert read((page(more=True, total=10), 10))[0] == 2


def test_p6_the_last_count_said_is_the_one_that_counts() -> None:
    """People come and go while the list is read; a page that does not count takes nothing back."""
    pages = [(page(more=True, total=40), 10), (page(more=True, total=20), 9), (page(more=False), 1)]

    number, reading = read(*pages)

    assert (number, reading.total, reading.whole) == (3, 20, True)


def test_d_a_page_that_does_not_count_pages_takes_no_count_back() -> None:
    """The count of an earlier page holds: the list is not at its end before as many were turned."""
    number, reading = read((page(more=False, pages=3), 10), (page(more=False, full=False), 10), (page(more=False), 5))

    assert (number, reading.pages, reading.whole) == (3, 3, True)


@pytest.mark.parametrize(
    ("keys", "pages", "full"),
    [
        ({}, None, False),
        ({"total_page_count": 3}, 3, False),
        ({"total_page_count": "3"}, 3, False),
        ({"total_page_count": 0}, None, False),
        ({"total_page_count": None}, None, False),
        ({"total_page_count": True}, None, False),
        ({"current_page_size": 2}, None, True),
        ({"current_page_size": "2"}, None, True),
        ({"current_page_size": 3}, None, False),
    ],
)
def test_d_a_page_says_how_many_there_are_and_whether_it_is_full(
    keys: dict[str, Any], pages: int | None, full: bool
) -> None:
    """Counts come as numbers or texts, or not at all; the server's own page size goes before the one asked for."""
    found = parse_page({"data": {"items": [{}, {}], "has_more_data": False, **keys}}, SIZE)

    assert (found.pages, found.full) == (pages, full)


@pytest.mark.parametrize("at_once", [1, 2, 5])
@pytest.mark.parametrize("counted", [{"total": 21}, {"pages": 3}, {"total": 20}, {}])
def test_pages_come_in_their_order_however_many_are_fetched_at_once(at_once: int, counted: dict[str, int]) -> None:
    """The order is that of the list; none behind the last counted one is fetched before it is asked for."""
    asked: list[int] = []

    def fetch(number: int) -> Page:
        asked.append(number)
        return Page([number] * 7, True, counted.get("total"), counted.get("pages"), True)

    with closing(read_ahead(fetch, at_once)) as pages:
        shown = [page.items[0] for page in islice(pages, 3)]
        assert (shown, sorted(asked)) == ([1, 2, 3], [1, 2, 3])
        assert next(pages).items[0] == 4
    assert sorted(asked) == [1, 2, 3, 4]


def test_pages_are_fetched_at_the_same_time() -> None:
    """The second and third page are on their way together, as far as the number allows."""
    together = threading.Barrier(2, timeout=10)

    def fetch(number: int) -> Page:
        if number > 1:
            together.wait()
        return Page([number], number < 5, 5, None, True)

    with closing(read_ahead(fetch, 2)) as pages:
        assert [page.items[0] for page in islice(pages, 5)] == [1, 2, 3, 4, 5]


def test_a_page_that_cannot_be_fetched_is_reported_in_its_turn() -> None:
    """The pages before it are handed out first."""

    def fetch(number: int) -> Page:
        if number == 3:
            raise StopRun("no page three")
        return Page([number], True, 5, None, True)

    with closing(read_ahead(fetch, 4)) as pages:
        assert [next(pages).items[0], next(pages).items[0]] == [1, 2]
        with pytest.raises(StopRun, match="no page three"):
            next(pages)
