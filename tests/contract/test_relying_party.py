"""Docebo as an OIDC client, as docs/contract/docebo.md 12 has it: in whose account a claim lands, under each switch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.sandbox.process import SandboxProcess
    from migrator.sandbox.remote import Control

WRONG = {"outcome": "refused", "user_id": "", "message": "Something went wrong"}


@pytest.fixture
def control(sandbox: SandboxProcess) -> Control:
    """A platform with Ann, whose user name is no address, and Ben, who is suspended."""
    sandbox.control.reset(users=0, pending=0)
    for user_id, name, status in (("12001", "Ann", "1"), ("12002", "Ben", "0")):
        record = {"user_id": user_id, "username": name, "email": f"{name}@x.org", "status": status, "expired": False}
        sandbox.control.put_docebo_user(record)
    return sandbox.control


@pytest.fixture
def land(control: Control) -> Callable[..., dict[str, str]]:
    """Come with a claim, under these switches."""

    def come(value: Any, **switches: str) -> dict[str, str]:
        control.set_switches(relying_party=switches)
        return control.sign_in_to_docebo({"doceboUsername": value, "email": "someone@x.org", "name": "Some One"})

    return come


def found(user_id: str) -> dict[str, str]:
    """In an account that was there."""
    return {"outcome": "found", "user_id": user_id, "message": ""}


def test_the_user_name_leads_to_its_account(land: Callable[..., dict[str, str]]) -> None:
    """And the account notes the visit."""
    assert land("Ann") == found("12001")


def test_whoever_is_not_known_gets_a_new_account_with_the_claim_as_its_name(
    control: Control, land: Callable[..., dict[str, str]]
) -> None:
    """It is listed like any other, is found the next time, and has the address of the token."""
    new = land("Cleo")
    users = {user["user_id"]: user for user in control.state()["docebo"]["users"]}

    assert (new["outcome"], land("Cleo")) == ("created", found(new["user_id"]))
    assert (users[new["user_id"]]["username"], users[new["user_id"]]["email"]) == ("Cleo", "someone@x.org")
    assert len(users) == 3


@pytest.mark.parametrize("value", ["", None, 7, ["Ann"]])
def test_a_token_without_the_claim_is_refused(land: Callable[..., dict[str, str]], value: Any) -> None:
    assert land(value) == WRONG


def test_without_automatic_creation_whoever_is_not_known_is_refused(
    control: Control, land: Callable[..., dict[str, str]]
) -> None:
    assert land("Cleo", creation="off") == WRONG
    assert len(control.state()["docebo"]["users"]) == 2


@pytest.mark.parametrize(("case", "outcome"), [("exact", "created"), ("ignored", "found")])
def test_letter_case_counts_as_the_switch_says(land: Callable[..., dict[str, str]], case: str, outcome: str) -> None:
    assert land("ANN", case=case)["outcome"] == outcome


def test_addresses_are_matched_instead_where_the_platform_is_set_to_that(land: Callable[..., dict[str, str]]) -> None:
    assert land("Ann@x.org", match="email") == found("12001")
    assert land("Ann", match="email")["outcome"] == "created"


def test_another_claim_is_taken_where_the_platform_is_set_to_that(land: Callable[..., dict[str, str]]) -> None:
    assert land("Ann", claim="email", creation="off") == WRONG
    assert land("Ann", claim="no such claim") == WRONG


@pytest.mark.parametrize(("several", "expected"), [("refused", WRONG), ("first", found("12001"))])
def test_of_several_accounts_none_is_taken_or_the_first(
    control: Control, land: Callable[..., dict[str, str]], several: str, expected: dict[str, str]
) -> None:
    """The smallest id is the first, as a number and not as a text."""
    control.put_docebo_user({"user_id": "100001", "username": "other", "email": "Ann@x.org", "status": "1"})

    assert land("Ann@x.org", match="email", several=several) == expected


def test_an_account_that_is_not_active_lets_nobody_in(control: Control, land: Callable[..., dict[str, str]]) -> None:
    """Suspended or expired: refused, and no new account is made instead."""
    control.patch_docebo_user("12001", expired=True)

    assert [land(name)["outcome"] for name in ("Ben", "Ann")] == ["refused", "refused"]
    assert len(control.state()["docebo"]["users"]) == 2


def test_switches_are_back_at_their_start_behind_a_reset(control: Control) -> None:
    control.set_switches(relying_party={"creation": "off"})

    control.reset(users=0)

    assert control.switches()["relying_party"]["creation"] == "on"


@pytest.mark.parametrize("switches", [{"match": "sub"}, {"nothing": "on"}])
def test_a_switch_that_is_not_there_is_refused(control: Control, switches: dict[str, str]) -> None:
    with pytest.raises(requests.HTTPError, match="422"):
        control.set_switches(relying_party=switches)
