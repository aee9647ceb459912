"""What else works on the migration: a run inside, an undo that was killed, a file of metrics."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from at_the_door import at_the_door, put, told
from crash_trials import die_at
from undo_world import DELETE

from migrator.core.clock import Clock
from migrator.flow.options import RunEvents, RunOptions
from migrator.flow.sign_in.answer import SignInOutcome
from migrator.flow.undo.undo import undo_migration

if TYPE_CHECKING:
    from world import Place


def test_the_file_of_metrics_tells_of_runs_alone(place: Place) -> None:
    """Sign-ins have numbers of their own, at /metrics."""
    place.sandbox.control.reset(users=5, strangers=0, difficult=0)
    assert place.migrate().error is None
    path = place.folder / "run.prom"
    place.configure(metrics={"file": str(path)})
    with at_the_door(place, runs_inside=True) as serving:
        assert not path.exists()
        figures = serving.run_inside(Clock())
        before = re.findall(r"^migrator_calls_total.*", path.read_text(), re.MULTILINE)
        put(place, 90001, "nina", "nina.berg@example.org")
        assert told(serving.sign_ins, "nina").outcome is SignInOutcome.READY
    after = re.findall(r"^migrator_calls_total.*", path.read_text(), re.MULTILINE)
    assert after == before
    assert figures.calls["docebo"] > 0


def test_whom_a_killed_undo_has_deleted_is_not_ready(place: Place) -> None:
    """What it did is found out before anybody is answered."""
    place.sandbox.control.reset(users=5, strangers=0, difficult=0)
    assert place.migrate().error is None
    names = [one["email"] for one in place.sources()]

    def undo() -> None:
        undo_migration(place.config, RunOptions(command="undo"), Clock(), RunEvents())

    assert die_at(1, undo, label=f"answered Descope POST {DELETE}").killed
    left = {target["email"] for target in place.targets()}
    assert not left.intersection(names)
    with at_the_door(place) as serving:
        outcomes = {told(serving.sign_ins, name).outcome for name in names}
        assert outcomes == {SignInOutcome.REFUSED}  # until a run brings them back
