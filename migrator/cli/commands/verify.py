"""`migrator verify`: is everybody in Descope as they should be?"""

from __future__ import annotations

import secrets
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Literal

import click

from migrator.checkpoint.binding import check_binding
from migrator.checkpoint.runs.pace_memory import StoredPace
from migrator.checkpoint.runs.verifications import SCOPE_ALL, SCOPE_SAMPLE, Verification, store_verification
from migrator.checkpoint.users.choices import load_choices
from migrator.cli import audit
from migrator.cli.command import Common, with_common_options
from migrator.cli.progress import events
from migrator.cli.reading import checkpoint_beside_run
from migrator.cli.signals import signals
from migrator.cli.wrap import fitted
from migrator.core.choices import chosen_login_ids
from migrator.core.clock import Clock
from migrator.descope.reader import DescopeReader
from migrator.docebo.client import DoceboClient
from migrator.flow.logbook import Logbook
from migrator.flow.opening import wanted_binding
from migrator.flow.read.members import rule_members
from migrator.normalize.mapping import Normalizer
from migrator.report.document import MigrationDocument, SsoReadiness
from migrator.report.files import prepare_folder
from migrator.report.gather import read_sso_readiness, rewrite_reports
from migrator.report.lists.crosswalk import CROSSWALK_NAME
from migrator.report.lists.differences import write_differences
from migrator.report.sentences import landing_lines, users_words, verb_form, verification_sentence
from migrator.verify.confidence import LEVEL
from migrator.verify.full import SampleSize, VerifyDocument, VerifyReport, verify_all
from migrator.verify.readback import DIFFERS, EXTRA, MISSING

if TYPE_CHECKING:
    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.config.schema import Config

DIFFERENT = 3
SHOWN = 10  # differences on the screen; the file has all


class VerifiedDocument(VerifyDocument):
    """What a verification found, whose it is, its calls to each API, and its files. `migrator verify` prints it."""

    schema: Literal["verify/1"]
    migration: MigrationDocument
    sso: SsoReadiness
    calls: dict[str, int]
    seconds: float
    reports: list[str]


@click.command()
@click.option("--sample", type=click.IntRange(min=1), help="Check only this many users, chosen at random.")
@click.option("--seed", type=int, help="Draw the same users as an earlier sample with this seed.")
@with_common_options
def verify_command(common: Common, sample: int | None, seed: int | None) -> int:
    """Read every migrated user back from Descope and compare it field by field.

    It changes nothing in Docebo or Descope. Unless a run is in progress, the checkpoint keeps what was seen of each
    user: same, differs, missing, or edited (differs now, but was the same before). Runs exit with 3 until everybody
    who differs or is missing has been found right. Status and report show the result, later beside what newer runs
    have read back.

    Classes: same; differs; missing (it arrived, but Descope does not have it now); extra (carries our mark,
    but the checkpoint does not know it). differences.csv in the report folder names each field.

    Also told, as far as the checkpoint keeps what was seen: who lands in their own Docebo account by the claim of
    sso.claim, which is compared with Docebo's user name.

    Where personal data was erased from the checkpoint, Docebo is read again to know what to expect.

    \b
    Example:
      migrator verify
      migrator verify --sample 500
      migrator verify --json > verified.json

    \b
    Exit codes: 0 everything is the same, 2 configuration or no checkpoint yet, 3 something is not,
    4 stopped early (run again), 129/130/143 interrupted (run again).
    """  # noqa: D301 -- Click's \b
    if seed is not None and sample is None:
        raise click.UsageError("--seed needs --sample.")
    config = common.load()
    chosen = None if sample is None else SampleSize(sample, secrets.randbelow(1_000_000) if seed is None else seed)
    clock = Clock()
    started = clock.monotonic()
    with ExitStack() as stack:
        checkpoint = stack.enter_context(checkpoint_beside_run(config, clock))
        _check_binding(config, checkpoint)
        prepare_folder(config.report.path)
        docebo, descope = DoceboClient(config.docebo, clock), DescopeReader(config.descope, clock)
        stack.callback(docebo.close)
        stack.callback(descope.close)
        for api, client in (("Docebo", docebo), ("Descope", descope)):
            stack.enter_context(client.pacer.remembering(StoredPace(checkpoint, api, checkpoint.note)))
        stack.enter_context(signals(clock))
        shown = stack.enter_context(events(clock, quiet=common.verbosity < 0))
        listener = stack.enter_context(Logbook(shown, clock, docebo, descope))
        if checkpoint.is_held() and common.verbosity >= 0:
            click.echo("A run is in progress: users it is changing now may show as differences.", err=True)
        listener.stage("verify")
        descope.attributes()  # a refused key is a wrong configuration, found before anything else
        descope.choose_license()
        verdict = verify_all(
            checkpoint,
            descope,
            config,
            (docebo, partial(_normalizer, docebo, config, checkpoint)),
            sample=chosen,
            progress=lambda done, total: listener.progress("verify", done, total),
        )
        path = write_differences(config.report.path, (one.document() for one in verdict.differences))
        _keep(config, checkpoint, verdict)
        landing = read_sso_readiness(checkpoint, config)
        document: VerifiedDocument = {
            "schema": "verify/1",
            "migration": {"source": config.docebo.platform, "project": config.descope.project_id},
            **verdict.document(),
            "sso": landing,
            "calls": {"docebo": docebo.calls, "descope": descope.calls, "descope_writes": descope.writes},
            "seconds": round(clock.monotonic() - started, 3),
            "reports": [path],
        }
    audit.log_verified(document)
    if not verdict.stored and common.verbosity >= 0:
        click.echo("A run was in progress, so the checkpoint does not keep these results.", err=True)
    if common.as_json:
        common.print_json(document)
    elif common.verbosity >= 0:
        click.echo("\n".join(_text(config, verdict, landing, clock.time(), path)))
    else:
        click.echo("\n".join(_result_lines(verdict, clock.time())))
    return 0 if verdict.clean else DIFFERENT


def _keep(config: Config, checkpoint: Checkpoint, verdict: VerifyReport) -> None:
    """Let the result stand in status and report until a newer one; a run in progress tells its own there."""
    if verdict.checked or verdict.classes[EXTRA]:
        scope = SCOPE_SAMPLE if verdict.sample else SCOPE_ALL
        verdict.stored &= store_verification(checkpoint, scope, verdict.checked, verdict.classes)
    if verdict.stored:
        there = (config.report.path / CROSSWALK_NAME).exists()
        rewrite_reports(checkpoint, config, config.report.path, leave_crosswalk=there)


def _normalizer(docebo: DoceboClient, config: Config, checkpoint: Checkpoint) -> Normalizer:
    """What builds users again from Docebo; it reads the branches and groups that rules name."""
    # Whoever is hidden was hidden from the runs, too: a run takes no such list unless a person accepted that.
    members = rule_members(docebo, config, accept_short=True)
    return Normalizer(config.mapping, config.docebo.platform, chosen_login_ids(load_choices(checkpoint)), members)


def _check_binding(config: Config, checkpoint: Checkpoint) -> None:
    """Refuse a checkpoint that belongs to other servers or another mapping: it proves nothing."""
    check_binding(checkpoint, wanted_binding(config), remap=False)


def _text(config: Config, verdict: VerifyReport, landing: SsoReadiness, now: float, path: str) -> list[str]:
    """The verdict for people; values stay in the file, as they are personal data."""
    lines = ["", f"{config.docebo.platform} -> {config.descope.project_id}"]
    lines += [f"  {name:<10} {number:>9,}" for name, number in verdict.classes.items()]
    lines += [f"    user {one.docebo_user_id}: {one.kind}, {one.field}" for one in verdict.differences[:SHOWN]]
    if len(verdict.differences) > SHOWN:
        lines.append(f"    and {len(verdict.differences) - SHOWN:,} more")
    if verdict.reread or verdict.by_mark:
        who = f"{users_words(verdict.reread)} {verb_form(verdict.reread, 'was', 'were')}"
        lines.append(f"  personal data was erased: {who} compared with Docebo as it is now")
    if verdict.by_mark:
        who = f"{users_words(verdict.by_mark)} {verb_form(verdict.by_mark)} no longer in Docebo"
        lines.append(f"  {who}; only the mark and login ids were compared")
    if verdict.changed:
        lines.append(
            f"  {verdict.changed:,} of them changed in Docebo since they were sent: `migrator run` sends the changes"
        )
    if verdict.sample:
        lines += _confidence(verdict, verdict.sample)
    told = map(fitted, landing_lines(landing))
    return [*lines, *_result_lines(verdict, now), *told, *_next(verdict), f"  {path}"]


def _result_lines(verdict: VerifyReport, now: float) -> list[str]:
    """What was found, in a line, and whether there was anybody to look for."""
    lines = []
    if not verdict.arrived:
        lines.append("Nothing was verified: no user has been sent yet.")
    if verdict.arrived or not verdict.clean:
        scope = SCOPE_SAMPLE if verdict.sample else SCOPE_ALL
        lines.append(
            verification_sentence(Verification(now, scope, verdict.checked, verdict.classes).document(), "Verified")
        )
    return lines


def _next(verdict: VerifyReport) -> list[str]:
    """What to do about those who are not as sent."""
    # Those who only changed in Docebo need no --retry: the next run sends them anyway.
    left = {MISSING: verdict.classes[MISSING], DIFFERS: max(0, verdict.classes[DIFFERS] - verdict.changed)}
    retries = [f"--retry {name}" for name, number in left.items() if number]
    lines = []
    if retries:
        lines.append(f"To send them again as Docebo has them now: migrator run {' '.join(retries)}")
    if verdict.classes[EXTRA]:
        lines.append(
            "Extra users carry our mark, but this checkpoint does not know them: see who they are; delete those nobody "
            "needs."
        )
    return lines


def _confidence(verdict: VerifyReport, sample: SampleSize) -> list[str]:
    percent = 100 * verdict.most_wrong / verdict.arrived if verdict.arrived else 0.0
    drawn = f"with {verdict.wrong:,} wrong in {verdict.checked:,} of {verdict.arrived:,} (seed {sample.seed}),"
    return [
        f"  {drawn} at most {percent:.2f} % of the users are wrong with {LEVEL * 100:.0f} % confidence",
        "  a sample does not look for extra users",
    ]
