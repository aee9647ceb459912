"""A plan with another mapping is a trial: what it writes over is put back, so that no later command builds on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from crash_trials import die_at
from lives import change, edit, put_many, target
from runs import PATCH, calls, go
from stored_tables import everything

if TYPE_CHECKING:
    from world import Place

# What any reading may leave: which sweep saw a user last, and what the plan itself decided or said.
_READING = {"seen_sweep", "decided_at", "predicted_state"}
BOUND = {"attributes": {"city": "field_4"}, "extra_login_ids": ["username"]}
OTHER = {"attributes": {"town": "field_4"}, "extra_login_ids": []}


def users_and_logins(place: Place) -> list[list[dict[str, Any]]]:
    """Every user's row and all login keys."""
    tables = everything(place)
    users = [{name: row[name] for name in row.keys() - _READING} for row in tables["source_user"]]
    return [users, tables["login"]]


def migrated(place: Place) -> list[str]:
    """Four who arrived, one whom a stranger stands in the way of, and one without an address."""
    place.configure(mapping=BOUND)
    place.sandbox.control.put_descope_user({"loginIds": ["u4@example.org"], "email": "u4@example.org"})
    ids = put_many(place, 6, field_4="Rome")
    change(place, ids[5], email="")
    assert go(place).code == 3
    return ids


@pytest.mark.parametrize("how", ["plan", "no", "killed"])
def test_b4_a_trial_leaves_every_row_as_it_was(any_place: Place, how: str) -> None:
    """A plan, a "no" and a killed plan with another mapping: states, hashes, login keys and erased records stay."""
    place = any_place
    migrated(place)
    before = users_and_logins(place)

    place.configure(mapping=OTHER)
    if how == "plan":
        assert go(place, command="plan", dry_run=True, remap=True).counts["updated"] == 4
    elif how == "no":
        go(place, remap=True, confirm=lambda _figures: False)
    else:
        assert die_at(40, lambda: go(place, command="plan", dry_run=True, remap=True)).killed
    place.configure(mapping=BOUND)
    if how == "killed":
        go(place, command="plan", dry_run=True)  # whatever comes next takes it back

    assert users_and_logins(place) == before


def test_b4_edits_in_descope_outlive_a_trial(place: Place) -> None:
    """An admin has set another city; a trial without cities, then a new name in Docebo: the name alone is sent."""
    ids = migrated(place)
    there = target(place, ids[0])
    edit(place, there, customAttributes=there["customAttributes"] | {"city": "Oslo"})
    place.configure(mapping=OTHER)
    go(place, command="plan", dry_run=True, remap=True)
    place.configure(mapping=BOUND)
    change(place, ids[0], fullname="A New Name")

    go(place)

    now = target(place, ids[0])
    assert (now["name"], now["customAttributes"]["city"]) == ("A New Name", "Oslo")


def test_b4_a_confirmed_mapping_stays(any_place: Place) -> None:
    """`run --remap` with a yes sends what the other mapping says, and keeps no copy of the rows before."""
    place = any_place
    migrated(place)
    place.configure(mapping=BOUND | {"attributes": {"town": "field_4"}})

    go(place, remap=True)

    assert calls(place, PATCH)
    assert {user["customAttributes"].get("town") for user in place.targets() if "@" in user["email"]} >= {"Rome"}
    assert [row["was_row"] for row in everything(place)["source_user"]] == [None] * 6
