"""Custom attribute definitions and values, as contract/descope.md says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from descope_sandbox import ANA, BEN, CLEO, declare, logins

if TYPE_CHECKING:
    from descope_sandbox import World


def test_attribute_definitions_are_upserted_listed_and_deleted(world: World) -> None:
    declare(world, doceboUserId=1, freshlyMigrated=3)
    declare(world, doceboUserId=2)
    answer = world.get("user/customattributes")
    assert [(a["name"], a["type"]) for a in answer["data"]] == [("doceboUserId", 2), ("freshlyMigrated", 3)]
    assert answer["total"] == "2"
    answer = world.post("user/customattribute/delete", {"names": ["doceboUserId", "unknown"]})
    assert [a["name"] for a in answer["data"]] == ["freshlyMigrated"]
    assert world.ops() == ["attribute_create"] * 3 + ["attribute_delete"]


@pytest.mark.parametrize(
    "definition",
    [
        {"name": "a" * 21, "type": 1},
        {"name": "with blank", "type": 1},
        {"name": "", "type": 1},
        {"type": 1},
        {"name": "a"},
        {"name": "a", "type": 8},
        {"name": "a", "type": "colour"},
        {"name": "a", "type": 1.5},
        {"name": "a", "type": 1, "surprise": 1},
    ],
)
def test_a_bad_definition_refuses_the_whole_call(world: World, definition: Any) -> None:
    body = {"attributes": [{"name": "good", "type": 1}, definition]}
    world.post("user/customattribute/create", body, status=400)
    assert world.get("user/customattributes") == {"data": [], "total": "0"}


def test_type_names_in_a_definition_are_a_switch(world: World) -> None:
    body = {"attributes": [{"name": "a", "type": "boolean"}]}
    assert world.post("user/customattribute/create", body)["data"][0]["type"] == 3
    world.store.switches.attribute_type_names = "refuse"
    world.post("user/customattribute/create", body, status=400)


def test_undeclared_attributes_fail_the_user_or_the_call_or_are_ignored(world: World) -> None:
    body: Any = {"users": [{"loginId": ANA}, {"loginId": BEN, "customAttributes": {"x": "y"}}]}
    answer = world.post("user/create/batch", body)
    assert (logins(answer["createdUsers"]), logins([f["user"] for f in answer["failedUsers"]])) == (
        [ANA],
        [BEN],
    )
    assert "x" in answer["failedUsers"][0]["failure"]
    body["users"][0]["loginId"] = CLEO
    world.store.switches.unknown_attribute = "fail_call"
    world.post("user/create/batch", body, status=400)
    assert world.search() == [ANA]
    world.store.switches.unknown_attribute = "ignore"
    answer = world.post("user/create/batch", body)
    assert [user["customAttributes"] for user in answer["createdUsers"]] == [{}, {}]


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (1, "text", 1),
        (2, 1.5, True),
        (3, False, "false"),
        (4, "a", "c"),
        (5, ["a", "b"], ["a", "c"]),
        (6, "2026-01-01", True),
        (7, "01-31", 131),
    ],
)
def test_attribute_values_must_have_the_declared_type(world: World, kind: int, good: Any, bad: Any) -> None:
    options = [{"value": "a", "label": "A"}, {"value": "b", "label": "B"}]
    body = {"attributes": [{"name": "x", "type": kind, "options": options}]}
    world.post("user/customattribute/create", body)
    assert world.make(customAttributes={"x": good})["customAttributes"] == {"x": good}
    world.post("user/create", {"loginId": BEN, "customAttributes": {"x": bad}}, status=400)
    world.store.switches.attribute_type_check = "off"
    assert world.make(BEN, customAttributes={"x": bad})["customAttributes"] == {"x": bad}


def test_one_declared_attribute_can_be_lost_silently(world: World) -> None:
    declare(world, a=1, b=1)
    world.store.switches.ignored_attribute = "a"
    assert world.make(customAttributes={"a": "1", "b": "2"})["customAttributes"] == {"b": "2"}
