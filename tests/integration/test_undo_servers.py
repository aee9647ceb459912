"""An undo against every kind of server that the contract leaves possible, and one that fails (docs/decisions/0024)."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from runs import impatient
from undo_world import Project, arrived_ids, check_undone, target_of
from virtual_clock import VirtualClock

from migrator.core.errors import MigratorError
from migrator.flow.options import RunEvents, RunOptions
from migrator.flow.undo.undo import undo_migration

if TYPE_CHECKING:
    from world import Place

    from migrator.flow.undo.tally import UndoReport


def undo(place: Place) -> UndoReport:
    """One undo, its waits free of charge."""
    return undo_migration(place.config, RunOptions(command="undo"), VirtualClock(), RunEvents())


TYPED = {
    "city": "field_4",
    "hired": {"field": "creation_date", "type": "date"},
    "seen": {"field": "last_access_date", "type": "date", "form": "seconds"},
    "number": {"field": "user_id", "type": "number"},
    "mails": {"field": "send_notification", "type": "boolean"},
    "sites": {"field": "field_9", "type": "multi_select", "options": ["ISO 9001", "audit"]},
}


@pytest.mark.parametrize("attribute_values", ["typed", "strings"])
@pytest.mark.parametrize("dates_shown", ["as_sent", "date_time", "seconds", "milliseconds"])
def test_typed_attributes_are_no_edits(place: Place, dates_shown: str, attribute_values: str) -> None:
    """In whatever form a server shows numbers, flags, days and lists, they are what was sent."""
    place.configure(mapping={"attributes": TYPED})
    place.sandbox.control.reset(users=20, strangers=2, difficult=0)
    for user in place.sources():
        place.sandbox.control.patch_docebo_user(user["user_id"], field_9="audit; ISO 9001")
    place.sandbox.control.set_switches(descope={"dates_shown": dates_shown, "attribute_values": attribute_values})
    assert place.migrate(VirtualClock()).error is None
    created = len(arrived_ids(place))

    report = undo(place)

    assert (report.tally.deleted, report.tally.spared) == (created, {})


SERVERS: list[dict[str, Any]] = [
    {"attribute_values": "strings"},
    {"login_case": "lower"},
    {"login_case": "insensitive"},
    {"batch_limit": 7, "batch_limit_status": 413},
    {"users_load_limit": 9},
    {"users_load_total": "asked"},
    {"load_hides_test_users": "on", "test_users_pattern": "a"},
    {"search_v2": "off"},
    {"audit_total": "absent"},
    {"delete_batch_twice": "404"},
    {"unknown_keys": "ignore"},
    {"error_message": "absent"},
    {"created_flag": "absent"},
]


@pytest.mark.parametrize("server", SERVERS, ids=str)
def test_every_kind_of_server_is_as_it_was(place: Place, server: dict[str, Any]) -> None:
    """Difficult people and strangers, linked or not: nobody looks edited because of how a server shows values."""
    place.configure(policy={"existing": "link"})
    place.sandbox.control.reset(users=60, strangers=6, difficult=0.4)
    place.sandbox.control.set_switches(descope=server)
    before = Project.now(place)
    assert place.migrate(VirtualClock()).error is None
    created = len(arrived_ids(place))

    report = undo(place)

    assert report.tally.spared == {}
    assert (report.tally.deleted, report.tally.failed, report.tally.gone) == (created, 0, 0)
    check_undone(place, before, exact=False)


def test_a_user_with_our_mark_whom_nobody_knows_is_spared(place: Place) -> None:
    """A lost checkpoint, and freshlyMigrated cleaned up: a part of what was done cannot pass for all of it."""
    place.sandbox.control.reset(users=3, difficult=0)
    assert place.migrate(VirtualClock()).error is None
    user_id = arrived_ids(place)[0]
    target = target_of(place, user_id)
    place.sandbox.control.patch_descope_user(target, customAttributes={"freshlyMigrated": None}, password=True)
    for path in place.folder.glob("migrator.db*"):
        path.unlink()
    place.sandbox.control.patch_docebo_user(user_id, fullname="Neue Frau", last_name="Frau")
    assert place.migrate(VirtualClock()).error is None
    changed = Project.now(place).users[target]
    assert changed["familyName"] == "Frau"

    report = undo(place)

    assert Project.now(place).users[target] == changed
    assert report.tally.spared[user_id] == "unknown"


def test_a_stranger_of_another_migration_is_never_deleted(place: Place) -> None:
    """Linked, then the checkpoint was lost: `freshlyMigrated` does not prove who made the user, whatever is forced."""
    place.configure(policy={"existing": "link"})
    place.sandbox.control.reset(users=3, strangers=0, difficult=0)
    email = str(place.sources()[0]["email"])
    other = {"loginIds": [email], "email": email, "customAttributes": {"freshlyMigrated": True}}
    stranger = place.sandbox.control.put_descope_user(other)
    for _ in range(2):
        assert place.migrate(VirtualClock()).error is None
        for path in place.folder.glob("migrator.db*"):
            path.unlink()
    assert place.migrate(VirtualClock()).error is None

    report = undo_migration(place.config, RunOptions(command="undo"), VirtualClock(), RunEvents(), force=True)

    assert stranger in Project.now(place).users
    assert (report.tally.deleted, set(report.tally.spared.values())) == (0, {"unknown"})


FAULTS: list[dict[str, Any]] = [
    {"kind": "lost"},
    {"kind": "reset"},
    {"kind": "close"},
    {"kind": "cut_length"},
    {"kind": "cut_json", "params": {"keep": 0.5, "valid": True}},
    {"kind": "html200"},
    {"kind": "status", "when": "before", "params": {"code": 503}},
    {"kind": "status", "when": "after", "params": {"code": 502}},
    {"kind": "status", "when": "before", "params": {"code": 403}},
    {"kind": "status", "when": "after", "params": {"code": 400}},
]


@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(4, 60))])
def test_faults_of_every_kind_leave_nobody_behind(place: Place, seed: int) -> None:
    """Every fifth request fails in some way, before or after its work; the undo behind them all finishes."""
    place.configure(policy={"existing": "link"}, descope={"batch_size": 5})
    place.sandbox.control.reset(users=20, strangers=4, difficult=0)
    before = Project.now(place)
    assert place.migrate(VirtualClock()).error is None
    rules = [
        {**kind, "api": "descope", "probability": 0.03, "seed": seed * 10 + number}
        for number, kind in enumerate(FAULTS)
    ]
    place.sandbox.control.set_faults(*rules)
    with impatient(0.3):
        for _ in range(4):
            with suppress(MigratorError):
                undo(place)
    place.sandbox.control.clear_faults()

    report = undo(place)

    assert report.error is None
    assert (report.tally.spared, report.tally.failed) == ({}, 0)
    check_undone(place, before, exact=False)
