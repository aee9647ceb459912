"""`migrator explain`: what a code in the report means."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TypedDict

import click

from migrator.cli.command import Common, with_common_options
from migrator.cli.wrap import fitted
from migrator.core.errors import ConfigError
from migrator.core.reasons import Note, Reason, again_words, known_code

_AGAIN = {"helps": "can help though nobody changed anything.", "no": "does not help before somebody changes something."}


class CodeDocument(TypedDict):
    """A code in JSON; `state` and `again` (whether running again helps) are None for a note."""

    code: str
    kind: str
    state: str | None
    meaning: str
    fix: str
    again: str | None


@click.command()
@click.argument("code", required=False)
@with_common_options
def explain_command(common: Common, code: str | None) -> int:
    """Show what a reason or note code means, and how to fix it.

    CODE is a word from the summary, problems.csv or the report; without it, all codes are listed. It needs no
    configuration and asks no server.

    \b
    Example:
      migrator explain login_taken
      migrator explain

    \b
    Exit codes: 0 shown, 2 there is no such code.
    """  # noqa: D301 -- Click's \b
    if code is None:
        known = [*Reason, *Note]
        if common.as_json:
            common.print_json({"codes": [_document(one) for one in known]})
        else:
            width = max(map(len, known))
            click.echo("\n".join(fitted(one.meaning, f"{one:<{width}}  ") for one in known))
        return 0
    one = _known(code)
    if common.as_json:
        common.print_json(_document(one))
    else:
        click.echo("\n".join(_text(one)))
    return 0


def _known(code: str) -> Reason | Note:
    """The reason or note with this code.

    Raises:
        ConfigError: there is none.
    """
    known = known_code(code.strip().lower())
    if known is None:
        close = get_close_matches(code.strip().lower(), [*Reason, *Note])
        meant = f"Did you mean {' or '.join(close)}? " if close else ""
        # What was typed is not repeated: an address in the wrong place must not reach a log.
        raise ConfigError("There is no such reason or note code.", fix=f"{meant}`migrator explain` lists all codes.")
    return known


def _text(one: Reason | Note) -> list[str]:
    if isinstance(one, Note):
        return [f"{one} (a note: the user is migrated)", fitted(one.meaning, "  "), fitted(one.fix, "  Fix: ")]
    again = again_words(one)
    words = _AGAIN.get(again, f"helps {again}.")
    return [
        f"{one} (a reason: {one.state})",
        fitted(one.meaning, "  "),
        fitted(one.fix, "  Fix: "),
        fitted(words, "  Running again "),
    ]


def _document(one: Reason | Note) -> CodeDocument:
    reason = one if isinstance(one, Reason) else None
    return {
        "code": str(one),
        "kind": "note" if reason is None else "reason",
        "state": None if reason is None else reason.state.value,
        "meaning": one.meaning,
        "fix": one.fix,
        "again": None if reason is None else again_words(reason),
    }
