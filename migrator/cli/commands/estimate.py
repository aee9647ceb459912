"""`migrator estimate`: how long a migration takes, before there is an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from migrator.cli.command import Common, with_common_options
from migrator.cli.commands.init import EXAMPLE
from migrator.cli.pace_words import takes_text
from migrator.cli.prompts import RoomLeft
from migrator.cli.wrap import fitted
from migrator.config.schema import load_config
from migrator.core.activity import percent_text
from migrator.core.packaging import packaged
from migrator.flow.plan.estimate import estimate_migration

if TYPE_CHECKING:
    from migrator.config.schema import Config
    from migrator.flow.plan.estimate import MigrationEstimate, StageEstimate


@click.command()
@click.option("--users", type=click.IntRange(min=1), required=True, help="How many users Docebo has.")
@click.option(
    "--leave",
    type=RoomLeft(),
    default=0.0,
    help="As if `run` left this share of every rate limit to others: 30% or 0.3, at most 90%.",
)
@with_common_options
def estimate_command(common: Common, users: int, leave: float) -> int:
    """Show how many calls a first migration takes, and how long it lasts.

    It asks no server. It goes by the limits of the configuration file, and without such a file by the documented ones.
    The range begins with what the limits alone demand; it ends where a call takes a second, others use three tenths of
    the limits, and each server asks for a pause of a minute and a half.

    \b
    Example:
      migrator estimate --users 100000
      migrator estimate --users 100000 --leave 30%

    \b
    Exit codes: 0 shown, 2 configuration.
    """  # noqa: D301 -- Click's \b
    # A file that somebody named is never silently replaced by the documented limits.
    by_file = common.config_named or common.config_path.exists()
    config = common.load(offline=True) if by_file else _documented()
    found = estimate_migration(users, config.leaving(leave))
    if common.as_json:
        common.print_json(found.document())
    else:
        source = f"the limits of {common.config_path}" if by_file else "the documented limits"
        source += f", {percent_text(leave)} of each left to others" if leave else ""
        click.echo("\n".join(_lines(found, source)))
    return 0


def _documented() -> Config:
    """The example configuration, whose values are the defaults, for a project that need not exist."""
    return load_config(packaged(EXAMPLE), {"DESCOPE_PROJECT_ID": "P2" + 25 * "0"}, offline=True)


def _lines(found: MigrationEstimate, source: str) -> list[str]:
    who = f"{found.users:,} users" if found.users > 1 else "1 user"
    again = next((stage for stage in found.stages if stage.name == "read_again"), None)
    beside = "After the first reading, Docebo is read again while users are looked up, sent and read back: the longer"
    joins = "If somebody joins meanwhile, it is read once more."
    return [
        fitted(f"{who}: a first migration takes {takes_text(*found.seconds)} (by {source})."),
        "",
        f"{'step':<10}  {'calls':>9}  {'minutes':>8}  limit",
        *(_line(stage) for stage in found.stages),
        "",
        "The minutes of a step are those that its limit demands.",
        *([fitted(f"{beside} of both counts. {joins}")] if again is not None else []),
    ]


def _line(stage: StageEstimate) -> str:
    name, limit = stage.name.replace("_", " "), stage.limit or "none"
    return f"{name:<10}  {stage.calls:>9,}  {stage.minutes:>8,.1f}  {limit}"
