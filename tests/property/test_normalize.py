"""What must hold for every input of the normalizer (docs/reliability.md D1, D4, D6 and D8)."""

from __future__ import annotations

import copy
import json
import unicodedata
from typing import Any

import pytest
from email_validator import SPECIAL_USE_DOMAIN_NAMES, validate_email
from hypothesis import assume, example, given
from hypothesis import strategies as st

from migrator.config.schema import MappingConfig
from migrator.core.email_address import _ORDINARY, parse_email
from migrator.core.login_ids import login_key
from migrator.core.model import Normalized, Ready, Rejected, TargetUser
from migrator.core.reasons import Note
from migrator.normalize.mapping import Normalizer

PLATFORM = "acme.docebosaas.com"
RECORD: dict[str, Any] = {
    "user_id": "20417",
    "username": "M.Rossi",
    "first_name": "Márta",
    "last_name": "O&#039;Neil",
    "fullname": "Márta O&#039;Neil",
    "email": "m.rossi@example.org",
    "email_validation_status": "1",
    "status": "1",
    "expired": False,
    "avatar": "https://cdn.example.org/20417.png",
    "creation_date": "2021-11-30 17:02:09",
    "last_access_date": "0000-00-00 00:00:00",
    "field_4": "Milan",
    "field_9": "+393471234567",
}
MAPPINGS: dict[str, dict[str, Any]] = {
    "default": {},
    "user name": {"login_id": "username", "phone_field": "field_9", "extra_login_ids": ["email", "field_4"]},
    "everything": {
        "missing_email": "synthesize",
        "synthesize_domain": "no-mail.example",
        "extra_login_ids": ["username"],
        "phone_field": "field_9",
        "phone_region": "IT",
        "attributes": {"city": "field_4", "photo": "avatar", "list": "managers"},
    },
}
NORMALIZERS = {name: Normalizer(MappingConfig.model_validate(mapping), PLATFORM) for name, mapping in MAPPINGS.items()}

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT
ANY_JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner), max_leaves=20)
QUIRKS = st.sampled_from(
    ["", " ", "0", "1", 0, 1, "null", "None", "0000-00-00", "&amp;lt;", "\x00", "\ud800", "\ufeff", "e\u0301",
     "x" * 2000, "A@B.org", "a@Müller.de", "a@xn--mller-kva.de", "a@b。test", "İ@b.org", "ß@ß.de",
     "10" * 400, 10**5000, "\u200b"]
)  # fmt: skip
LOCAL_PARTS = st.text("aA1-+'\u00e9\u0301\u00df\u212a\u03a3", min_size=1, max_size=9)
LABELS = st.text("aA1z\u00fc\u0301\u00df\u017f\uff41\u212a\u03a3", min_size=1, max_size=9) | st.just("xn--mller-kva")
DOMAINS = st.builds(
    "{}{}{}".format,
    LABELS,
    st.sampled_from([".", "\u3002", "\uff0e", "\uff61"]),
    st.sampled_from(["org", "TEST", "de"]),
)
ADDRESSES = st.builds("{}@{}".format, LOCAL_PARTS, DOMAINS)
FIELD_VALUES = ANY_JSON | QUIRKS | ADDRESSES | st.builds("{}@{}".format, ANY_TEXT, ANY_TEXT)
MUTATED = st.dictionaries(st.sampled_from([*RECORD, "managers"]), FIELD_VALUES, max_size=4).map(RECORD.__or__)

each_mapping = pytest.mark.parametrize("normalize", NORMALIZERS.values(), ids=NORMALIZERS)


def _check(normalize: Normalizer, record: Any) -> Normalized:
    before = copy.deepcopy(record)
    result = normalize(record)

    assert normalize(before) == result, "same in, same out"
    if isinstance(result, Rejected):
        assert result.reason.meaning
        assert result.user_id
        json.dumps([result.user_id]).encode("ascii")
    return result


@each_mapping
@given(value=ANY_JSON)
def test_d6_any_json_value_has_an_outcome(normalize: Normalizer, value: Any) -> None:
    """Whatever Docebo answers, the outcome is a rejection or a user, never an exception."""
    assert isinstance(_check(normalize, value), Ready | Rejected)


@each_mapping
@given(record=MUTATED)
def test_d6_a_mutated_record_gives_a_sound_user_or_none(normalize: Normalizer, record: dict[str, Any]) -> None:
    """Any spoiled record is rejected, or every field of the user keeps its promise."""
    result = _check(normalize, record)

    if isinstance(result, Ready):
        _sound_text(result.target)
        _sound_rights(result, record)
        assert result.target.attributes["doceboUserId"] == result.user_id == str(int(result.user_id))
        assert result.target.attributes["doceboPlatform"] == PLATFORM
        assert result.target.attributes.get("doceboUsername") in (None, str(record.get("username")))
        assert TargetUser.from_json(result.target.to_json()) == result.target
        assert tuple(map(login_key, result.target.all_login_ids)) == result.login_keys
        assert len(set(result.login_keys)) == len(result.login_keys)
        assert set(result.notes) <= set(Note)
        assert len(set(result.notes)) == len(result.notes)


def _sound_text(target: TargetUser) -> None:
    names = (target.name, target.given_name, target.family_name)
    assert all(len(text) <= 254 for text in (*names, target.email, *target.all_login_ids))
    assert all(len(value) <= 1000 for value in target.attributes.values())
    cleaned = [value for name, value in target.attributes.items() if name != "doceboUsername"]  # that one is verbatim
    assert len(target.picture) <= 2048
    for text in (*names, target.phone, target.picture, *target.all_login_ids, *target.attributes.values()):
        assert not {unicodedata.category(char) for char in text} & {"Cc", "Cs"}
    for text in (*names, target.phone, target.picture, *target.all_login_ids, *cleaned):
        assert text == text.strip()
    for text in (*names, *target.all_login_ids, *cleaned):
        assert unicodedata.is_normalized("NFC", text)
    assert all(target.all_login_ids)
    assert all(target.attributes.values())


def _sound_rights(ready: Ready, record: dict[str, Any]) -> None:
    assert (ready.target.status == "enabled") == (ready.source_status == "active")
    if ready.source_status == "active":
        assert record["status"] in ("1", 1)
        assert record.get("expired") not in ("1", 1)
    if ready.target.verified_email:
        assert record["email_validation_status"] in ("1", 1)
        assert ready.target.email == parse_email(record["email"])


@each_mapping
@given(record=MUTATED)
def test_d6_a_user_fed_back_stays_the_same(normalize: Normalizer, record: dict[str, Any]) -> None:
    """The login ids and the address are their own normal forms: a second pass changes none of them."""
    first = normalize(record)
    assume(isinstance(first, Ready))
    assert isinstance(first, Ready)
    again = normalize(
        record
        | {"user_id": first.user_id, "email": first.target.email}
        | ({"username": first.target.login_id} if first.target.login_id != first.target.email else {})
    )

    assert isinstance(again, Ready)
    assert again.target.login_id == first.target.login_id
    assert again.target.email == first.target.email
    assert again.login_keys == first.login_keys


@given(address=ADDRESSES)
@example("a@b\u3002te\u017ft")
def test_d6_an_accepted_address_is_its_own_spelling(address: str) -> None:
    """What is accepted is at most 254 octets long, has a dot in its domain, and stays as it is."""
    spelling = parse_email(address)
    assume(spelling is not None)
    assert spelling is not None

    assert parse_email(spelling) == spelling
    assert len(spelling.encode()) <= 254
    assert "." in spelling.partition("@")[2]
    assert login_key(spelling) == login_key(address)


@given(address=st.from_regex(_ORDINARY, fullmatch=True))
def test_d6_the_fast_path_takes_only_what_the_library_takes(address: str) -> None:
    """An address that skips email-validator would pass it unchanged (special-use names apart)."""
    assume(len(address) <= 254)
    assume(address.rpartition(".")[2] not in SPECIAL_USE_DOMAIN_NAMES)
    checked = validate_email(address, check_deliverability=False, globally_deliverable=False)

    assert checked.normalized == address == parse_email(address)


@given(local=st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20))
def test_d6_the_key_of_an_address_forgets_its_spelling(local: str) -> None:
    """Case, composition, compatibility forms and invisible characters do not change the key."""
    key = login_key(f"{local}@example.org")

    for other in (
        local.casefold(),
        unicodedata.normalize("NFC", local),
        unicodedata.normalize("NFD", local),
        unicodedata.normalize("NFKC", local),
        "\u200b".join(local),
        f" {local}",
    ):
        assert login_key(f"{other}@EXAMPLE.org ") == key


@given(text=ANY_TEXT)
def test_d6_a_key_is_settled(text: str) -> None:
    """Folding a folded user name changes nothing."""
    assume("@" not in unicodedata.normalize("NFKC", text))

    assert login_key(login_key(text)) == login_key(text)
