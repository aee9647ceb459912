"""Field coverage: kinds of values, where fields go, what could be mapped besides."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from stored import RECORD, holding, move, people

from migrator.checkpoint.runs.runs import store_details
from migrator.checkpoint.users.erasure import erase_profiles
from migrator.config.schema import MappingConfig
from migrator.core.model import ARRIVED_STATES, State
from migrator.report.coverage import value_types
from migrator.report.coverage.field_coverage import (
    MOST_FIELDS,
    OTHER_NAMES,
    destinations,
    field_coverage,
    scan_records,
    why_nowhere,
)
from migrator.report.coverage.mapping_proposal import attribute_for, percentage, propose_mapping

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.report.document import FieldRow

KINDS: dict[str, tuple[list[Any], str]] = {
    "nothing": ([None, "", "  ", [], {}, "0000-00-00", "0000-00-00 00:00:00"], ""),
    "text": (["Milan", "0"], "text"),
    "a text among other texts": (["Milan", "a@b.org", "2024-01-01", 7], "text"),
    "integer": ([0, 1, "1", "42", -3], "integer"),
    "leading zeros are no number": (["00815", "12"], "text"),
    "more digits than a reader keeps": (["1234567890123456"], "text"),
    "number": ([1, "2.5", 0.1], "number"),
    "boolean": ([True, False], "boolean-like"),
    "flags": (["0", "1", 1, "yes", "No"], "boolean-like"),
    "date": (["2024-01-01", "2024-01-01 10:00:00", "2024-01-01T10:00:00Z"], "date"),
    "e-mail": (["a@example.org"], "e-mail"),
    "url": (["https://example.org/a", "HTTP://x"], "url"),
    "list": ([[1]], "list"),
    "object": ([{"a": 1}], "object"),
    "list and text": ([[1], "Milan"], "mixed"),
    "date and number": (["2024-01-01", 7], "mixed"),
    "huge": (["https://example.org/" + "a" * 5000], "text"),
}


@pytest.mark.parametrize(("values", "expected"), KINDS.values(), ids=KINDS)
def test_the_kind_of_a_field(values: list[Any], expected: str) -> None:
    """A field's kind follows from all its values, and does not depend on their order."""
    for order in (values, values[::-1]):
        found = scan_records(json.dumps({"field_1": value}) for value in order).fields["field_1"]
        assert value_types.name_of(found.kinds) == expected


@pytest.mark.parametrize("value", ["0", "null", "0000-00-00 00:00:00", "", None])
def test_a_date_that_never_was_is_empty(value: Any) -> None:
    """Docebo writes it in six ways (docs/contract/docebo.md 2.4)."""
    assert scan_records([json.dumps({"last_access_date": value})]).fields["last_access_date"].filled == 0


def test_counts_of_a_field() -> None:
    """Present and filled are counted apart, the third record lacks the key."""
    texts = [json.dumps(record) for record in ({"a": "x" * 20}, {"a": "y" * 20}, {}, {"a": "\u3000" * 20}, ["a"])]

    scan = scan_records(texts)

    assert (scan.records, scan.fields["a"].seen, scan.fields["a"].filled) == (5, 3, 2)


def test_strange_names_are_not_shown() -> None:
    """A key that is an address, or the thousand-and-first field, is counted without its name."""
    record = {"m.rossi@example.org": 1} | {f"field_{n}": 1 for n in range(1500)}

    fields = scan_records([json.dumps(record)]).fields

    assert len(fields) <= MOST_FIELDS + 1
    assert "m.rossi@example.org" not in fields
    assert fields[OTHER_NAMES].seen > 500


def test_where_fields_go() -> None:
    """Every destination the mapping names, and a reason for the fields that go nowhere."""
    mapping = MappingConfig.model_validate(
        {
            "login_id": "username",
            "extra_login_ids": ["email", "field_7"],
            "phone_field": "field_12",
            "attributes": {"city": "field_4", "town": "field_4", "doceboUsername": "username"},
            "tenants": [{"when": {"email_domain": "acme.com", "field_8": "x", "group": "7"}, "tenant": "acme"}],
        }
    )
    goes = {name: destinations(name, mapping) for name in (*RECORD, "field_7", "field_8", "field_12", "avatar", "uuid")}

    assert goes == {
        "user_id": ["custom attribute doceboUserId"],
        "username": ["loginId", "custom attribute doceboUsername"],
        "email": ["email", "extra login id", "asked by rules for tenants"],
        "email_validation_status": ["verifiedEmail"],
        "first_name": ["givenName"],
        "last_name": ["familyName"],
        "status": ["status"],
        "field_4": ["custom attribute city", "custom attribute town"],
        "field_7": ["extra login id"],
        "field_8": ["asked by rules for tenants"],
        "field_12": ["phone"],
        "avatar": ["picture"],
        "uuid": [],
    }
    assert why_nowhere("uuid") == "not used by Descope"
    assert why_nowhere("field_9") == "not mapped"


TITLES = {
    "plain": ("City", "city"),
    "words": ("Job title (old)", "job_title_old"),
    "accents": ("Straße Zürich", "strae_zurich"),
    "long": ("The very long name of a field", "the_very_long_name_o"),
    "other script": ("Город", "field_4"),
    "number first": ("2nd address", "field_4"),
    "none": ("", "field_4"),
    "our mark": ("doceboUserId", "docebouserid_4"),
    "taken": ("Taken", "taken_4"),
}


@pytest.mark.parametrize(("title", "expected"), TITLES.values(), ids=TITLES)
def test_an_attribute_name_from_a_title(title: str, expected: str) -> None:
    """At most 20 plain characters, free, and never one of our marks."""
    assert attribute_for(title, "field_4", {"taken"}) == expected


def test_the_proposal_can_be_pasted() -> None:
    """The lines load as a valid mapping, whatever the titles say, and name each unmapped filled field once."""
    titles = ["No", "null", "City\n- evil: true", "City", "City", "x" * 300, "\u2028: #", "Город"]
    held: FieldRow = {"name": "uuid", "title": "", "goes": [], "why": "", "seen": 5, "filled": 5, "kind": "text"}
    fields: list[FieldRow] = [{**held, "name": f"field_{n}", "title": title} for n, title in enumerate(titles, 1)]
    typed = [("integer", "number"), ("number", "number"), ("boolean-like", "boolean"), ("date", "date")]
    fields += [
        {**held, "name": "field_90", "title": "List", "kind": "list"},
        {**held, "name": "field_91", "title": "Empty", "filled": 0, "kind": ""},
        {**held, "name": "field_92", "title": "Mapped", "goes": ["phone"]},
        held,
    ]
    for number, (kind, _) in enumerate(typed, 100):
        fields.append({**held, "name": f"field_{number}", "title": kind, "kind": kind})
    mapping = MappingConfig.model_validate({"attributes": {"city": "field_80"}})

    text = propose_mapping(fields, 10, mapping)

    pasted = yaml.safe_load(f"mapping:\n  attributes:\n{text}")["mapping"]["attributes"]
    MappingConfig.model_validate({"attributes": pasted | {"city": "field_80"}})
    assert list(pasted.values()) == [
        *(f"field_{n}" for n in range(1, len(titles) + 1)),
        *({"field": f"field_{n}", "type": kind} for n, (_, kind) in enumerate(typed, 100)),
    ]
    assert "city" not in pasted
    assert len(text.splitlines()) == len(titles) + len(typed)


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [(0, 0, "0 %"), (0, 9, "0 %"), (9, 9, "100 %"), (1, 10_000, "< 1 %"), (9_999, 10_000, "99 %"), (1, 3, "33 %")],
)
def test_a_share_never_rounds_to_nothing_or_all(part: int, whole: int, expected: str) -> None:
    """0 % and 100 % are said only when they are true."""
    assert percentage(part, whole) == expected


def test_an_earlier_fuller_look_is_kept(tmp_path: Path) -> None:
    """When records of users who arrived are erased, the earlier numbers stay, placed by today's mapping."""
    with holding(tmp_path, people(10)) as checkpoint:
        before = field_coverage(checkpoint, MappingConfig(), {"field_4": "City"})
        store_details(checkpoint, 1, {"xray": before})
        move(checkpoint, [str(n) for n in range(1, 11)], state=State.CREATED)
        erase_profiles(checkpoint, ARRIVED_STATES)

        after = field_coverage(checkpoint, MappingConfig.model_validate({"attributes": {"city": "field_4"}}), {})

    assert before["records"] == after["records"] == 10
    city = next(one for one in after["fields"] if one["name"] == "field_4")
    assert city == {
        "name": "field_4", "title": "City", "goes": ["custom attribute city"], "why": "",
        "seen": 10, "filled": 10, "kind": "text",
    }  # fmt: skip
    assert before["proposal"] == "    city: field_4  # City: text, 100 % filled\n"
    assert after["proposal"] == ""


def test_no_value_of_anybody_is_told(tmp_path: Path) -> None:
    """The coverage holds names, counts and kinds only."""
    with holding(tmp_path, people(3)) as checkpoint:
        text = json.dumps(field_coverage(checkpoint, MappingConfig(), {}), ensure_ascii=False)

    assert not [value for value in ("Milan", "Márta", "Rossi", "u1", "example.org") if value in text]
