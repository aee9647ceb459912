"""`migrator runs` lists every run of a migration, from the checkpoint alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crash_trials import die_at
from runs import CREATE

if TYPE_CHECKING:
    from world import Place


def test_each_run_is_told_with_what_it_did_and_how_it_ended(any_place: Place) -> None:
    """A plan, a run that was killed, one that completed, and one that had nothing to do: oldest first."""
    place = any_place
    place.sandbox.control.reset(users=20, difficult=0)
    assert place.forked("plan").code == 0
    assert die_at(1, place.migrate, label=f"answered Descope POST {CREATE}").killed
    assert place.forked("run", "--yes").code == 0
    assert place.forked("run", "--yes").code == 0

    document = place.forked("runs", "--json").document
    lines = place.forked("runs").out.splitlines()

    runs = document["runs"]
    assert [(one["number"], one["command"], one["outcome"]) for one in runs] == [
        (1, "plan", "dry_run"), (2, "run", "stopped"), (3, "run", "complete"), (4, "run", "complete"),
    ]  # fmt: skip
    assert [one["finished"] is None for one in runs] == [False, True, False, False]
    assert runs[0]["actions"]["create"] == 20
    assert runs[3]["actions"] == {"create": 0, "update": 0, "adopt": 0, "disable": 0, "nothing": 20}
    assert runs[3]["calls"]["descope_writes"] == 0
    assert all(one["error"] is None for one in runs)
    assert len(lines) == 4
    assert lines[0].endswith("plan; would create 20")
    assert "killed" in lines[1]
    assert lines[3].endswith("complete; sent nothing; 20 users are up to date")


def test_a_run_that_stopped_tells_why(place: Place) -> None:
    place.sandbox.control.reset(users=5, difficult=0)
    place.sandbox.control.set_faults({"kind": "status", "path": CREATE, "params": {"code": 403}})
    assert place.forked("run", "--yes").code == 4

    run = place.forked("runs", "--json").document["runs"][0]

    assert (run["outcome"], run["error"]["exit_code"]) == ("stopped", 4)
    assert run["error"]["message"] in " ".join(place.forked("runs").out.split())


def test_a_run_at_work_is_no_killed_run(place: Place) -> None:
    """While a run holds the lease, it is told as running."""
    place.sandbox.control.reset(users=5, difficult=0)
    place.sandbox.control.set_faults({"kind": "slow", "path": CREATE, "when": "after", "params": {"seconds": 8}})
    run = place.start("run", "--yes")
    while not place.sandbox.control.journal() or not [
        e for e in place.sandbox.control.journal() if e["path"] == CREATE
    ]:
        assert run.poll() is None

    assert place.forked("runs", "--json").document["runs"][0]["outcome"] == "running"


def test_before_the_first_run_there_is_no_checkpoint(place: Place) -> None:
    """As with `status`: exit 2, and how to begin."""
    shown = place.forked("runs")

    assert shown.code == 2
    assert "There is no checkpoint" in shown.err
