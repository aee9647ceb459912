"""What the log file says about a command from its start to its end (docs/log.md)."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING, ParamSpec

import click
from click.core import ParameterSource

from migrator import __version__
from migrator.log.setup import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.cli.commands.verify import VerifiedDocument
    from migrator.cli.signed_in import SignedInDocument
    from migrator.config.schema import Config
    from migrator.core.errors import MigratorError
    from migrator.flow.undo.tally import UndoDocument
    from migrator.report.document import RunDocument

_log = get_logger(__name__)
_P = ParamSpec("_P")

HIDDEN = "***"
_GIVEN = (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)


def log_started() -> None:
    """Log who works here and what was asked for; for use inside a Click command."""
    context = click.get_current_context()
    _log.info(
        "started",
        version=__version__,
        python=platform.python_version(),
        system=platform.platform(),
        process=os.getpid(),
        command=_words(context),
        options=dict(_given(context)),
    )


def _words(context: click.Context) -> str:
    words: list[str] = []
    while context.parent is not None:
        words.insert(0, context.info_name or "")
        context = context.parent
    return " ".join(words)


def _given(context: click.Context) -> list[tuple[str, object]]:
    """The options that were given, not their defaults; a text typed freely may name a person, so it is hidden."""
    given: list[tuple[str, object]] = []
    for option in context.command.params:
        if context.get_parameter_source(option.name) not in _GIVEN:
            continue
        name = max(option.opts, key=len) if isinstance(option, click.Option) else option.human_readable_name
        given.append((name, HIDDEN if option.type is click.STRING else context.params[option.name]))
    return given


def log_configured(config: Config) -> None:
    """Log which configuration is in force, as far as it is no secret."""
    _log.info(
        "configured",
        file=config.path.absolute(),
        fingerprint=config.fingerprint(),
        docebo=config.docebo.platform,
        descope=config.descope.host,
        project=config.descope.project_id,
        checkpoint=config.checkpoint.sqlalchemy_url.render_as_string(hide_password=True),
        key=config.checkpoint.key,
    )


def log_question(about: str, ask: Callable[_P, bool], *, asked: str = "person") -> Callable[_P, bool]:
    """The same question, with itself and its answer in the log.

    Args:
        about: what it is about.
        ask: asks it.
        asked: who answers: a `person`, or `--yes`.
    """

    def ask_and_log(*args: _P.args, **kwargs: _P.kwargs) -> bool:
        _log.info("question", about=about, asked=asked)
        answer = "none"
        try:
            yes = ask(*args, **kwargs)
            answer = "yes" if yes else "no"
        finally:
            _log.info("answer", about=about, answer=answer)
        return yes

    return ask_and_log


def log_run_ended(document: RunDocument) -> None:
    """Log the figures of a run or a plan, without what may name anybody."""
    _log.info(
        "run_ended", outcome=document["outcome"], counts=document["counts"], actions=document["actions"],
        reasons=document["reasons"], limited=document["limited"], calls=document["calls"],
        seconds=document["seconds"], reports=document["reports"], verify=document["verify"], sso=document["sso"],
    )  # fmt: skip


def log_undone(document: UndoDocument) -> None:
    """Log the figures of an undo, and why each user was spared."""
    spared = {one["docebo_user_id"]: one["reason"] for one in document["spared"]}
    _log.info(
        "undo_ended", outcome=document["outcome"], counts=document["counts"], spared=spared, calls=document["calls"],
        seconds=document["seconds"],
    )  # fmt: skip


def log_signed_in(document: SignedInDocument) -> None:
    """Log what `migrator status --signed-in` found, by class."""
    _log.info(
        "signed_in", classes=document["classes"], signs=document["signs"], disputes=document["disputes"],
        calls=document["calls"], seconds=document["seconds"],
    )  # fmt: skip


def log_verified(document: VerifiedDocument) -> None:
    """Log what `migrator verify` found, by class."""
    _log.info(
        "verified", classes=document["classes"], checked=document["checked"], arrived=document["arrived"],
        sso=document["sso"], calls=document["calls"], seconds=document["seconds"],
    )  # fmt: skip


def log_stopped(error: MigratorError) -> None:
    """Log why the command could not go on."""
    _log.info("stopped", kind=type(error).__name__, reason=error.message, fix=error.fix, exit_code=error.exit_code)


def log_bug(error: Exception) -> None:
    """Log the kind and the place of an unexpected error, never its text."""
    _log.info("bug", exc_info=error)


def log_ended(exit_code: int, seconds: float) -> None:
    """Log that the command is over."""
    _log.info("ended", exit_code=exit_code, seconds=round(seconds, 3))
