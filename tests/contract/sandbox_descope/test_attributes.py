"""Custom attribute definitions and values, as docs/contract/descope.md says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from descope_sandbox import ANA, BEN, CLEO, declare, logins

if TYPE_CHECKING:
    from descope_sandbox import World


def change(world: World, **values: Any) -> Any:
    """Patch Ana and give her attributes back."""
    return world.patch("user/patch", {"loginId": ANA, "customAttributes": values})["user"]["customAttributes"]


def batch_one(world: World, **values: Any) -> Any:
    """Create Ana in a batch and give her back."""
    return world.post("user/create/batch", {"users": [{"loginId": ANA, "customAttributes": values}]})["createdUsers"][0]


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
    assert change(world, a="3", b="4") == {"b": "4"}


@pytest.mark.parametrize(
    ("by", "created", "patched"),
    [("create", {"b": "2"}, {"a": "3", "b": "4"}), ("change", {"a": "1", "b": "2"}, {"a": "1", "b": "4"})],
)
def test_an_attribute_can_be_lost_by_creates_or_by_changes_alone(
    world: World, by: Any, created: dict[str, str], patched: dict[str, str]
) -> None:
    declare(world, a=1, b=1)
    world.store.switches.ignored_attribute = "a"
    world.store.switches.ignored_by = by
    assert world.make(customAttributes={"a": "1", "b": "2"})["customAttributes"] == created
    assert change(world, a="3", b="4") == patched
    one = {"loginId": ANA, "attributeKey": "a", "attributeValue": "5"}
    user = world.post("user/update/customAttribute", one)["user"]
    assert user["customAttributes"] == patched | ({"a": "5"} if by == "create" else {})
    world.store.switches.existing_login = "overwrite"
    user = batch_one(world, a="6", b="7")
    assert user["customAttributes"] == ({"b": "7"} if by == "create" else {"a": "6", "b": "7"})


def test_values_come_back_as_strings_by_switch_and_are_stored_typed(world: World) -> None:
    options = [{"value": "x", "label": "X"}, {"value": "y", "label": "Y"}]
    world.post("user/customattribute/create", {"attributes": [{"name": "many", "type": 5, "options": options}]})
    declare(world, text=1, number=2, flag=3)
    typed = {"text": "t", "number": 483, "flag": True, "many": ["x", "y"]}
    strings = {"text": "t", "number": "483", "flag": "true", "many": '["x", "y"]'}
    world.store.switches.attribute_values = "strings"
    user = world.make(customAttributes=typed)
    body = {"users": [{"loginId": ANA, "name": "A"}, {"loginId": "nobody", "customAttributes": typed}]}
    answer = world.patch("user/patch/batch", body)
    shown = [
        user,
        world.load(ANA),
        answer["patchedUsers"][0],
        answer["failedUsers"][0]["user"],
        world.post("user/create/batch", {"users": [{"loginId": BEN, "customAttributes": typed}]})["createdUsers"][0],
        world.post("users/load", {"userIds": [user["userId"]]})["users"][0],
        world.post("user/search", {"loginIds": [ANA]})["users"][0],
    ]
    assert [one["customAttributes"] for one in shown] == [strings] * len(shown)
    assert world.store.dump()["users"][0]["customAttributes"] == typed
    columns = world.post("user/search", {"loginIds": [ANA], "selectedColumns": ["name"]})["users"]
    assert columns == [{"userId": user["userId"], "name": "A"}]
    world.store.switches.attribute_values = "typed"
    assert world.load(ANA)["customAttributes"] == typed


def test_a_search_takes_both_forms_of_a_value_where_answers_have_strings(world: World) -> None:
    declare(world, number=2, flag=3)
    world.make(ANA, customAttributes={"number": 483.0, "flag": True})
    world.make(BEN, customAttributes={"number": 1, "flag": False})
    by_text: list[Any] = [{"number": "483"}, {"flag": "true"}, {"number": ["7", "483"], "flag": "true"}]
    by_type: list[Any] = [{"number": 483}, {"flag": True}, {"number": [7, 483], "flag": True}]
    assert [world.search(customAttributes=wanted) for wanted in by_text] == [[]] * 3
    assert [world.search(customAttributes=wanted) for wanted in by_type] == [[ANA]] * 3
    world.store.switches.attribute_values = "strings"
    assert [world.search(customAttributes=wanted) for wanted in by_text + by_type] == [[ANA]] * 6
    assert world.search(customAttributes={"number": True}) == world.search(customAttributes={"other": "null"}) == []


def test_a_value_of_the_wrong_type_can_be_lost_without_a_word(world: World) -> None:
    declare(world, number=2, flag=3)
    world.store.switches.attribute_type_check = "drop"
    assert world.make(customAttributes={"number": "7", "flag": True})["customAttributes"] == {"flag": True}
    assert change(world, number=7, flag="true") == {"number": 7, "flag": True}


@pytest.mark.parametrize(
    ("takes", "good", "bad"),
    [
        ("any", ["2026-01-31", "2026-01-31T10:00:00Z", 1769817600, 1769817600000], ["31.01.2026", "soon", True, 1.5]),
        ("text", ["2026-01-31"], [1769817600]),
        ("epoch", [1769817600, 1769817600000], ["2026-01-31", "1769817600"]),
    ],
)
def test_which_form_of_a_date_is_taken_is_a_switch(world: World, takes: Any, good: list[Any], bad: list[Any]) -> None:
    declare(world, day=6)
    world.make()
    world.store.switches.date_values = takes
    assert [change(world, day=value)["day"] for value in good] == good
    for value in bad:
        world.patch("user/patch", {"loginId": ANA, "customAttributes": {"day": value}}, status=400)


@pytest.mark.parametrize("sent", ["2026-01-31", "2026-01-31T00:00:00Z", 1769817600, 1769817600000])
def test_answers_show_dates_in_a_form_of_their_own_by_switch(world: World, sent: Any) -> None:
    """What is stored stays as it was sent; text attributes are no dates, whatever they hold."""
    declare(world, day=6, text=1)
    world.make(customAttributes={"day": sent, "text": "2026-01-31"})
    forms = {
        "date_time": "2026-01-31T00:00:00Z", "seconds": 1769817600, "milliseconds": 1769817600000, "as_sent": sent,
    }  # fmt: skip
    for form, shown in forms.items():
        world.store.switches.dates_shown = form  # type: ignore[assignment]  # pydantic checks it
        assert world.load(ANA)["customAttributes"] == {"day": shown, "text": "2026-01-31"}
    world.store.switches.dates_shown = "seconds"
    world.store.switches.attribute_values = "strings"
    assert world.load(ANA)["customAttributes"]["day"] == "1769817600"


def test_answers_show_types_by_number_or_by_name(world: World) -> None:
    declare(world, text=1, number=2, flag=3, one=4, many=5, day=6)
    world.store.switches.attribute_types_shown = "names"
    shown = {one["name"]: one["type"] for one in world.get("user/customattributes")["data"]}
    assert shown == {
        "text": "string", "number": "number", "flag": "boolean", "one": "singleselect", "many": "multiselect",
        "day": "date",
    }  # fmt: skip
