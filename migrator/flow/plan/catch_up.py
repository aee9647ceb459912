"""Catching up before a cut-over: what changed at Docebo since the last run, and how long a freeze must last."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from migrator.checkpoint.runs.actions import NO_ACTIONS
from migrator.checkpoint.runs.history import last_real_run
from migrator.checkpoint.users.catch_up import count_gone_since, count_planned_changes
from migrator.checkpoint.users.verdicts import count_arrived
from migrator.flow.plan.estimate import estimate

if TYPE_CHECKING:
    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.config.schema import Config
    from migrator.report.document import RunExtras


class CatchUp:
    """Gathers over the plans of one run what changed since the run before."""

    def __init__(self, checkpoint: Checkpoint, *, dry_run: bool) -> None:
        self._checkpoint = checkpoint
        self._dry_run = dry_run
        self._is_first = not count_arrived(checkpoint)
        self._before = last_real_run(checkpoint)
        self._changes: Counter[str] = Counter()

    def count_plan(self) -> None:
        """Count what the plan just made would bring and change; call it before anything is sent."""
        if self._dry_run:  # nobody is sent, so that each plan has those of the one before, too
            self._changes.clear()
        self._changes.update(count_planned_changes(self._checkpoint))

    def extras(self, config: Config, known: int, member_calls: int) -> RunExtras:
        """What a run's document says of it.

        Args:
            known: how many users Docebo has.
            member_calls: Docebo calls that reading branches and groups takes.
        """
        quiet = estimate(NO_ACTIONS, config, known, member_calls).document()
        extras: RunExtras = {"freeze_minutes": quiet["run_range_minutes"]}
        if not self._is_first:
            extras["catch_up"] = {
                "new": self._changes["new"],
                "changed": self._changes["changed"],
                "renamed": self._changes["renamed"],
                "suspended": self._changes["suspended"],
                "vanished": count_gone_since(self._checkpoint, self._before),
            }
        return extras
