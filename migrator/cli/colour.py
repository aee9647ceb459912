"""Colour with a meaning, on terminals alone: green is good, red is an error, magenta wants care.

Yellow cannot be read on white. The words are the same without colour.
"""

from __future__ import annotations

import os

import click

from migrator.model import Outcome

GOOD, BAD, CARE = "green", "red", "magenta"
_OUTCOMES = {
    Outcome.COMPLETE: GOOD,
    Outcome.NEEDS_PERSON: CARE,
    Outcome.STOPPED: BAD,
    Outcome.INTERRUPTED: CARE,
}


def wanted() -> bool:
    """Whether a terminal may be given colours; a pipe gets none in any case (`click.echo` sees to it)."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, colour: str | None) -> str:
    """The text in a colour, for `click.echo`."""
    return click.style(text, fg=colour, bold=True) if colour and text and wanted() else text


def of_outcome(outcome: Outcome | str) -> str | None:
    """The colour of how a run ended."""
    return _OUTCOMES.get(Outcome(outcome)) if outcome in list(Outcome) else None
