"""A run for one person, in the middle of a migration's life."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from runs import calls, go

from migrator.sandbox import people

if TYPE_CHECKING:
    from world import Place

LIST = "/manage/v1/user"


def put(place: Place, number: int, **keys: Any) -> str:
    return place.sandbox.control.put_docebo_user(people.person(number, 77).record | {"status": "1"} | keys)


@pytest.mark.parametrize("choice", ["conflict", "oldest"])
def test_b14_a_search_for_one_person_knows_who_shares_the_address(place: Place, choice: str) -> None:
    """The search finds one of two people with one address: neither is migrated on a guess, or the policy chooses."""
    place.configure(policy={"duplicate_email": choice})
    put(place, 1, username="ann.one", email="both@example.org", creation_date="2024-01-01 00:00:00")
    put(place, 2, username="ann.two", email="Both@example.org", creation_date="2020-01-01 00:00:00")
    put(place, 3, username="carl", email="carl@example.org")

    ended = go(place, search_text="ann.one")

    assert ended.reasons == {"duplicate_email": 2 if choice == "conflict" else 1}
    assert len(place.targets()) == (0 if choice == "conflict" else 1)
    assert len([entry for entry in calls(place, LIST) if entry["query"].get("search_text") == "both@example.org"]) == 1


def test_b14_who_is_known_already_is_not_asked_about_again(place: Place) -> None:
    """A second search for somebody who arrived costs no further question."""
    put(place, 1, username="ann", email="ann@example.org")
    go(place, search_text="ann")
    place.sandbox.control.clear_journal()

    assert go(place, search_text="ann").code == 0

    assert len(calls(place, LIST)) == 1
