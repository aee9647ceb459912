"""Members of branches and groups, read over real sockets: what is read, what it costs, and what stops it."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest
from member_lists import AUDIENCE, GROUP, LEGAL, MANAGERS, NORTH, SALES, SESSION, TREE, asked, fill, read
from runs import LIST
from virtual_clock import At, VirtualClock

from migrator.core.errors import ConfigError, Interrupted, StopRun
from migrator.core.member_lists import MemberList
from migrator.docebo.membership import UnknownMemberLists

if TYPE_CHECKING:
    from world import Place

TITLE = MemberList("branch", "North")
TEN = MemberList("branch", "10")
NOBODY = MemberList("group", "8")
ODD = MemberList("group", "../../user")


@pytest.fixture
def people(place: Place) -> list[str]:
    """The ids of all users; who is where: `member_lists.fill`."""
    return fill(place)


def switch(place: Place, **switches: Any) -> None:
    place.sandbox.control.set_switches(docebo=switches)


# --- what is read, and what it costs --------------------------------------------------------------


def test_members_of_branches_by_id_or_code_and_of_groups_are_read(place: Place, people: list[str]) -> None:
    sales = MemberList("branch", "SALES")

    members = read(place, NORTH, SALES, sales, MANAGERS)

    assert members == {
        NORTH: set(people[3:20]),
        SALES: set(people[:20]),
        sales: set(people[:5]),
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

    assert read(place, NORTH, MANAGERS) == {NORTH: set(people[3:20]), MANAGERS: set(people[30:47])}
    assert asked(place) == {TREE: 2, LIST: 9, GROUP: 9, SESSION: 1}


@pytest.mark.usefixtures("people")
def test_a_branch_without_members_is_looked_for_in_the_tree_again(place: Place) -> None:
    """Docebo may answer the same for a branch that was deleted a moment ago."""
    place.sandbox.control.put_group("7")

    assert read(place, LEGAL, MANAGERS) == {LEGAL: frozenset(), MANAGERS: frozenset()}
    assert asked(place) == {GROUP: 2, TREE: 2, LIST: 2, SESSION: 1}


@pytest.mark.parametrize("member_id", ["user_id", "id"])
def test_ids_as_numbers_are_the_same_ids(place: Place, people: list[str], member_id: str) -> None:
    switch(place, user_id="integer", branch_ids="integer", member_id=member_id)

    assert read(place, SALES, MANAGERS) == {SALES: set(people[:20]), MANAGERS: set(people[30:47])}


@pytest.mark.parametrize(
    ("service", "calls"), [("group", {GROUP: 3}), ("both", {GROUP: 3}), ("audience", {GROUP: 1, AUDIENCE: 3})]
)
def test_a_group_is_read_from_the_service_that_has_it(
    place: Place, people: list[str], service: str, calls: dict[str, int]
) -> None:
    switch(place, groups=service)

    assert read(place, MANAGERS) == {MANAGERS: set(people[30:47])}
    assert asked(place) == {**calls, SESSION: 1}


def test_without_totals_two_equal_readings_are_needed(place: Place, people: list[str]) -> None:
    switch(place, total_count="missing")

    assert read(place, NORTH) == {NORTH: set(people[3:20])}
    assert asked(place) == {TREE: 1, LIST: 6, SESSION: 1}


def test_members_who_are_counted_and_never_shown_stop_the_run_unless_that_is_accepted(
    place: Place, people: list[str]
) -> None:
    place.sandbox.control.put_branch("11", code="NORTH", members=people)
    switch(place, hidden_rows=4)

    with pytest.raises(StopRun, match=r"Members of branch NORTH: no reading was whole.* 56 members, where .* 60\.$"):
        read(place, NORTH)

    assert len(read(place, NORTH, accept_short=True)[NORTH]) == 56


# --- names ---------------------------------------------------------------------------------------


def test_every_wrong_name_is_told_at_once_and_no_branch_is_read(place: Place, people: list[str]) -> None:
    """Of groups too: of those that are there, one page is read at most."""
    place.sandbox.control.put_branch("30", code="10")

    with pytest.raises(UnknownMemberLists) as caught:
        read(place, NORTH, TITLE, TEN, MANAGERS, NOBODY, ODD)

    assert caught.value.wrong == {
        TITLE: "no branch has this id or code (did you mean NORTH?)",
        TEN: "the id of one branch and the code of another (30)",
        NOBODY: "no group has this id",
        ODD: "no id of a group, which has letters, digits, - and _ only",
    }
    assert "branch 10: the id of one branch" in caught.value.message
    assert "group ../../user: no id" in caught.value.message
    assert asked(place) == {
        TREE: 1,
        GROUP: 1,
        "/manage/v1/group/8/members": 1,
        AUDIENCE.replace("7", "8"): 1,
        SESSION: 1,
    }
    assert (len(people), caught.value.exit_code) == (60, 2)


def test_p9_a_large_tree_is_read_twice_before_a_name_is_said_to_be_wrong(place: Place) -> None:
    """A branch moves to a page already read when one before it is deleted."""
    for number in range(1, 16):
        place.sandbox.control.put_branch(str(number))
    place.configure(docebo={"page_size": 7, "concurrency": 1})
    place.sandbox.control.set_script(
        {"op": "remove", "before_request": 2, "of": "branches", "kind": "branch", "id": "1"}
    )

    assert read(place, MemberList("branch", "8"), check_rights=False) == {MemberList("branch", "8"): frozenset()}
    with pytest.raises(UnknownMemberLists, match="branch 1: no branch has this id or code"):
        read(place, MemberList("branch", "1"), MemberList("branch", "15"))


@pytest.mark.parametrize("value", ["empty", "not_found", "bad_request"])
@pytest.mark.parametrize("request_number", [1, 2, 3])
def test_p9_a_branch_deleted_while_it_is_read_is_a_wrong_name(
    place: Place, people: list[str], value: str, request_number: int
) -> None:
    """Whatever Docebo answers for a branch that is not there."""
    switch(place, unknown_branch=value)
    place.sandbox.control.set_script({"op": "remove", "before_request": request_number, "kind": "branch", "id": "11"})

    with pytest.raises(UnknownMemberLists) as caught:
        read(place, SALES, NORTH)

    assert caught.value.wrong == {NORTH: "deleted a moment ago"}
    assert read(place, TEN) == {TEN: set(people[:5])}


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("request_number", [1, 2, 3])
def test_p9_a_group_deleted_while_it_is_read_is_a_wrong_name(place: Place, request_number: int) -> None:
    place.sandbox.control.set_script({"op": "remove", "before_request": request_number, "kind": "group", "id": "7"})

    with pytest.raises(UnknownMemberLists, match="group 7: no group has this id"):
        read(place, MANAGERS)


# --- what stops it -------------------------------------------------------------------------------


def fail(place: Place, path: str, code: int, **rule: Any) -> None:
    place.sandbox.control.set_faults({"kind": "status", "path": f"{path}$", "params": {"code": code}, **rule})


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("path", [TREE, LIST, GROUP])
@pytest.mark.parametrize(("code", "text"), [(401, "Authenticate"), (403, "Authenticate"), (500, ""), (400, "")])
def test_a_page_that_cannot_be_read_stops_the_run(place: Place, path: str, code: int, text: str) -> None:
    """The last page as well as the first: a part of a list is never taken for the whole."""
    what = {TREE: "Branches", LIST: "Members of branch NORTH", GROUP: "Members of group 7"}[path]
    for nth in (1, 3) if path != TREE else (1,):
        fail(place, path, code, nth=nth, times=100)

        with pytest.raises(StopRun) as caught:
            read(place, NORTH, MANAGERS)

        assert caught.value.exit_code == 4
        assert (text or f"Failed Getting {what}: Docebo GET {path}: HTTP {code}") in caught.value.message
        assert caught.value.fix


def test_an_outage_that_ends_is_waited_for(place: Place, people: list[str]) -> None:
    clock = VirtualClock()
    place.sandbox.control.set_faults(
        *({"kind": "status", "path": path, "every": 2, "params": {"code": 500}} for path in (TREE, LIST, GROUP))
    )

    assert read(place, NORTH, MANAGERS, clock=clock) == {NORTH: set(people[3:20]), MANAGERS: set(people[30:47])}
    assert clock.waits


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("path", [TREE, LIST, GROUP])
@pytest.mark.parametrize("fault", ["html200", "cut_json", "wrong_shape"])
def test_an_answer_that_cannot_be_used_stops_the_run(place: Place, path: str, fault: str) -> None:
    place.sandbox.control.set_faults({"kind": fault, "path": f"{path}$"})

    with pytest.raises(StopRun):
        read(place, NORTH, MANAGERS)


@pytest.mark.parametrize("pages", [1, 2, 3, 4, 5, 6])
def test_rights_that_end_stop_the_run(place: Place, people: list[str], pages: int) -> None:
    """A power user's lists are silently partial, and agree with themselves."""
    switch(place, rights_end_after=pages, power_user_sees=35)

    with pytest.raises(StopRun, match="lost its rights while branches and groups were being read"):
        read(place, NORTH, MANAGERS)

    assert read_as_a_power_user(place) < {*people[30:47]}


def read_as_a_power_user(place: Place) -> frozenset[str]:
    return read(place, MANAGERS, check_rights=False)[MANAGERS]


@pytest.mark.usefixtures("people")
def test_rights_that_ended_are_named_before_names_that_are_wrong(place: Place) -> None:
    switch(place, session_level="admin")

    with pytest.raises(StopRun, match="lost its rights"):
        read(place, TITLE, check_rights=False)


@pytest.mark.usefixtures("people")
def test_a_learner_may_read_none_of_them(place: Place) -> None:
    switch(place, session_level="user")

    for one in (NORTH, MANAGERS):
        with pytest.raises(StopRun, match="Failed to Authenticate"):
            read(place, one)


@pytest.mark.usefixtures("people")
def test_a_refused_login_is_told_as_such(place: Place) -> None:
    place.configure(docebo={"password": "another"})

    with pytest.raises(StopRun, match="refused the password grant") as caught:
        read(place, NORTH)

    assert not isinstance(caught.value, ConfigError)


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("number", [1, 2, 5, 9])
def test_a_stop_that_is_asked_for_ends_it_before_the_next_call(place: Place, number: int) -> None:
    """Every call looks whether it may begin."""
    clock: At

    def stop() -> None:
        clock.request_stop(signal.SIGTERM)

    clock = At(number, stop)

    with pytest.raises(Interrupted):
        read(place, NORTH, MANAGERS, clock=clock)

    assert sum(asked(place).values()) < number


def test_the_calls_keep_to_the_limit(place: Place, people: list[str]) -> None:
    place.configure(docebo={"calls_per_hour": 4})
    clock = VirtualClock()

    assert read(place, NORTH, clock=clock) == {NORTH: set(people[3:20])}
    assert sum(clock.waits) > 1800
