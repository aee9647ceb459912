"""What a user was last sent, field by field, and how it is kept."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from wanted_and_held import CITY, WANTED

from migrator.core.fields import SentFields, field_values, login_hash, value_hash

SENT = SentFields.of(CITY, left=("name", "phone"))


def test_every_field_has_the_name_it_has_at_descope() -> None:
    assert field_values(CITY) == {
        "name": "Ana Ruiz",
        "givenName": "Ana",
        "familyName": "Ruiz",
        "picture": "https://x.org/a.png",
        "status": "enabled",
        "phone": "+393471234567",
        "email": "u1@example.org",
        "verifiedEmail": True,
        "loginId": "u1@example.org",
        "additionalIdentifiers": ["a.ruiz"],
        "customAttributes.doceboUserId": "1",
        "customAttributes.doceboPlatform": "acme.docebosaas.com",
        "customAttributes.city": "Milan",
    }


def test_the_order_and_spelling_of_login_ids_does_not_count() -> None:
    one = replace(WANTED, extra_login_ids=("b", "A"))
    other = replace(WANTED, extra_login_ids=("a", "B"))
    assert field_values(one) == field_values(other)


def test_what_was_sent_comes_back_as_it_was() -> None:
    assert SentFields.from_json(SENT.to_json()) == SENT
    assert SentFields.from_json(None) is None


def test_the_form_in_the_checkpoint_is_fixed() -> None:
    """A later release must understand what this one wrote."""
    stored = json.loads(SENT.to_json())
    assert set(stored) == {"hashes", "logins", "left"}
    assert stored["left"] == ["name", "phone"]
    assert stored["logins"] == sorted(map(login_hash, CITY.all_login_ids))
    assert stored["hashes"] == {name: value_hash(value) for name, value in field_values(CITY).items()}
    assert {len(text) for text in stored["hashes"].values()} == {16}
    assert {len(text) for text in stored["logins"]} == {32}


def test_a_field_never_sent_is_left_out_and_one_kept_has_its_old_hash() -> None:
    sent = SentFields.of(CITY, but={"name": "old", "phone": ""})

    assert sent.hashes["name"] == "old"
    assert "phone" not in sent.hashes
    assert sent.hashes["email"] == SENT.hashes["email"]
    assert sent.left == frozenset()


def test_a_status_sent_alone_changes_nothing_else() -> None:
    sent = SENT.with_status("disabled")

    assert (sent.had("status", "disabled"), SENT.had("status", "disabled")) == (True, False)
    assert sent.with_status("enabled") == SENT


@pytest.mark.parametrize(
    ("name", "value", "had"), [("name", "Ana Ruiz", True), ("name", "Ana", False), ("x", "", False)]
)
def test_only_the_very_value_was_sent(name: str, value: str, had: bool) -> None:
    assert SENT.had(name, value) == had
