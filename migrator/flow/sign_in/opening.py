"""Open everything that serving those who sign in works with, under the migration's lease."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migrator.checkpoint.binding import check_confirmed
from migrator.checkpoint.db.checkpoint import SERVE, Checkpoint
from migrator.checkpoint.runs.actions import actions_of_run, begin_actions
from migrator.checkpoint.runs.runs import begin_run, store_summary
from migrator.core.clock import Clock
from migrator.core.model import Lane, RunOutcome
from migrator.flow.context import run_context
from migrator.flow.opening import open_in_lane, wanted_binding
from migrator.flow.options import RunEvents, RunOptions
from migrator.flow.preflight import preflight, with_members
from migrator.flow.run import migrate_in_lane
from migrator.flow.sign_in.sign_ins import SignIns
from migrator.flow.undo.settle import settle_undo
from migrator.http.retry import SIGNING_IN
from migrator.report.gather import gather_figures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migrator.config.schema import Config
    from migrator.core.errors import MigratorError
    from migrator.flow.context import PlanContext
    from migrator.flow.opening import OpenedRun
    from migrator.report.summary import RunFigures

DESCOPE_SHARE = 0.2  # of Descope's limits is for those who sign in, where runs work beside them


@dataclass(frozen=True, slots=True)
class Serving:
    """What serves those who sign in: `sign_ins`, and a checkpoint that holds the lease."""

    config: Config
    checkpoint: Checkpoint
    sign_ins: SignIns
    opened: OpenedRun
    number: int  # of its row among the runs

    def run_inside(self, clock: Clock) -> RunFigures:
        """A whole run beside the sign-ins, which asks nobody.

        Raises:
            MigratorError: it could not begin.
        """
        self.sign_ins.set_run_at_work(True)
        try:
            config = self.config.sharing(DESCOPE_SHARE)
            options = RunOptions(upgrade=False)
            with open_in_lane(config, options, clock, RunEvents(), self.checkpoint, Lane.RUN) as opened:
                beside = replace(opened, context=replace(opened.context, alone=self.opened.context.alone))
                return migrate_in_lane(beside, self.sign_ins.map_with)
        finally:
            self.sign_ins.set_run_at_work(False)

    def end(self, seconds: float, error: MigratorError | None = None) -> RunFigures:
        """Finish what was begun for those who signed in, and store what was done."""
        self.sign_ins.close()
        context = self.opened.context
        figures = gather_figures(context.checkpoint, self.config, RunOutcome.COMPLETE)
        if error is not None:
            figures.outcome = RunOutcome.STOPPED
        elif figures.needs_person:
            figures.outcome = RunOutcome.NEEDS_PERSON
        figures.actions = actions_of_run(context.checkpoint, self.number) or figures.actions
        figures.calls, figures.seconds, figures.error = self.opened.logbook.calls(), seconds, error
        store_summary(context.checkpoint, self.number, figures.document(), RunOutcome(figures.outcome))
        return figures


@contextmanager
def open_serving(config: Config, clock: Clock, *, upgrade: bool, runs_inside: bool) -> Iterator[Serving]:
    """Hold the lease, check everything that a run checks, and serve until the block ends.

    Args:
        clock: ends everything when a stop is requested; those who sign in have one of their own, so that what was begun
            for them is ended in order.
        upgrade: bring an older schema to head.
        runs_inside: runs work beside the sign-ins, and share the limits with them.

    Raises:
        ConfigError: something is wrong, or nobody has confirmed a run of this migration yet; nothing was changed.
        LeaseHeld: a run is in progress.
        StopRun: a server cannot be asked.
    """
    url, key = config.checkpoint.sqlalchemy_url, config.checkpoint.key
    with Checkpoint(url, key, clock, upgrade=upgrade, create=False, command=SERVE) as checkpoint:
        check_confirmed(checkpoint, wanted_binding(config))
        checked = _checked(config, clock, checkpoint)
        share = DESCOPE_SHARE if runs_inside else 1.0
        lane = Lane.SIGN_IN
        options = RunOptions(command=SERVE, upgrade=False)
        ours, events = config.for_sign_ins(share), RunEvents()
        with open_in_lane(ours, options, Clock(), events, checkpoint, lane, SIGNING_IN) as opened:
            if opened.writer is None:
                raise AssertionError("serving sends")
            opened.context.descope.choose_license()
            known = {name: getattr(checked, name) for name in ("attributes", "choices", "missing", "normalize")}
            # Without a run inside, nobody else settles what an earlier run left in flight.
            settles = lane if runs_inside else None
            context = replace(opened.context, **known, lane=settles, alone=threading.Lock())
            sign_ins = SignIns(run_context(context, opened.writer, opened.batch_log))
            number = begin_run(context.checkpoint, SERVE)
            begin_actions(context.checkpoint, number, 0)
            sign_ins.start()
            try:
                yield Serving(config, checkpoint, sign_ins, replace(opened, context=context), number)
            finally:
                sign_ins.close()


def _checked(config: Config, clock: Clock, checkpoint: Checkpoint) -> PlanContext:
    """What a run finds out before it begins, with a run's calls and patience."""
    options = RunOptions(command=SERVE, upgrade=False)
    with open_in_lane(config.sharing(0.0), options, clock, RunEvents(), checkpoint, Lane.RUN) as opened:
        checked = preflight(opened.context).context
        settle_undo(checked)  # whom a killed undo has deleted must not count as there
        return with_members(checked)
