"""`migrator estimate`: how long it will take, before there is an account; and whether that is so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from virtual_clock import VirtualClock

if TYPE_CHECKING:
    from world import Place

USERS = 400


def test_it_needs_no_account_and_says_so(place: Place) -> None:
    """Without a configuration it goes by the documented limits."""
    place.config_path.unlink()

    ended = place.forked("estimate", "--users", "100000")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[0] == (
        "100,000 users: a first migration takes 1 h 0 min to 1 h 6 min (by the documented limits)."
    )


@pytest.mark.parametrize("named", ["option", "variable"])
def test_a_file_that_was_named_must_be_there(place: Place, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    """The documented limits never stand in for those of a file whose name was mistyped."""
    if named == "variable":
        monkeypatch.setenv("MIGRATOR_CONFIG", "conf.yaml")

    ended = place.forked("estimate", "--users", "10", *(["--config", "conf.yaml"] if named == "option" else []))

    assert (ended.code, ended.out) == (2, "")
    assert "There is no configuration file conf.yaml." in ended.err
    assert "Fix:" in ended.err


def test_it_goes_by_the_limits_of_the_configuration(place: Place) -> None:
    """No server is asked, and the variables of the secrets may be missing."""
    place.configure(docebo={"calls_per_hour": 0}, descope={"rate_limits": "none"})

    ended = place.forked("estimate", "--users", "1", "--json")

    assert ended.code == 0
    assert ended.document == {
        "schema": "estimate/1",
        "users": 1,
        "minutes": 0.0,
        "range_minutes": [0.0, 0.2],
        "stages": [
            {"name": name, "calls": 1, "minutes": 0.0, "limit": None}
            for name in ("read", "read_again", "plan", "send", "verify")
        ],
    }
    assert place.sandbox.control.journal() == []


def test_it_counts_with_what_is_left_to_others(place: Place) -> None:
    """As `run --leave` does, and it says so."""
    place.config_path.unlink()

    ended = place.forked("estimate", "--users", "100000", "--leave", "30%")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[0] == (
        "100,000 users: a first migration takes 1 h 0 min to 2 h 9 min (by the documented limits, 30 % of each left to"
        " others)."
    )


@pytest.mark.parametrize("command", ["run", "plan", "estimate --users 5"])
@pytest.mark.parametrize("share", ["91%", "1", "-1%", "nan", "much"])
def test_a_share_that_would_leave_nothing_is_refused(place: Place, command: str, share: str) -> None:
    ended = place.forked(*command.split(), "--leave", share)

    assert (ended.code, ended.out) == (2, "")
    assert "--leave" in ended.err
    assert "give a share from 0% to 90%, like 30% or 0.3" in " ".join(ended.err.split())
    assert place.sandbox.control.journal() == []


@pytest.mark.parametrize("arguments", [("--users", "0"), ("--users", "many"), ()])
def test_a_wrong_number_is_refused(place: Place, arguments: tuple[str, ...]) -> None:
    ended = place.forked("estimate", *arguments)

    assert (ended.code, ended.out) == (2, "")
    assert "--users" in ended.err


def test_a_run_takes_as_long_as_was_said(place: Place) -> None:
    """Within the range, and five per cent of its beginning, on a clock on which waiting costs nothing."""
    users = 2000  # 400 pages
    place.sandbox.control.reset(users=users, difficult=0)
    place.configure(
        docebo={"page_size": 5, "calls_per_hour": 200}, descope={"batch_size": 5, "rate_limits": {"create": 100}}
    )
    said = json.loads(place.forked("estimate", "--users", str(users), "--json").out)

    figures = place.migrate(VirtualClock())

    assert figures.document()["counts"]["created"] == users
    assert figures.seconds / 60 == pytest.approx(said["minutes"], rel=0.05)
    least, most = said["range_minutes"]
    assert least <= figures.seconds / 60 <= most


def test_a_plan_and_the_status_of_its_run_tell_the_same_kind_of_range(place: Place) -> None:
    """Least and most, in the plan's JSON beside the keys that were there before, and in its text."""
    place.sandbox.control.reset(users=USERS, difficult=0)
    place.configure(descope={"batch_size": 1, "rate_limits": {"create": 100}})

    planned = place.forked("plan", "--json").document["estimate"]
    told = place.forked("plan").out

    assert planned["total_minutes"] == 4.0
    assert planned["total_minutes"] <= planned["range_minutes"][0] < planned["range_minutes"][1]
    assert planned["run_range_minutes"][0] >= planned["range_minutes"][0]
    assert "sending takes 800 calls (400 to create, 400 others), 4 min to " in told
    assert "a whole run takes 4 min to " in told
