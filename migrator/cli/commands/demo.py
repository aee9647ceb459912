"""`migrator demo`: a whole migration from sandbox to sandbox, no account needed."""

from __future__ import annotations

from pathlib import Path

import click

from migrator.cli import audit
from migrator.cli.command import Common, with_common_options
from migrator.cli.commands.run import EXIT_NEEDS_PERSON, execute_run
from migrator.cli.commands.sandbox import need_sandbox
from migrator.config import schema as configuration
from migrator.flow.options import RunOptions

DIFFICULT = 0.05
STRANGERS = 20


@click.command()
@click.option(
    "--users", type=click.IntRange(min=1), default=2000, show_default=True, help="How many people Docebo has."
)
@click.option("--seed", type=int, default=1, show_default=True, help="A different seed makes different people.")
@click.option(
    "--dir", "folder", type=click.Path(path_type=Path, file_okay=False), default="demo", show_default=True,
    help="Where configuration, checkpoint and reports go.",
)  # fmt: skip
@with_common_options
def demo_command(common: Common, users: int, seed: int, folder: Path) -> int:
    """Migrate made-up people between made-up servers: a real run over HTTP, no account needed.

    One in twenty is difficult on purpose, and Descope already has 20 strangers, so some users end up on the
    list of those who need your attention. That is expected: the exit code is 0 all the same.

    \b
    Example:
      migrator demo --users 500

    \b
    Exit codes: 0 done, 2 usage, 4 stopped early, 129/130/143 interrupted.
    """  # noqa: D301 -- Click's \b
    need_sandbox()
    from migrator.sandbox.process import SandboxProcess  # noqa: PLC0415 -- an extra

    folder.mkdir(parents=True, exist_ok=True)
    _forget_earlier(common, folder)
    common.tell(f"Starting the sandbox: {users:,} people in Docebo, {STRANGERS} strangers in Descope.")
    with SandboxProcess(users=users, seed=seed, difficult=DIFFICULT, strangers=STRANGERS) as sandbox:
        path = folder / "config.yaml"
        path.write_text(sandbox.config_text(descope={"rate_limits": "documented"}), encoding="utf-8")
        config = configuration.load_config(path, {})
        common.configure_log(config.secrets())
        audit.log_configured(config)
        code = execute_run(common, config, RunOptions(command="demo"))
    return 0 if code == EXIT_NEEDS_PERSON else code


def _forget_earlier(common: Common, folder: Path) -> None:
    """An earlier demo's servers are gone with all their users, so its checkpoint would be wrong now."""
    old = sorted(folder.glob("migrator.db*"))
    if old:
        common.tell(f"Starting afresh: the servers of the demo that left {old[0]} are gone.")
    for path in old:
        path.unlink()
