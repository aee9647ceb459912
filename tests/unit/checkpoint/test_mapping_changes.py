"""Which keys of the mapping were changed, from what to what."""

from __future__ import annotations

import json
from typing import Any

import pytest

from migrator.checkpoint.mapping_changes import describe_changes

OLD = {"login_id": "email", "phone_field": None, "extra_login_ids": ["username"], "attributes": {"city": "field_4"}}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"login_id": "username"}, "mapping.login_id: email -> username"),
        ({"phone_field": "field_12"}, "mapping.phone_field: not set -> field_12"),
        ({"attributes": {"city": "field_44"}}, "mapping.attributes.city: field_4 -> field_44"),
        ({"attributes": {}}, "mapping.attributes.city: field_4 -> not set"),
        (
            {"attributes": {"town": "field_4"}},
            "mapping.attributes.city: field_4 -> not set; mapping.attributes.town: not set -> field_4",
        ),
        ({"extra_login_ids": []}, "mapping.extra_login_ids: [username] -> []"),
        ({}, ""),
    ],
)
def test_a_change_is_named_by_its_key_with_both_values(changed: dict[str, Any], said: str) -> None:
    """A key that was not set or is not set any more says so."""
    assert describe_changes(json.dumps(OLD), json.dumps(OLD | changed)) == said


def test_five_changes_are_named_and_the_rest_is_counted() -> None:
    """A mapping that was written anew does not fill the screen."""
    new = {"attributes": {f"a{number}": "field_1" for number in range(8)}}

    said = describe_changes("{}", json.dumps(new))

    assert said.count(" -> ") == 5
    assert said.endswith("mapping.attributes.a4: not set -> field_1; and 3 more")


def test_an_older_checkpoint_does_not_know_what_was_changed() -> None:
    """Only the fingerprint was kept then."""
    assert describe_changes(None, json.dumps(OLD)) == ""
