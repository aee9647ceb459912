"""`metrics.file`: the numbers of a run as a Prometheus text file (docs/decisions/0022)."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
from crash_trials import die_at
from prometheus_client.parser import text_string_to_metric_families
from runs import CREATE

if TYPE_CHECKING:
    from world import Place

NAME = "migrator.prom"


@pytest.fixture
def measured(any_place: Place) -> Place:
    """Forty users, two of whom need a person, in batches of ten."""
    any_place.configure(metrics={"file": NAME}, descope={"batch_size": 10})
    any_place.sandbox.control.reset(users=40, difficult=0)
    for user in any_place.sources()[:2]:
        any_place.sandbox.control.patch_docebo_user(user["user_id"], email="")
    return any_place


def read(place: Place) -> dict[tuple[str, str], float]:
    """Each value by the name of its metric and the value of its own label, "" without one."""
    values = {}
    for family in text_string_to_metric_families((place.folder / NAME).read_text()):
        for sample in family.samples:
            own = [value for name, value in sample.labels.items() if name not in ("source", "project", "le")]
            values[sample.name, own[0] if own else sample.labels.get("le", "")] = sample.value
    return values


def test_the_numbers_are_those_of_the_run(measured: Place) -> None:
    """States, reasons, calls and outcome are what `run --json` prints; batches were timed."""
    document = measured.forked("run", "--yes", "--json").document

    metrics = read(measured)
    users = {own: int(value) for (name, own), value in metrics.items() if name == "migrator_users"}
    assert users == {name: document["counts"].get(name, 0) for name in users}
    assert sum(users.values()) == document["counts"]["found"] == 40
    assert metrics["migrator_reasons", "no_email"] == 2
    assert metrics["migrator_run_outcome", "needs_person"] == 1
    assert sum(value for (name, _), value in metrics.items() if name == "migrator_run_outcome") == 1
    assert metrics["migrator_calls_total", "docebo"] >= document["calls"]["docebo"]
    assert metrics["migrator_writes_total", ""] == document["calls"]["descope_writes"]
    assert metrics["migrator_batch_seconds_count", "create"] == 4
    assert (
        metrics["migrator_updated_timestamp_seconds", ""] >= metrics["migrator_run_started_timestamp_seconds", ""] > 0
    )


def test_everybody_may_read_it_and_nobody_is_in_it(measured: Place) -> None:
    """Its readers are other programs; so it names the platform and the project, and no person."""
    assert measured.forked("run", "--yes").code == 3

    path = measured.folder / NAME
    text = path.read_text().lower()
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    for user in measured.sources():
        named = [str(user[key]).lower() for key in ("email", "username", "fullname", "last_name") if user.get(key)]
        assert not [one for one in named if one in text]
    assert [one.name for one in measured.folder.glob(".*.part")] == []


def test_it_tells_a_run_at_work_and_one_that_was_killed(measured: Place) -> None:
    """A kill leaves the last version, whole, in which the run is at work; the next run renews it."""
    assert die_at(1, measured.migrate, label=f"answered Descope POST {CREATE}").killed

    killed = read(measured)
    assert killed["migrator_run_outcome", "complete"] == 0
    assert measured.forked("run", "--yes").code == 3
    metrics = read(measured)
    assert metrics["migrator_run_number", ""] == 2
    assert metrics["migrator_users", "created"] == 38


def test_throttling_and_waiting_are_counted(measured: Place) -> None:
    measured.sandbox.control.set_faults(
        {"kind": "status", "path": CREATE, "times": 1, "params": {"code": 429, "headers": {"Retry-After": "3"}}}
    )

    assert measured.forked("run", "--yes").code == 3

    metrics = read(measured)
    assert metrics["migrator_throttled_total", "descope"] == 1
    assert metrics["migrator_wait_seconds_total", ""] >= 2.5


@pytest.mark.parametrize("file", ["nowhere/migrator.prom", "."])
def test_a_file_that_cannot_be_written_is_a_wrong_configuration(place: Place, file: str) -> None:
    """Known before anything is read or sent: exit 2, with the key and the fix."""
    place.configure(metrics={"file": file})

    ended = place.forked("run", "--yes")

    assert (ended.code, ended.out) == (2, "")
    assert "The metrics cannot be written" in ended.err
    assert "Fix: Set metrics.file" in " ".join(ended.err.split())
    assert place.sandbox.control.journal() == []


def test_a_disk_that_fails_later_stops_no_run(measured: Place) -> None:
    """Users matter more than their numbers: the folder goes away, and the run is complete all the same."""
    folder = measured.folder / "numbers"
    folder.mkdir()
    measured.configure(metrics={"file": "numbers/m.prom"})
    measured.sandbox.control.set_faults({"kind": "slow", "path": CREATE, "params": {"seconds": 2}})
    run = measured.start("run", "--yes")
    while not (folder / "m.prom").exists():
        assert run.poll() is None
    (folder / "m.prom").unlink()
    folder.rmdir()

    assert run.wait(60) == 3
    assert not folder.exists()
