"""Extra login ids and mapped attributes."""

from __future__ import annotations

from typing import Any

import pytest

from migrator.config.schema import MappingConfig
from migrator.core.model import OUR_ATTRIBUTES, Ready
from migrator.normalize.mapping import Normalizer

PLATFORM = "acme.docebosaas.com"
RECORD: dict[str, Any] = {
    "user_id": "20417",
    "username": "M.Rossi",
    "email": "m.rossi@example.org",
    "email_validation_status": "1",
    "status": "1",
    "field_4": "Milan",
    "field_9": None,
}


def _ready(mapping: dict[str, Any], **changes: Any) -> Ready:
    result = Normalizer(MappingConfig.model_validate(mapping), PLATFORM)(RECORD | changes)
    assert isinstance(result, Ready)
    return result


EXTRA: dict[str, tuple[list[str], dict[str, Any], tuple[str, ...], tuple[str, ...]]] = {
    "user name": (["username"], {}, ("M.Rossi",), ()),
    "any field": (["field_4"], {}, ("Milan",), ()),
    "order kept": (["field_4", "username"], {}, ("Milan", "M.Rossi"), ()),
    "number": (["field_4"], {"field_4": 815}, ("815",), ()),
    "e-mail beside an e-mail login": (["email"], {}, (), ()),
    "equal to the primary after the fold": (["username"], {"username": "M.ROSSI@example.ORG"}, (), ()),
    "equal to an earlier one after the fold": (
        ["username", "field_4"],
        {"field_4": "m.rossi\u200b"},
        ("M.Rossi",),
        (),
    ),
    "blank": (["username", "field_4", "field_9"], {"username": " ", "field_4": ""}, (), ("username_not_sent",)),
    "missing field": (["field_77"], {}, (), ()),
    "unusable": (["username", "field_4"], {"username": "\x00"}, ("Milan",), ("login_id_dropped", "username_not_sent")),
    "list": (["field_4"], {"field_4": ["Milan"]}, (), ("login_id_dropped",)),
}


@pytest.mark.parametrize(("sources", "changes", "expected", "notes"), EXTRA.values(), ids=EXTRA)
def test_extra_login_ids(
    sources: list[str], changes: dict[str, Any], expected: tuple[str, ...], notes: tuple[str, ...]
) -> None:
    """Extra login ids are the usable ones in order, without doubles, each with its key."""
    ready = _ready({"extra_login_ids": sources}, **changes)

    assert ready.target.extra_login_ids == expected
    assert len(ready.login_keys) == len(ready.target.all_login_ids)
    assert ready.notes == notes


def test_the_e_mail_as_extra_login_id() -> None:
    """A user-name login can answer to the e-mail address too."""
    ready = _ready({"login_id": "username", "extra_login_ids": ["email"]})

    assert ready.target.all_login_ids == ("M.Rossi", "m.rossi@example.org")
    assert ready.login_keys == ("m.rossi", "m.rossi@example.org")


ATTRIBUTES: dict[str, tuple[Any, str | None, tuple[str, ...]]] = {
    "text": ("Milan", "Milan", ()),
    "trimmed NFC without control characters": (" Re\u0301ne\x00\ud800\n", "R\u00e9ne", ()),
    "entities stay": ("R&amp;D", "R&amp;D", ()),
    "true": (True, "true", ()),
    "false": (False, "false", ()),
    "zero": (0, "0", ()),
    "float": (1.5, "1.5", ()),
    "null": (None, None, ()),
    "empty": ("", None, ()),
    "only control characters": ("\x00", None, ()),
    "list": (["Milan"], None, ("attribute_dropped",)),
    "empty list": ([], None, ("attribute_dropped",)),
    "object": ({"a": 1}, None, ("attribute_dropped",)),
    "not a number": (float("nan"), None, ("attribute_dropped",)),
    "1000 characters": ("x" * 1000, "x" * 1000, ()),
    "1001 characters": ("x" * 1001, "x" * 1000, ("attribute_cut",)),
    "one megabyte": ("x" * 1_000_000, "x" * 1000, ("attribute_cut",)),
}


@pytest.mark.parametrize(("value", "expected", "notes"), ATTRIBUTES.values(), ids=ATTRIBUTES)
def test_a_mapped_attribute(value: Any, expected: str | None, notes: tuple[str, ...]) -> None:
    """A mapped field becomes a text attribute, or none at all, and every loss is noted."""
    ready = _ready({"attributes": {"city": "field_4"}}, field_4=value)

    assert ready.target.attributes.get("city") == expected
    assert ready.target.user_id == "20417"
    assert ready.notes == notes


def test_a_missing_field_is_no_attribute() -> None:
    """An attribute whose field the record lacks is left out without a note."""
    ready = _ready({"attributes": {"city": "field_77"}})

    assert "city" not in ready.target.attributes
    assert ready.notes == ()


@pytest.mark.parametrize("name", OUR_ATTRIBUTES)
def test_what_is_ours_cannot_be_mapped_over(name: str) -> None:
    """Even a mapping that was not validated cannot change our attributes."""
    mapping = MappingConfig().model_copy(update={"attributes": {name: "field_4"}})
    ready = Normalizer(mapping, PLATFORM)(RECORD)

    assert isinstance(ready, Ready)
    assert ready.target.attributes == {
        "doceboUserId": "20417", "doceboPlatform": PLATFORM, "doceboUsername": "M.Rossi",
    }  # fmt: skip
