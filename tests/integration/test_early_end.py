"""A list that says too early that it ends, or whose own counts it never reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from docebo_proxy import docebo_that_says
from runs import LIST, calls, go, small

if TYPE_CHECKING:
    from world import Place

USERS = 21  # three pages of 7


@pytest.mark.parametrize(
    ("kept", "users"),
    [
        (("total_count", "total_page_count"), USERS),
        (("total_count",), USERS),
        (("total_page_count",), USERS),
        ((), USERS),
        ((), USERS + 3),
    ],
    ids=str,
)
def test_p6_d_no_more_said_too_early_hides_nobody(place: Place, kept: tuple[str, ...], users: int) -> None:
    """`has_more_data: false` on every page: both readers of the list, a run's and a verification's, read it whole."""
    small(place, users)

    def ends_at_once(_page: int, data: dict[str, Any]) -> dict[str, Any]:
        counts = {"total_count", "total_page_count"} - set(kept)
        return {key: value for key, value in data.items() if key not in counts} | {"has_more_data": False}

    with docebo_that_says(ends_at_once, place.sandbox.docebo_url) as url:
        place.configure(docebo={"base_url": url})

        assert go(place).counts == {"found": users, "created": users}

        so_far = len(calls(place, LIST))
        verified = place.forked("verify", "--json").document
        assert verified["classes"]["same"] == users
        assert (verified["erased"]["reread"], verified["erased"]["by_mark"]) == (users, 0)
        asked_past = not kept and users == USERS  # its last page is full
        assert len(calls(place, LIST)) - so_far == 3 + (asked_past or users > USERS)


def test_d_fewer_pages_than_counted_stop_the_run(place: Place) -> None:
    """Without a total, a list that ends before its own count of pages is short, and that has its own answer."""
    small(place, USERS)

    def one_page_short(_page: int, data: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in data.items() if key != "total_count"} | {"total_page_count": 9}

    with docebo_that_says(one_page_short, place.sandbox.docebo_url) as url:
        place.configure(docebo={"base_url": url})

        run = go(place, accept_shrink=True)

        assert run.error is not None
        assert (run.code, "9 pages" in run.error.message) == (4, True)
        assert "--accept-short-list" in run.error.fix
        assert go(place, accept_short_list=True).counts == {"found": USERS, "created": USERS}
