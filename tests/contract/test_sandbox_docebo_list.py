"""The sandbox's user list does what docs/contract/docebo.md 2 says, and each switch has an effect."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from docebo_calls import LOGIN, TIMEOUT, USER, Docebo, ids

from migrator.sandbox import people

if TYPE_CHECKING:
    import requests

    from migrator.sandbox.process import SandboxProcess


def switch(sandbox: SandboxProcess, **switches: Any) -> None:
    sandbox.control.set_switches(docebo=switches)


def test_paging_gives_every_person_once_in_the_order_of_usernames(sandbox: SandboxProcess, docebo: Docebo) -> None:
    sandbox.control.reset(users=437, seed=7)

    pages = docebo.crawl()

    made = people.make(437, 7, 0.05)
    assert sorted(ids(*pages)) == sorted(person.user_id for person in made)
    names = [item["username"].lower() for page in pages for item in page["items"]]
    assert names == sorted(names)
    assert ids(*pages) != sorted(ids(*pages), key=int)
    assert [page["current_page"] for page in pages] == list(range(1, 10))
    assert {(page["total_count"], page["total_page_count"]) for page in pages} == {(437, 9)}


def test_items_are_the_records_as_they_were_made(sandbox: SandboxProcess, docebo: Docebo) -> None:
    sandbox.control.reset(users=40, seed=3, difficult=1.0)

    items = docebo.data()["items"]

    made = {person.user_id: person.record for person in people.make(40, 3, 1.0)}
    assert {str(item["user_id"]): item for item in items} == made


def test_defaults_are_first_name_descending_and_pages_of_200(sandbox: SandboxProcess, docebo: Docebo) -> None:
    sandbox.control.reset(users=250)

    data = docebo.data()

    assert data["sort"] == [{"sort_attr": "first_name", "sort_dir": "desc"}]
    assert (data["count"], data["current_page"], data["current_page_size"]) == (200, 1, 200)
    assert "total_count" not in data
    assert data["cursor"] is None


def test_past_the_last_page_nothing_comes_and_nothing_follows(docebo: Docebo) -> None:
    data = docebo.data(page=99)

    assert (data["items"], data["has_more_data"]) == ([], False)


@pytest.mark.parametrize(
    "params",
    [
        {"sort_attr": "foo"},
        {"sort_attr": "user_id"},
        {"sort_dir": "up"},
        {"page": "abc"},
        {"page": -1},
        {"page_size": 0},
        {"get_total_count": "perhaps"},
        {"cursor": "unknown"},
        {"filters": "nonsense"},
        {"filters": '[{"field_4":{"option":"unheard_of","value":"x"}}]'},
        {"match_type": "fuzzy"},
        {"per_page": 10},
        {"branch_id": "x"},
    ],
    ids=str,
)
def test_a_parameter_that_is_unknown_or_wrong_is_400(docebo: Docebo, params: dict[str, Any]) -> None:
    answer = docebo.get(**params)

    assert answer.status_code == 400
    assert next(iter(params)) in answer.json()["message"][0]


def test_search_matches_a_substring_or_with_match_type_full_the_whole(docebo: Docebo) -> None:
    someone = docebo.data()["items"][17]

    part = docebo.data(search_text=someone["email"][1:].upper())
    whole = docebo.data(search_text=someone["email"], match_type="full")
    none = docebo.data(search_text=someone["email"][1:], match_type="full")

    assert someone["user_id"] in [item["user_id"] for item in part["items"]]
    assert someone["user_id"] in [item["user_id"] for item in whole["items"]]
    assert none["items"] == []


def test_filters_and_exclusions_leave_out_the_right_people(docebo: Docebo) -> None:
    everybody = docebo.data()["items"]
    city = json.dumps([{"field_4": {"option": "like", "value": "Milan"}}])

    assert ids(docebo.data(filters=city)) == [i["user_id"] for i in everybody if i["field_4"] == "Milan"]
    assert ids(docebo.data(**{"exclude[]": everybody[0]["user_id"]})) == ids({"items": everybody[1:]})
    learners = docebo.data(exclude_power_users_and_super_admins=1)["items"]
    assert learners == [item for item in everybody if item["level"] == "user"]
    active = docebo.data(active="true")["items"]
    assert active == [item for item in everybody if item["status"] == "1"]
    assert len(active) < len(everybody)


def test_pending_users_are_in_their_own_list_alone(docebo: Docebo) -> None:
    waiting = docebo.data(pending=1, get_total_count=1)

    assert waiting["total_count"] == 5
    assert "status" not in waiting["items"][0]
    assert not set(ids(waiting)) & set(ids(docebo.data()))


def test_a_cursor_keeps_the_parameters_of_the_search(docebo: Docebo) -> None:
    first = docebo.data(get_cursor=1, sort_attr="username", sort_dir="asc", page_size=30)

    second = docebo.data(cursor=first["cursor"], page=2)

    assert second == docebo.data(page=2, sort_attr="username", sort_dir="asc", page_size=30) | {
        "cursor": first["cursor"]
    }


def test_parameters_may_come_in_the_body_of_a_get(docebo: Docebo, http: requests.Session) -> None:
    token = docebo.token(data=LOGIN).json()["access_token"]

    answer = http.get(
        docebo.url + USER, json={"page_size": 7}, headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT
    )

    assert answer.json()["data"]["count"] == 7


# ------ switches


@pytest.mark.parametrize(("cap", "size"), [("clamp", 200), ("honour", 450)])
def test_page_size_cap(sandbox: SandboxProcess, docebo: Docebo, cap: str, size: int) -> None:
    """A page size over 200 is cut to 200 or taken as asked."""
    sandbox.control.reset(users=450)
    switch(sandbox, page_size_cap=cap)

    data = docebo.data(page_size=1000)

    assert len(data["items"]) == size
    assert data["current_page_size"] == min(1000, 200 if cap == "clamp" else 1000)


def test_page_size_cap_error(sandbox: SandboxProcess, docebo: Docebo) -> None:
    """A page size over 200 is refused."""
    switch(sandbox, page_size_cap="error")

    assert [docebo.get(page_size=size).status_code for size in (200, 201)] == [200, 400]


def test_page_zero(sandbox: SandboxProcess, docebo: Docebo) -> None:
    """Page 0 is the first page, or an error."""
    first = docebo.data(page=0, page_size=10)
    switch(sandbox, page_zero="error")

    assert first == docebo.data(page=1, page_size=10)
    assert docebo.get(page=0).status_code == 400


def test_shuffled_ties_give_another_order_within_equal_values_only(sandbox: SandboxProcess, docebo: Docebo) -> None:
    stable = [docebo.data()["items"] for _ in range(2)]
    switch(sandbox, ties="shuffled")
    shuffled = [docebo.data()["items"] for _ in range(2)]

    assert stable[0] == stable[1]
    assert shuffled[0] != shuffled[1]
    names = [[item["first_name"] for item in items] for items in shuffled]
    assert names[0] == names[1]


def test_an_empty_page_in_the_middle_hides_nobody(sandbox: SandboxProcess, docebo: Docebo) -> None:
    switch(sandbox, empty_page=2)

    pages = docebo.crawl()

    assert [len(page["items"]) for page in pages] == [50, 0, 50, 50, 50]
    assert len(set(ids(*pages))) == 200


def test_a_stuck_page_comes_again_and_again(sandbox: SandboxProcess, docebo: Docebo) -> None:
    switch(sandbox, stuck_page=2)

    pages = docebo.crawl(6)

    assert [page["items"] == pages[1]["items"] for page in pages] == [False] + [True] * 5


def test_repeated_rows_come_on_two_pages(sandbox: SandboxProcess, docebo: Docebo) -> None:
    switch(sandbox, repeat_rows=3)

    pages = docebo.crawl()

    assert ids(pages[0])[-3:] == ids(pages[1])[:3]
    assert len(set(ids(*pages))) == 200
    assert {page["total_count"] for page in pages} == {200}


def test_hidden_rows_are_counted_but_never_listed(sandbox: SandboxProcess, docebo: Docebo) -> None:
    switch(sandbox, hidden_rows=4)

    pages = [docebo.crawl() for _ in range(2)]

    assert len(set(ids(*pages[0]))) == 196
    assert ids(*pages[0]) == ids(*pages[1])
    assert pages[0][0]["total_count"] == 200


@pytest.mark.parametrize(
    ("switches", "key", "first", "last"),
    [
        ({}, "total_count", 200, 200),
        ({"total_count": "zero"}, "total_count", 0, 0),
        ({"total_count": "missing"}, "total_count", None, None),
        ({}, "count", 50, 50),
        ({"count": "overall"}, "count", 200, 200),
        ({}, "has_more_data", True, False),
        ({"has_more_data": "stuck_on_last_full_page"}, "has_more_data", True, True),
        ({"has_more_data": "always_true"}, "has_more_data", True, True),
        ({"has_more_data": "false_too_early"}, "has_more_data", True, False),
        ({"has_more_data": "false_too_early", "early_end_page": 1}, "has_more_data", False, False),
        ({"has_more_data": "missing"}, "has_more_data", None, None),
        ({}, "total_page_count", 4, 4),
        ({"total_page_count": "missing"}, "total_page_count", None, None),
    ],
    ids=str,
)
def test_envelope_switches(
    sandbox: SandboxProcess, docebo: Docebo, switches: dict[str, str], key: str, first: Any, last: Any
) -> None:
    """Each counter is right, wrong or missing as switched, on the first and on the last page."""
    switch(sandbox, **switches)

    data = [docebo.data(page=page, page_size=50, get_total_count=1) for page in (1, 4)]

    assert [page.get(key) for page in data] == [first, last]


def test_has_more_data_stuck_on_a_full_page_ends_with_the_empty_one(sandbox: SandboxProcess, docebo: Docebo) -> None:
    switch(sandbox, has_more_data="stuck_on_last_full_page")

    assert [len(page["items"]) for page in docebo.crawl()] == [50, 50, 50, 50, 0]


def test_links_are_a_list_or_an_object(sandbox: SandboxProcess, docebo: Docebo) -> None:
    plain = docebo.get().json()["_links"]
    switch(sandbox, links="object")

    assert plain == []
    assert set(docebo.get().json()["_links"]) == {"first", "self", "goto"}


def test_item_switches_change_types_and_never_the_people(sandbox: SandboxProcess, docebo: Docebo) -> None:
    before = docebo.get()
    switch(sandbox, user_id="integer", manager_names="list", slashes="escaped", non_ascii="escaped")
    after = docebo.get()

    items = after.json()["data"]["items"]
    assert {type(item["user_id"]) for item in items} == {int}
    assert [] in [item.get("manager_names") for item in items]
    assert any(isinstance(item.get("manager_names"), dict) for item in items)
    assert b"\\/" in after.content
    assert b"\\/" not in before.content
    assert after.content.isascii()
    assert not before.content.isascii()
    assert [i["first_name"] for i in items] == [i["first_name"] for i in before.json()["data"]["items"]]
