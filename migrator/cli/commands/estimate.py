"""`migrator estimate`: how long a migration takes, before there is an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from migrator.cli.command import Common, with_common_options
from migrator.cli.commands.init import EXAMPLE
from migrator.config.schema import load_config
from migrator.core.packaging import packaged
from migrator.flow.plan.estimate import estimate_migration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.config.schema import Config
    from migrator.flow.plan.estimate import StageEstimate


@click.command()
@click.option("--users", type=click.IntRange(min=1), required=True, help="How many users Docebo has.")
@with_common_options
def estimate_command(common: Common, users: int) -> int:
    """Show how many calls a first migration takes, and how long the limits make them last.

    It asks no server. It goes by the limits of the configuration file, and without such a file by the documented ones.

    \b
    Example:
      migrator estimate --users 100000

    \b
    Exit codes: 0 shown, 2 configuration.
    """  # noqa: D301 -- Click's \b
    # A file that somebody named is never silently replaced by the documented limits.
    by_file = common.config_named or common.config_path.exists()
    stages = estimate_migration(users, common.load(offline=True) if by_file else _documented())
    minutes = round(sum(stage.minutes for stage in stages), 1)
    if common.as_json:
        common.print_json({"users": users, "minutes": minutes, "stages": [stage.document() for stage in stages]})
    else:
        source = f"the limits of {common.config_path}" if by_file else "the documented limits"
        click.echo("\n".join(_lines(users, minutes, stages, source)))
    return 0


def _documented() -> Config:
    """The example configuration, whose values are the defaults, for a project that need not exist."""
    return load_config(packaged(EXAMPLE), {"DESCOPE_PROJECT_ID": "P2" + 25 * "0"}, offline=True)


def _lines(users: int, minutes: float, stages: Sequence[StageEstimate], source: str) -> list[str]:
    who = f"{users:,} users" if users > 1 else "1 user"
    takes = f"{who}: the limits make a first migration last at least {minutes:,g} minutes"
    return [
        f"{takes if minutes else f'{who}: a first migration waits for no limit'} (by {source}).",
        "",
        f"{'step':<10}  {'calls':>9}  {'minutes':>8}  limit",
        *(_line(stage) for stage in stages),
        "",
        "The time that the servers and the network take comes on top.",
    ]


def _line(stage: StageEstimate) -> str:
    name, limit = stage.name.replace("_", " "), stage.limit or "none"
    return f"{name:<10}  {stage.calls:>9,}  {stage.minutes:>8,.1f}  {limit}"
