"""What the commands share that steer the run at work: the way through the checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.checkpoint.runs.control import change_control
from migrator.cli.reading import checkpoint_beside_run
from migrator.core.clock import Clock
from migrator.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.checkpoint.runs.control import Control
    from migrator.config.schema import Config


def ask_run(config: Config, change: Callable[[Control], Control]) -> tuple[Control, Control] | None:
    """Ask something of the run at work: what was asked before, and what is now; None if no run is at work.

    Raises:
        ConfigError: there is no checkpoint yet, or it needs an upgrade.
    """
    with checkpoint_beside_run(config, Clock()) as checkpoint:
        return change_control(checkpoint, change)


def nobody_at_work(what: str) -> ConfigError:
    """The refusal to steer nobody; `what` completes "there is nothing to"."""
    return ConfigError(
        f"No run is at work on this checkpoint, so there is nothing to {what}.",
        fix="Start one with `migrator run`; `migrator status` shows whether one is at work.",
    )
