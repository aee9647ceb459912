"""The `migrator` command: one file per subcommand, gathered here."""

from __future__ import annotations

import click

from migrator import __version__
from migrator.cli.commands.check import check_command
from migrator.cli.commands.db import db_group
from migrator.cli.commands.demo import demo_command
from migrator.cli.commands.estimate import estimate_command
from migrator.cli.commands.explain import explain_command
from migrator.cli.commands.init import init_command
from migrator.cli.commands.pause import pause_command
from migrator.cli.commands.purge import purge_command
from migrator.cli.commands.report import report_command
from migrator.cli.commands.resume import resume_command
from migrator.cli.commands.run import plan_command, run_command
from migrator.cli.commands.runs import runs_command
from migrator.cli.commands.sandbox import sandbox_command
from migrator.cli.commands.schema import schema_command
from migrator.cli.commands.serve import serve_command
from migrator.cli.commands.set import set_command
from migrator.cli.commands.show import show_command
from migrator.cli.commands.status import status_command
from migrator.cli.commands.undo import undo_command
from migrator.cli.commands.verify import verify_command


class _Words(click.Group):
    """The commands, and the options that people write as words: `migrator version`, `migrator help run`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take a word for the option it means; it is no command, so it is not listed."""
        match args:
            case ["version" | "-V", *_]:
                args = ["--version"]
            case ["help", *words]:
                args = [*words, "--help"]
        return super().parse_args(ctx, args)


@click.group(cls=_Words, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="migrator")
def main() -> None:
    """Move every user of a Docebo LMS into a Descope project.

    It can be stopped, killed and run again at any moment: users are created once, nobody gets an e-mail,
    and strangers are left alone unless policy.existing is link.

    \b
    Example:
      migrator init           a configuration to fill in
      migrator check          is everything right?
      migrator plan           what would happen?
      migrator run            do it; again after a stop, until it says complete
      migrator verify         did everybody make it?
      migrator report         the report again, even while it runs

    \b
    Exit codes:
      0    all done
      1    a bug
      2    usage or configuration; nothing was changed
      3    finished, but some users need your attention
      4    stopped early, safe to run again
      5    another run is in progress
      130  interrupted (143 by SIGTERM, 129 by a closed terminal), safe to run again
    """  # noqa: D301 -- \b is Click's mark for lines to leave as they are


for command in (
    init_command,
    check_command,
    plan_command,
    run_command,
    status_command,
    runs_command,
    show_command,
    pause_command,
    resume_command,
    set_command,
    serve_command,
    verify_command,
    report_command,
    undo_command,
    purge_command,
    explain_command,
    estimate_command,
    schema_command,
    db_group,
    sandbox_command,
    demo_command,
):
    main.add_command(command)
