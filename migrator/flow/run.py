"""One run, step by step (docs/architecture.md, "The flow")."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.checkpoint.binding import confirm_binding
from migrator.checkpoint.db.database import BytesRemain
from migrator.checkpoint.runs.actions import NOTHING, actions_of_run, begin_actions, renew_nothing
from migrator.checkpoint.runs.runs import begin_run, delete_run, store_details, store_summary
from migrator.checkpoint.users.counts import count_users
from migrator.checkpoint.users.erasure import erase_profiles
from migrator.checkpoint.users.plans import finish_without_sending
from migrator.checkpoint.users.reopening import restore_unconfirmed
from migrator.checkpoint.users.sends import in_flight_pages
from migrator.checkpoint.users.verdicts import RIGHT_VERDICTS, count_needing_a_person
from migrator.core.errors import ConfigError, Declined, Interrupted, MigratorError, StopRun
from migrator.core.model import ARRIVED_STATES, NEEDS_PERSON_STATES, RunOutcome, State
from migrator.flow.context import PlanContext, run_context
from migrator.flow.opening import open_run
from migrator.flow.plan.catch_up import CatchUp
from migrator.flow.plan.census import first_census
from migrator.flow.plan.decisions_file import is_the_report
from migrator.flow.plan.plan import make_plan
from migrator.flow.plan.plan_file import check_plan_path, write_plan
from migrator.flow.plan.summary import plan_extras, planned_actions, prediction_document
from migrator.flow.preflight import CheckedRun, preflight, with_members
from migrator.flow.read.spot_check import spot_check
from migrator.flow.read.sweep import Sweeps
from migrator.flow.send.canary import confirm_canary, send_canary
from migrator.flow.send.leavers import disable_leavers
from migrator.flow.send.send import Sender
from migrator.flow.send.settle import settle_in_flight
from migrator.flow.undo.settle import settle_undo
from migrator.log.setup import get_logger
from migrator.report.coverage.collect import collect_coverage
from migrator.report.files import prepare_folder, write_reports
from migrator.report.gather import gather_figures
from migrator.report.lists.differences import replace_differences

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.config.schema import Config
    from migrator.core.clock import Clock
    from migrator.flow.opening import OpenedRun
    from migrator.flow.options import RunEvents, RunOptions
    from migrator.normalize.mapping import Normalizer
    from migrator.report.summary import RunFigures

_log = get_logger(__name__)


def migrate(config: Config, options: RunOptions, clock: Clock, events: RunEvents) -> RunFigures:
    """Migrate, or plan if `options.dry_run`; call it again until the migration is complete.

    Returns:
        The figures. If the run stopped early, their `error` has the reason; running again continues.

    Raises:
        ConfigError: nothing was changed, and this does not count as a run.
        LeaseHeld: another run is in progress.
        StopRun: stopped before the checkpoint could be opened.
    """
    prepare_folder(config.report.path)
    if options.plan_out is not None:
        check_plan_path(options.plan_out)
    with open_run(config, options, clock, events) as opened:
        return _Run(opened).migrate()


def migrate_in_lane(opened: OpenedRun, learned: Callable[[Normalizer], None]) -> RunFigures:
    """The same under a lease that this process holds already (`open_in_lane`).

    `learned` gets what maps users once it is read who is in which branch and group.

    Raises:
        ConfigError: nothing was changed, and this does not count as a run.
    """
    prepare_folder(opened.context.config.report.path)
    return _Run(opened, learned).migrate()


class _Run:
    """One run or plan, and what it has found so far."""

    def __init__(self, opened: OpenedRun, learned: Callable[[Normalizer], None] = lambda _: None) -> None:
        self._context = context = opened.context
        self._writer = opened.writer
        self._logbook = opened.logbook
        self._recorder = opened.recorder
        self._batch_log = opened.batch_log
        self._learned = learned
        self._number = 0
        self._catch_up: CatchUp | None = None
        self._started = context.clock.monotonic()
        self._sender: Sender | None = None
        self._is_confirmed = False

    def migrate(self) -> RunFigures:
        """See `migrate`."""
        context, checkpoint = self._context, self._context.checkpoint
        command = context.options.command
        try:
            checked = preflight(context)
        except (StopRun, Interrupted) as error:
            with suppress(MigratorError):
                self._number = begin_run(checkpoint, command)
                return self._stopped(error)
            raise
        self._context = checked.context
        self._number = begin_run(checkpoint, command)
        _log.info("run_began", number=self._number)
        try:
            with self._logbook, self._recorder.recording(self._number):
                outcome = self._flow(checked)
        except (StopRun, Interrupted) as error:
            return self._stopped(error)
        except ConfigError as error:
            if actions_of_run(checkpoint, self._number) is not None:
                # Something may have been sent: this is a run that stopped, whatever the database says.
                return self._stopped(StopRun(error.message, fix=error.fix))
            with suppress(MigratorError):
                restore_unconfirmed(checkpoint)
                delete_run(checkpoint, self._number)
            raise
        except Exception as error:
            self._note_bug(error)
            raise
        figures = self._figures(outcome)
        self._close(figures)
        if context.options.dry_run:
            restore_unconfirmed(checkpoint)
            return figures
        try:
            _forget_done(context)
        except BytesRemain as notice:
            figures.error, figures.outcome = notice, RunOutcome.NEEDS_PERSON
            store_summary(checkpoint, self._number, figures.document(), RunOutcome.NEEDS_PERSON)
        return figures

    def _flow(self, checked: CheckedRun) -> RunOutcome:
        checked = replace(checked, context=with_members(checked.context))
        self._context = context = checked.context
        self._learned(context.normalize)
        if any(in_flight_pages(context.checkpoint, 1, context.lane)):
            context.events.stage("settle")
        settle_in_flight(context)
        settle_undo(context)
        self._catch_up = CatchUp(context.checkpoint, dry_run=context.options.dry_run)
        spot_check(context)
        sweeps = Sweeps(context, beside=_may_confirm_later(context, checked), is_trial=checked.is_trial)
        writer = self._writer
        self._sender = sender = None if writer is None else Sender(run_context(context, writer, self._batch_log))
        sweeps.read()
        self._plan_and_send(sweeps, checked, sender)
        while sweeps.found_more:
            self._plan_and_send(sweeps, checked, sender, once_more=True)
        if sender is None:
            if context.options.plan_out is not None:
                write_plan(context, context.options.plan_out)
            return RunOutcome.DRY_RUN
        states = count_users(context.checkpoint).states
        needs_person = any(states[state] for state in NEEDS_PERSON_STATES)
        needs_person = needs_person or bool(count_needing_a_person(context.checkpoint))
        return RunOutcome.NEEDS_PERSON if needs_person else RunOutcome.COMPLETE

    def _plan_and_send(
        self, sweeps: Sweeps, checked: CheckedRun, sender: Sender | None, *, once_more: bool = False
    ) -> None:
        """Plan and send what the sweeps before have shown, while another one confirms them."""
        context = checked.context if sender is None else sender.context
        with sweeps.confirming():
            make_plan(context, first_sweep=sweeps.first, replan=checked.replan, once_more=once_more)
            if self._catch_up is not None:
                self._catch_up.count_plan()
            if sender is None:
                return
            planned = self._figures(RunOutcome.DRY_RUN)
            planned.census = first_census(context) if planned.sends else None
            if planned.sends and not context.questions.ask(context.options.confirm, planned):
                what = "Nothing more" if once_more else "Nothing"
                raise Declined(f"{what} was sent: you said no.", fix="Run again when you are ready.")
            confirm_binding(context.checkpoint, checked.wanted, checked.chosen)
            self._is_confirmed = True
            if once_more:
                renew_nothing(context.checkpoint, self._number, planned.actions[NOTHING])
            else:
                begin_actions(context.checkpoint, self._number, planned.actions[NOTHING])
            finish_without_sending(context.checkpoint)
            self._send(sender, planned, canary=None if once_more else context.options.canary)
            if context.options.verify and (planned.sends or not once_more):
                sender.read_back_sent()

    def _send(self, sender: Sender, planned: RunFigures, *, canary: int | None) -> None:
        """Send what was confirmed."""
        sender.create_missing()
        self._context = replace(self._context, missing=sender.context.missing)
        context = sender.context
        if canary is not None and planned.sends:
            result = send_canary(context, sender, canary)
            if result is not None:
                confirm_canary(context, result)
        if context.options.plan_file is None:  # a binding plan does only what it says
            disable_leavers(context)
        sender.send()
        if not planned.sends:
            context.events.notice("Nothing to send.")

    def _stopped(self, error: MigratorError) -> RunFigures:
        """End a run early, and keep the reason wherever it is reported."""
        with suppress(MigratorError):  # the lease was lost; the next command restores it
            restore_unconfirmed(self._context.checkpoint)
        figures = self._figures(RunOutcome.INTERRUPTED if isinstance(error, Interrupted) else RunOutcome.STOPPED)
        figures.error = error
        self._close(figures)
        return figures

    def _note_bug(self, error: Exception) -> None:
        """Record that a bug, not a kill, ended the run; only the kind of error, since its text may be personal data."""
        with suppress(Exception):
            figures = self._figures(RunOutcome.STOPPED)
            figures.error = MigratorError(
                f"A bug in the migrator ended the run: {type(error).__name__}.",
                fix="Run again (nothing is lost), and please report what that run printed.",
            )
            store_summary(self._context.checkpoint, self._number, figures.document(), RunOutcome.STOPPED)

    def _figures(self, outcome: RunOutcome) -> RunFigures:
        context = self._context
        predicted = outcome == RunOutcome.DRY_RUN
        figures = gather_figures(context.checkpoint, context.config, outcome, predicted=predicted)
        if predicted:
            figures.actions = planned_actions(context)
            figures.extra = plan_extras(context, figures.actions)
        else:
            figures.actions = actions_of_run(context.checkpoint, self._number) or figures.actions
            figures.extra = prediction_document(context)
        if self._catch_up is not None:
            figures.extra |= self._catch_up.extras(context.config, figures.books.found, context.member_calls)
        figures.read_back = None if self._sender is None else self._sender.read_back.classes or None
        figures.calls = self._logbook.calls()
        figures.limit, figures.searched = context.options.limit, bool(context.options.search_text)
        figures.seconds = context.clock.monotonic() - self._started - context.questions.seconds
        return figures

    def _close(self, figures: RunFigures) -> None:
        """Store the run's figures and write the reports; the error that ended the run goes before a new one."""
        config, checkpoint = self._context.config, self._context.checkpoint
        try:
            store_summary(checkpoint, self._number, figures.document(), RunOutcome(figures.outcome))
            predicted = figures.outcome == RunOutcome.DRY_RUN
            # The titles of additional fields are read once, at the end of a run that was not cut short.
            titles = self._context.docebo.user_fields() if figures.error is None else {}
            details = collect_coverage(checkpoint, config.mapping, titles, predicted=predicted)
            store_details(checkpoint, self._number, details)
            if figures.read_back is not None and self._sender is not None:
                found = [one.document() for one in self._sender.read_back.differences]
                replace_differences(config.report.path, found)
            keep = not self._is_confirmed and is_the_report(self._context.options.decisions, config.report.path)
            write_reports(
                config.report.path, figures.document(), details, checkpoint, config.mapping, leave_problems=keep
            )
            if keep:
                self._context.events.notice("problems.csv stays as you filled it in; a confirmed run writes a new one.")
        except MigratorError:
            if figures.error is None:
                raise


def _may_confirm_later(context: PlanContext, checked: CheckedRun) -> bool:
    """Whether a confirming sweep may find users after the plan: not where the plan is bound to certain users."""
    options = context.options
    return not (checked.is_trial or options.limit or options.search_text or options.plan_file)


def _forget_done(context: PlanContext) -> None:
    """Erase personal data of users who arrived, left or were left out (README.md, "Privacy").

    A user found wrong keeps it until seen right, or until sent again and then seen right.
    """
    if context.config.checkpoint.keep_profiles == "until_done":
        verdicts = (*RIGHT_VERDICTS, None) if not context.options.verify else RIGHT_VERDICTS
        erase_profiles(context.checkpoint, (*ARRIVED_STATES, State.VANISHED, State.SKIPPED), verdicts)
