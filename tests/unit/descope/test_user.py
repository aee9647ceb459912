"""A user object of Descope, taken apart (docs/contract/descope.md 2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from migrator.descope.user import DescopeUser, find_by_login, parse_user, parse_users

OBJECT: dict[str, Any] = {
    "userId": "U1", "loginIds": ["ana@x.org", 7], "name": "Ana Ruiz", "givenName": "Ana", "familyName": "Ruiz",
    "email": "ana@x.org", "verifiedEmail": True, "phone": "+39347", "verifiedPhone": True, "status": "enabled",
    "picture": "https://x.org/a.png", "customAttributes": {"city": "Milan"}, "password": True,
}  # fmt: skip
USER = DescopeUser(
    "U1", ("ana@x.org", "7"), "ana@x.org", True, "+39347", True, "enabled", {"city": "Milan"}, has_credential=True,
    name="Ana Ruiz", given_name="Ana", family_name="Ruiz", picture="https://x.org/a.png",
)  # fmt: skip


def test_each_field_is_taken_from_its_own_name() -> None:
    assert parse_user(OBJECT) == USER


@pytest.mark.parametrize("value", [None, 1, "left out"])
def test_what_is_absent_or_of_another_type_is_unset(value: Any) -> None:
    bare = {"userId": "U1", "loginIds": []}
    texts = ("name", "givenName", "familyName", "email", "phone", "status", "picture", "verifiedEmail", "verifiedPhone")
    full = bare if value == "left out" else bare | dict.fromkeys(texts, value) | {"customAttributes": None}
    assert parse_user(full) == DescopeUser("U1", ())


@pytest.mark.parametrize("broken", [{"userId": 1}, {"userId": ""}, {"loginIds": None}, {"loginIds": "ana"}])
def test_a_user_without_id_or_login_ids_is_no_user(broken: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=r"^userId or loginIds has the wrong type$"):
        parse_user(OBJECT | broken)


def test_attributes_that_are_no_object_are_refused() -> None:
    with pytest.raises(TypeError, match=r"^customAttributes has the wrong type$"):
        parse_user(OBJECT | {"customAttributes": ["x"]})


@pytest.mark.parametrize(
    ("keys", "has"),
    [
        ({}, False),
        ({"password": False, "TOTP": "true"}, False),
        ({"webauthn": True}, True),
        ({"TOTP": True}, True),
        ({"SAML": True}, True),
        ({"push": True}, True),
        ({"OAuth": {"google": False}}, False),
        ({"OAuth": {"google": False, "github": True}}, True),
        ({"OAuth": True}, False),
    ],
)
def test_who_can_sign_in_by_some_credential(keys: dict[str, Any], has: bool) -> None:
    assert parse_user({"userId": "U1", "loginIds": []} | keys).has_credential == has


def test_a_list_of_users_may_be_null_but_nothing_else() -> None:
    assert parse_users(None) == []
    assert parse_users([OBJECT, OBJECT]) == [USER, USER]
    with pytest.raises(TypeError, match=r"^not a list of users$"):
        parse_users({})


def test_users_are_found_by_any_login_id_once_each() -> None:
    other = replace(USER, user_id="U2", login_ids=("bob@x.org",))
    assert find_by_login([USER, other, USER], ["ANA@x.org", "7"]) == [USER]
    assert find_by_login([USER, other], ["bob@x.org", "ana@x.org"]) == [USER, other]
    assert find_by_login([USER, other], []) == []


def test_the_fingerprint_changes_with_every_field_but_the_credential() -> None:
    """Signing in does not make a user another one; any edit does."""
    before = USER.fingerprint()
    assert replace(USER, has_credential=False).fingerprint() == before
    for name in ("user_id", "name", "email", "status", "picture"):
        changed: dict[str, Any] = {name: "other"}
        assert replace(USER, **changed).fingerprint() != before
    assert replace(USER, attributes={}).fingerprint() != before
