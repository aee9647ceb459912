"""SIGKILL before and behind every effect of bringing somebody in; what comes next finishes (docs/decisions/0032)."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

import oracle
import pytest
from crash_trials import die_at, forget, mend, one_of_each

from migrator.core.clock import Clock
from migrator.core.errors import ApiError, MigratorError
from migrator.flow.sign_in.answer import SignInAnswer, SignInOutcome
from migrator.flow.sign_in.opening import open_serving

if TYPE_CHECKING:
    from figures import Note
    from oracle import Before
    from world import Place

    from migrator.flow.sign_in.sign_ins import SignIns

KINDS = ("send Docebo", "send Descope", "answered Descope", "before commit", "after commit")
NEW = {"user_id": "90001", "username": "nina", "email": "nina.berg@example.org", "fullname": "Nina Berg"}
TWIN = {"user_id": "90002", "username": "omar", "email": "omar@example.org", "fullname": "Omar Haddad"}
RENAMED = "renamed@example.org"
EACH = pytest.param(True, marks=[pytest.mark.soak, pytest.mark.timeout(3000)])


def at_the_door(place: Place) -> Before:
    """Twelve people were migrated; then two came, of whom one has a namesake, and somebody's address was changed."""
    forget(place)
    place.sandbox.control.reset(users=12, strangers=1, difficult=0)
    start = oracle.before(place)
    assert place.migrate().error is None
    for one in (NEW, TWIN, {**TWIN, "user_id": "90003", "username": "omar2"}):
        place.sandbox.control.put_docebo_user({"status": "1", "level": "user", **one})
    somebody = min(start.users)
    place.sandbox.control.patch_docebo_user(somebody, email=RENAMED)
    people = oracle.before(place)
    return oracle.Before(people.users, start.strangers, start.journal, start.platform)


def outcome(sign_ins: SignIns, name: str) -> SignInOutcome:
    """What the flow is told, in the end."""
    known = sign_ins.known(name)
    return known.outcome if isinstance(known, SignInAnswer) else sign_ins.look_up(name).outcome


def let_in(place: Place) -> dict[str, SignInOutcome]:
    """Serve until everybody at the door has their answer."""
    answers = {}
    with open_serving(place.config, Clock(), upgrade=True, runs_inside=False) as serving:
        for name in (NEW["email"], "omar", RENAMED):
            answers[name] = outcome(serving.sign_ins, name)
            while answers[name] is SignInOutcome.BUSY:  # in flight since the kill: it is settled meanwhile
                answers[name] = outcome(serving.sign_ins, name)
        serving.end(0)
    return answers


LET_IN = {
    NEW["email"]: SignInOutcome.READY,
    "omar": SignInOutcome.CONFLICT,
    RENAMED: SignInOutcome.READY,
}


@pytest.mark.parametrize("every", [False, EACH])
def test_a_kill_at_any_effect_of_a_sign_in_loses_and_doubles_nobody(any_place: Place, every: bool, note: Note) -> None:
    """Serving again lets everybody in whom it may, and a plain run behind it finds nothing amiss."""
    place = any_place
    start = at_the_door(place)
    points = die_at(0, lambda: let_in(place)).points
    mend(place, start, again=True)

    for number in range(1, len(points) + 1) if every else one_of_each(points, place):
        start = at_the_door(place)
        die_at(number, lambda: let_in(place))
        assert let_in(place) == LET_IN
        mend(place, start, again=every or number % 7 == 0)

    assert [kind for kind in KINDS if any(kind in point for point in points)] == list(KINDS)
    note("serve", "points of a sign-in", len(points))


@pytest.mark.parametrize("every", [False, EACH])
def test_a_run_alone_finishes_what_a_killed_sign_in_began(any_place: Place, every: bool) -> None:
    """Nobody needs to serve again: the next run settles the other lane's requests as its own."""
    place = any_place
    at_the_door(place)
    points = die_at(0, lambda: let_in(place)).points

    for number in range(1, len(points) + 1) if every else one_of_each(points, place)[::4]:
        start = at_the_door(place)
        die_at(number, lambda: let_in(place))
        mend(place, start, again=every)


def let_in_beside_a_run(place: Place) -> None:
    """People sign in while a whole run works inside the server."""
    with open_serving(place.config, Clock(), upgrade=True, runs_inside=True) as serving:
        run = threading.Thread(target=serving.run_inside, args=(Clock(),))
        run.start()
        for name in LET_IN:
            with contextlib.suppress(MigratorError, ApiError):
                outcome(serving.sign_ins, name)
        run.join()
        serving.end(0)


@pytest.mark.parametrize("every", [False, EACH])
def test_a_kill_beside_a_run_loses_and_doubles_nobody(any_place: Place, every: bool) -> None:
    """Two lanes send under one lease; wherever both die, a plain run settles both."""
    place = any_place
    start = at_the_door(place)
    points = die_at(0, lambda: let_in_beside_a_run(place)).points
    mend(place, start, again=True)

    for number in range(1, len(points) + 1) if every else one_of_each(points, place)[::4]:
        label = points[number - 1]
        start = at_the_door(place)
        # The order of two lanes is never the same twice.
        die_at(points[:number].count(label), lambda: let_in_beside_a_run(place), label=label)
        mend(place, start, again=every)
