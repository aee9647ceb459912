"""`migrator undo`: take a migration back."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from migrator.cli import audit
from migrator.cli.command import Common, show_error, with_common_options
from migrator.cli.commands.run import EXIT_NEEDS_PERSON, may_upgrade
from migrator.cli.progress import events
from migrator.cli.prompts import about_undo, show_undo
from migrator.cli.signals import signals
from migrator.cli.undo_text import undo_line, undo_text
from migrator.cli.wrap import fitted
from migrator.core.clock import Clock
from migrator.core.errors import Declined
from migrator.core.model import RunOutcome
from migrator.flow.options import RunOptions
from migrator.flow.undo.undo import undo_migration

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.flow.undo.tally import UndoReport, UndoTally


@click.command()
@click.option("--yes", is_flag=True, help="Undo without asking; for scripts.")
@click.option("--dry-run", is_flag=True, help="Only show what would be undone; change nothing in Descope.")
@click.option(
    "--force-unknown",
    is_flag=True,
    help="Undo also those of whom nobody can tell whether they signed in, because Descope does not let it be asked"
    " or its audit trail does not reach back that far.",
)
@with_common_options
def undo_command(common: Common, yes: bool, dry_run: bool, force_unknown: bool) -> int:
    """Take the migration back: delete whom it created, put back whom it changed.

    Only users with our mark that this migration created are deleted; of those it linked or updated, the fields it
    changed get the values they had before. Whoever shows a sign of life is spared and listed, with a reason:
    signed_in (a sign-in, a credential, freshlyMigrated false), edited (changed in Descope since they were sent),
    unknown (nobody can tell). Users are read back afterwards. A run after an undo plans them as if they were new.

    It shows the plan and asks first. It can be stopped, killed and run again at any moment. Undo before you purge:
    what linked users were like before is personal data, and purge erases it.

    \b
    Example:
      migrator undo --dry-run
      migrator undo
      migrator undo --yes --json > undone.json

    \b
    Exit codes: 0 everything is undone, 2 configuration or no checkpoint yet, 3 somebody was spared or could not be
    undone, 4 stopped early (undo again), 5 a run is in progress, 129/130/143 interrupted (undo again).
    """  # noqa: D301 -- Click's \b
    config = common.load()
    if not (yes or dry_run or sys.stdin.isatty()):
        raise click.UsageError("Input is not a terminal, so nobody can be asked. Add --yes to undo without asking.")
    options = RunOptions(command="undo", dry_run=dry_run, upgrade=may_upgrade(config, yes=yes))
    ask = audit.log_question("undo", _confirm(common, yes=yes), asked="--yes" if yes else "person")
    clock = Clock()
    with signals(clock) as stopping, events(clock, quiet=common.verbosity < 0) as listener:
        report = undo_migration(config, options, clock, listener, force=force_unknown, confirm=ask)
    declined = isinstance(report.error, Declined)
    if report.error is not None and not (declined and not common.as_json):  # which the last line says
        show_error(report.error)
    audit.log_undone(report.document())
    if common.as_json:
        common.print_json(report.document())
    else:
        click.echo("\n".join(_text(report) if common.verbosity >= 0 else [fitted(undo_line(report))]))
    if report.error is not None:
        return stopping.exit_code(report.error)
    return EXIT_NEEDS_PERSON if report.outcome == RunOutcome.NEEDS_PERSON else 0


def _confirm(common: Common, *, yes: bool) -> Callable[[UndoTally], bool]:
    if not yes:
        return about_undo
    return show_undo if common.verbosity >= 0 else (lambda _tally: True)


def _text(report: UndoReport) -> list[str]:
    if isinstance(report.error, Declined):
        return [fitted(undo_line(report))]
    calls = f"  calls: Descope {report.calls['descope']:,} (writes {report.calls['descope_writes']:,})"
    return [
        "",
        f"{report.source} -> {report.project}",
        *undo_text(report.tally, planned=report.outcome == RunOutcome.DRY_RUN),
        f"{calls}, throttled {report.calls['throttled']:,}",
        f"  {report.seconds:.1f} s",
        fitted(undo_line(report)),
        *(f"  {path}" for path in report.reports),
    ]
