"""When a project has so many strangers that somebody has to say that it is the right one."""

from __future__ import annotations

import pytest

from migrator.core.census import FEW_STRANGERS, MANY_STRANGERS, ProjectCensus


def census(users: int, strangers: int, *, whole: bool = True, knows: bool = True) -> ProjectCensus:
    return ProjectCensus("P2abc", "api.descope.com", "", users, strangers, whole, knows)


@pytest.mark.parametrize(
    ("users", "strangers", "needed"),
    [
        (0, 0, False),
        (FEW_STRANGERS - 1, FEW_STRANGERS - 1, False),
        (FEW_STRANGERS, FEW_STRANGERS, True),
        (100, 10, False),
        (99, 10, True),
        (MANY_STRANGERS * 10, MANY_STRANGERS, False),
        (MANY_STRANGERS * 50, MANY_STRANGERS + 1, True),
    ],
)
def test_more_than_a_tenth_or_than_a_thousand_need_a_word_and_a_handful_never_does(
    users: int, strangers: int, needed: bool
) -> None:
    assert census(users, strangers).needs_a_word is needed


def test_what_was_not_counted_to_its_end_needs_a_word() -> None:
    """The rest may all be strangers."""
    assert census(2000, 0, whole=False).needs_a_word


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (census(0, 0), "has 0 users now; 0 of them are strangers"),
        (census(1, 1), "has 1 user now; 1 of them is a stranger"),
        (census(12_345, 1_001, whole=False), "has 12,345 users now; more than 1,001 of them are strangers"),
        (census(2_000, 40, whole=False, knows=False), "has more than 2,000 users now; more than 40 of them are"),
    ],
)
def test_the_numbers_are_told_as_far_as_they_are_known(found: ProjectCensus, says: str) -> None:
    assert says in found.describe()


def test_the_region_is_told_where_the_id_names_one() -> None:
    euc1 = ProjectCensus("Peuc1abc", "api.euc1.descope.com", "euc1", 0, 0)

    assert euc1.describe().startswith("Descope project Peuc1abc (at api.euc1.descope.com, region euc1) has 0 users")
    assert census(0, 0).describe().startswith("Descope project P2abc (at api.descope.com) has 0 users")
