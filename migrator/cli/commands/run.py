"""`migrator run` and `migrator plan`."""

from __future__ import annotations

import functools
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migrator.checkpoint.db.database import Database
from migrator.checkpoint.db.schema import current_revision, head_revision
from migrator.cli import audit
from migrator.cli.command import Common, show_error, with_common_options
from migrator.cli.progress import events
from migrator.cli.prompts import (
    RetryCode,
    RoomLeft,
    Share,
    about_canary,
    about_plan,
    about_upgrade,
    only_if_right,
    refuse_strangers,
    show_plan,
)
from migrator.cli.render import result_line, result_text, would_lines
from migrator.cli.signals import signals
from migrator.core.clock import Clock
from migrator.core.errors import ConfigError, Declined
from migrator.core.model import RunOutcome
from migrator.flow.options import RunOptions
from migrator.flow.run import migrate as run_engine

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.config.schema import Config
    from migrator.report.summary import RunFigures

EXIT_NEEDS_PERSON = 3

_file = click.Path(path_type=Path, dir_okay=False)


def _with_reading_options(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that `run` and `plan` share; it gets them as `asked`, the rest at their defaults."""

    @click.option(
        "--limit",
        type=click.IntRange(min=1),
        help="Send at most this many users; the others count as skipped. Conflicts and other problems are counted"
        " for all.",
    )
    @click.option("--search-text", default="", help="Only the users that Docebo finds for this text.")
    @click.option(
        "--decisions",
        type=_file,
        help="Take what you filled into this problems.csv: column decision is skip, keep, link, login_id (with the"
        " login id in column value), or none to take it back.",
    )
    @click.option("--remap", is_flag=True, help="Accept a changed mapping, and plan conflicts and failures again too.")
    @click.option(
        "--accept-shrink",
        is_flag=True,
        help="Treat users missing from Docebo's list as deleted, even if they are more than 10 %.",
    )
    @click.option(
        "--accept-short-list",
        is_flag=True,
        help="Go by Docebo's pages, even if Docebo counts more users than they show.",
    )
    @click.option(
        "--leave",
        type=RoomLeft(),
        default=0.0,
        help="Leave this share of every rate limit to others, such as people who sign in: 30% or 0.3, at most 90%.",
    )
    @functools.wraps(function)
    def wrapped(
        limit: int | None,
        search_text: str,
        decisions: Path | None,
        remap: bool,
        accept_shrink: bool,
        accept_short_list: bool,
        **others: Any,  # noqa: ANN401 -- Click's
    ) -> None:
        asked = RunOptions(
            limit=limit,
            search_text=search_text,
            decisions=decisions,
            remap=remap,
            accept_shrink=accept_shrink,
            accept_short_list=accept_short_list,
        )
        function(asked=asked, **others)

    return wrapped


@click.command()
@click.option("--yes", is_flag=True, help="Send without asking; for scripts.")
@click.option(
    "--project",
    metavar="ID",
    help="The Descope project that is meant: another one in the configuration is refused (exit 2). --yes needs it for"
    " the first write where more than a tenth of the users there, or more than 1,000, are strangers.",
)
@click.option("--dry-run", is_flag=True, help="The same as `migrator plan`.")
@click.option("--plan", "plan_file", type=_file, help="Do only what this file from `plan --out` says.")
@click.option(
    "--canary",
    type=click.IntRange(1, 1000),
    help="First send this many users in all, a mix of every kind; verify them, then ask.",
)
@click.option(
    "--max-errors", type=click.IntRange(min=1), help="Stop (exit 4) when this many users of this run have failed."
)
@click.option(
    "--max-error-rate",
    type=Share(),
    help="Stop (exit 4) when more than this share of the users sent so far have failed, from 20 users on: 2% or 0.02.",
)
@click.option(
    "--create-missing", is_flag=True, help="Create the tenants and roles that rules give and Descope does not have."
)
@click.option("--no-verify", is_flag=True, help="Do not read back what was sent.")
@click.option("--allow-partial", is_flag=True, help="Exit 0, not 3, when some users need your attention.")
@click.option(
    "--retry",
    metavar="CODE",
    multiple=True,
    type=RetryCode(),
    help="Plan users with this reason code again; or differs or missing, as verify found them; or all. Repeatable.",
)
@_with_reading_options
@with_common_options
def run_command(
    common: Common,
    asked: RunOptions,
    leave: float,
    yes: bool,
    project: str | None,
    dry_run: bool,
    plan_file: Path | None,
    canary: int | None,
    max_errors: int | None,
    max_error_rate: float | None,
    create_missing: bool,
    no_verify: bool,
    allow_partial: bool,
    retry: tuple[str, ...],
) -> int:
    """Migrate: read Docebo, show the plan, ask, send, report.

    Run it again after a stop or a crash: it continues. Run it again when it is complete: only users that
    changed in Docebo are sent.

    \b
    Example:
      migrator run
      migrator run --yes --json > summary.json
      migrator run --yes --project P2abc
      migrator run --search-text ana@example.org
      migrator run --retry missing --retry differs
      migrator run --decisions problems.csv
      migrator run --plan plan.jsonl --canary 20 --max-error-rate 2%

    \b
    Exit codes: 0 all done, 2 configuration, 3 some users need your attention, 4 stopped early (run again),
    5 another run is in progress, 129/130/143 interrupted (run again).
    """  # noqa: D301 -- Click's \b
    config = common.load().leaving(leave)
    if dry_run and (retry or create_missing or not (canary is max_errors is max_error_rate is None)):
        raise click.UsageError(
            "--canary, --create-missing, --max-errors, --max-error-rate and --retry cannot go with --dry-run, which"
            " sends nothing."
        )
    if project not in (None, config.descope.project_id):
        place = config.descope.place_of("descope.project_id")
        raise ConfigError(  # without the value, in whose place a key may have been given
            f"--project names another project than {place}, which is {config.descope.project_id}.",
            fix="Correct the one that is wrong. Nothing was changed.",
        )
    if plan_file is not None and asked.decisions is not None:
        raise click.UsageError(
            "--decisions cannot go with --plan, which does only what its file says. Decisions hold once a run with them"
            " was confirmed; plan with --out after that."
        )
    if not (yes or dry_run or sys.stdin.isatty()):
        raise click.UsageError("Input is not a terminal, so nobody can be asked. Add --yes to send without asking.")
    options = replace(
        asked,
        command="run",
        dry_run=dry_run,
        upgrade=may_upgrade(config, yes=yes),
        verify=not no_verify,
        retry=retry,
        plan_file=plan_file,
        canary=canary,
        max_errors=max_errors,
        max_error_rate=max_error_rate,
        create_missing=create_missing,
        confirm=audit.log_question(
            "plan", _confirm(common, config, yes=yes, named=project is not None), asked="--yes" if yes else "person"
        ),
        confirm_canary=audit.log_question(
            "canary", only_if_right if yes else about_canary, asked="--yes" if yes else "person"
        ),
    )
    return execute_run(common, config, options, allow_partial=allow_partial)


@click.command()
@click.option("--out", "plan_out", type=_file, help="Save the plan to this file; `run --plan` then does only that.")
@_with_reading_options
@with_common_options
def plan_command(common: Common, asked: RunOptions, leave: float, plan_out: Path | None) -> int:
    """Show what `run` would do; write nothing to Descope.

    First what a run would send now; then the counts as they would be after it: `created` counts the users that it
    or an earlier run created.

    \b
    Example:
      migrator plan --out plan.jsonl
      migrator plan --decisions problems.csv

    \b
    Exit codes: 0 planned, 2 configuration, 4 stopped early (run again), 5 another run is in progress.
    """  # noqa: D301 -- Click's \b
    config = common.load().leaving(leave)
    if plan_out is not None and asked.decisions is not None:
        raise click.UsageError(
            "--decisions cannot go with --out: they hold only once a run with them was confirmed. Plan without --out."
        )
    upgrade = may_upgrade(config, yes=False)
    options = replace(asked, command="plan", dry_run=True, upgrade=upgrade, plan_out=plan_out)
    return execute_run(common, config, options)


def execute_run(common: Common, config: Config, options: RunOptions, *, allow_partial: bool = False) -> int:
    """Migrate or plan, show the figures, and return the exit code (README.md, "Exit codes")."""
    if config.docebo.leave and common.verbosity >= 0:
        for api in config.unlimited:
            click.echo(f"--leave keeps no room at {api}, because the configuration sets no limit there.", err=True)
    clock = Clock()
    with signals(clock) as stopping, events(clock, quiet=common.verbosity < 0) as listener:
        figures = run_engine(config, options, clock, listener)
    told = common.verbosity >= 0 and not common.as_json
    if figures.error is not None and not (told and isinstance(figures.error, Declined)):  # which the result says
        show_error(figures.error)
    audit.log_run_ended(figures.document())
    if common.as_json:
        common.print_json(figures.document())
    elif told:
        checkpoint = config.checkpoint.sqlalchemy_url.render_as_string(hide_password=True)
        click.echo("\n".join(result_text(figures, f"checkpoint: {checkpoint}")))
    else:
        would = f"{would_lines(figures)} " if figures.outcome == RunOutcome.DRY_RUN else ""
        click.echo(f"{would}{result_line(figures)}")
    if figures.error is not None:
        return stopping.exit_code(figures.error)
    return EXIT_NEEDS_PERSON if figures.outcome == RunOutcome.NEEDS_PERSON and not allow_partial else 0


def _confirm(common: Common, config: Config, *, yes: bool, named: bool) -> Callable[[RunFigures], bool]:
    """The question; with --yes none, but a project full of strangers must have been `named`."""

    def go_on(figures: RunFigures) -> bool:
        if common.verbosity >= 0:
            show_plan(figures)
        if figures.census is not None and not named:
            refuse_strangers(figures.census, config.descope.place_of("descope.project_id"))
        return True

    return go_on if yes else about_plan


def may_upgrade(config: Config, *, yes: bool) -> bool:
    """SQLite and an empty database are brought up silently; an older PostgreSQL schema is asked about."""
    url = config.checkpoint.sqlalchemy_url
    if yes or url.get_backend_name() == "sqlite":
        return True
    database = Database(url)
    try:
        with database.read() as connection:
            current = current_revision(connection)
    finally:
        database.close()
    if current in (None, head_revision()):
        return True
    return sys.stdin.isatty() and audit.log_question("schema", about_upgrade)()
