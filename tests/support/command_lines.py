"""How the program understands a command line that an example writes down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from migrator.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Sequence


def understood(words: Sequence[str]) -> dict[str, Any]:
    """The command under the key `command`, and its parameters, of `migrator WORDS`; nothing is started.

    Raises:
        KeyError: there is no such command.
        click.UsageError: it has no such option, or does not take this value.
    """
    command, *rest = words
    # With its parent, as click keeps a command's help option from the first context on.
    parent = click.Context(main, **main.context_settings)
    return {"command": command} | main.commands[command].make_context(command, list(rest), parent=parent).params
