"""`migrator purge`: no personal data stays in the checkpoint."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Literal

import click
from typing_extensions import TypedDict

from migrator.checkpoint.db.checkpoint import Checkpoint
from migrator.checkpoint.users.erasure import count_with_personal_data, erase_everybody
from migrator.checkpoint.users.reopening import restore_unconfirmed
from migrator.checkpoint.users.sends import in_flight_pages
from migrator.checkpoint.users.undoing import count_being_undone
from migrator.cli.command import Common, with_common_options
from migrator.cli.prompts import about_purge
from migrator.cli.signals import signals
from migrator.core.clock import Clock
from migrator.core.errors import ConfigError, Declined, LeaseHeld
from migrator.report.files import existing_reports
from migrator.report.sentences import users_words

if TYPE_CHECKING:
    from migrator.config.schema import Config


class PurgeDocument(TypedDict):
    """Of how many users personal data was erased. `migrator purge` prints it."""

    schema: Literal["purge/1"]
    erased: int


@click.command()
@click.option("--yes", is_flag=True, help="Erase without asking.")
@with_common_options
def purge_command(common: Common, yes: bool) -> int:
    """Erase all personal data from the checkpoint; keep ids, states, hashes and counts.

    Docebo's records, the users made from them and planned changes go, of everybody and from the file's bytes, whatever
    checkpoint.keep_profiles says; so does what linked users were like before, so that undo cannot restore them. Nobody
    is forgotten: a later run reads whoever it needs from Docebo again, and creates nobody twice. Reports, logs and
    plans are files of their own, and stay until you delete them.

    \b
    Example:
      migrator purge
      migrator purge --yes --json

    \b
    Exit codes: 0 erased, or nothing to erase, 2 configuration, no checkpoint yet, a run is in progress, or users are
    still in flight, 3 erased, but the bytes remain (PostgreSQL; it says what to do), 4 you said no, or the database
    failed, 129/130/143 interrupted: nothing was erased, or run it again.
    """  # noqa: D301 -- Click's \b
    config = common.load(offline=True)
    clock = Clock()
    url, key = config.checkpoint.sqlalchemy_url, config.checkpoint.key
    with ExitStack() as stack:
        stack.enter_context(signals(clock))
        try:
            checkpoint = stack.enter_context(Checkpoint(url, key, clock, upgrade=False, create=False))
        except LeaseHeld as error:
            # Not 5, at which scripts try again: nobody should erase data behind a run without thinking of it.
            raise ConfigError(f"{error.message} Nothing was erased.", fix=error.fix) from None
        _refuse_in_flight(checkpoint)
        restore_unconfirmed(checkpoint)
        number = count_with_personal_data(checkpoint)
        if number and not yes and not about_purge(number):
            raise Declined("Nothing was erased: you said no.", fix="Run it again when you are ready.")
        erased = erase_everybody(checkpoint)
    if common.as_json:
        document: PurgeDocument = {"schema": "purge/1", "erased": erased}
        common.print_json(document)
    else:
        click.echo("\n".join(_text(config, erased)))
    return 0


def _refuse_in_flight(checkpoint: Checkpoint) -> None:
    if count_being_undone(checkpoint):
        raise ConfigError(
            "Some users were being undone when `migrator undo` ended, and what became of them is told by their data."
            " Nothing was erased.",
            fix="Run `migrator undo --dry-run`, which finds out and undoes nobody else, then `migrator purge`.",
        )
    if any(in_flight_pages(checkpoint, 1)):
        raise ConfigError(
            "Some users were being sent when the last run ended, and what became of them is told by their data."
            " Nothing was erased.",
            fix="Run `migrator run`, which finds out, then `migrator purge`.",
        )


def _text(config: Config, erased: int) -> list[str]:
    if not erased:
        return ["The checkpoint has no personal data."]
    lines = [f"Erased the personal data of {users_words(erased)}."]
    if reports := existing_reports(config.report.path):
        lines += ["These files may still name people:", *(f"  {path}" for path in reports)]
    return lines
