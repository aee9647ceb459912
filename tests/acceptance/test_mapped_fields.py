"""Fields that the mapping names and nobody has: found by check, plan and run before anybody is read for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from runs import LIST
from stored_tables import everything

if TYPE_CHECKING:
    from world import Ended, Place

TITLES = "/manage/v1/user_fields"
WRONG: dict[str, Any] = {"phone_field": "Mobile", "attributes": {"city": "field_44", "lang": "lang_code"}}
SAID = (
    "phone_field: Mobile: no such field; attributes.city: field_44: no such field."
    " Docebo's fields are field_4 (City), field_9 (Note), field_12 (Phone)."
)


def people(place: Place, **mapping: Any) -> None:
    """A few plain people, and a mapping."""
    place.sandbox.control.reset(users=6, difficult=0)
    place.configure(mapping=mapping)


def line_of(place: Place, text: str) -> int:
    """The line of the configuration file that begins with a text."""
    lines = place.config_path.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.strip().startswith(text))


def row(ended: Ended) -> dict[str, Any]:
    """The line of `check --json` about the mapping."""
    return next(row for row in ended.document["checks"] if row["name"] == "mapping")


def refuse_titles(place: Place) -> None:
    """Docebo does not show its additional fields."""
    place.sandbox.control.set_faults({"api": "docebo", "path": f"{TITLES}$", "kind": "status", "params": {"code": 403}})


def test_nc5_check_names_the_fields_that_nobody_has_and_those_there_are(place: Place) -> None:
    """A wrong name fails with its key, its line and the fields to choose from; a right one is not named."""
    people(place, **WRONG)
    places = [
        f"mapping.phone_field (config.yaml, line {line_of(place, 'phone_field:')})",
        f"mapping.attributes.city (config.yaml, line {line_of(place, 'city:')})",
    ]

    ended = place.forked("check")

    assert ended.code == 2
    assert f"FAIL mapping: {SAID}\n     fix: Correct {', '.join(places)}.\n" in ended.out
    assert ended.out.count("FAIL") == 1


@pytest.mark.parametrize("command", [("plan",), ("run", "--yes")], ids=" ".join)
def test_m1_plan_and_run_refuse_a_field_that_nobody_has_before_reading_everybody(
    place: Place, command: tuple[str, ...]
) -> None:
    """Exit 2 with the same words, one page read at most, and neither side nor checkpoint changed."""
    people(place)
    place.migrate()
    place.configure(mapping=WRONG)
    before, so_far = everything(place), len(place.sandbox.control.journal())

    ended = place.forked(*command, "--remap")

    assert ended.code == 2
    assert f"Error: The mapping names fields that Docebo does not have: {SAID}\n" in ended.err
    assert f"mapping.phone_field (config.yaml, line {line_of(place, 'phone_field:')})" in ended.err
    assert everything(place) == before
    journal = place.sandbox.control.journal()[so_far:]
    assert sum(entry["path"] == LIST for entry in journal) == 1
    assert [entry for entry in journal if entry["committed"]] == []


def test_nc5_a_field_that_nobody_has_filled_in_is_there_all_the_same(place: Place) -> None:
    """What the titles know is right, though no record of the page has it; no page is read for it."""
    people(place, phone_field="field_12", attributes={"note": "field_9"})
    for user in place.sources():
        place.sandbox.control.patch_docebo_user(user["user_id"], field_9=None, field_12=None)
    so_far = len(place.journal("docebo"))

    checked = place.forked("check", "--json")
    calls = [entry["path"] for entry in place.journal("docebo", so_far)]
    ran = place.forked("run", "--yes")

    assert row(checked)["ok"]
    assert row(checked)["text"] == "Docebo has every field it names: field_12, field_9"
    assert LIST not in calls
    assert ran.code == 0


def test_nc5_a_records_own_fields_are_known_and_a_misspelt_one_is_corrected(place: Place) -> None:
    """Names of Docebo's own fields are taken from a page; who wrote a title or a typo is told the name."""
    people(place, extra_login_ids=["username"], attributes={"language": "lang_code"})
    right = place.forked("check", "--json")
    people(place, extra_login_ids=["usernam"], attributes={"language": "lang_code", "town": "City"})
    wrong = place.forked("check", "--json")

    assert row(right)["ok"]
    assert row(wrong)["text"].startswith(
        "extra_login_ids: usernam: no such field (did you mean username?);"
        " attributes.town: City: no such field (did you mean field_4?). Docebo's fields are "
    )


def test_nc5_without_titles_a_name_that_no_record_shows_is_a_warning(place: Place) -> None:
    """Docebo may refuse to show its fields: then a doubt is told, and nobody is stopped."""
    people(place, attributes={"city": "field_4", "level": "field_44"})
    refuse_titles(place)

    checked = place.forked("check")
    planned = place.forked("plan")

    assert checked.code == 0
    assert "warn mapping: attributes.level: field_44 is in no record of the first page\n" in checked.out
    assert planned.code == 0
    assert "The mapping may be wrong: attributes.level: field_44 is in no record of the first page." in planned.err


def test_nc5_a_mapping_without_fields_asks_nothing(place: Place) -> None:
    """Who maps no field pays no call for it."""
    people(place)

    ended = place.forked("check", "--json")

    assert row(ended)["text"] == "it names no Docebo fields"
    assert {entry["path"] for entry in place.journal("docebo")} == {"/oauth2/token", "/manage/v1/user/session"}


def test_nc5_fields_that_could_not_be_asked_for_are_unknown(place: Place) -> None:
    """Where Docebo refuses the login, nothing is said about the mapping."""
    people(place, **WRONG)
    place.configure(docebo={"password": "other"})

    ended = place.forked("check", "--json")

    assert (row(ended)["ok"], row(ended)["warning"]) == (False, True)
    assert row(ended)["text"] == "unknown: Docebo was not asked for its fields"
