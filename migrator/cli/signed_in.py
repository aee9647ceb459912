"""What `migrator status --signed-in` asks of Descope, and how it tells the answer."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import click
from typing_extensions import TypedDict

from migrator.checkpoint.binding import check_binding
from migrator.checkpoint.runs.pace_memory import StoredPace
from migrator.checkpoint.users.verdicts import count_arrived
from migrator.cli.pace_words import takes_text
from migrator.cli.progress import events
from migrator.cli.signals import signals
from migrator.cli.wrap import fitted
from migrator.core.clock import utc_text
from migrator.descope.reader import DescopeReader
from migrator.flow.opening import wanted_binding
from migrator.flow.signed_in import Dispute, Sign, SignInCheck, SignInClass, SignInTally, asking_cost
from migrator.report.files import prepare_folder
from migrator.report.lists.not_signed_in import write_not_signed_in
from migrator.report.sentences import users_words, verb_form

if TYPE_CHECKING:
    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.cli.command import Common
    from migrator.config.schema import Config

_MEANING = {
    SignInClass.SIGNED_IN: "have signed in",
    SignInClass.NOT_YET: "have not",
    SignInClass.UNKNOWN: "nobody can tell",
    SignInClass.GONE: "are no longer in Descope",
}
_SIGNS = {
    Sign.HISTORY: "in the sign-in history",
    Sign.TRAIL: "in the audit trail",
    Sign.FLAG: "by a credential or freshlyMigrated false",
}
_ALONE = {
    Dispute.HISTORY_ALONE: "in the history, but not in the audit trail of that time",
    Dispute.TRAIL_ALONE: "in the audit trail, but not in the history",
    Dispute.FLAG_ALONE: "only by a credential, or freshlyMigrated false: they may have signed in before both begin,"
    " or somebody has set it for them",
}


class SignedInDocument(TypedDict):
    """The key `signed_in` of `migrator status --signed-in --json`.

    Of the users `of`, how many are in each of the `classes`; of those who have signed in, by which of the `signs` it
    shows, and how many by one source alone, None where that cannot be told. `history` and `trail` are whether Descope
    told them, `trail_from` since when the audit trail was read. `calls` are requests to Descope, `report` is a path.
    """

    of: int
    classes: dict[str, int]
    signs: dict[str, int]
    disputes: dict[str, int | None]
    history: bool
    trail: bool
    trail_from: str | None
    calls: int
    throttled: int
    seconds: float
    report: str


class SignedInKeys(TypedDict, total=False):
    """What `migrator status --json` has with --signed-in alone."""

    signed_in: SignedInDocument


def ask_signed_in(common: Common, config: Config, checkpoint: Checkpoint) -> SignedInDocument:
    """Ask Descope about everybody who arrived, and write the list of those who have not signed in.

    Raises:
        ConfigError: the key is refused, the checkpoint belongs to another project, or there is no place for the list.
        StopRun: Descope cannot be read.
    """
    clock = checkpoint.clock
    check_binding(checkpoint, wanted_binding(config), remap=True)  # what is mapped how does not matter here
    prepare_folder(config.report.path)
    arrived, started = count_arrived(checkpoint), clock.monotonic()
    with ExitStack() as stack:
        descope = DescopeReader(config.descope, clock)
        stack.callback(descope.close)
        stack.enter_context(descope.pacer.remembering(StoredPace(checkpoint, "Descope", checkpoint.note)))
        stack.enter_context(signals(clock))
        quiet = common.verbosity < 0
        if arrived and not quiet:
            click.echo("\n".join(_before(arrived, config, is_held=checkpoint.is_held())), err=True)
        shown = stack.enter_context(events(clock, quiet=quiet))
        check = stack.enter_context(SignInCheck(checkpoint, descope, config.descope, shown))
        if arrived:
            descope.attributes()  # a refused key is a wrong configuration, found before anything else
            descope.choose_license()
            check.ask()
        report = write_not_signed_in(config.report.path, check.not_signed_in())
        seconds = clock.monotonic() - started
        return _document(check.tally, descope.calls, descope.throttled, seconds, report)


def _before(arrived: int, config: Config, *, is_held: bool) -> list[str]:
    cost = asking_cost(arrived, config.descope)
    lines = [
        fitted(
            f"Asking Descope about {users_words(arrived)}: {cost.calls:,} calls, {takes_text(*cost.seconds)}; and the"
            " audit trail of the last 30 days, one search for each 1,000 sign-ins, 10 searches a minute.",
            err=True,
        )
    ]
    if is_held:
        lines.append(fitted("A run is in progress: users it sends meanwhile may be missing here.", err=True))
    return lines


def _document(tally: SignInTally, calls: int, throttled: int, seconds: float, report: str) -> SignedInDocument:
    both = tally.history and tally.trail
    return {
        "of": tally.classes.total(),
        "classes": {kind.value: tally.classes[kind] for kind in SignInClass},
        "signs": {sign.value: tally.signs[sign] for sign in Sign},
        "disputes": {one.value: tally.disputes[one] if both else None for one in Dispute},
        "history": tally.history,
        "trail": tally.trail,
        "trail_from": None if tally.trail_from is None else utc_text(tally.trail_from),
        "calls": calls,
        "throttled": throttled,
        "seconds": round(seconds, 3),
        "report": report,
    }


def signed_in_text(document: SignedInDocument) -> list[str]:
    """The same for people."""
    if not document["of"]:
        return ["Nobody is in Descope by this migration yet, so nobody was asked about."]
    lines = ["", f"Who has signed in, of {users_words(document['of'])} in Descope by this migration:"]
    lines += [
        f"  {kind:<10} {number:>9,}  {_MEANING[SignInClass(kind)]}"
        for kind, number in document["classes"].items()
        if number or kind in (SignInClass.SIGNED_IN, SignInClass.NOT_YET)
    ]
    signs = [f"{number:,} {_SIGNS[Sign(name)]}" for name, number in document["signs"].items() if number]
    if signs:
        lines.append(fitted(f"it shows of {', of '.join(signs)}", "  "))
    lines += _disputes(document)
    lines += _not_told(document)
    return [*lines, f"  {document['report']}"]


def _disputes(document: SignedInDocument) -> list[str]:
    lines = []
    for name, number in document["disputes"].items():
        if number:
            who = f"{users_words(number)} {verb_form(number, 'shows', 'show')} up {_ALONE[Dispute(name)]}"
            lines.append(fitted(f"The sources disagree: {who}.", "  "))
    return lines


def _not_told(document: SignedInDocument) -> list[str]:
    """What Descope refused, and what follows from it."""
    lines = []
    if not document["history"]:
        lines += [
            fitted(
                "Descope refuses to tell this key its sign-in history: whoever shows no other sign is unknown.", "  "
            ),
            fitted("Fix: give the management key the right to read users' sign-ins, then ask again.", "  "),
        ]
    if not document["trail"]:
        lines += [
            fitted("Descope refuses to tell this key its audit trail: nothing was cross-checked against it.", "  "),
            fitted("Fix: give the management key the right to read the audit trail, then ask again.", "  "),
        ]
    elif document["trail_from"]:
        lines.append(f"  the audit trail was read from {document['trail_from']} on")
    return lines
