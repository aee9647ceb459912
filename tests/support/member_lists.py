"""Branches and a group full of people, and a client that reads who is in them."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from virtual_clock import VirtualClock

from migrator.core.member_lists import MemberList
from migrator.docebo.client import DoceboClient
from migrator.docebo.membership import read_members
from migrator.normalize.identity import record_key

if TYPE_CHECKING:
    from world import Place

    from migrator.core.clock import Clock

TREE = "/manage/v1/orgchart"
GROUP = "/manage/v1/group/7/members"
AUDIENCE = "/audiences/v1/audience/7/members"
SESSION = "/manage/v1/user/session"
USERS = 60
PAGE = 7
NORTH = MemberList("branch", "NORTH")
SALES = MemberList("branch", "10", descendants=True)
LEGAL = MemberList("branch", "LEGAL")
MANAGERS = MemberList("group", "7")


def fill(place: Place) -> list[str]:
    """The ids of 60 users in the order of user names, read on pages of 7 one after another.

    North (11) has those from 3 to 20, Sales (10) above it the first five, Legal (20) nobody, the group those from 30
    to 47: North and the group take three pages each.
    """
    place.sandbox.control.reset(users=USERS, difficult=0)
    place.configure(docebo={"page_size": PAGE, "concurrency": 1})
    people = [str(user["user_id"]) for user in sorted(place.sources(), key=lambda one: str(one["username"]).lower())]
    place.sandbox.control.put_branch("10", "Sales", code="SALES", members=people[:5])
    place.sandbox.control.put_branch("11", "North", code="NORTH", parent="10", members=people[3:20])
    place.sandbox.control.put_branch("20", "Legal", code="LEGAL")
    place.sandbox.control.put_group("7", "Managers", members=people[30:47])
    return people


def read(
    place: Place, *lists: MemberList, clock: Clock | None = None, **options: Any
) -> dict[MemberList, frozenset[str]]:
    """Read the lists with a client of the place's configuration; waits cost nothing unless a clock is given."""
    with closing(DoceboClient(place.config.docebo, clock or VirtualClock())) as client:
        return read_members(client, lists, record_key, **options)


def asked(place: Place) -> dict[str, int]:
    """How many calls each list of Docebo had, tokens aside."""
    paths = [entry["path"] for entry in place.journal("docebo") if entry["method"] == "GET"]
    return {path: paths.count(path) for path in paths}
