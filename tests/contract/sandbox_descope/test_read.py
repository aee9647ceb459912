"""Loading and searching users, as docs/contract/descope.md says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from descope_sandbox import ANA, BEN, CLEO, declare, logins

if TYPE_CHECKING:
    from descope_sandbox import World


def test_a_user_is_loaded_by_login_or_user_id(world: World) -> None:
    user = world.make()
    assert world.get("user", loginId=ANA, userId="")["user"] == user
    assert world.get("user", loginId="", userId=user["userId"])["user"] == user
    assert world.get("user", loginId=user["userId"])["user"] == user
    assert world.get("user", status=404, loginId="nobody")["errorCode"] == "E112102"
    world.get("user", status=400)


def test_load_many_hides_disabled_users_unless_asked(world: World) -> None:
    ids = [world.make(login, status=s)["userId"] for login, s in ((ANA, "enabled"), (BEN, "disabled"))]
    answer = world.post("users/load", {"userIds": [*ids, "U2unknown"]})
    assert (logins(answer["users"]), answer["total"]) == ([ANA], 1)
    answer = world.post("users/load", {"userIds": ids, "includeInvalidUsers": True})
    assert logins(answer["users"]) == [ANA, BEN]
    world.store.switches.users_load_total = "asked"
    answer = world.post("users/load", {"userIds": [*ids, "U2unknown"]})
    assert (logins(answer["users"]), answer["total"]) == ([ANA], 3)
    world.store.switches.users_load_limit = 1
    world.post("users/load", {"userIds": ids}, status=400)
    world.post("users/load", {"userIds": []}, status=400)


@pytest.fixture
def three(world: World) -> World:
    """Ana (old, enabled, verified), Ben (disabled, phone), Cleo (invited, many attributes)."""
    declare(world, city=1, level=2, vip=3)
    world.post(
        "user/create/batch",
        {
            "users": [
                {"loginId": ANA, "status": "enabled", "name": "Zoe", "createdTime": 1000},
                {
                    "loginId": BEN,
                    "status": "disabled",
                    "phone": "+15555555555",
                    "verifiedEmail": False,
                    "name": "Bo",
                },
                {
                    "loginId": CLEO,
                    "customAttributes": {"city": "Rome", "level": 1, "vip": True},
                    "name": "Ann",
                },
            ]
        },
    )
    return world


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({}, [ANA, BEN, CLEO]),
        ({"loginId": BEN}, [BEN]),
        ({"loginIds": [CLEO, ANA, "nobody"]}, [CLEO, ANA]),
        ({"loginIds": ["ANA@example.org"]}, []),
        ({"loginIds": []}, [ANA, BEN, CLEO]),
        ({"emails": [ANA, BEN]}, [ANA, BEN]),
        ({"emails": ["ANA@EXAMPLE.ORG"]}, []),
        ({"phones": ["+15555555555"]}, [BEN]),
        ({"statuses": ["invited", "disabled"]}, [BEN, CLEO]),
        ({"statuses": ["invited"], "emails": [ANA]}, []),
        ({"customAttributes": {"city": "Rome"}}, [CLEO]),
        ({"customAttributes": {"city": ["Paris", "Rome"]}}, [CLEO]),
        ({"customAttributes": {"level": True}}, []),
        ({"customAttributes": {"vip": True, "level": 1}}, [CLEO]),
        ({"text": "ZO"}, [ANA]),
        ({"text": "ben@"}, [BEN]),
        ({"toCreatedTime": 1_000_000}, [ANA]),
        ({"fromCreatedTime": "1000001"}, [BEN, CLEO]),
        ({"toModifiedTime": 1000}, []),
        ({"verifiedEmail": False}, [BEN]),
        ({"verifiedPhone": True}, [BEN]),
        ({"password": True}, []),
        ({"familyIds": ["f"]}, []),
        ({"ssoAppIds": ["a"]}, []),
        ({"limit": 2}, [ANA, BEN]),
        ({"limit": 2, "page": 1}, [CLEO]),
        ({"limit": 2, "page": 5}, []),
        ({"limit": 2, "page": 5, "offset": 1}, [BEN, CLEO]),
        ({"sort": [{"field": "name"}]}, [CLEO, BEN, ANA]),
        ({"sort": [{"field": "name", "desc": True}], "limit": 1}, [ANA]),
        ({"sort": [{"field": "verifiedEmail"}, {"field": "loginIds", "desc": True}]}, [BEN, CLEO, ANA]),
    ],
)
def test_search_filters_are_anded_and_pages_count_from_zero(three: World, body: Any, found: list[str]) -> None:
    assert three.search(**body) == found
    assert logins(three.post("user/search", body)["users"]) == found


def test_search_by_user_id_shows_the_columns_asked_for_and_the_total(three: World) -> None:
    user_id = three.load(ANA)["userId"]
    body = {"userIds": [user_id], "selectedColumns": ["name"]}
    assert three.post("user/search", body) == {"users": [{"userId": user_id, "name": "Zoe"}], "total": 1}
    assert three.post("user/search", {"limit": 1})["total"] == 3


@pytest.mark.parametrize(
    "body",
    [
        {"limit": -1},
        {"page": -1},
        {"limit": "2"},
        {"loginIds": ANA},
        {"fromCreatedTime": "yesterday"},
        {"sort": [{"field": "nope"}]},
        {"loginIDs": [ANA]},
    ],
)
def test_a_bad_search_is_refused(world: World, body: Any) -> None:
    world.post("user/search", body, status=400)


def test_search_case_limit_and_version_are_switches(three: World) -> None:
    three.store.switches.search_case = "insensitive"
    assert three.search(loginIds=["ANA@example.org"]) == three.search(emails=["ANA@EXAMPLE.ORG"]) == [ANA]
    three.store.switches.search_limit_cap = 2
    assert len(three.search(limit=3)) == 2
    three.store.switches.search_over_cap = "refuse"
    three.post("user/search", {"limit": 3}, status=400)
    three.store.switches.search_v2 = "off"
    three.call("POST", "/v2/mgmt/user/search", {}, status=404)
    assert len(three.post("user/search", {"limit": 2})["users"]) == 2


def test_a_search_by_attributes_can_be_cut_below_its_own_total(three: World) -> None:
    for login in (ANA, BEN):
        three.patch("user/patch", {"loginId": login, "customAttributes": {"city": "Rome"}})
    rome = {"customAttributes": {"city": "Rome"}}
    three.store.switches.search_cut = 2
    answers = [three.post("user/search", rome | {"limit": 1, "page": page}) for page in range(3)]
    assert [(logins(answer["users"]), answer["total"]) for answer in answers] == [([ANA], 3), ([BEN], 3), ([], 3)]
    assert three.search(**rome) == [ANA, BEN]
    assert three.search(**rome, loginIds=[ANA, BEN, CLEO]) == three.search() == [ANA, BEN, CLEO]
    three.store.switches.search_cut = 0
    assert three.search(**rome) == [ANA, BEN, CLEO]


def test_search_shows_what_was_true_some_seconds_ago(world: World) -> None:
    world.store.switches.search_lag = 5
    world.make(name="Old")
    for body in ({}, {"loginIds": [ANA]}, {"userIds": [world.load(ANA)["userId"]]}):
        assert world.search(**body) == []
    world.clock.now += 5
    assert world.search(loginIds=[ANA]) == world.search() == [ANA]
    world.patch("user/patch", {"loginId": ANA, "name": "New"})
    assert world.post("user/search", {})["users"][0]["name"] == "Old"
    world.post("user/delete", {"loginId": ANA})
    assert world.search(loginIds=[ANA]) == [ANA]
    world.clock.now += 5
    assert world.search(loginIds=[ANA]) == world.search() == []


def test_get_can_lag_too(world: World) -> None:
    world.store.switches.get_lag = 3
    user_id = world.make()["userId"]
    world.get("user", status=404, loginId=ANA)
    assert world.post("users/load", {"userIds": [user_id]})["users"] == []
    world.clock.now += 3
    assert world.get("user", userId=user_id)["user"] == world.load(ANA)


def test_login_case_is_a_switch(world: World) -> None:
    upper = "ANA@Example.org"
    assert world.make(upper)["loginIds"] == [upper]
    assert world.make(ANA)["loginIds"] == [ANA]
    world.refresh()
    world.store.switches.login_case = "lower"
    user = world.make(upper)
    assert (user["loginIds"], user["email"]) == ([ANA], ANA)
    assert world.load(upper) == user
    world.refresh()
    world.store.switches.login_case = "insensitive"
    user = world.make(upper)
    assert user["loginIds"] == [upper]
    assert world.load(ANA) == user
    assert world.post("user/create", {"loginId": ANA}, status=400)["errorCode"] == "E062107"
    renamed = world.post("user/update/loginid", {"loginId": ANA, "newLoginId": BEN})["user"]
    assert renamed["loginIds"] == [BEN]
