"""Switches of the sandbox that a single run does not show: several runs, or a second checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import oracle
import pytest
from runs import CREATE, go
from world import Place

if TYPE_CHECKING:
    from pathlib import Path


def differences(place: Place) -> Path:
    """Where the program lists users who came back other than they were sent."""
    return place.folder / "reports" / "differences.csv"


def few(place: Place, **switches: Any) -> list[dict[str, Any]]:
    """Twelve plain people, migrated under these switches of Descope; their Docebo records."""
    place.sandbox.control.reset(users=12, difficult=0)
    place.sandbox.control.set_switches(descope=switches)
    place.configure(mapping={"attributes": {"city": "field_4"}})
    assert go(place).code in (0, 3)
    assert len(place.targets()) == 12
    return place.sources()


@pytest.mark.parametrize(
    "switches",
    [
        {"search_cut": 2},
        {"test_users_pattern": "."},
        {"test_users_pattern": ".", "load_hides_test_users": "on"},
        {"attribute_values": "strings"},
    ],
    ids=str,
)
def test_a3_a_new_checkpoint_doubles_nobody_whose_address_moved(
    place: Place, tmp_path: Path, switches: dict[str, Any]
) -> None:
    """Whoever bears our mark is not created again, however the project hides, cuts or spells the mark."""
    people_there = few(place, **switches)
    for number, record in enumerate(people_there[::3]):
        place.sandbox.control.patch_docebo_user(record["user_id"], email=f"moved{number}@example.org")
    start = oracle.before(place)
    second = Place(tmp_path, place.sandbox, "sqlite:///migrator.db", {"mapping": {"attributes": {"city": "field_4"}}})

    go(second)

    assert [e for e in place.journal("descope", start.journal) if e["path"] == CREATE and e["committed"]] == []
    assert len(place.targets()) == 12


@pytest.mark.parametrize("total", ["found", "asked"])
def test_n13_a_total_of_the_asked_ids_hides_no_deleted_user(place: Place, total: str) -> None:
    """Of somebody deleted at Descope the run says so, whatever users/load counts."""
    somebody, other = few(place, users_load_total=total)[:2]
    gone = next(u for u in place.targets() if u["customAttributes"]["doceboUserId"] == str(somebody["user_id"]))
    place.sandbox.control.delete_descope_user(gone["userId"])
    for record in (somebody, other):
        place.sandbox.control.patch_docebo_user(record["user_id"], fullname="Neue Frau")

    again = go(place)

    assert (again.code, again.counts.get("updated")) == (3, 1), again.error
    assert again.reasons == {"deleted_at_descope": 1}


@pytest.mark.parametrize("ignored_by", ["create", "change"])
def test_a2_what_was_lost_without_a_word_is_told_in_every_run_until_it_is_right(place: Place, ignored_by: str) -> None:
    """An attribute that creates or changes alone lose makes exit 3 and a line of differences as long as it is wrong."""
    somebody = few(place, ignored_attribute="city", ignored_by=ignored_by)[0]
    if ignored_by == "change":
        assert not differences(place).exists()
        place.sandbox.control.patch_docebo_user(somebody["user_id"], field_4="Reykjavik")

    for _ in range(3):
        code = go(place).code

        cities = {str(record["user_id"]): record["field_4"] or None for record in place.sources()}
        held = [user["customAttributes"] for user in place.targets()]
        wrong = any(own.get("city") != cities[own["doceboUserId"]] for own in held)
        assert (code == 3, differences(place).exists()) == (wrong, wrong)


def test_a1_rights_that_end_in_a_catch_up_run_make_nobody_vanish(place: Place) -> None:
    """A power user's list that agrees with itself stops the run before anybody is called gone."""
    somebody = few(place)[0]
    place.sandbox.control.put_docebo_user(somebody | {"user_id": "99", "username": "new", "email": "new@example.org"})
    place.configure(docebo={"page_size": 4})
    place.sandbox.control.set_switches(docebo={"rights_end_after": 4, "power_user_sees": 2})

    again = go(place)

    assert again.code in (2, 4)
    assert "vanished" not in {row["state"] for row in oracle.read_rows(place.checkpoint, place).values()}
