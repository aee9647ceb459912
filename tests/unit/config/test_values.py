"""Configuration values: each rule accepts what it should and says what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from config_files import SECTIONS, load_with, refusal, refusal_with

from migrator.core.model import MARK_ATTRIBUTES

if TYPE_CHECKING:
    from pathlib import Path

BAD_VALUES: list[tuple[str, str, Any, str]] = [
    ("docebo", "platform", "", "must be 1 to 250 characters"),
    ("docebo", "platform", "x" * 251, "must be 1 to 250 characters"),
    ("docebo", "platform", "acme university", "without spaces or control characters"),
    ("docebo", "platform", " acme", "without spaces or control characters"),
    ("docebo", "platform", "acme\u00a0", "without spaces or control characters"),
    ("docebo", "platform", "acme\n", "without spaces or control characters"),
    ("docebo", "platform", "acme\x1b[31m", "without spaces or control characters"),
    ("docebo", "platform", "acme\u202e", "without spaces or control characters"),
    ("docebo", "platform", 7, "must be text; write it in quotes"),
    ("docebo", "page_size", 0, "must be between 1 and 200"),
    ("docebo", "page_size", 201, "must be between 1 and 200"),
    ("docebo", "page_size", True, "must be a whole number"),
    ("docebo", "page_size", 10.0, "must be a whole number"),
    ("docebo", "page_size", "10", "must be a whole number"),
    ("docebo", "page_size", None, "must be a whole number"),
    ("docebo", "calls_per_hour", -1, "must be 0 or more"),
    ("docebo", "sweeps", "twice", "must be settle or single"),
    ("docebo", "grant", "implicit", "must be password or client_credentials"),
    ("docebo", "client_id", 5, "must be text; write it in quotes"),
    ("docebo", "client_id", "", "must not be empty"),
    ("docebo", "client_id", " a", "must be one line"),
    ("docebo", "client_secret", ["a"], "must be text"),
    ("docebo", "client_secret", "a\nb", "must be one line"),
    ("docebo", "username", None, "is required with docebo.grant: password"),
    ("docebo", "password", None, "is required with docebo.grant: password"),
    ("descope", "batch_size", 0, "must be between 1 and 100"),
    ("descope", "batch_size", 101, "must be between 1 and 100"),
    ("descope", "settle_seconds", -1, "must be between 0 and 600"),
    ("descope", "settle_seconds", 601, "must be between 0 and 600"),
    ("descope", "project_id", "P2:key", "must be 2 to 64 letters and digits"),
    ("descope", "project_id", "P2 key", "must be 2 to 64 letters and digits"),
    ("descope", "project_id", "P2key\n", "must be 2 to 64 letters and digits"),
    ("descope", "project_id", "P" * 65, "must be 2 to 64 letters and digits"),
    ("descope", "management_key", "a b", "must be ASCII letters, digits and punctuation only"),
    ("descope", "management_key", "kéy", "must be ASCII letters, digits and punctuation only"),
    ("descope", "rate_limits", "fast", "must be documented, none, or a mapping"),
    ("descope", "rate_limits", None, "must be documented, none, or a mapping"),
    ("descope", "rate_limits", {"create": 0}, "must be 1 or more"),
    ("descope", "rate_limits", {"create": True}, "must be a whole number"),
    ("descope", "rate_limits", {"delete": 5}, "is not a known key; known keys are create, search or user"),
    ("checkpoint", "keep_profiles", "never", "must be until_done or always"),
    ("checkpoint", "key", "", "must be 1 to 64 characters of"),
    ("checkpoint", "key", "a b", "must be 1 to 64 characters of"),
    ("checkpoint", "key", "a" * 65, "must be 1 to 64 characters of"),
    ("mapping", "login_id", "phone", "must be email or username"),
    ("mapping", "extra_login_ids", "username", "must be a list"),
    ("mapping", "extra_login_ids", ["user name"], "must be the name of a Docebo field"),
    ("mapping", "extra_login_ids", ["username", "username"], "must not name anything twice"),
    ("mapping", "missing_email", "ignore", "must be reject or synthesize"),
    ("mapping", "missing_email", "synthesize", "is required with mapping.missing_email: synthesize"),
    ("mapping", "synthesize_domain", "nodots", "must be a domain"),
    ("mapping", "synthesize_domain", "a@b.com", "must be a domain"),
    ("mapping", "synthesize_domain", "a b.com", "must be a domain"),
    ("mapping", "phone_field", "", "must be the name of a Docebo field"),
    ("mapping", "phone_region", "ZZ", "must be a region of two capital letters"),
    ("mapping", "phone_region", "de", "must be a region of two capital letters"),
    ("mapping", "status", {"active": "invited"}, "must be enabled or disabled"),
    ("mapping", "status", {"pending": "enabled"}, "is not a known key; known keys are active, suspended, expired"),
    ("mapping", "status", ["enabled"], "must be a mapping of keys"),
    ("mapping", "attributes", {"a b": "field_1"}, "attribute names are 1 to 20 characters of"),
    ("mapping", "attributes", {"a" * 21: "field_1"}, "attribute names are 1 to 20 characters of"),
    ("mapping", "attributes", {"": "field_1"}, "attribute names are 1 to 20 characters of"),
    ("mapping", "attributes", {"city": ""}, "must be the name of a Docebo field"),
    ("mapping", "attributes", {"city": None}, "must be text"),
    ("mapping", "attributes", ["city"], "must be a mapping of keys"),
    ("policy", "include", [], "must name at least one"),
    ("policy", "include", ["active", "active"], "must not name anything twice"),
    ("policy", "include", ["deleted"], "must be active, suspended or expired"),
    ("policy", "duplicate_email", "newest", "must be conflict, oldest or newest_login"),
    ("policy", "existing", "merge", "must be conflict or link"),
    ("policy", "update", {"default": "always"}, "must be source_wins, fill_if_empty or target_wins"),
    ("policy", "update", {"nickname": "source_wins"}, "is neither a mapped attribute nor one of default, name"),
    ("run", "concurrency", 0, "must be between 1 and 16"),
    ("run", "concurrency", 17, "must be between 1 and 16"),
    ("run", "max_errors", 0, "must be 1 or more"),
    ("run", "max_errors", 1.5, "must be a whole number"),
    ("report", "dir", "", "must not be empty"),
    ("report", "dir", "a\x1bb", "must be one line"),
]  # fmt: skip


@pytest.mark.parametrize(("section", "key", "value", "expected"), BAD_VALUES)
def test_a_bad_value_is_refused_in_plain_english(
    tmp_path: Path, section: str, key: str, value: Any, expected: str
) -> None:
    message = refusal_with(tmp_path, **{section: {key: value}})

    assert len(message.splitlines()) == 1
    assert f": {section}." in message
    assert expected in message


@pytest.mark.parametrize("mark", [*MARK_ATTRIBUTES, "DOCEBOUSERID", "DoceboUsername"])
def test_a_mapped_attribute_cannot_be_our_mark(tmp_path: Path, mark: str) -> None:
    message = refusal_with(tmp_path, mapping={"attributes": {mark: "field_1"}})

    assert f"mapping.attributes.{mark}: this attribute name belongs to the migrator" in message


@pytest.mark.parametrize("field", ["field_1", "email", {"field": "username", "type": "number"}])
def test_docebos_user_name_cannot_be_another_field(tmp_path: Path, field: Any) -> None:
    """What Docebo recognises people by is its own user name, whatever somebody would rather send."""
    message = refusal_with(tmp_path, mapping={"attributes": {"doceboUsername": field}})

    assert "mapping.attributes.doceboUsername: this attribute always holds Docebo's user name" in message


@pytest.mark.parametrize("rule", ["fill_if_empty", "target_wins"])
def test_docebos_user_name_cannot_be_left_to_descope(tmp_path: Path, rule: str) -> None:
    message = refusal_with(tmp_path, policy={"update": {"doceboUsername": rule}})

    assert "policy.update.doceboUsername: always follows Docebo" in message


GOOD_VALUES: list[tuple[str, dict[str, Any]]] = [
    ("docebo", {"platform": "acme.docebosaas.com:8443"}),
    ("docebo", {"platform": "\u00e9" * 250}),
    ("docebo", {"platform": "x"}),
    ("docebo", {"page_size": 1, "calls_per_hour": 0, "sweeps": "single"}),
    ("docebo", {"grant": "client_credentials", "username": None, "password": None}),
    ("docebo", {"password": " with blanks "}),
    ("descope", {"batch_size": 1, "settle_seconds": 0}),
    ("descope", {"settle_seconds": 600}),
    ("checkpoint", {"key": "A-b_9", "keep_profiles": "always"}),
    ("mapping", {"login_id": "username", "extra_login_ids": ["email", "uuid", "field_12"]}),
    ("mapping", {"missing_email": "synthesize", "synthesize_domain": "migrated.example.com"}),
    ("mapping", {"phone_field": "field_12", "phone_region": "DE"}),
    ("mapping", {"phone_field": "field_12"}),
    ("mapping", {"attributes": {"doceboUsername": "username"}}),
    ("policy", {"update": {"doceboUsername": "source_wins"}}),
    ("mapping", {"status": {"suspended": "enabled"}}),
    ("mapping", {"attributes": {"city": "field_4", "town": "field_4", "a" * 20: "lang_code"}}),
    ("policy", {"include": ["expired"], "duplicate_email": "oldest", "existing": "link"}),
    ("policy", {"update": {"givenName": "target_wins", "status": "fill_if_empty"}}),
    ("run", {"concurrency": 16, "max_errors": 1}),
]


@pytest.mark.parametrize(("section", "values"), GOOD_VALUES)
def test_a_good_value_is_kept(tmp_path: Path, section: str, values: dict[str, Any]) -> None:
    kept = getattr(load_with(tmp_path, **{section: values}), section).model_dump(mode="json")

    for key, value in values.items():
        expected = value
        if key == "update":
            expected = {"default": "source_wins", **value}
        if key == "status":
            expected = {"active": "enabled", "suspended": "disabled", "expired": "disabled", **value}
        assert kept[key] == ("**********" if key == "password" and value else expected)


def test_update_rules_may_name_a_mapped_attribute(tmp_path: Path) -> None:
    config = load_with(
        tmp_path, mapping={"attributes": {"city": "field_4"}}, policy={"update": {"city": "target_wins"}}
    )

    assert config.policy.update == {"default": "source_wins", "city": "target_wins"}


def test_an_unknown_update_field_is_named_with_its_own_line(tmp_path: Path) -> None:
    text = f"{yaml.safe_dump(SECTIONS)}policy:\n  update:\n    name: target_wins\n    nickname: target_wins\n"

    assert refusal(tmp_path, text).startswith(f"config.yaml line {text.count(chr(10))}: policy.update.nickname: ")


def test_all_errors_are_reported_together_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = """\
docebo:
  base_url: http://acme.docebosaas.com
  grant: password
  client_id: migrator
  client_secret: ${MISSING}
  sweeps: no
descope:
  project_id: P2abc
  management_key: key
  batch_size: 500
  batch_size: 5
run:
  speed: 1
"""
    lines = refusal(tmp_path, text, {}).splitlines()

    assert [line.split(": ")[:2] for line in lines] == [
        ["config.yaml line 1", "docebo.password"],
        ["config.yaml line 1", "docebo.username"],
        ["config.yaml line 2", "docebo.base_url"],
        ["config.yaml line 5", "docebo.client_secret"],
        ["config.yaml line 6", "docebo.sweeps"],
        ["config.yaml line 11", "descope.batch_size"],
        ["config.yaml line 13", "run.speed"],
    ]


def test_a_missing_section_or_key_is_named(tmp_path: Path) -> None:
    lines = refusal(tmp_path, "docebo:\n  base_url: https://a.com\n  grant: client_credentials\n").splitlines()

    assert lines == [
        "config.yaml line 1: descope: is required",
        "config.yaml line 1: docebo.client_id: is required",
        "config.yaml line 1: docebo.client_secret: is required",
    ]
