"""One run, step by step (docs/architecture.md, "The flow")."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from migrator.checkpoint.binding import Binding, bind_servers, check_binding, confirm_binding, is_trial_mapping
from migrator.checkpoint.db.checkpoint import Checkpoint
from migrator.checkpoint.db.database import BytesRemain
from migrator.checkpoint.runs.actions import NOTHING, actions_of_run, begin_actions
from migrator.checkpoint.runs.runs import begin_run, delete_run, store_details, store_summary
from migrator.checkpoint.users.counts import count_users
from migrator.checkpoint.users.erasure import erase_profiles
from migrator.checkpoint.users.plans import finish_without_sending
from migrator.checkpoint.users.reopening import restore_unconfirmed
from migrator.checkpoint.users.sends import in_flight_users
from migrator.checkpoint.users.verdicts import RIGHT_VERDICTS, count_needing_a_person, request_retry
from migrator.core.errors import ConfigError, Declined, Interrupted, MigratorError, StopRun
from migrator.core.model import ARRIVED_STATES, NEEDS_PERSON_STATES, RunOutcome, State
from migrator.descope.reader import DescopeReader
from migrator.descope.writer import DescopeWriter
from migrator.docebo.client import DoceboClient
from migrator.docebo.mapped_fields import ask_docebo, missing_fields_error
from migrator.docebo.token import LoginRefused
from migrator.flow.context import RunContext, RunEvents, RunOptions
from migrator.flow.logbook import Logbook
from migrator.flow.plan.plan import make_plan, missing_attributes
from migrator.flow.plan.plan_file import check_plan, check_plan_path, write_plan
from migrator.flow.plan.summary import plan_extras, planned_actions, prediction_document
from migrator.flow.progress_recorder import ProgressRecorder
from migrator.flow.read.spot_check import spot_check
from migrator.flow.read.sweep import read_everybody
from migrator.flow.read_back import verify_sent
from migrator.flow.send.canary import send_canary
from migrator.flow.send.error_budget import ErrorBudget
from migrator.flow.send.leavers import disable_leavers
from migrator.flow.send.send import send_users
from migrator.flow.send.settle import settle_in_flight
from migrator.log.setup import get_logger
from migrator.normalize.mapping import Normalizer
from migrator.report.coverage.collect import collect_coverage
from migrator.report.files import prepare_folder, write_reports
from migrator.report.gather import gather_figures
from migrator.report.lists.differences import replace_differences
from migrator.report.stages import stages_to_come

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migrator.config.schema import Config
    from migrator.core.clock import Clock
    from migrator.report.summary import RunFigures

_log = get_logger(__name__)


def migrate(config: Config, options: RunOptions, clock: Clock, events: RunEvents) -> RunFigures:
    """Migrate, or plan when `options.dry_run`; callable again and again until it is complete.

    Returns:
        The figures. A run that stopped early has its reason in their `error`; running again continues.

    Raises:
        ConfigError: nothing was changed, and nothing is told of it as of a run.
        LeaseHeld: another run is in progress.
        StopRun: stopped before the checkpoint could be opened.
    """
    prepare_folder(config.report.path)
    if options.plan_out is not None:
        check_plan_path(options.plan_out)
    with _job(config, options, clock, events) as job:
        logbook = job.events = Logbook(events, clock, job.docebo, job.descope)
        started = clock.monotonic()
        try:
            wanted = preflight(job)
        except (StopRun, Interrupted) as error:
            with suppress(MigratorError):
                return _stopped(job, begin_run(job.checkpoint, options.command), started, error)
            raise
        number = begin_run(job.checkpoint, options.command)
        _log.info("run_began", number=number)
        try:
            with logbook, ProgressRecorder(job, number):
                outcome = _flow(job, number, wanted, started)
        except (StopRun, Interrupted) as error:
            return _stopped(job, number, started, error)
        except ConfigError as error:
            if actions_of_run(job.checkpoint, number) is not None:
                # Something may have been sent: this is a run that stopped, whatever the database says.
                return _stopped(job, number, started, StopRun(error.message, fix=error.fix))
            with suppress(MigratorError):
                restore_unconfirmed(job.checkpoint)
                delete_run(job.checkpoint, number)
            raise
        except Exception as error:
            _note_bug(job, number, started, error)
            raise
        figures = _figures(job, number, started, outcome)
        _close(job, number, figures)
        if options.dry_run:
            restore_unconfirmed(job.checkpoint)
            return figures
        try:
            _forget_done(job)
        except BytesRemain as notice:
            figures.error, figures.outcome = notice, RunOutcome.NEEDS_PERSON
            store_summary(job.checkpoint, number, figures.document(), RunOutcome.NEEDS_PERSON)
        return figures


def _stopped(job: RunContext, number: int, started: float, error: MigratorError) -> RunFigures:
    """End a run early, and keep the reason wherever it will be told."""
    with suppress(MigratorError):  # a lease that was lost; the next command restores it
        restore_unconfirmed(job.checkpoint)
    figures = _figures(
        job, number, started, RunOutcome.INTERRUPTED if isinstance(error, Interrupted) else RunOutcome.STOPPED
    )
    figures.error = error
    _close(job, number, figures)
    return figures


def _note_bug(job: RunContext, number: int, started: float, error: Exception) -> None:
    """A run that a bug ended was not killed; the kind of the bug is told without its text, which may be personal."""
    with suppress(Exception):
        figures = _figures(job, number, started, RunOutcome.STOPPED)
        figures.error = MigratorError(
            f"A bug in the migrator ended the run: {type(error).__name__}.",
            fix="Run again (nothing is lost), and please report what it said.",
        )
        store_summary(job.checkpoint, number, figures.document(), RunOutcome.STOPPED)


def _flow(job: RunContext, number: int, wanted: Binding, started: float) -> RunOutcome:
    if in_flight_users(job.checkpoint, "", 1):
        job.events.stage("settle")
    settle_in_flight(job)
    spot_check(job)
    read_everybody(job)
    make_plan(job)
    if job.options.dry_run:
        if job.options.plan_out is not None:
            write_plan(job, job.options.plan_out)
        return RunOutcome.DRY_RUN
    planned = _figures(job, number, started, RunOutcome.DRY_RUN)
    if planned.sends and not job.ask(job.options.confirm, planned):
        raise Declined("Nothing was sent: you said no.", fix="Run again when you are ready.")
    confirm_binding(job.checkpoint, wanted)
    begin_actions(job.checkpoint, number, planned.actions[NOTHING])
    finish_without_sending(job.checkpoint)
    if job.options.canary is not None and planned.sends:
        send_canary(job, job.options.canary)
    if job.options.plan_file is None:  # a binding plan does only what it says
        disable_leavers(job)
    send_users(job)
    if not planned.sends:
        job.events.notice("Nothing to send.")
    if job.options.verify:
        verify_sent(job)
    states = count_users(job.checkpoint).states
    needs_person = any(states[state] for state in NEEDS_PERSON_STATES) or count_needing_a_person(job.checkpoint)
    return RunOutcome.NEEDS_PERSON if needs_person else RunOutcome.COMPLETE


@contextmanager
def _job(config: Config, options: RunOptions, clock: Clock, events: RunEvents) -> Iterator[RunContext]:
    with ExitStack() as stack:
        docebo = DoceboClient(config.docebo, clock)
        stack.callback(docebo.close)
        # A plan's destination is an object that cannot write (docs/decisions/0007).
        descope = (DescopeReader if options.dry_run else DescopeWriter)(config.descope, clock)
        stack.callback(descope.close)
        url, key = config.checkpoint.sqlalchemy_url, config.checkpoint.key
        checkpoint = stack.enter_context(Checkpoint(url, key, clock, upgrade=options.upgrade))
        normalizer = Normalizer(config.mapping, config.docebo.platform)
        budget = ErrorBudget(options.max_errors or config.run.max_errors, options.max_error_rate)
        yield RunContext(config, options, clock, events, checkpoint, docebo, descope, normalizer, budget=budget)


def preflight(job: RunContext) -> Binding:
    """Everything that must be right before anything is read or sent; returns what the run is to be bound to.

    Raises:
        ConfigError: with what, where and how to fix it; nothing was changed.
    """
    config = job.config
    wanted = Binding(
        source=job.platform,
        project=config.descope.project_id,
        target_host=config.descope.host,
        mapping=config.mapping.fingerprint(),
        policy=config.policy.fingerprint(),
        mapping_section=config.mapping.to_json(),
    )
    check_binding(job.checkpoint, wanted, remap=job.options.remap)
    job.steps = _steps(job)
    job.events.steps(job.steps)
    job.events.stage("check")
    try:
        job.docebo.check_session()
    except LoginRefused as error:
        raise ConfigError(error.message, fix=error.fix) from None
    job.descope.choose_license()
    job.undefined, job.types = missing_attributes(job.descope, config)
    if job.options.plan_file is not None:
        check_plan(job, job.options.plan_file)
    _check_fields(job)
    restore_unconfirmed(job.checkpoint)
    job.trial = is_trial_mapping(job.checkpoint, wanted)
    job.asked = bind_servers(job.checkpoint, wanted, remap=job.options.remap)
    if job.options.retry:
        request_retry(job.checkpoint, job.options.retry)
    return wanted


def _steps(job: RunContext) -> list[str]:
    return stages_to_come(
        settles=bool(in_flight_users(job.checkpoint, "", 1)),
        sends=not job.options.dry_run,
        canary=job.options.canary is not None,
        verifies=job.options.verify,
    )


def _check_fields(job: RunContext) -> None:
    """Refuse a mapping of fields that nobody has, before thousands of users lose them in silence."""
    unknown = ask_docebo(job.docebo, job.config.mapping)
    if unknown.missing:
        raise missing_fields_error(unknown, job.config)
    if unknown.unseen:
        job.events.notice(f"The mapping may be wrong: {unknown.describe_unseen()}.")


def _figures(job: RunContext, number: int, started: float, outcome: RunOutcome) -> RunFigures:
    predicted = outcome == RunOutcome.DRY_RUN
    figures = gather_figures(job.checkpoint, job.config, outcome, predicted=predicted)
    if predicted:
        figures.actions = planned_actions(job)
        figures.extra = plan_extras(job, figures.actions)
    else:
        figures.actions = actions_of_run(job.checkpoint, number) or figures.actions
        figures.extra = prediction_document(job)
    figures.read_back = job.verified or None
    figures.calls = {
        "docebo": job.docebo.calls,
        "descope": job.descope.calls,
        "descope_writes": job.descope.writes,
        "throttled": job.docebo.throttled + job.descope.throttled,
    }
    figures.limit, figures.searched = job.options.limit, bool(job.options.search_text)
    figures.seconds = job.clock.monotonic() - started - job.answering
    return figures


def _close(job: RunContext, number: int, figures: RunFigures) -> None:
    """Store the run's figures and write the reports; an error that ended the run goes before a new one."""
    config, checkpoint = job.config, job.checkpoint
    try:
        store_summary(checkpoint, number, figures.document(), RunOutcome(figures.outcome))
        predicted = figures.outcome == RunOutcome.DRY_RUN
        found = collect_coverage(checkpoint, config.mapping, _titles(job, figures), predicted=predicted)
        store_details(checkpoint, number, found)
        if job.verified:
            replace_differences(config.report.path, [one.document() for one in job.differences])
        write_reports(config.report.path, figures.document(), found, checkpoint, config.mapping)
    except MigratorError:
        if figures.error is None:
            raise


def _titles(job: RunContext, figures: RunFigures) -> dict[str, str]:
    """The additional fields' titles, asked for once at the end of a run that was not cut short."""
    return job.docebo.user_fields() if figures.error is None else {}


def _forget_done(job: RunContext) -> None:
    """Personal data of users who arrived, left or were left out is not needed any more (README.md, "Privacy").

    Whoever was found wrong keeps it until it was seen right, or was sent again and then seen right.
    """
    if job.config.checkpoint.keep_profiles == "until_done":
        verdicts = (*RIGHT_VERDICTS, None) if not job.options.verify else RIGHT_VERDICTS
        erase_profiles(job.checkpoint, (*ARRIVED_STATES, State.VANISHED, State.SKIPPED), verdicts)
