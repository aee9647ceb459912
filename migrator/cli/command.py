"""What every command shares: options, configuration, logging, and errors turned into exit codes."""

from __future__ import annotations

import functools
import json
import os
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from migrator.cli import audit, colour
from migrator.cli.wrap import fitted
from migrator.config import schema as configuration
from migrator.core.errors import MigratorError
from migrator.log import setup as log
from migrator.report.summary import error_document

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.cli.documents import PrintedDocument, StopDocument
    from migrator.config.schema import Config

BUG = 1


@dataclass(frozen=True, slots=True)
class Common:
    """The options every command takes; `config_named` says that somebody named the configuration file."""

    config_path: Path
    as_json: bool
    log_format: str
    log_file: Path | None
    verbosity: int
    config_named: bool = False

    def configure_log(self, secrets: list[str]) -> None:
        """Set logging up; `secrets` never appear in it."""
        log.configure(
            style="json" if self.log_format == "json" else "console",
            file=self.log_file,
            verbosity=self.verbosity,
            secrets=secrets,
        )

    def load(self, *, offline: bool = False, without_docebo: bool = False, serving: bool = False) -> Config:
        """The configuration, with logging set up to redact its secrets.

        Args:
            offline: do without the servers' secrets.
            without_docebo: do without Docebo's.
            serving: ask for the token of `migrator serve`.
        """
        config = configuration.load_config(
            self.config_path, os.environ, offline=offline, without_docebo=without_docebo, serving=serving
        )
        self.configure_log(config.secrets())
        audit.log_configured(config)
        return config

    def print_json(self, document: PrintedDocument) -> None:
        """The one JSON document on stdout."""
        click.echo(json.dumps(document, indent=2))

    def tell(self, text: str) -> None:
        """A line for people, on stderr when stdout is for JSON."""
        click.echo(text, err=self.as_json)


def with_common_options(function: Callable[..., int]) -> Callable[..., None]:
    """Give a command the common options, and its result and errors their exit codes.

    The function gets a `Common` first and returns its exit code.
    """

    @click.option(
        "--config", "config_path", type=click.Path(path_type=Path, dir_okay=False), default="config.yaml",
        envvar="MIGRATOR_CONFIG", show_default=True, show_envvar=True, help="The configuration file.",
    )  # fmt: skip
    @click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout, everything else on stderr.")
    @click.option(
        "--log-format", type=click.Choice(["console", "json"]), default="console", show_default=True,
        help="The format of log lines.",
    )  # fmt: skip
    @click.option(
        "--log-file",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Also log to this file, as JSON lines: each stage, batch, wait, question and stop; each request with -v.",
    )
    @click.option("-v", "--verbose", count=True, help="Show more (-vv: everything).")
    @click.option("-q", "--quiet", is_flag=True, help="Show only the result and errors.")
    @functools.wraps(function)
    def wrapped(
        config_path: Path,
        as_json: bool,
        log_format: str,
        log_file: Path | None,
        verbose: int,
        quiet: bool,
        **options: Any,  # noqa: ANN401 -- Click's
    ) -> None:
        named = click.get_current_context().get_parameter_source("config_path") is not ParameterSource.DEFAULT
        common = Common(config_path, as_json, log_format, log_file, -1 if quiet else verbose, named)
        log.configure(style="console", file=None, verbosity=-1, secrets=())  # until the options were looked at
        began, code = time.monotonic(), BUG
        try:
            code = _exit_code(function, common, options)
        except click.ClickException as error:
            code = error.exit_code
            raise
        finally:
            audit.log_ended(code, time.monotonic() - began)
        sys.exit(code)

    return wrapped


def _exit_code(function: Callable[..., int], common: Common, options: dict[str, Any]) -> int:
    try:
        common.configure_log([])
        audit.log_started()
        return function(common, **options)
    except MigratorError as error:
        show_error(error)
        if common.as_json:
            document: StopDocument = {"schema": "error/1", "error": error_document(error)}
            common.print_json(document)
        return error.exit_code
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 -- the last line of defence: no traceback, whose values may be personal
        show_bug(error)
        return BUG


def show_error(error: MigratorError) -> None:
    """What happened and where, then how to fix it."""
    audit.log_stopped(error)
    _say("Error:", colour.BAD, error.message)
    if error.fix:
        _say("Fix:", colour.GOOD, error.fix)


def _say(word: str, tone: str, text: str) -> None:
    told = fitted(f"{word} {log.redact(text)}", err=True)
    click.echo(colour.paint(word, tone) + told.removeprefix(word), err=True)


def show_bug(error: Exception) -> None:
    """The kind and place of an unexpected error, without its text: that may carry anybody's data."""
    audit.log_bug(error)
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames[-4:]]
    click.echo(f"Error: this is a bug in the migrator: {type(error).__name__} at {' > '.join(places)}.", err=True)
    click.echo("Fix: run again (nothing is lost); please report the line above.", err=True)
