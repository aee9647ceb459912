"""`migrator set`: another pace for the run at work."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, TypeAlias

import click

from migrator.cli.command import Common, with_common_options
from migrator.cli.steer import ask_run, nobody_at_work
from migrator.config.values import MOST_CONCURRENT

# `rate` with a share of 0.01 to 1, or `concurrency` with a whole number.
Setting: TypeAlias = tuple[str, float]
_SETTING = re.compile(r"(?:(rate)=([0-9]{1,3}(?:\.[0-9]+)?)%|(concurrency)=([0-9]{1,2}))")


def parse_setting(word: str) -> Setting | None:
    """The name and the value of a word; None unless it is one that may be set."""
    found = _SETTING.fullmatch(word)
    if found and found[1] and 1 <= float(found[2]) <= 100:  # noqa: PLR2004 -- per cent
        return found[1], float(found[2]) / 100
    if found and found[3] and 1 <= int(found[4]) <= MOST_CONCURRENT:
        return found[3], int(found[4])
    return None


class SettingWord(click.ParamType[Setting]):
    """One setting as a word: `rate=50%` or `concurrency=8`."""

    name = "setting"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Setting:
        """Its name and its value."""
        found = parse_setting(str(value))
        if found is None:
            allowed = f"rate=1% to rate=100%, concurrency=1 to concurrency={MOST_CONCURRENT}"
            self.fail(f"{value} cannot be set. Allowed: {allowed}.", param, ctx)
        return found


@click.command()
@click.argument("setting", nargs=-1, required=True, type=SettingWord())
@with_common_options
def set_command(common: Common, setting: tuple[Setting, ...]) -> int:
    """Change the pace of the run at work, from any shell, until that run ends.

    Each SETTING is one of these words:

    \b
      rate=50%       use this share (1% to 100%) of what the run would otherwise use of every
                     rate limit of both APIs; rate=100% is its usual pace
      concurrency=8  batches in flight at Descope, 1 to 16, instead of run.concurrency

    What was set stays until it is set again or the run ends. `migrator status` shows it.

    \b
    Example:
      migrator set rate=50% concurrency=8

    \b
    Exit codes: 0 set, 2 usage, configuration, no checkpoint yet, or no run is at work; nothing was changed.
    """  # noqa: D301 -- Click's \b
    names = [name for name, _ in setting]
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise click.UsageError(f"{' and '.join(twice)} can be set only once at a time.")
    values: dict[str, Any] = dict(setting)
    config = common.load(offline=True)
    asked = ask_run(config, lambda was: replace(was, **values))
    if asked is None:
        raise nobody_at_work("set")
    if "rate" in values and common.verbosity >= 0:
        for api in config.unlimited:
            click.echo(f"rate changes nothing at {api}, because the configuration sets no limit there.", err=True)
    after = asked[1]
    if common.as_json:
        common.print_json(after.document())
    else:
        click.echo(f"Set until this run ends: {after.words}.")
    return 0
