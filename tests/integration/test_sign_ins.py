"""Who has signed in, asked of every kind of server, and of one that fails (docs/decisions/0029)."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from runs import calls
from undo_world import AUDIT, HISTORY, arrived_ids, migrated, target_of
from virtual_clock import VirtualClock

from migrator.checkpoint.db.checkpoint import Checkpoint
from migrator.checkpoint.runs.pace_memory import StoredPace
from migrator.cli.command import Common
from migrator.cli.reading import checkpoint_beside_run
from migrator.cli.signed_in import ask_signed_in
from migrator.core.errors import StopRun
from migrator.descope.reader import DescopeReader
from migrator.flow.options import RunEvents
from migrator.flow.signed_in import Sign, SignInCheck, SignInClass, SignInTally

if TYPE_CHECKING:
    from world import Place

LOAD = "/v1/mgmt/users/load"


class Heard(RunEvents):
    """What was told."""

    def __init__(self) -> None:
        self.notices: list[str] = []
        self.progressed: list[tuple[str, int, int | None]] = []

    def notice(self, text: str) -> None:
        """Keep it."""
        self.notices.append(text)

    def progress(self, stage: str, done: int, total: int | None) -> None:
        """Keep it."""
        self.progressed.append((stage, done, total))


def ask(place: Place, heard: RunEvents | None = None, leave: float = 0.0) -> tuple[SignInTally, list[tuple[str, ...]]]:
    """What Descope tells, its waits free of charge, and who has not signed in; `leave` is left of every limit."""
    clock, config = VirtualClock(), place.config.leaving(leave)
    with (
        Checkpoint(config.checkpoint.sqlalchemy_url, config.checkpoint.key, clock, upgrade=False, create=False) as held,
        closing(DescopeReader(config.descope, clock)) as descope,
        SignInCheck(held, descope, config.descope, heard or RunEvents()) as check,
    ):
        check.ask()
        return check.tally, list(check.not_signed_in())


@pytest.mark.parametrize("path", [LOAD, HISTORY, AUDIT])
@pytest.mark.parametrize("code", [429, 503])
def test_a_server_that_stays_away_stops_it(place: Place, path: str, code: int) -> None:
    """No answer is not a refusal: nobody becomes unknown, or gone, because a call failed."""
    migrated(place, users=4, strangers=0)
    place.sandbox.control.set_faults({"kind": "status", "path": path, "params": {"code": code}})

    with pytest.raises(StopRun):
        ask(place)


def test_it_goes_on_at_the_pace_of_those_before_it(any_place: Place) -> None:
    """No lease, but the same stored pace: what was asked a minute ago counts; beside a run nothing is stored."""
    place, clock = any_place, VirtualClock()
    migrated(place, users=250, strangers=0)
    place.configure(descope={"rate_limits": {"create": 100, "search": 100, "user": 10}})
    config, common = place.config, Common(place.config_path, True, "console", None, -1)
    url, key = config.checkpoint.sqlalchemy_url, config.checkpoint.key

    def asked_of(holder: Checkpoint) -> list[float]:
        before = len(clock.waits)
        assert ask_signed_in(common, config, holder)["throttled"] == 0
        return [seconds for seconds in clock.waits[before:] if seconds > 1]

    with checkpoint_beside_run(config, clock) as held:
        assert asked_of(held) == []  # four calls of nine: the attributes, and three lists
        assert asked_of(held) == []  # eight
        assert len(asked_of(held)) == 1
        stored = StoredPace(held, "Descope", held.note).recall()["user"]
    with Checkpoint(url, key, clock, upgrade=False, create=False) as run:  # which holds the lease
        asked_of(run)
        after = StoredPace(run, "Descope", run.note).recall()["user"]

    assert stored.used
    assert after.used == stored.used


SERVERS: list[dict[str, Any]] = [
    {"users_load_limit": 9},
    {"load_hides_test_users": "on", "test_users_pattern": "a"},
    {"attribute_values": "strings"},
    {"audit_total": "absent"},
    {"audit": "empty"},
]


@pytest.mark.parametrize("server", SERVERS, ids=str)
def test_every_kind_of_server_tells_the_same(any_place: Place, server: dict[str, Any]) -> None:
    """Whatever its lists take and however it shows values, the same people have signed in."""
    place = any_place
    migrated(place, users=40, strangers=0, difficult=0.2)
    ids = arrived_ids(place)
    place.sandbox.control.set_switches(descope=server)
    for one in ids[:7]:
        place.sandbox.control.sign_in(target_of(place, one), customAttributes={"freshlyMigrated": False})

    tally, rest = ask(place)

    assert tally.classes == {SignInClass.SIGNED_IN: 7, SignInClass.NOT_YET: len(ids) - 7}
    assert sorted(row[0] for row in rest) == ids[7:]


def test_a_history_that_is_empty_leaves_the_trail_to_speak(place: Place) -> None:
    """Whom the trail shows has signed in, and is told as shown by it alone; the others have not."""
    migrated(place, users=10, strangers=0)
    place.sandbox.control.set_switches(descope={"history": "empty"})
    for one in arrived_ids(place)[:3]:
        place.sandbox.control.sign_in(target_of(place, one))

    tally, _ = ask(place)

    assert (tally.classes[SignInClass.SIGNED_IN], sum(tally.disputes.values())) == (3, 3)


def test_a_long_trail_is_announced_and_read_at_its_pace(place: Place) -> None:
    """Three searches for 2,001 sign-ins, of which the newest counts; how many there are is said behind the first."""
    migrated(place, users=3, strangers=0)
    place.configure(descope={"rate_limits": "documented"})
    user_id, heard = arrived_ids(place)[0], Heard()
    target, now = target_of(place, user_id), time.time()
    for number in range(2001):
        place.sandbox.control.sign_in(target, at=now - number, history=False)

    tally, rest = ask(place, heard, leave=0.9)

    assert heard.notices == ["The audit trail holds 2,001 sign-ins: 3 searches, about 3 min."]
    assert [done for stage, done, _ in heard.progressed if stage == "trail"] == [1000, 2000, 2001]
    assert [entry["status"] for entry in calls(place, AUDIT)] == [200, 200, 200]
    assert (tally.signs[Sign.TRAIL], {row[0] for row in rest}) == (1, {*arrived_ids(place)} - {user_id})
