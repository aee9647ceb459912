"""Which mapped fields are missing, by the titles of the additional fields and the records of one page."""

from __future__ import annotations

from typing import Any

import pytest

from migrator.config.schema import MappingConfig
from migrator.docebo.mapped_fields import MappedField, UnknownFields, find_unknown, mapped_fields

TITLES = {"field_4": "City", "field_12": "Phone"}
RECORD = {"user_id": "1", "username": "ana", "lang_code": "english", "field_4": "Rome"}


def found(*names: str, titles: Any = TITLES, records: Any = (RECORD,), all_titles: bool = True) -> tuple[str, str]:
    """Missing and unseen names, space-separated."""
    named = [MappedField(f"attributes.{name}", name) for name in names]
    unknown = find_unknown(named, titles, records, all_titles=all_titles)
    return " ".join(f.name for f in unknown.missing), " ".join(f.name for f in unknown.unseen)


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("field_4", {}, ("", "")),
        ("field_12", {}, ("", "")),  # nobody filled it in, but it has a title
        ("lang_code", {}, ("", "")),
        ("field_44", {}, ("field_44", "")),
        ("Mobile", {}, ("Mobile", "")),
        ("country", {}, ("", "country")),  # some platforms have it
        ("field_4", {"titles": {}}, ("", "")),  # hidden from the titles, but a record has it
        ("field_44", {"all_titles": False}, ("", "field_44")),
        ("Mobile", {"all_titles": False}, ("", "Mobile")),
        ("field_44", {"records": ()}, ("field_44", "")),
        ("lang_code", {"records": ()}, ("", "")),  # nobody is there to show it
        ("lang_code", {"records": ["no record", None]}, ("", "")),
        ("field_44", {"records": (), "all_titles": False}, ("", "")),
        ("username", {"records": [None, RECORD]}, ("", "")),
    ],
)
def test_a_name_is_missing_only_when_that_is_certain(
    name: str, options: dict[str, Any], expected: tuple[str, str]
) -> None:
    """Titles decide about additional fields, a page about the others; everything else is a doubt or nothing."""
    assert found(name, **options) == expected


def test_every_field_of_the_mapping_is_looked_at() -> None:
    """Extra login ids, phone, attributes and the conditions of rules name fields; nothing else does."""
    mapping = MappingConfig.model_validate(
        {
            "extra_login_ids": ["username"],
            "phone_field": "field_12",
            "attributes": {"city": "field_4"},
            "tenants": [{"when": {"level": "user", "field_7": "x"}, "tenant": "acme"}],
        }
    )

    assert mapped_fields(mapping) == [
        MappedField("extra_login_ids", "username"),
        MappedField("phone_field", "field_12"),
        MappedField("attributes.city", "field_4"),
        MappedField("tenants[0].when.field_7", "field_7"),
    ]
    assert mapped_fields(MappingConfig()) == []


def test_titles_are_shown_short_and_harmless() -> None:
    """A title is a stranger's text: control characters are escaped, and a long one is cut."""
    unknown = UnknownFields(
        missing=(MappedField("phone_field", "Mobile"),), titles={"field_1": "\x1b[2J", "field_2": "x" * 99}
    )

    said = unknown.describe_missing()

    assert said.isprintable()
    assert f"field_2 ({'x' * 39}…)" in said


def test_without_titles_no_fields_are_offered() -> None:
    """A list of nothing is left out."""
    assert UnknownFields(missing=(MappedField("phone_field", "Mobile"),)).describe_missing() == (
        "phone_field: Mobile: no such field."
    )
