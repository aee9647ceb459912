"""The exact limits of the normalizer, and what stands behind something it drops."""

from __future__ import annotations

from typing import Any

import pytest

from migrator.config.schema import MappingConfig
from migrator.core.login_ids import login_key, look_alike_key
from migrator.core.model import Ready
from migrator.core.text import integer_text
from migrator.normalize.identity import stand_in_key
from migrator.normalize.mapping import Normalizer
from migrator.normalize.person import phone_of

RECORD: dict[str, Any] = {"user_id": "7", "username": "m.rossi", "email": "m.rossi@example.org", "status": "1"}


def ready(mapping: dict[str, Any], **changes: Any) -> Ready:
    result = Normalizer(MappingConfig.model_validate(mapping), "acme.docebosaas.com")(RECORD | changes)
    assert isinstance(result, Ready)
    return result


@pytest.mark.parametrize(("length", "expected"), [(250, "+393471234567"), (251, "")])
def test_a_phone_text_is_read_up_to_250_characters(length: int, expected: str) -> None:
    assert phone_of("+393471234567".rjust(length), None) == expected


def test_an_integer_is_printed_up_to_8192_bits() -> None:
    assert integer_text(2**8192 - 1) == str(2**8192 - 1)
    assert integer_text(2**8192) is None


def test_a_domain_label_is_folded_up_to_63_characters() -> None:
    assert login_key(f"a@{'ü' * 63}.org").isascii()
    assert not login_key(f"a@{'ü' * 64}.org").isascii()


def test_a_made_up_address_serves_as_extra_login_id() -> None:
    mapping = {
        "login_id": "username",
        "extra_login_ids": ["email"],
        "missing_email": "synthesize",
        "synthesize_domain": "no-mail.example",
    }
    assert ready(mapping, email=None).target.extra_login_ids == ("docebo-7@no-mail.example",)


def test_both_dates_of_a_record_are_kept_apart() -> None:
    found = ready({}, creation_date="2021-11-30 17:02:09", last_access_date="2024-02-01")
    assert (found.created, found.last_login) == ("2021-11-30 17:02:09", "2024-02-01")


def test_records_that_are_no_objects_are_told_apart() -> None:
    normalize = Normalizer(MappingConfig(), "acme.docebosaas.com")
    assert len({normalize(record).user_id for record in (None, [], ["x"], "x", 7)}) == 5


HUGE = 10**5000  # too long for the json module, as is everything it stands in


def test_values_too_large_for_json_are_told_apart_by_all_they_hold() -> None:
    values = (
        HUGE, [HUGE], [HUGE, 1], [HUGE, True], [HUGE, "1"], [HUGE, "2"], [HUGE, None], [[HUGE], 1], [2, [HUGE]],
        [3, [HUGE]], {"a": HUGE}, {"b": HUGE}, {"a": HUGE, "b": 1}, [HUGE, ["x"]], [["y"], HUGE],
    )  # fmt: skip
    assert len({stand_in_key(value) for value in values}) == len(values)


@pytest.mark.parametrize("other", ["m-rossi@example.org", "mrossi+tag+two@example.org", "rnrossi@example.org"])
def test_addresses_that_look_alike_share_a_key_only_with_dots_tags_and_letters_folded(other: str) -> None:
    alike = look_alike_key("m.rossi@example.org") == look_alike_key(other)
    assert alike is not other.startswith("rn")


def test_an_i_without_its_dot_and_one_with_two_look_like_an_i() -> None:
    assert {look_alike_key(f"{letter}smail@x.example.org") for letter in "i\u0131\u0130I"} == {"lsmall@x.example.org"}


def test_a_look_keeps_the_domain_and_a_user_name_its_plus() -> None:
    assert look_alike_key("a.0@x.example.org") == "ao@x.example.org"
    assert look_alike_key("M.Rossi+1") == "mrossl+l"


def test_an_attribute_behind_a_dropped_one_is_still_taken() -> None:
    found = ready({"attributes": {"list": "managers", "city": "field_4"}}, managers=[], field_4="Milan")
    assert found.target.attributes["city"] == "Milan"
