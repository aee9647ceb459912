"""The bodies that are sent about users (docs/contract/descope.md 3.3 and 3.6)."""

from __future__ import annotations

from dataclasses import replace

from two_migrations import target
from wanted_and_held import CITY, MARK

from migrator.descope.payload import create_body, patch_body


def test_the_body_of_a_create_says_everything_that_is_set() -> None:
    assert create_body(CITY) == {
        "loginId": "u1@example.org", "additionalIdentifiers": ["a.ruiz"], "name": "Ana Ruiz", "givenName": "Ana",
        "familyName": "Ruiz", "email": "u1@example.org", "verifiedEmail": True, "phone": "+393471234567",
        "verifiedPhone": False, "picture": "https://x.org/a.png", "status": "enabled",
        "customAttributes": MARK | {"city": "Milan", "freshlyMigrated": True},
    }  # fmt: skip


def test_the_body_of_a_create_leaves_out_what_is_not_set() -> None:
    """But for the flags: Descope takes an address from the login id, and an omitted flag would make it verified."""
    bare = replace(target("1", status="disabled", verified_email=True), email="")
    mark = {**MARK, "freshlyMigrated": True}
    flags = {"verifiedEmail": False, "verifiedPhone": False}
    assert create_body(bare) == {"loginId": "u1@example.org", "status": "disabled", "customAttributes": mark} | flags
    bare = replace(bare, verified_email=False)
    unverified = replace(bare, email="e@x.org")
    assert create_body(unverified) == create_body(bare) | {"email": "e@x.org", "verifiedEmail": False}


def test_the_body_of_a_patch_says_who_it_is_and_what_changes() -> None:
    assert patch_body("u1@example.org", {"name": "Ana"}) == {"loginId": "u1@example.org", "name": "Ana"}
