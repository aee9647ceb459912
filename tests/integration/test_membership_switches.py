"""Lists of members under every switch of the sandbox's Docebo: the same right result, or the run stops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import pytest
from member_lists import LEGAL, MANAGERS, NORTH, SALES, fill, read
from switch_cases import SCENES, VALUES, Scene
from virtual_clock import FastClock

from migrator.core.errors import StopRun
from migrator.sandbox.docebo.switches import DoceboSwitches

if TYPE_CHECKING:
    from world import Place

# Switches whose values all stop the run: the password is wrong, the list is partial, or rows come twice.
ALWAYS = {"wrong_password_status", "power_user_sees", "rights_end_after", "repeat_rows"}
STOPS: set[tuple[str, Any]] = {
    ("clients", 1),
    ("clients", 2),
    ("token_lifetime", 1),
    ("session_level", "admin"),
    ("session_level", "user"),
    ("client_credentials_list", "crashes"),
    ("has_more_data", "missing"),
    ("has_more_data", "always_true"),  # the tree has no total that would end it
    ("stuck_page", 0),
    ("stuck_page", 1),
    ("stuck_page", 2),
}
# Rows of a list without an order come in another one each time: a reading is whole, or is not, by chance.
MAY_STOP = {("ties", "shuffled")}


def cases() -> list[tuple[str, Any, Any]]:
    """Every switch with each of its values, and what to call that: itself, or its place in `VALUES`."""
    found = []
    for switch, info in DoceboSwitches.model_fields.items():
        named = get_origin(info.annotation) is Literal
        values = [(value, value) for value in get_args(info.annotation)] if named else enumerate(VALUES[switch])
        found += [(switch, value, name) for name, value in values]
    return [case for case in found if case[0] not in ("total_count", "hidden_rows")]  # tests of their own


@pytest.mark.grid
@pytest.mark.parametrize(("switch", "value", "name"), cases(), ids=lambda part: str(part)[:20])
@pytest.mark.parametrize("counted", ["correct", "missing", "zero"])
def test_every_switch_gives_the_right_members_or_stops(
    place: Place, switch: str, value: Any, name: Any, counted: str
) -> None:
    """With totals, and without."""
    scene = SCENES.get((switch, name)) or SCENES.get(switch) or Scene()
    people = fill(place)
    place.configure(**scene.config)
    place.sandbox.control.set_switches(docebo={"total_count": counted, **scene.docebo, switch: value})
    if scene.fault is not None:
        place.sandbox.control.set_faults(scene.fault)

    try:
        members = read(place, NORTH, SALES, MANAGERS, LEGAL, clock=FastClock(scene.factor) if scene.factor else None)
    except StopRun:
        assert switch in ALWAYS or {(switch, name)} & (STOPS | MAY_STOP)
        return

    assert switch not in ALWAYS
    assert (switch, name) not in STOPS
    assert members == {
        NORTH: set(people[3:20]),
        SALES: set(people[:20]),
        MANAGERS: set(people[30:47]),
        LEGAL: frozenset(),
    }


@pytest.mark.parametrize("counted", ["missing", "zero"])
def test_whoever_is_hidden_where_nobody_is_counted_cannot_be_missed(place: Place, counted: str) -> None:
    """Nothing tells of them; the list of all users, which hides them as well, has the same weakness."""
    people = fill(place)
    place.sandbox.control.put_group("7", members=people)
    place.sandbox.control.set_switches(docebo={"total_count": counted, "hidden_rows": 3})

    assert len(read(place, MANAGERS)[MANAGERS]) == 57
