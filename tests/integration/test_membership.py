"""Members of branches and groups, read over real sockets: whole, or the run stops (docs/decisions/0027)."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from runs import LIST
from virtual_clock import VirtualClock

from migrator.core.member_lists import MemberList
from migrator.docebo.client import DoceboClient
from migrator.docebo.membership import read_members
from migrator.normalize.identity import record_key

if TYPE_CHECKING:
    from world import Place

TREE = "/manage/v1/orgchart"
GROUP = "/manage/v1/group/7/members"
AUDIENCE = "/audiences/v1/audience/7/members"
SESSION = "/manage/v1/user/session"
USERS = 60
PAGE = 7
NORTH = MemberList("branch", "NORTH")
SALES = MemberList("branch", "10", descendants=True)
MANAGERS = MemberList("group", "7")
READ = (NORTH, MANAGERS)  # one of each kind, three pages each


def read(place: Place, *lists: MemberList, **options: Any) -> dict[MemberList, set[str]]:
    """Read the lists with a client of the place's configuration; waits cost nothing."""
    with closing(DoceboClient(place.config.docebo, VirtualClock())) as client:
        return {one: set(members) for one, members in read_members(client, lists, record_key, **options).items()}


@pytest.fixture
def people(place: Place) -> list[str]:
    """The ids of 60 users in the order of user names: some in Sales (10), in North (11) below it, and in a group."""
    place.sandbox.control.reset(users=USERS, difficult=0)
    place.configure(docebo={"page_size": PAGE, "concurrency": 1})
    people = [str(user["user_id"]) for user in sorted(place.sources(), key=lambda one: str(one["username"]).lower())]
    place.sandbox.control.put_branch("10", "Sales", code="SALES", members=people[:5])
    place.sandbox.control.put_branch("11", "North", code="NORTH", parent="10", members=people[3:20])
    place.sandbox.control.put_branch("20", "Legal", code="LEGAL")
    place.sandbox.control.put_group("7", "Managers", members=people[30:47])
    return people


def switch(place: Place, **switches: Any) -> None:
    place.sandbox.control.set_switches(docebo=switches)


def asked(place: Place) -> dict[str, int]:
    """How many calls each list of Docebo had, tokens aside."""
    paths = [entry["path"] for entry in place.journal("docebo") if entry["method"] == "GET"]
    return {path: paths.count(path) for path in paths}


# --- what is read, and what it costs --------------------------------------------------------------


def test_members_of_branches_by_id_or_code_and_of_groups_are_read(place: Place, people: list[str]) -> None:
    lists = (NORTH, SALES, MemberList("branch", "SALES"), MANAGERS)

    members = read(place, *lists)

    assert members == {
        NORTH: set(people[3:20]),
        SALES: set(people[:20]),
        MemberList("branch", "SALES"): set(people[:5]),
        MANAGERS: set(people[30:47]),
    }


def test_without_lists_no_call_is_made(place: Place) -> None:
    assert read(place) == {}
    assert asked(place) == {}


def test_without_branches_the_tree_is_not_read(place: Place, people: list[str]) -> None:
    assert read(place, MANAGERS) == {MANAGERS: set(people[30:47])}
    assert asked(place) == {GROUP: 3, SESSION: 1}


@pytest.mark.usefixtures("people")
def test_a_branch_under_two_names_is_read_once(place: Place) -> None:
    both = read(place, NORTH, MemberList("branch", "11"))

    assert both[NORTH] == both[MemberList("branch", "11")]
    assert asked(place) == {TREE: 1, LIST: 3, SESSION: 1}


def test_branches_of_400_members_cost_two_calls_each_and_one_for_all_of_them(place: Place) -> None:
    """Beside the session, which is asked for once unless the caller does."""
    place.sandbox.control.reset(users=450, difficult=0)
    ids = [str(user["user_id"]) for user in place.sources()]
    for number in range(5):
        place.sandbox.control.put_branch(str(number), members=ids[number : number + 400])

    members = read(place, *(MemberList("branch", str(number)) for number in range(5)), check_rights=False)

    assert [len(held) for held in members.values()] == [400] * 5
    assert asked(place) == {TREE: 1, LIST: 10}


def test_pages_may_be_fetched_ahead(place: Place, people: list[str]) -> None:
    place.configure(docebo={"page_size": 2, "concurrency": 4})

    assert read(place, *READ) == {NORTH: set(people[3:20]), MANAGERS: set(people[30:47])}
    assert asked(place) == {TREE: 2, LIST: 9, GROUP: 9, SESSION: 1}
