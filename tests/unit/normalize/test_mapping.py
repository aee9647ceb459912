"""One record through the whole normalizer: what the target user looks like."""

from __future__ import annotations

from typing import Any

import pytest

from migrator.config.schema import MappingConfig
from migrator.core.model import Ready, Rejected, SourceStatus, TargetUser
from migrator.core.reasons import Note, Reason
from migrator.normalize.mapping import Normalizer

PLATFORM = "acme.docebosaas.com"
RECORD: dict[str, Any] = {
    "user_id": "20417",
    "username": "M.Rossi",
    "first_name": "Márta",
    "last_name": "O&#039;Neil",
    "fullname": "Márta O&#039;Neil",
    "email": "M.Rossi@Example.org",
    "email_validation_status": "1",
    "status": "1",
    "expired": False,
    "avatar": "https://cdn.example.org/20417.png",
    "creation_date": "2021-11-30 17:02:09",
    "last_access_date": None,
    "field_4": "Milan",
    "field_9": None,
    "level": "godadmin",
    "manager_names": [],
}


def _normalize(mapping: dict[str, Any] | None = None, **changes: Any) -> Ready | Rejected:
    return Normalizer(MappingConfig.model_validate(mapping or {}), PLATFORM)(RECORD | changes)


def _ready(mapping: dict[str, Any] | None = None, **changes: Any) -> Ready:
    result = _normalize(mapping, **changes)
    assert isinstance(result, Ready)
    return result


def test_an_ordinary_record() -> None:
    """With the default mapping a record becomes the user of README.md, "What is sent, and what never is"."""
    assert _normalize() == Ready(
        user_id="20417",
        target=TargetUser(
            login_id="m.rossi@example.org",
            email="m.rossi@example.org",
            verified_email=True,
            status="enabled",
            name="Márta O'Neil",
            given_name="Márta",
            family_name="O'Neil",
            picture="https://cdn.example.org/20417.png",
            attributes={"doceboUserId": "20417", "doceboPlatform": PLATFORM, "doceboUsername": "M.Rossi"},
            spelled="M.Rossi@Example.org",
        ),
        source_status="active",
        login_keys=("m.rossi@example.org",),
        created="2021-11-30 17:02:09",
    )


REJECTED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "no e-mail": ({}, {"email": None}, "no_email"),
    "blank e-mail": ({}, {"email": " "}, "no_email"),
    "bad e-mail": ({}, {"email": "None"}, "invalid_email"),
    "e-mail that is a number": ({}, {"email": 0}, "invalid_email"),
    "bad e-mail is not replaced by a made-up one": (
        {"missing_email": "synthesize", "synthesize_domain": "no-mail.example"},
        {"email": "None"},
        "invalid_email",
    ),
    "the domain is too long for this user's made-up address": (
        {"missing_email": "synthesize", "synthesize_domain": f"{'a.' * 121}org"},
        {"email": ""},
        "no_email",
    ),
    "a phone does not replace the e-mail of an e-mail login": (
        {"phone_field": "field_9"},
        {"email": "", "field_9": "+393471234567"},
        "no_email",
    ),
    "user-name login without e-mail and phone": ({"login_id": "username"}, {"email": ""}, "no_email"),
    "user-name login without e-mail and with a bad phone": (
        {"login_id": "username", "phone_field": "field_9"},
        {"email": "", "field_9": "12"},
        "no_email",
    ),
    "user-name login with a bad e-mail and a phone": (
        {"login_id": "username", "phone_field": "field_9"},
        {"email": "None", "field_9": "+393471234567"},
        "invalid_email",
    ),
    "no user name": ({"login_id": "username"}, {"username": ""}, "no_username"),
    "bad user name": ({"login_id": "username"}, {"username": "m\x00rossi"}, "invalid_username"),
    "unknown status": ({}, {"status": None}, "unknown_status"),
    "the e-mail is told before the status": ({}, {"status": None, "email": ""}, "no_email"),
    "the user name is told before the status": (
        {"login_id": "username"},
        {"status": None, "username": ""},
        "no_username",
    ),
}


@pytest.mark.parametrize(("mapping", "changes", "reason"), REJECTED.values(), ids=REJECTED)
def test_a_record_that_cannot_be_migrated(mapping: dict[str, Any], changes: dict[str, Any], reason: str) -> None:
    """The record is rejected under its own user id with the first reason that applies, and its status where told."""
    told: SourceStatus | None = None if "status" in changes else "active"

    assert _normalize(mapping, **changes) == Rejected("20417", Reason[reason.upper()], told)


@pytest.mark.parametrize(
    ("changes", "told"), [({"status": "0"}, "suspended"), ({"expired": True}, "expired")], ids=["suspended", "expired"]
)
def test_a_rejected_record_still_says_that_the_user_has_left(changes: dict[str, Any], told: SourceStatus) -> None:
    """Who arrived earlier is disabled although the record cannot be migrated any more."""
    assert _normalize(email=None, **changes) == Rejected("20417", Reason.NO_EMAIL, told)


@pytest.mark.parametrize(
    ("mapping", "changes", "spelled"),
    [
        ({}, {"email": "m.rossi@example.org"}, ""),
        ({}, {"email": " M.Rossi@Example.org "}, "M.Rossi@Example.org"),
        ({"login_id": "username"}, {}, ""),
        ({"missing_email": "synthesize", "synthesize_domain": "no-mail.example"}, {"email": ""}, ""),
    ],
    ids=["the same", "with blanks around it", "a user name is kept as it is", "made up"],
)
def test_docebos_spelling_is_kept_where_it_differs(
    mapping: dict[str, Any], changes: dict[str, Any], spelled: str
) -> None:
    """A server that tells letter cases apart has to be asked for both."""
    assert _ready(mapping, **changes).target.spelled == spelled


@pytest.mark.parametrize("value", [None, True, 0, 1.5, "20417", "", [], [RECORD], 10**5000], ids=type)
def test_what_is_no_object_is_malformed(value: Any) -> None:
    """Any JSON value that is not an object is counted once, under a key of its content."""
    result = Normalizer(MappingConfig(), PLATFORM)(value)

    assert isinstance(result, Rejected)
    assert result.reason == "malformed_record"
    assert result.user_id[0] == "#"
    assert len(bytes.fromhex(result.user_id[1:])) == 16


@pytest.mark.parametrize(("user_id", "reason"), [("", "no_user_id"), ("-1", "invalid_user_id")])
def test_records_without_a_usable_id_are_told_apart(user_id: str, reason: str) -> None:
    """Two different records without an id are two rejections, the same one twice is one."""
    one, again, other = (_normalize(user_id=user_id, email=e) for e in ("a@b.org", "a@b.org", "c@b.org"))

    assert isinstance(one, Rejected)
    assert one.reason == reason
    assert one == again != other


@pytest.mark.parametrize("status", ["1", "0"])
@pytest.mark.parametrize("expired", [True, False])
@pytest.mark.parametrize("verified", ["1", "0"])
def test_rights_never_grow(status: str, *, expired: bool, verified: str) -> None:
    """Only an active, unexpired user is enabled, and only a verified address is verified."""
    target = _ready(status=status, expired=expired, email_validation_status=verified).target

    assert (target.status == "enabled") == (status == "1" and not expired)
    assert target.verified_email == (verified == "1")


def test_the_status_table_decides() -> None:
    """The target status is what the mapping says for the source status."""
    mapping = {"status": {"active": "enabled", "suspended": "disabled", "expired": "enabled"}}

    assert _ready(mapping, expired=True).target.status == "enabled"
    assert _ready(mapping, expired=True).source_status == "expired"
    assert _ready(mapping, status="0", expired=True).target.status == "disabled"


@pytest.mark.parametrize("value", ["1", 1, True], ids=repr)
def test_a_verified_address(value: Any) -> None:
    """The three spellings of a set flag mean verified."""
    assert _ready(email_validation_status=value).target.verified_email


@pytest.mark.parametrize("value", [None, "", "0", 0, False, "2", 2, "true", 1.0, [1], {}], ids=repr)
def test_an_unverified_address(value: Any) -> None:
    """Nothing else does."""
    assert not _ready(email_validation_status=value).target.verified_email


@pytest.mark.parametrize(("phone", "notes"), [("", ("unverified_email",)), ("+393123456789", ())])
def test_a_user_who_cannot_prove_to_be_one_is_noted(phone: str, notes: tuple[str, ...]) -> None:
    """An unverified address and no phone: the report counts that user as not ready to sign in."""
    assert _ready({"phone_field": "field_9"}, email_validation_status="0", field_9=phone).notes == notes


def test_a_made_up_address_is_never_verified() -> None:
    """A synthesised address is noted and unverified, whatever Docebo's flag says."""
    ready = _ready({"missing_email": "synthesize", "synthesize_domain": "no-mail.example"}, email=None)

    assert ready.target.email == ready.target.login_id == "docebo-20417@no-mail.example"
    assert not ready.target.verified_email
    assert ready.notes == ("email_synthesized", "unverified_email")


def test_a_user_name_login() -> None:
    """The user name is the login id, and the e-mail is kept beside it."""
    ready = _ready({"login_id": "username"})

    assert (ready.target.login_id, ready.target.email) == ("M.Rossi", "m.rossi@example.org")
    assert ready.login_keys == ("m.rossi",)


def test_a_user_name_login_with_only_a_phone() -> None:
    """Descope wants an e-mail or a phone, so a valid phone is enough; no address is verified then."""
    ready = _ready(
        {"login_id": "username", "phone_field": "field_9", "phone_region": "IT"}, email="", field_9="3471234567"
    )

    assert (ready.target.login_id, ready.target.email) == ("M.Rossi", "")
    assert ready.target.phone == "+393471234567"
    assert not ready.target.verified_email


@pytest.mark.parametrize(("value", "notes"), [(None, ()), ("", ()), (" ", ()), ("12", ("phone_dropped",))])
def test_a_dropped_phone_is_noted(value: Any, notes: tuple[str, ...]) -> None:
    """Only a phone that was there can be dropped."""
    ready = _ready({"phone_field": "field_9", "phone_region": "IT"}, field_9=value)

    assert ready.target.phone == ""
    assert ready.notes == notes


def test_a_name_cut_is_noted_once() -> None:
    """Three names that are too long are one note."""
    long = "x" * 300

    assert _ready(fullname=long, first_name=long, last_name=long).notes == ("name_cut",)


def test_a_huge_record_is_taken_without_its_ballast() -> None:
    """A thousand unknown fields and a list of 100,000 change nothing."""
    ballast: dict[str, Any] = {f"field_{n}": "x" * 100 for n in range(1000, 2000)}

    assert _normalize(**ballast, managers=[{"manager_id": "1"}] * 100_000) == _normalize()


def test_every_note_is_in_the_table() -> None:
    """The codes that the normalizer gives are explained."""
    ready = _ready(
        {
            "missing_email": "synthesize",
            "synthesize_domain": "no-mail.example",
            "extra_login_ids": ["username"],
            "phone_field": "field_9",
            "attributes": {"city": "field_4", "list": "manager_names"},
        },
        email=None,
        username="\x00",
        field_9="12",
        field_4="x" * 1001,
        fullname="x" * 255,
    )

    assert set(ready.notes) == {
        "phone_dropped", "email_synthesized", "login_id_dropped", "name_cut", "attribute_cut", "attribute_dropped",
        "username_not_sent", "unverified_email",
    }  # fmt: skip
    assert set(ready.notes) <= set(Note)


def test_a_login_id_that_a_person_gave_stands_for_docebos() -> None:
    """It is the address too, where people sign in with theirs, and nobody has verified it."""
    wrong = RECORD | {"email": "", "email_validation_status": "1"}
    normalize = Normalizer(MappingConfig(), PLATFORM, {str(RECORD["user_id"]): "given@example.org"})

    found = normalize(wrong)

    assert isinstance(found, Ready)
    assert (found.target.login_id, found.target.email) == ("given@example.org", "given@example.org")
    assert not found.target.verified_email
    assert isinstance(Normalizer(MappingConfig(), PLATFORM, {"99": "given@example.org"})(wrong), Rejected)


def test_a_user_name_that_a_person_gave_leaves_the_address_alone() -> None:
    """Where people sign in with a user name, the address stays Docebo's."""
    mapping = MappingConfig.model_validate({"login_id": "username"})

    found = Normalizer(mapping, PLATFORM, {str(RECORD["user_id"]): "given"})(RECORD)

    assert isinstance(found, Ready)
    assert (found.target.login_id, found.target.email) == ("given", "m.rossi@example.org")


def test_an_erased_login_id_needs_a_person() -> None:
    """Nobody gets another login id than the one that was decided."""
    found = Normalizer(MappingConfig(), PLATFORM, {str(RECORD["user_id"]): ""})(RECORD)

    assert isinstance(found, Rejected)
    assert found.reason == "login_id_erased"


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        ("email", " Ann@Example.org ", "ann@example.org"), ("email", "ann", ""), ("email", "", ""),
        ("username", "ann", "ann"), ("username", "\u200b", ""), ("username", "a" * 255, ""), ("username", "", ""),
    ],
)  # fmt: skip
def test_what_a_person_gives_must_be_able_to_be_a_login_id(source: str, text: str, expected: str) -> None:
    """By the rules for Docebo's own."""
    mapping = MappingConfig.model_validate({"login_id": source})

    assert Normalizer(mapping, PLATFORM).login_id_from(text) == expected
