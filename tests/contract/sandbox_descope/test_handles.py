"""What a harness and its oracle use, as docs/contract/descope.md says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from descope_sandbox import ANA, BEN, logins
from pydantic import ValidationError

from migrator.sandbox.descope import DescopeSwitches

if TYPE_CHECKING:
    from descope_sandbox import World


def test_planted_users_look_like_users_and_can_be_removed(world: World) -> None:
    world.store.switches.search_lag = world.store.switches.get_lag = 60
    user_id = world.store.put_user({"loginIds": [ANA], "email": ANA, "customAttributes": {"doceboUserId": "1"}})
    user = world.load(ANA)
    assert world.search(loginIds=[ANA]) == [ANA]
    assert world.store.dump()["users"] == [user]
    assert world.store.put_user(user | {"name": "New"}) == user_id
    assert world.load(ANA)["name"] == "New"
    world.store.switches.get_lag = 0
    world.store.remove_user(user_id)
    world.get("user", status=404, loginId=ANA)
    assert world.ops() == []


def test_strangers_are_reproducible_and_carry_no_mark(world: World) -> None:
    world.store.seed_strangers(50, 7, [ANA, BEN])
    first = world.store.dump()
    assert logins(first["users"][:2]) == [ANA, BEN]
    assert len({login for user in first["users"] for login in user["loginIds"]}) >= 50
    names = {name for user in first["users"] for name in user["customAttributes"]}
    assert names == {attribute["name"] for attribute in first["attributes"]}
    assert not {"doceboUserId", "doceboPlatform"} & names
    assert len({user["status"] for user in first["users"]}) == 3
    world.refresh()
    world.store.seed_strangers(50, 7, [ANA, BEN])
    kept = ("loginIds", "name", "status", "customAttributes")
    again = world.store.dump()["users"]
    assert [[user[k] for k in kept] for user in again] == [[user[k] for k in kept] for user in first["users"]]


def test_a_dump_is_a_copy(world: World) -> None:
    world.make(roleNames=["Tenant Admin"])
    world.store.dump()["users"][0]["roleNames"].clear()
    assert world.load(ANA)["roleNames"] == ["Tenant Admin"]


def test_switches_refuse_unknown_names_and_values() -> None:
    switches = DescopeSwitches()
    with pytest.raises(ValidationError):
        switches.existing_login = "maybe"  # type: ignore[assignment] # the wrong value is the point
    with pytest.raises(ValidationError):
        DescopeSwitches.model_validate({"no_such_switch": 1})


def test_a_reset_brings_back_a_fresh_project_and_default_switches(world: World) -> None:
    world.make()
    world.store.switches.batch_limit = 1
    world.store.reset()
    dump = world.store.dump()
    assert (dump["users"], dump["attributes"], dump["tenants"]) == ([], [], [])
    assert [role["name"] for role in dump["roles"]] == ["Tenant Admin"]
    assert world.store.switches == DescopeSwitches()
