"""`migrator serve`."""

from __future__ import annotations

import importlib.util
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from migrator.cli import audit
from migrator.cli.command import Common, show_error, with_common_options
from migrator.cli.commands.run import may_upgrade
from migrator.cli.render import result_line
from migrator.cli.signals import signals
from migrator.core.clock import Clock
from migrator.core.errors import ConfigError, MigratorError
from migrator.core.packaging import install_command

if TYPE_CHECKING:
    from migrator.config.schema import Config
    from migrator.report.summary import RunFigures

_HOUR = 3600.0

_file = click.Path(path_type=Path, exists=True, dir_okay=False, readable=True)


@click.command()
@click.option(
    "--with-run", is_flag=True, help="Also migrate, as `migrator run --yes` does: at the start, and again every day."
)
@click.option(
    "--run-every",
    type=click.IntRange(1, 24 * 31),
    metavar="HOURS",
    help="The hours from the end of such a run to the next one; 24 unless given.",
)
@click.option("--tls-cert", type=_file, help="Serve https with this certificate and its chain (PEM).")
@click.option("--tls-key", type=_file, help="The key of that certificate (PEM, without a password).")
@with_common_options
def serve_command(
    common: Common, with_run: bool, run_every: int | None, tls_cert: Path | None, tls_key: Path | None
) -> int:
    """Let people sign in whom no run has migrated yet: the endpoint that a Descope flow asks.

    Answers from the checkpoint who is migrated; looks everybody else up in Docebo, and migrates whoever is exactly
    called that. It holds the migration's lease, so that no other run works beside it. Needs the section serve: of the
    configuration, and a migration of which a run was confirmed once.

    It ends in order at SIGTERM or SIGINT: what was begun is finished first. docs/serve.md has the rest.

    \b
    Example:
      migrator serve
      migrator serve --with-run --run-every 6

    \b
    Exit codes: 0 stopped as asked, 2 configuration, 4 stopped early (start again), 5 another run is in progress.
    """  # noqa: D301 -- Click's \b
    _check_extra()
    if run_every is not None and not with_run:
        raise click.UsageError("--run-every says when --with-run runs again: give both.")
    if (tls_cert is None) != (tls_key is None):
        raise click.UsageError("--tls-cert and --tls-key go together.")
    config = common.load(serving=True)
    if config.serve.token is None:
        raise ConfigError(
            f"{config.path} names no token, so nobody could ask.",
            fix="Add a section serve: with token: ${MIGRATOR_SERVE_TOKEN}, and set that variable.",
        )
    if with_run and 0 < config.docebo.calls_per_hour <= config.serve.docebo_calls_per_hour:
        raise ConfigError(
            f"serve.docebo_calls_per_hour leaves none of the {config.docebo.calls_per_hour} calls to the run inside.",
            fix="Give sign-ins fewer calls than docebo.calls_per_hour.",
        )
    _serve(common, config, (run_every or 24) * _HOUR if with_run else None, tls_cert, tls_key)
    return 0


def _check_extra() -> None:
    if importlib.util.find_spec("uvicorn") is None or importlib.util.find_spec("starlette") is None:
        raise ConfigError(
            "`migrator serve` needs packages that are not installed.",
            fix=f"Install them: {install_command('serve')}",
        )


def _serve(common: Common, config: Config, every: float | None, cert: Path | None, key: Path | None) -> None:
    from migrator.flow.sign_in.opening import open_serving  # noqa: PLC0415 -- an extra, and takes long to load
    from migrator.serve.runs import RunsInside  # noqa: PLC0415 -- as above
    from migrator.serve.server import TlsFiles, serve  # noqa: PLC0415 -- as above

    def told(ended: RunFigures | MigratorError) -> None:
        if isinstance(ended, MigratorError):
            show_error(ended)
            return
        audit.log_run_ended(ended.document())
        common.tell(result_line(ended))

    clock = Clock()
    began = clock.monotonic()
    upgrade = may_upgrade(config, yes=False)
    with (
        signals(clock),
        open_serving(config, clock, upgrade=upgrade, runs_inside=every is not None) as serving,
    ):
        runs = None if every is None else RunsInside(serving.run_inside, every, told)
        tls = TlsFiles(cert, key) if cert is not None and key is not None else None
        try:
            serve(serving, clock, runs, tls, lambda at, numbers: common.tell(f"Serving on {at}; metrics on {numbers}."))
        except MigratorError as error:
            with suppress(MigratorError):  # the lease or the database may be what is lost
                serving.end(clock.monotonic() - began, error)
            raise
        figures = serving.end(clock.monotonic() - began)
    if common.as_json:
        common.print_json(figures.document())
