"""Colour with a meaning, on terminals alone: green is good, red is an error, magenta wants care.

Yellow cannot be read on white. The words are the same without colour.
"""

from __future__ import annotations

import os

import click

from migrator.core.model import RunOutcome

GOOD, BAD, CARE = "green", "red", "magenta"
_OUTCOMES = {
    RunOutcome.COMPLETE: GOOD,
    RunOutcome.NEEDS_PERSON: CARE,
    RunOutcome.STOPPED: BAD,
    RunOutcome.INTERRUPTED: CARE,
}


def colour_is_wanted() -> bool:
    """Whether a terminal may be given colours; a pipe gets none in any case (`click.echo` sees to it)."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, colour: str | None) -> str:
    """The text in a colour, for `click.echo`."""
    return click.style(text, fg=colour, bold=True) if colour and text and colour_is_wanted() else text


def outcome_colour(outcome: RunOutcome | str) -> str | None:
    """The colour of how a run ended."""
    return _OUTCOMES.get(RunOutcome(outcome)) if outcome in list(RunOutcome) else None
