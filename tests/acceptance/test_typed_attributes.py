"""Custom attributes with a type, through the installed program (docs/decisions/0025)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from definitions import define
from stored_tables import everything

from migrator.descope.attribute_value import AttributeType

if TYPE_CHECKING:
    from world import Place

SITES = ["Milan", "R&D", "Sales, EMEA"]
ATTRIBUTES: dict[str, Any] = {
    "city": "field_4",
    "hired": {"field": "creation_date", "type": "date"},
    "points": {"field": "field_9", "type": "number"},
    "vip": {"field": "field_12", "type": "boolean"},
    "main": {"field": "timezone", "type": "single_select", "options": list(SITES)},
    "sites": {"field": "multidomains", "type": "multi_select", "options": list(SITES)},
}
# What the three people hold in Docebo, and what becomes of it.
PEOPLE: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {
            "creation_date": "2021-11-30 17:02:09", "field_4": "007", "field_9": "12,50", "field_12": "Yes",
            "timezone": "r&d", "multidomains": ["Sales, EMEA", "milan"],
        },
        {
            "hired": "2021-11-30", "city": "007", "points": 12.5, "vip": True, "main": "R&D",
            "sites": ["Milan", "Sales, EMEA"],
        },
    ),
    (
        {
            "creation_date": "0000-00-00 00:00:00", "field_4": "12.0", "field_9": "0", "field_12": "0", "timezone": "",
            "multidomains": "R&D; Milan",
        },
        {"city": "12.0", "points": 0, "vip": False, "sites": ["Milan", "R&D"]},
    ),
    (
        {
            "creation_date": "30/11/2021", "field_4": "Rome", "field_9": "1,250", "field_12": "Sì", "timezone": "Rome",
            "multidomains": ["Milan", "Rome"],
        },
        {"city": "Rome"},
    ),
]  # fmt: skip
NOTHING = {"create": 0, "update": 0, "adopt": 0, "disable": 0, "nothing": 3}
OURS = {"doceboUserId", "doceboPlatform", "doceboUsername", "freshlyMigrated"}


def three_people(place: Place, **mapping: Any) -> list[str]:
    """Their Docebo ids, with a mapping of every type."""
    place.sandbox.control.reset(users=3, difficult=0)
    place.configure(mapping={"attributes": ATTRIBUTES, **mapping})
    ids = [user["user_id"] for user in place.sources()]
    for user_id, (fields, _) in zip(ids, PEOPLE, strict=True):
        place.sandbox.control.patch_docebo_user(user_id, **fields)
    return ids


def held(place: Place) -> dict[str, dict[str, Any]]:
    """What each Docebo user has in Descope, without what is ours."""
    found = {user["customAttributes"]["doceboUserId"]: user["customAttributes"] for user in place.targets()}
    return {
        user_id: {name: value for name, value in values.items() if name not in OURS}
        for user_id, values in found.items()
    }


def definitions(place: Place) -> dict[str, tuple[int, list[str]]]:
    """Type and options of each attribute that Descope has."""
    found = place.sandbox.control.state()["descope"]["attributes"]
    return {one["name"]: (one["type"], [option["value"] for option in one["options"]]) for one in found}


def writes(place: Place, since: int) -> list[str]:
    """The paths of what changed something at Descope."""
    return [entry["path"] for entry in place.journal(since=since) if entry["committed"]]


def test_each_value_arrives_in_its_type_or_is_left_out_with_a_note(any_place: Place) -> None:
    """`run` alone defines what is missing, once; what cannot be converted costs nobody anything else."""
    ids = three_people(any_place)

    planned = any_place.forked("plan", "--json")
    assert definitions(any_place).keys().isdisjoint({*ATTRIBUTES, *OURS})
    ran = any_place.forked("run", "--yes", "--json")

    assert (planned.code, ran.code) == (0, 0)
    assert planned.document["actions"]["create"] == ran.document["actions"]["create"] == 3
    wanted = {user_id: values for user_id, (_, values) in zip(ids, PEOPLE, strict=True)}
    assert held(any_place) == wanted
    assert {name: found for name, found in definitions(any_place).items() if name in ATTRIBUTES} == {
        "city": (1, []), "hired": (6, []), "points": (2, []), "vip": (3, []), "main": (4, SITES), "sites": (5, SITES),
    }  # fmt: skip
    assert ran.document["verify"]["classes"] == {"same": 3, "differs": 0, "missing": 0, "extra": 0}
    shown = any_place.forked("explain", "attribute_not_converted")
    assert (shown.code, "was left out" in " ".join(shown.out.split())) == (0, True)


SWITCHES: dict[str, dict[str, Any]] = {
    "strings": {"attribute_values": "strings"},
    "no check": {"attribute_type_check": "off"},
    "drop": {"attribute_type_check": "drop"},
    "replace": {"patch_attributes": "replace", "attribute_values": "strings"},
    "names": {"attribute_types_shown": "names"},
    "date time": {"dates_shown": "date_time", "date_values": "text"},
    "seconds": {"dates_shown": "seconds"},
    "milliseconds": {"dates_shown": "milliseconds", "attribute_values": "strings"},
    "ignore": {"unknown_attribute": "ignore"},
}


@pytest.mark.parametrize("switches", SWITCHES.values(), ids=SWITCHES)
def test_an_unchanged_world_is_left_alone_however_answers_show_it(place: Place, switches: dict[str, Any]) -> None:
    """Plan and run again say create 0, update 0; verify finds everybody the same; a change sends that change alone."""
    ids = three_people(place)
    place.sandbox.control.set_switches(descope=switches)
    assert place.forked("run", "--yes").code == 0
    before, so_far = held(place), len(place.sandbox.control.journal())

    again = place.forked("run", "--yes", "--json")
    asked = place.forked("run", "--yes", "--retry", "all", "--json")
    verified = place.forked("verify", "--json")

    assert (again.code, asked.code, verified.code) == (0, 0, 0)
    for ended in (again, asked):
        assert ended.document["actions"] == NOTHING
    assert verified.document["classes"]["same"] == 3
    assert writes(place, so_far) == []

    place.sandbox.control.patch_docebo_user(ids[0], field_9="13")
    changed = place.forked("run", "--yes", "--json")
    assert (changed.code, changed.document["actions"]["update"]) == (0, 1)
    assert held(place) == before | {ids[0]: before[ids[0]] | {"points": 13}}


def test_a_checkpoint_that_was_lost_finds_everybody_the_same(place: Place) -> None:
    """Nothing is remembered of what was sent: what is there is compared alone, here as strings."""
    three_people(place)
    assert place.forked("run", "--yes").code == 0
    place.sandbox.control.set_switches(descope={"attribute_values": "strings", "dates_shown": "seconds"})
    place.checkpoint = "sqlite:///another.db"
    place.configure()

    ended = place.forked("run", "--yes", "--json")

    assert ended.code == 0
    assert ended.document["actions"] == NOTHING


@pytest.mark.parametrize(("form", "value"), [("seconds", 1638230400), ("milliseconds", 1638230400000)])
def test_a_project_that_takes_dates_as_numbers_gets_numbers(place: Place, form: str, value: int) -> None:
    """The contract does not say which form it takes, so a setting says it; answers may show the other."""
    hired = {"hired": ATTRIBUTES["hired"] | {"form": form}}
    ids = three_people(place, attributes=hired)
    place.sandbox.control.set_switches(descope={"date_values": "epoch", "dates_shown": "date_time"})

    assert place.forked("run", "--yes").code == 0
    again = place.forked("run", "--yes", "--retry", "all", "--json")

    assert held(place)[ids[0]] == {"hired": value}
    assert again.document["actions"] == NOTHING


def test_a_form_of_dates_that_descope_refuses_is_told_and_the_setting_mends_it(place: Place) -> None:
    """Nobody without a date is held up; after the change of the setting, everybody is there."""
    ids = three_people(place, attributes={"hired": ATTRIBUTES["hired"]})
    place.sandbox.control.set_switches(descope={"date_values": "epoch"})

    refused = place.forked("run", "--yes", "--json")
    place.configure(mapping={"attributes": {"hired": ATTRIBUTES["hired"] | {"form": "seconds"}}})
    mended = place.forked("run", "--yes", "--remap", "--json")

    assert (refused.code, refused.document["reasons"]) == (3, {"refused": 1})
    assert (mended.code, mended.document["counts"]["created"]) == (0, 3)
    assert held(place)[ids[0]] == {"hired": 1638230400}


def test_a_canary_reads_typed_values_back(place: Place) -> None:
    """It finds nothing wrong where nothing is, in whatever form answers are."""
    three_people(place)
    place.sandbox.control.set_switches(descope={"attribute_values": "strings", "dates_shown": "milliseconds"})

    ended = place.forked("run", "--yes", "--canary", "2", "--json")

    assert ended.code == 0
    assert ended.document["verify"]["classes"] == {"same": 3, "differs": 0, "missing": 0, "extra": 0}


def test_a_value_that_descope_lost_is_a_difference(place: Place) -> None:
    """Where a wrong form is dropped without a word, only the read-back tells, and the exit code says so."""
    three_people(place, attributes={"hired": ATTRIBUTES["hired"]})
    place.sandbox.control.set_switches(descope={"date_values": "epoch", "attribute_type_check": "drop"})

    ended = place.forked("run", "--yes", "--json")

    assert ended.code == 3
    assert ended.document["verify"]["classes"]["differs"] == 1


@pytest.mark.parametrize("command", [("check",), ("plan",), ("run", "--yes")], ids=" ".join)
def test_an_attribute_of_another_type_stops_everything_before_anything_is_sent(
    any_place: Place, command: tuple[str, ...]
) -> None:
    """Exit 2; the message names the attribute, both types, the line and the fix, and nothing changes anywhere."""
    three_people(any_place, attributes={"city": "field_4"})
    assert any_place.forked("run", "--yes").code == 0
    any_place.configure(mapping={"attributes": ATTRIBUTES})
    define(any_place, "hired", AttributeType.TEXT)
    before, so_far = everything(any_place), len(any_place.sandbox.control.journal())

    ended = any_place.forked(*command, *(["--remap"] if command[0] != "check" else []))

    said = " ".join((ended.out + ended.err).split())
    assert ended.code == 2
    place_said = "mapping.attributes.hired (config.yaml, line"
    assert f"The custom attribute hired is text in Descope, but date in {place_said}" in said
    assert f"ix: Give it the same type in both: change {place_said}" in said
    assert everything(any_place) == before
    assert writes(any_place, so_far) == []


def test_a_select_without_one_of_the_options_stops_everything(place: Place) -> None:
    """Descope would refuse its value; nobody's definition is overwritten."""
    three_people(place)
    define(place, "main", AttributeType.SINGLE_SELECT, "Milan", "R&D", "Oslo")

    ended = place.forked("run", "--yes")

    assert ended.code == 2
    assert "The custom attribute main in Descope lacks options that mapping.attributes.main" in ended.err
    assert "names: Sales, EMEA." in " ".join(ended.err.split())
    assert definitions(place)["main"] == (4, ["Milan", "R&D", "Oslo"])
    assert "hired" not in definitions(place)


def test_a_changed_type_is_a_changed_mapping(place: Place) -> None:
    """It is refused without --remap, with what changed; with it everybody is planned again."""
    three_people(place, attributes={"points": {"field": "field_9", "type": "number"}})
    assert place.forked("run", "--yes").code == 0
    place.configure(mapping={"attributes": {"points": {"field": "field_9", "type": "number"}, "score": "field_9"}})
    assert place.forked("run", "--yes", "--remap").code == 0
    place.configure(
        mapping={"attributes": {"points": {"field": "field_9", "type": "number"}, "rank": {
            "field": "field_9", "type": "number"}}}
    )  # fmt: skip

    refused = place.forked("run", "--yes")
    remapped = place.forked("run", "--yes", "--remap", "--json")

    assert refused.code == 2
    assert "mapping.attributes.rank: not set -> {field: field_9, type: number}" in " ".join(refused.err.split())
    assert (remapped.code, remapped.document["actions"]["update"]) == (0, 2)
    assert sorted(str(values.get("rank")) for values in held(place).values()) == ["0", "12.5", "None"]


BAD: list[tuple[Any, str, str]] = [
    ({"field": "field_9", "typ": "date"}, "typ", "is not a known key; known keys are field, type, options, form"),
    ({"field": "field_9", "type": "datum"}, "type", "must be text, number, boolean, date, single_select or multi_"),
    ({"type": "date"}, "field", "is required"),
    ({"field": "no field", "type": "date"}, "field", "must be the name of a Docebo field"),
    ({"field": "field_9", "type": "single_select"}, "options", "is required with type: single_select, as in options:"),
    ({"field": "field_9", "type": "date", "options": ["a"]}, "options", "only types single_select and multi_select"),
    ({"field": "field_9", "type": "multi_select", "options": ["a", "A"]}, "options", "must not name an option twice"),
    ({"field": "field_9", "type": "multi_select", "options": [1]}, "options[0]", "must be text; write it in quotes"),
    ({"field": "field_9", "form": "seconds"}, "form", "only type date has a form"),
    ({"field": "field_9", "type": "date", "form": "iso"}, "form", "must be text, seconds or milliseconds"),
]


@pytest.mark.parametrize(("value", "key", "words"), BAD, ids=[words[:30] for *_, words in BAD])
def test_what_is_written_wrong_is_named_with_its_line(place: Place, value: Any, key: str, words: str) -> None:
    place.configure(mapping={"attributes": {"hired": value}})
    lines = place.config_path.read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(lines, 1) if line.strip() == "hired:")

    ended = place.forked("check")

    assert ended.code == 2
    said = " ".join(ended.err.split())
    assert f"mapping.attributes.hired.{key}: {words}" in said
    assert any(f"config.yaml line {number}: mapping" in said for number in range(start, start + 6))


def test_the_report_proposes_the_type_it_guesses(place: Place) -> None:
    """Lines to paste, and where a typed attribute goes."""
    place.sandbox.control.reset(users=3, difficult=0)
    for number, user in enumerate(place.sources()):
        place.sandbox.control.patch_docebo_user(user["user_id"], field_9=f"2026-01-0{number + 1}", field_12="12.5")
    place.configure(mapping={"attributes": {"size": {"field": "field_12", "type": "number"}}})

    ended = place.forked("plan", "--json")

    assert ended.code == 0
    page = (place.folder / "reports" / "report.html").read_text(encoding="utf-8")
    assert "    note: {field: field_9, type: date}  # Note: date, 100 % filled\n" in page
    assert "custom attribute size (number)" in page
