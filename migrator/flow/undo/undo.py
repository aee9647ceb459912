"""Take a migration back, step by step (docs/decisions/0024)."""

from __future__ import annotations

from contextlib import closing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.checkpoint.binding import check_binding
from migrator.checkpoint.runs.actions import actions_of_run, begin_undo_actions
from migrator.checkpoint.runs.runs import begin_run, store_summary
from migrator.checkpoint.runs.verifications import forget_verifications
from migrator.checkpoint.users.reopening import restore_unconfirmed
from migrator.core.errors import ConfigError, Declined, Interrupted, MigratorError, StopRun, UsersLeft
from migrator.core.model import RunOutcome
from migrator.flow.context import PlanContext, ProjectAttributes, run_context
from migrator.flow.opening import open_run, wanted_binding
from migrator.flow.plan.project_attributes import needed_attributes
from migrator.flow.send.settle import settle_in_flight
from migrator.flow.signs import LifeWatch
from migrator.flow.undo.judge import UndoVerdict
from migrator.flow.undo.plan import each_page, plan_undo
from migrator.flow.undo.send import confirm_gone, undo_page
from migrator.flow.undo.settle import NOT_DONE, settle_undo
from migrator.flow.undo.tally import UndoReport, UndoTally
from migrator.report.coverage.collect import collect_coverage
from migrator.report.files import prepare_folder, write_reports
from migrator.report.gather import gather_figures
from migrator.report.lists.spared import SPARED_NAME, replace_spared
from migrator.report.sentences import users_words, verb_form

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.config.schema import Config
    from migrator.core.clock import Clock
    from migrator.flow.opening import OpenedRun
    from migrator.flow.options import RunEvents, RunOptions
    from migrator.flow.undo.plan import JudgedPage


def undo_migration(
    config: Config,
    options: RunOptions,
    clock: Clock,
    events: RunEvents,
    *,
    force: bool = False,
    confirm: Callable[[UndoTally], bool] = lambda _tally: True,
) -> UndoReport:
    """Delete what this migration created and restore what it changed, or only plan that if `options.dry_run`.

    Args:
        force: undo those, too, of whom nobody can tell whether they signed in.
        confirm: gets what would be done and answers whether to do it; not asked when nothing is to be changed.

    Returns:
        The report. If it stopped early, its `error` has the reason; undoing again continues.

    Raises:
        ConfigError: nothing was changed, and this does not count as a run.
        LeaseHeld: a run is in progress.
        StopRun: stopped before the checkpoint could be opened.
    """
    prepare_folder(config.report.path)
    with (
        open_run(config, options, clock, events, create=False) as opened,
        closing(LifeWatch(opened.context.checkpoint, opened.context.descope)) as watch,
    ):
        return _Undo(opened, watch, confirm, force=force).undo()


class _Undo:
    """One undo, and what it has done so far."""

    def __init__(
        self, opened: OpenedRun, watch: LifeWatch, confirm: Callable[[UndoTally], bool], *, force: bool
    ) -> None:
        self._opened = opened
        self._context = opened.context
        self._watch = watch
        self._confirm = confirm
        self._force = force
        self._tally = UndoTally()
        self._number = 0  # of the run; a dry run has none
        self._started = opened.context.clock.monotonic()

    def undo(self) -> UndoReport:
        """See `undo_migration`."""
        try:
            self._context = _checked(self._context)
            if self._context.options.dry_run:
                with self._opened.logbook:
                    self._tally = self._plan()
                return self._report(RunOutcome.DRY_RUN)
            self._number = begin_run(self._context.checkpoint, self._context.options.command)
            begin_undo_actions(self._context.checkpoint, self._number)
            with self._opened.logbook, self._opened.recorder.recording(self._number):
                self._work()
        except (StopRun, Interrupted) as error:
            outcome = RunOutcome.INTERRUPTED if isinstance(error, Interrupted) else RunOutcome.STOPPED
            return self._ended(outcome, error)
        except ConfigError as error:
            if not self._number:
                raise
            return self._ended(RunOutcome.STOPPED, StopRun(error.message, fix=error.fix))
        except Exception as error:
            self._note_bug(error)
            raise
        whole = not (self._tally.spared or self._tally.failed)
        return self._ended(RunOutcome.COMPLETE if whole else RunOutcome.NEEDS_PERSON)

    def _plan(self) -> UndoTally:
        """What is to be done, once nothing is in flight any more."""
        context = self._context
        settle_in_flight(context)
        self._tally.add(settle_undo(context))
        return plan_undo(context, self._watch, force=self._force)

    def _work(self) -> None:
        planned = self._plan()
        context, questions = self._context, self._context.questions
        if not (planned.changes or planned.gone):
            self._tally.spared = planned.spared
            return
        if planned.changes and not questions.ask(self._confirm, planned):
            raise Declined("Nothing was undone: you said no.", fix="Undo again when you are ready.")
        if self._opened.writer is None:
            raise AssertionError("a dry run undoes nothing")
        forget_verifications(context.checkpoint)
        work = run_context(context, self._opened.writer, self._opened.batch_log)
        self._watch.expire()
        absent: list[str] = []

        def undo(page: JudgedPage) -> None:
            undo_page(work, page, self._tally)
            absent.extend(one.user_id for one in page.of(UndoVerdict.GONE))

        each_page(work, self._watch, "undo", undo, force=self._force, absent=planned.absent)
        late = settle_undo(work)
        confirm_gone(work, absent, self._tally)
        self._tally.add(late)
        self._tally.failed += late[NOT_DONE]

    def _ended(self, outcome: RunOutcome, error: MigratorError | None = None) -> UndoReport:
        """Store how it ended and write the reports; the error that ended it goes before a new one."""
        report = self._report(outcome, error)
        if not self._number:
            return report
        config, checkpoint = self._context.config, self._context.checkpoint
        figures = gather_figures(checkpoint, config, outcome)
        figures.actions = actions_of_run(checkpoint, self._number) or figures.actions
        figures.calls, figures.seconds = report.calls, report.seconds
        figures.error = error or _left(self._tally)
        document = figures.document()
        try:
            store_summary(checkpoint, self._number, document, outcome)
            details = collect_coverage(checkpoint, config.mapping, {}, predicted=False)
            write_reports(config.report.path, document, details, checkpoint, config.mapping)
            report.reports = replace_spared(config.report.path, self._tally.spared)
        except MigratorError:
            if error is None:
                raise
        return report

    def _note_bug(self, error: Exception) -> None:
        """Record that a bug, not a kill, ended it; only the kind of error, since its text may be personal data."""
        with suppress(Exception):
            what = f"A bug in the migrator ended the undo: {type(error).__name__}."
            fix = "Undo again (nothing is lost), and please report what that undo printed."
            self._ended(RunOutcome.STOPPED, MigratorError(what, fix=fix))

    def _report(self, outcome: RunOutcome, error: MigratorError | None = None) -> UndoReport:
        context = self._context
        seconds = context.clock.monotonic() - self._started - context.questions.seconds
        source, project = context.platform, context.config.descope.project_id
        return UndoReport(source, project, outcome, self._tally, self._opened.logbook.calls(), seconds, error=error)


def _left(tally: UndoTally) -> UsersLeft | None:
    """What a finished undo has to say of those who are still there; None if nobody is."""
    left = len(tally.spared) + tally.failed
    if not left:
        return None
    are = f"{users_words(left)} {verb_form(left)}"
    return UsersLeft(
        f"{are} still in Descope as migrated: {len(tally.spared):,} spared, {tally.failed:,} failed.",
        fix=f"{SPARED_NAME} lists who was spared and why. To delete somebody all the same, do so in Descope.",
    )


def _checked(context: PlanContext) -> PlanContext:
    """Check everything that must be right before anything is read or sent.

    Another mapping or policy does not matter: what was sent is known by its hashes.

    Raises:
        ConfigError: says what is wrong, where, and how to fix it; nothing was changed.
    """
    check_binding(context.checkpoint, wanted_binding(context.config), remap=True)
    context.events.stage("check")
    defined = context.descope.attributes()  # a refused key is a wrong configuration, found before anything else
    context.descope.choose_license()
    restore_unconfirmed(context.checkpoint)
    missing = {name: one for name, one in needed_attributes(context.config.mapping).items() if name not in defined}
    types = {name: one.kind for name, one in defined.items()}
    return replace(context, attributes=ProjectAttributes(types, missing))
