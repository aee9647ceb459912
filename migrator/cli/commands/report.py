"""`migrator report`: the report files once more, from the checkpoint alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from migrator.cli.command import Common, with_common_options
from migrator.cli.reading import checkpoint_beside_run
from migrator.core.clock import Clock
from migrator.report.files import prepare_folder
from migrator.report.gather import rewrite_reports

if TYPE_CHECKING:
    from migrator.config.schema import Config

REDACTED = "redacted"  # the folder in report.dir


@click.command()
@click.option(
    "--redact",
    is_flag=True,
    help="No personal data in any file: ids and reason codes only, in the folder `redacted` under report.dir.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write to this folder instead.",
)
@with_common_options
def report_command(common: Common, redact: bool, out: Path | None) -> int:
    """Write the report again: report.html, problems.csv, crosswalk.csv, summary.json.

    Reads the checkpoint only, so it works while a run is in progress and after one that failed. Names and
    addresses are shown as far as the checkpoint still has them. With --redact the full report stays as it is.

    \b
    Example:
      migrator report
      migrator report --redact
      migrator report --redact --out for-the-vendor

    \b
    Exit codes: 0 written, 2 configuration or no checkpoint yet, 4 a file could not be written.
    """  # noqa: D301 -- Click's \b
    config = common.load(offline=True)
    folder = _folder(config, out, redact=redact)
    with checkpoint_beside_run(config, Clock()) as checkpoint:
        prepare_folder(folder)
        # A run in progress appends to its own crosswalk.csv; replacing that file could lose lines of it.
        theirs = checkpoint.is_held() and folder.resolve() == config.report.path.resolve()
        document = rewrite_reports(checkpoint, config, folder, redact=redact, leave_crosswalk=theirs)
    if common.as_json:
        common.print_json(document)
    else:
        click.echo("\n".join(document["reports"]))
    return 0


def _folder(config: Config, out: Path | None, *, redact: bool) -> Path:
    """Where the files go, absolute; what is redacted never replaces the full report.

    Raises:
        UsageError: it would.
    """
    full = config.report.path
    if out is None:
        return full / REDACTED if redact else full
    if redact and out.resolve() == full.resolve():
        raise click.UsageError(f"The full report is in {out}: name another folder with --out, or omit --out.")
    return out.absolute()
