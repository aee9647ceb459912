"""One run, step by step as design section 2 tells it."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from migrator.checkpoint import binding, books, plans, proofs, reopening, sends, tally
from migrator.checkpoint.checkpoint import Binding, Checkpoint
from migrator.checkpoint.database import BytesRemain
from migrator.descope.client import DescopeClient
from migrator.descope.reader import DescopeReader
from migrator.docebo.client import DoceboClient
from migrator.docebo.mapped_fields import ask_docebo, missing_fields_error
from migrator.docebo.token import LoginRefused
from migrator.engine import outlook, planfile
from migrator.engine.budget import Budget
from migrator.engine.canary import send_canary
from migrator.engine.job import Events, Job, Options
from migrator.engine.leave import disable_leavers
from migrator.engine.logbook import Logbook
from migrator.engine.plan import missing_attributes, plan
from migrator.engine.proof import verify_sent
from migrator.engine.sampling import Sampler
from migrator.engine.send import send
from migrator.engine.settle import settle
from migrator.engine.spot_check import spot_check
from migrator.engine.sweep import read_everybody
from migrator.errors import ConfigError, Declined, Interrupted, MigratorError, StopRun
from migrator.log import get_logger
from migrator.model import ARRIVED_STATES, NEEDS_PERSON_STATES, Outcome, State
from migrator.normalize import Normalizer
from migrator.report import details, differences, files, stages
from migrator.report.gather import gather

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migrator.clock import Clock
    from migrator.config import Config
    from migrator.report.summary import Figures

log = get_logger(__name__)


def run(config: Config, options: Options, clock: Clock, events: Events) -> Figures:
    """Migrate, or plan when `options.dry_run`; callable again and again until it is complete.

    Returns:
        The figures. A run that stopped early has its reason in their `error`; running again continues.

    Raises:
        ConfigError: nothing was changed, and nothing is told of it as of a run.
        LeaseHeld: another run is in progress.
        StopRun: stopped before the checkpoint could be opened.
    """
    files.prepare(config.report.path)
    if options.plan_out is not None:
        planfile.check_new(options.plan_out)
    with _job(config, options, clock, events) as job:
        logbook = job.events = Logbook(events, clock, job.docebo, job.descope)
        started = clock.monotonic()
        try:
            wanted = preflight(job)
        except (StopRun, Interrupted) as error:
            with suppress(MigratorError):
                return _stopped(job, books.begin_run(job.checkpoint, options.command), started, error)
            raise
        number = books.begin_run(job.checkpoint, options.command)
        log.info("run_began", number=number)
        try:
            with logbook, Sampler(job, number):
                outcome = _flow(job, number, wanted, started)
        except (StopRun, Interrupted) as error:
            return _stopped(job, number, started, error)
        except ConfigError as error:
            if tally.so_far(job.checkpoint, number) is not None:
                # Something may have been sent: this is a run that stopped, whatever the database says.
                return _stopped(job, number, started, StopRun(error.message, fix=error.fix))
            with suppress(MigratorError):
                reopening.restore(job.checkpoint)
                books.forget_run(job.checkpoint, number)
            raise
        except Exception as error:
            _note_bug(job, number, started, error)
            raise
        figures = _figures(job, number, started, outcome)
        _close(job, number, figures)
        if options.dry_run:
            reopening.restore(job.checkpoint)
            return figures
        try:
            _forget_done(job)
        except BytesRemain as notice:
            figures.error, figures.outcome = notice, Outcome.NEEDS_PERSON
            books.note_run(job.checkpoint, number, figures.document(), Outcome.NEEDS_PERSON)
        return figures


def _stopped(job: Job, number: int, started: float, error: MigratorError) -> Figures:
    """End a run early, and keep the reason wherever it will be told."""
    with suppress(MigratorError):  # a lease that was lost; the next command restores it
        reopening.restore(job.checkpoint)
    figures = _figures(job, number, started, Outcome.INTERRUPTED if isinstance(error, Interrupted) else Outcome.STOPPED)
    figures.error = error
    _close(job, number, figures)
    return figures


def _note_bug(job: Job, number: int, started: float, error: Exception) -> None:
    """A run that a bug ended was not killed; the kind of the bug is told without its text, which may be personal."""
    with suppress(Exception):
        figures = _figures(job, number, started, Outcome.STOPPED)
        figures.error = MigratorError(
            f"A bug in the migrator ended the run: {type(error).__name__}.",
            fix="Run again (nothing is lost), and please report what it said.",
        )
        books.note_run(job.checkpoint, number, figures.document(), Outcome.STOPPED)


def _flow(job: Job, number: int, wanted: Binding, started: float) -> Outcome:
    if sends.in_flight(job.checkpoint, "", 1):
        job.events.stage("settle")
    settle(job)
    spot_check(job)
    read_everybody(job)
    plan(job)
    if job.options.dry_run:
        if job.options.plan_out is not None:
            planfile.write(job, job.options.plan_out)
        return Outcome.DRY_RUN
    planned = _figures(job, number, started, Outcome.DRY_RUN)
    if planned.sends and not job.ask(job.options.confirm, planned):
        raise Declined("Nothing was sent: you said no.", fix="Run again when you are ready.")
    binding.confirm(job.checkpoint, wanted)
    tally.begin_count(job.checkpoint, number, planned.actions[tally.NOTHING])
    plans.settle_without_sending(job.checkpoint)
    if job.options.canary is not None and planned.sends:
        send_canary(job, job.options.canary)
    if job.options.plan_file is None:  # a binding plan does only what it says
        disable_leavers(job)
    send(job)
    if not planned.sends:
        job.events.notice("Nothing to send.")
    if job.options.verify:
        verify_sent(job)
    states = books.count(job.checkpoint).states
    needs_person = any(states[state] for state in NEEDS_PERSON_STATES) or proofs.needing_a_person(job.checkpoint)
    return Outcome.NEEDS_PERSON if needs_person else Outcome.COMPLETE


@contextmanager
def _job(config: Config, options: Options, clock: Clock, events: Events) -> Iterator[Job]:
    with ExitStack() as stack:
        docebo = DoceboClient(config.docebo, clock)
        stack.callback(docebo.close)
        # A plan's destination is an object that cannot write (matrix H1).
        descope = (DescopeReader if options.dry_run else DescopeClient)(config.descope, clock)
        stack.callback(descope.close)
        url, key = config.checkpoint.sqlalchemy_url, config.checkpoint.key
        checkpoint = stack.enter_context(Checkpoint(url, key, clock, upgrade=options.upgrade))
        normalizer = Normalizer(config.mapping, config.docebo.platform)
        budget = Budget(options.max_errors or config.run.max_errors, options.max_error_rate)
        yield Job(config, options, clock, events, checkpoint, docebo, descope, normalizer, budget=budget)


def preflight(job: Job) -> Binding:
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
    binding.check(job.checkpoint, wanted, remap=job.options.remap)
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
        planfile.check(job, job.options.plan_file)
    _check_fields(job)
    reopening.restore(job.checkpoint)
    job.trial = binding.is_trial(job.checkpoint, wanted)
    job.asked = binding.bind(job.checkpoint, wanted, remap=job.options.remap)
    if job.options.retry:
        proofs.ask_again(job.checkpoint, job.options.retry)
    return wanted


def _steps(job: Job) -> list[str]:
    return stages.to_come(
        settles=bool(sends.in_flight(job.checkpoint, "", 1)),
        sends=not job.options.dry_run,
        canary=job.options.canary is not None,
        verifies=job.options.verify,
    )


def _check_fields(job: Job) -> None:
    """Refuse a mapping of fields that nobody has, before thousands of users lose them in silence."""
    unknown = ask_docebo(job.docebo, job.config.mapping)
    if unknown.missing:
        raise missing_fields_error(unknown, job.config)
    if unknown.unseen:
        job.events.notice(f"The mapping may be wrong: {unknown.describe_unseen()}.")


def _figures(job: Job, number: int, started: float, outcome: Outcome) -> Figures:
    predicted = outcome == Outcome.DRY_RUN
    figures = gather(job.checkpoint, job.config, outcome, predicted=predicted)
    if predicted:
        figures.actions = outlook.planned_actions(job)
        figures.extra = outlook.plan_extras(job, figures.actions)
    else:
        figures.actions = tally.so_far(job.checkpoint, number) or figures.actions
        figures.extra = outlook.prediction(job)
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


def _close(job: Job, number: int, figures: Figures) -> None:
    """Store the run's figures and write the reports; an error that ended the run goes before a new one."""
    config, checkpoint = job.config, job.checkpoint
    try:
        books.note_run(checkpoint, number, figures.document(), Outcome(figures.outcome))
        predicted = figures.outcome == Outcome.DRY_RUN
        found = details.collect(checkpoint, config.mapping, _titles(job, figures), predicted=predicted)
        books.note_details(checkpoint, number, found)
        if job.verified:
            differences.replace(config.report.path, [one.document() for one in job.differences])
        files.write(config.report.path, figures.document(), found, checkpoint, config.mapping)
    except MigratorError:
        if figures.error is None:
            raise


def _titles(job: Job, figures: Figures) -> dict[str, str]:
    """The additional fields' titles, asked for once at the end of a run that was not cut short."""
    return job.docebo.user_fields() if figures.error is None else {}


def _forget_done(job: Job) -> None:
    """Personal data of users who arrived, left or were left out is not needed any more (design section 9).

    Whoever was found wrong keeps it until it was seen right, or was sent again and then seen right.
    """
    if job.config.checkpoint.keep_profiles == "until_done":
        verdicts = (*proofs.RIGHT, None) if not job.options.verify else proofs.RIGHT
        books.erase_profiles(job.checkpoint, (*ARRIVED_STATES, State.VANISHED, State.SKIPPED), verdicts)
