"""The sandbox's branches, groups and lists of members do what docs/contract/docebo.md 5 and 6 say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
from docebo_calls import ids

if TYPE_CHECKING:
    from docebo_calls import Docebo

    from migrator.sandbox.process import SandboxProcess

TREE = "/manage/v1/orgchart"
GROUP = "/manage/v1/group"
AUDIENCE = "/audiences/v1/audience"


def switch(sandbox: SandboxProcess, **switches: Any) -> None:
    sandbox.control.set_switches(docebo=switches)


def everybody(sandbox: SandboxProcess) -> list[str]:
    """The ids of all users in the order of user names."""
    users = sandbox.control.state()["docebo"]["users"]
    return [str(user["user_id"]) for user in sorted(users, key=lambda user: str(user["username"]).lower())]


@pytest.fixture
def people(sandbox: SandboxProcess) -> list[str]:
    """Sales (10) with North (11) and its Oslo (12), and Legal (20); a group of three; the ids of all users."""
    people = everybody(sandbox)
    sandbox.control.put_branch("10", "Sales", code="SALES", members=people[:60])
    sandbox.control.put_branch("11", "North", code="NORTH", parent="10", members=people[50:120])
    sandbox.control.put_branch("12", "Oslo", parent="11", members=people[199:])
    sandbox.control.put_branch("20", "Legal", code="LEGAL")
    sandbox.control.put_group("7", "Managers", members=people[:3])
    return people


def tree(docebo: Docebo, **params: Any) -> dict[str, Any]:
    data: dict[str, Any] = docebo.get(TREE, **params).json()["data"]
    return data


def names(data: dict[str, Any]) -> list[str]:
    return [item["title"] for item in data["items"]]


# --- the tree ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("people")
def test_without_flattened_only_the_direct_children_of_a_node_are_shown(docebo: Docebo) -> None:
    assert names(tree(docebo)) == ["Sales", "Legal"]
    assert names(tree(docebo, node_id=10)) == ["North"]
    assert names(tree(docebo, node_id=20)) == []


@pytest.mark.usefixtures("people")
def test_flattened_shows_everything_below_a_node_with_its_place_in_the_nested_set(docebo: Docebo) -> None:
    data = tree(docebo, flattened="true")

    places = [(item["title"], item["lev"], item["i_left"], item["i_right"]) for item in data["items"]]
    assert places == [("Sales", 1, 2, 7), ("North", 2, 3, 6), ("Oslo", 3, 4, 5), ("Legal", 1, 8, 9)]
    assert [item["code"] for item in data["items"]] == ["SALES", "NORTH", None, "LEGAL"]
    assert names(tree(docebo, flattened="true", node_id=10)) == ["North", "Oslo"]
    assert "total_count" not in data


@pytest.mark.usefixtures("people")
def test_a_search_finds_titles_and_codes(docebo: Docebo) -> None:
    assert names(tree(docebo, flattened="true", search_text="nor")) == ["North"]
    assert names(tree(docebo, flattened="true", search_text="legal")) == ["Legal"]


def test_the_flattened_tree_comes_in_pages_or_whole(sandbox: SandboxProcess, docebo: Docebo) -> None:
    for number in range(1, 251):
        sandbox.control.put_branch(str(number), f"Branch {number}", parent=str(number - 1) if number > 1 else None)

    paged = [tree(docebo, flattened="true", page=page) for page in (1, 2)]
    assert [(len(page["items"]), page["has_more_data"], page["total_page_count"]) for page in paged] == [
        (200, True, 2),
        (50, False, 2),
    ]
    switch(sandbox, flattened="whole")
    whole = tree(docebo, flattened="true", page=2)
    assert (len(whole["items"]), whole["has_more_data"]) == (250, False)


@pytest.mark.usefixtures("people")
def test_a_cursor_keeps_the_parameters_of_the_tree(docebo: Docebo) -> None:
    first = tree(docebo, flattened="true", page_size=2, get_cursor=1)

    second = tree(docebo, cursor=first["cursor"], page=2)

    assert (names(first), names(second)) == (["Sales", "North"], ["Oslo", "Legal"])


@pytest.mark.parametrize(
    "params", [{"get_total_count": 1}, {"node_id": "x"}, {"lang": "en"}, {"page": -1}, {"cursor": "unknown"}], ids=str
)
def test_a_parameter_of_the_tree_that_is_unknown_or_wrong_is_400(docebo: Docebo, params: dict[str, Any]) -> None:
    assert docebo.get(TREE, **params).status_code == 400


@pytest.mark.usefixtures("people")
def test_one_branch_is_shown_by_its_id(docebo: Docebo) -> None:
    assert docebo.get(f"{TREE}/11").json()["data"]["title"] == "North"
    assert docebo.get(f"{TREE}/99").status_code == docebo.get(TREE, node_id=99).status_code == 404


@pytest.mark.usefixtures("people")
def test_branch_switches_change_spelling_and_types(sandbox: SandboxProcess, docebo: Docebo) -> None:
    assert tree(docebo)["items"][0]["id"] == "10"

    switch(sandbox, branch_ids="integer", nested_set="iLeft")

    first = tree(docebo)["items"][0]
    assert (first["id"], first["iLeft"], first["iRight"]) == (10, 2, 7)
    assert "i_left" not in first
    assert docebo.get(GROUP).json()["data"]["items"] == [{"group_id": 7, "name": "Managers"}]


# --- members of branches -------------------------------------------------------------------------


def test_the_user_list_of_a_branch_shows_its_members_and_those_below_when_asked(
    docebo: Docebo, people: list[str]
) -> None:
    assert sorted(ids(*docebo.crawl(branch_id=10))) == sorted(people[:60])
    assert sorted(ids(*docebo.crawl(branch_id=10, selection_status=1))) == sorted(people[:60])
    assert sorted(ids(*docebo.crawl(branch_id=10, selection_status=2))) == sorted([*people[:120], people[199]])
    assert docebo.data(branch_id=20, get_total_count=1)["total_count"] == 0
    assert docebo.get(branch_id=10, selection_status=3).status_code == 400


def test_the_tree_has_a_list_of_members_too(docebo: Docebo, people: list[str]) -> None:
    """With those of the branches below, unless asked for the first level alone."""
    path = f"{TREE}/11/users"

    below = docebo.get(path, get_total_count=1).json()["data"]
    alone = docebo.get(path, only_first_level=1).json()["data"]

    assert sorted(ids(below)) == sorted([*people[50:120], people[199]])
    assert below["total_count"] == 71
    assert sorted(ids(alone)) == sorted(people[50:120])
    assert set(alone["items"][0]) == {"user_id", "username", "first_name", "last_name", "email"}
    assert docebo.get(f"{TREE}/99/users").status_code == 404


@pytest.mark.parametrize(("value", "status"), [("empty", 200), ("not_found", 404), ("bad_request", 400)])
def test_the_user_list_of_a_branch_that_is_not_there(
    sandbox: SandboxProcess, docebo: Docebo, value: str, status: int
) -> None:
    switch(sandbox, unknown_branch=value)

    answer = docebo.get(branch_id=99)

    assert answer.status_code == status
    if status == 200:
        assert answer.json()["data"]["items"] == []


# --- groups ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", [GROUP, AUDIENCE])
def test_both_services_show_groups_and_their_members(docebo: Docebo, people: list[str], service: str) -> None:
    listed = docebo.get(service, get_total_count=1).json()["data"]
    members = docebo.get(f"{service}/7/members", get_total_count=1).json()["data"]

    assert (listed["items"], listed["total_count"]) == ([{"group_id": "7", "name": "Managers"}], 1)
    assert sorted(ids(members)) == sorted(people[:3])
    assert members["total_count"] == 3
    assert docebo.get(f"{service}/8/members").status_code == 404


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(("there", "gone", "value"), [(GROUP, AUDIENCE, "group"), (AUDIENCE, GROUP, "audience")])
def test_only_one_of_the_services_may_be_there(
    sandbox: SandboxProcess, docebo: Docebo, there: str, gone: str, value: str
) -> None:
    switch(sandbox, groups=value)

    assert [docebo.get(there + path).status_code for path in ("", "/7/members")] == [200, 200]
    assert [docebo.get(gone + path).status_code for path in ("", "/7/members")] == [404, 404]


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("key", ["group_id", "audience_id", "id"])
def test_the_key_of_a_groups_id_is_as_switched(sandbox: SandboxProcess, docebo: Docebo, key: str) -> None:
    switch(sandbox, group_id=key)

    assert docebo.get(GROUP).json()["data"]["items"] == [{key: "7", "name": "Managers"}]


def test_the_ids_of_members_are_spelled_as_switched(sandbox: SandboxProcess, docebo: Docebo, people: list[str]) -> None:
    switch(sandbox, member_id="id", user_id="integer")

    items = docebo.get(f"{GROUP}/7/members").json()["data"]["items"]

    assert {item["id"] for item in items} == {int(key) for key in people[:3]}
    assert "user_id" not in items[0]


# --- the envelope and rights hold for them as well ----------------------------------------------


@pytest.mark.parametrize("path", [f"{GROUP}/7/members", f"{AUDIENCE}/7/members", f"{TREE}/11/users"])
def test_the_switches_of_the_envelope_hold_for_members(
    sandbox: SandboxProcess, docebo: Docebo, people: list[str], path: str
) -> None:
    sandbox.control.put_group("7", members=people[50:120])
    switch(sandbox, repeat_rows=2, total_count="zero", count="overall", has_more_data="always_true")

    pages = [docebo.get(path, page=page, page_size=50, get_total_count=1).json()["data"] for page in (1, 2)]

    assert ids(pages[0])[-2:] == ids(pages[1])[:2]
    assert {page["total_count"] for page in pages} == {0}
    assert pages[0]["count"] == pages[1]["count"]
    assert pages[1]["has_more_data"] is True


def test_a_power_users_lists_of_members_are_partial_and_a_learner_has_none(
    sandbox: SandboxProcess, docebo: Docebo, people: list[str]
) -> None:
    sandbox.control.put_group("7", members=people)
    switch(sandbox, session_level="admin", power_user_sees=30)
    assert docebo.get(f"{GROUP}/7/members", get_total_count=1).json()["data"]["total_count"] == 30

    switch(sandbox, session_level="user")

    paths = (TREE, f"{TREE}/10", f"{TREE}/10/users", GROUP, f"{GROUP}/7/members", f"{AUDIENCE}/7/members")
    assert [docebo.get(path).status_code for path in paths] == [403] * 6


# --- changes while a list is read -----------------------------------------------------------------


def test_a_script_moves_members_before_the_nth_request_to_a_list_of_members(
    sandbox: SandboxProcess, docebo: Docebo, people: list[str]
) -> None:
    """Requests to the list of all users, and to the tree, are counted by themselves."""
    sandbox.control.set_script(
        {"op": "join", "before_request": 2, "kind": "branch", "id": "20", "user_id": people[5]},
        {"op": "leave", "before_request": 3, "kind": "group", "id": "7", "user_id": people[0]},
        {"op": "rename", "before_request": 4, "of": "members", "user_id": people[5], "username": "zzz"},
        {"op": "remove", "before_request": 5, "kind": "branch", "id": "10"},
        {"op": "remove", "before_request": 2, "of": "branches", "kind": "branch", "id": "20"},
    )

    assert ids(docebo.data(branch_id=20)) == []
    docebo.crawl()
    assert ids(docebo.data(branch_id=20)) == [people[5]]
    assert sorted(ids(docebo.get(f"{GROUP}/7/members").json()["data"])) == sorted(people[1:3])
    assert docebo.data(branch_id=20)["items"][0]["username"] == "zzz"
    assert docebo.data(branch_id=11)["items"] == []
    assert [names(tree(docebo, flattened="true")) for _ in range(2)] == [["Legal"], []]


def test_the_control_server_refuses_a_branch_that_cannot_be(sandbox: SandboxProcess) -> None:
    sandbox.control.put_branch("1")
    sandbox.control.put_branch("2", parent="1")

    for branch, parent in (("3", "99"), ("1", "2"), ("1", "1"), ("x", None)):
        with pytest.raises(requests.HTTPError, match="422"):
            sandbox.control.put_branch(branch, parent=parent)
    with pytest.raises(requests.HTTPError, match="no such group"):
        sandbox.control.delete_group("9")
    sandbox.control.delete_branch("1")
    assert sandbox.control.state()["docebo"]["branches"] == []


def test_what_was_put_is_in_the_state_until_a_reset(sandbox: SandboxProcess, people: list[str]) -> None:
    state = sandbox.control.state()["docebo"]
    legal: dict[str, Any] = {"id": "20", "title": "Legal", "code": "LEGAL", "parent": None, "members": []}
    assert state["branches"][-1] == legal
    assert state["groups"] == [{"id": "7", "name": "Managers", "members": sorted(people[:3])}]

    sandbox.control.delete_group("7")
    assert sandbox.control.state()["docebo"]["groups"] == []
    sandbox.control.reset()
    assert sandbox.control.state()["docebo"]["branches"] == []
