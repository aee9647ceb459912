"""Docebo's user name reaches everybody, also those who were there before it was sent (docs/decisions/0028)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from definitions import define
from earlier import downgrade, earlier_version

if TYPE_CHECKING:
    from world import Place

NAMES = ("Ann.Smith@Example.ORG", " 00815 ", "R&amp;D", "=Re\u0301ne")


def four_people(place: Place, **settings: dict[str, Any]) -> dict[str, str]:
    """Their Docebo ids, each with the user name."""
    place.sandbox.control.reset(users=4, difficult=0)
    place.configure(**settings)
    names = dict(zip((str(user["user_id"]) for user in place.sources()), NAMES, strict=True))
    for user_id, name in names.items():
        place.sandbox.control.patch_docebo_user(user_id, username=name)
    return names


def held(place: Place) -> dict[str, str | None]:
    """The attribute of each Docebo user in Descope."""
    attributes = [user["customAttributes"] for user in place.targets()]
    return {one["doceboUserId"]: one.get("doceboUsername") for one in attributes if "doceboUserId" in one}


def test_everybody_arrives_with_docebos_user_name_verbatim(any_place: Place) -> None:
    """`run` defines the attribute, `plan` does not; a second run changes nothing, and `show` tells it."""
    names = four_people(any_place)

    planned = any_place.forked("plan", "--json")
    defined = {one["name"] for one in any_place.sandbox.control.state()["descope"]["attributes"]}
    ran = any_place.forked("run", "--yes", "--json")
    again = any_place.forked("run", "--yes", "--json")
    shown = any_place.forked("show", next(iter(names)), "--fresh", "--json")

    assert (planned.code, ran.code, again.code, shown.code) == (0, 0, 0, 0)
    assert "doceboUsername" not in defined
    assert held(any_place) == names
    assert ran.document["verify"]["classes"] == {"same": 4, "differs": 0, "missing": 0, "extra": 0}
    assert (again.document["actions"]["nothing"], again.document["calls"]["descope_writes"]) == (4, 0)
    assert NAMES[0] in shown.out


@pytest.mark.parametrize("keep", ["until_done", "always"])
def test_an_older_checkpoint_gets_it_with_the_next_run(any_place: Place, keep: str) -> None:
    """As an update that the plan foretells, without --remap; whatever else is in Descope stays, and only once."""
    place = any_place
    names = four_people(place, checkpoint={"keep_profiles": keep})
    with earlier_version():
        assert place.forked("run", "--yes").code == 0
    downgrade(place)
    assert place.forked("db", "upgrade").code == 0
    assert set(held(place).values()) == {None}
    edited = next(user for user in place.targets() if user["customAttributes"]["doceboUserId"] == next(iter(names)))
    place.sandbox.control.patch_descope_user(edited["userId"], name="Edited by hand")

    planned = place.forked("plan", "--json")
    replanned = place.forked("plan", "--json")
    ran = place.forked("run", "--yes", "--json")
    again = place.forked("run", "--yes", "--json")

    assert (planned.code, replanned.code, ran.code, again.code) == (0, 0, 0, 0)
    assert planned.document["actions"]["update"] == replanned.document["actions"]["update"] == 4
    assert (ran.document["counts"]["updated"], ran.document["reasons"]) == (4, {})
    assert (again.document["actions"]["nothing"], again.document["calls"]["descope_writes"]) == (4, 0)
    assert held(place) == names
    assert edited["userId"] in {user["userId"] for user in place.targets() if user["name"] == "Edited by hand"}


@pytest.mark.parametrize("rule", ["fill_if_empty", "target_wins"])
def test_no_policy_keeps_it_from_anybody(place: Place, rule: str) -> None:
    """Whatever is left to Descope: an old user name there would lead into an empty account."""
    names = four_people(place, policy={"update": {"default": rule}})
    with earlier_version():
        assert place.forked("run", "--yes").code == 0
    assert place.forked("run", "--yes").code == 0
    assert held(place) == names

    first = next(iter(names))
    place.sandbox.control.patch_docebo_user(first, username="renamed")

    assert place.forked("run", "--yes").code == 0
    assert held(place) == names | {first: "renamed"}


def test_who_mapped_it_already_goes_on_without_remap(place: Place) -> None:
    """The older mapping trimmed and cleaned; now it is verbatim, and the line in the file may stay."""
    with earlier_version():
        names = four_people(place, mapping={"attributes": {"city": "field_4"}})
        place.configure(mapping={"attributes": {"city": "field_4", "doceboUsername": "username"}})
        assert place.forked("run", "--yes").code == 0

    ran = place.forked("run", "--yes", "--json")

    assert ran.code == 0
    assert held(place) == names


def test_verify_tells_who_lost_it(place: Place) -> None:
    """Also when profiles are erased: Docebo is read again for what it must be."""
    names = four_people(place)
    assert place.forked("run", "--yes").code == 0
    first, second = [user for user in place.targets() if "doceboUserId" in user["customAttributes"]][:2]
    for user, name in ((first, "somebody.else"), (second, NAMES[0].lower())):
        place.sandbox.control.patch_descope_user(
            user["userId"], customAttributes={**user["customAttributes"], "doceboUsername": name}
        )

    verified = place.forked("verify", "--json")
    mended = place.forked("run", "--yes", "--retry", "differs", "--json")

    assert (verified.code, verified.document["classes"]["differs"]) == (3, 2)
    assert {one["field"] for one in verified.document["differences"]} == {"doceboUsername"}
    assert (mended.code, mended.document["actions"]["update"]) == (0, 2)
    assert held(place) == names


def test_an_undo_takes_it_along(any_place: Place) -> None:
    """A user who is as sent is deleted; one whose attribute somebody changed is spared."""
    four_people(any_place)
    assert any_place.forked("run", "--yes").code == 0
    user = next(one for one in any_place.targets() if "doceboUserId" in one["customAttributes"])
    attributes = user["customAttributes"] | {"doceboUsername": "somebody.else"}
    any_place.sandbox.control.patch_descope_user(user["userId"], customAttributes=attributes)

    undone = any_place.forked("undo", "--yes", "--json")

    assert undone.document["counts"]["deleted"] == 3
    assert [one["reason"] for one in undone.document["spared"]] == ["edited"]


def test_a_user_name_that_cannot_be_sent_costs_nobody(place: Place) -> None:
    """The user comes without it, with a note; corrected in Docebo, it follows."""
    names = four_people(place)
    first = next(iter(names))
    place.sandbox.control.patch_docebo_user(first, username="a\nb" + "x" * 2000)

    ran = place.forked("run", "--yes", "--json")

    assert (ran.code, ran.document["counts"]["created"]) == (0, 4)
    assert held(place) == names | {first: None}
    place.sandbox.control.patch_docebo_user(first, username=names[first])
    assert place.forked("run", "--yes").code == 0
    assert held(place) == names


def test_an_attribute_of_another_type_stops_everything_before_anything_is_sent(place: Place) -> None:
    four_people(place)
    define(place, "doceboUsername", 2)

    ended = place.forked("run", "--yes")

    assert ended.code == 2
    assert "The custom attribute doceboUsername is number in Descope, but the migrator needs text." in ended.err
    assert held(place) == {}
