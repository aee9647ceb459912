"""Who of several users with one login may go on, and who needs a person (matrix B2.12)."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from migrator.checkpoint.clashes import Member
from migrator.config import PolicyConfig
from migrator.engine.collide import losers
from migrator.model import State


def member(user_id: str, **changes: Any) -> Member:
    values: dict[str, Any] = {
        "state": State.PENDING, "login_ids": ("a@x.org",), "email": "a@x.org", "created": "", "last_login": ""
    }  # fmt: skip
    return Member(user_id, **values | changes)


def aside(*groups: list[Member], choice: Literal["conflict", "oldest", "newest_login"] = "conflict") -> dict[str, str]:
    return losers(groups, PolicyConfig(duplicate_email=choice))


def test_without_a_rule_all_of_them_wait_for_a_person() -> None:
    assert aside([member("1"), member("2")]) == {"1": "duplicate_email", "2": "duplicate_email"}


@pytest.mark.parametrize("choice", ["oldest", "newest_login"])
def test_the_rule_never_chooses_among_people_with_different_addresses(
    choice: Literal["oldest", "newest_login"],
) -> None:
    group = [member("1", email="b@x.org", login_ids=("b@x.org",)), member("2")]
    assert aside(group, choice=choice) == {"1": "duplicate_login", "2": "duplicate_login"}


def test_the_rule_never_chooses_among_people_with_different_login_ids() -> None:
    group = [member("1", login_ids=("a@x.org", "extra")), member("2")]
    assert aside(group, choice="oldest") == {"1": "duplicate_email", "2": "duplicate_email"}


def test_an_address_spelled_differently_is_still_the_same_address() -> None:
    assert set(aside([member("1", email="A@x.org"), member("2")]).values()) == {"duplicate_email"}


def test_who_has_no_address_collides_by_login() -> None:
    assert set(aside([member("1", email=""), member("2", email="")]).values()) == {"duplicate_login"}
    assert set(aside([member("1", email=""), member("2")]).values()) == {"duplicate_email"}


def test_the_oldest_goes_on_and_an_unknown_date_is_the_youngest() -> None:
    group = [member("1"), member("2", created="2021-01-01", last_login="2024-01-01"), member("3", created="2020-01-01")]
    assert set(aside(group, choice="oldest")) == {"1", "2"}


def test_of_equally_old_users_the_smaller_number_goes_on() -> None:
    assert set(aside([member("10"), member("9"), member("11")], choice="oldest")) == {"10", "11"}


def test_the_last_one_to_log_in_goes_on_and_the_older_one_of_two() -> None:
    group = [
        member("1", last_login="2020-01-01", created="2018-01-01"),
        member("3", last_login="2024-01-01", created="2019-01-01"),
        member("2", last_login="2024-01-01", created="2020-01-01"),
    ]
    assert set(aside(group, choice="newest_login")) == {"1", "2"}


@pytest.mark.parametrize("state", [State.CREATED, State.UPDATED, State.UNCHANGED])
def test_who_arrived_keeps_the_login_and_everybody_who_waits_loses(state: State) -> None:
    group = [member("1"), member("2", state=state), member("3")]
    assert set(aside(group, choice="oldest")) == {"1", "3"}


def test_only_who_is_pending_is_set_aside() -> None:
    assert set(aside([member("1", state=State.SENDING), member("2"), member("3", state=State.CONFLICT)])) == {"2"}


def test_the_first_reason_stays_when_a_user_is_in_two_groups() -> None:
    two = [member("2"), member("3", email="c@x.org", login_ids=("c@x.org",))]
    assert aside([member("1"), member("2")], two) == {
        "1": "duplicate_email",
        "2": "duplicate_email",
        "3": "duplicate_login",
    }
