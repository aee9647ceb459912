"""Users whose login id makes them test users, as docs/contract/descope.md says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from descope_sandbox import ANA, BEN, CLEO, batch, logins
from pydantic import ValidationError

if TYPE_CHECKING:
    from descope_sandbox import World

SEARCHES = ("/v1/mgmt/user/search", "/v2/mgmt/user/search")


def found(world: World, path: str, **body: Any) -> list[str]:
    return logins(world.call("POST", path, body).json()["users"])


@pytest.fixture
def testers(world: World) -> World:
    """Everybody whose login id holds "ben" is a test user."""
    world.store.switches.test_users_pattern = r"ben@|^\+1555"
    return world


@pytest.mark.parametrize("path", SEARCHES)
def test_a_search_shows_test_users_only_to_those_who_ask(testers: World, path: str) -> None:
    created = batch(testers, ANA, BEN, CLEO)["createdUsers"]
    assert [user["test"] for user in created] == [False, True, False]
    for by in ({}, {"loginIds": [ANA, BEN]}, {"userIds": [user["userId"] for user in created[:2]]}):
        assert BEN not in found(testers, path, **by)
        assert BEN in found(testers, path, withTestUser=True, **by)
    assert testers.load(BEN)["test"] is True


def test_any_login_id_of_a_new_user_can_match_and_a_change_never_does(testers: World) -> None:
    assert testers.make(ANA, additionalIdentifiers=["+1 (555) 000-1111"])["test"] is True
    testers.make(CLEO)
    renamed = testers.post("user/update/loginid", {"loginId": CLEO, "newLoginId": BEN})["user"]
    assert (renamed["loginIds"], renamed["test"]) == ([BEN], False)


def test_load_many_hides_test_users_by_switch(testers: World) -> None:
    ids = [testers.make(login)["userId"] for login in (ANA, BEN)]
    assert logins(testers.post("users/load", {"userIds": ids})["users"]) == [ANA, BEN]
    testers.store.switches.load_hides_test_users = "on"
    answer = testers.post("users/load", {"userIds": ids})
    assert (logins(answer["users"]), answer["total"]) == ([ANA], 1)
    answer = testers.post("users/load", {"userIds": ids, "withTestUser": True})
    assert (logins(answer["users"]), answer["total"]) == ([ANA, BEN], 2)


def test_a_pattern_that_is_none_is_refused(world: World) -> None:
    with pytest.raises(ValidationError):
        world.store.switches.test_users_pattern = "("
    assert world.store.switches.test_users_pattern == ""
