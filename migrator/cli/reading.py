"""The checkpoint as the commands open it that hold no lease."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from migrator.checkpoint.db.checkpoint import Checkpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migrator.config.schema import Config
    from migrator.core.clock import Clock


@contextmanager
def checkpoint_beside_run(config: Config, clock: Clock) -> Iterator[Checkpoint]:
    """The migration's checkpoint, whether or not a run is at work.

    Raises:
        ConfigError: there is none yet, or it needs an upgrade.
    """
    url, key = config.checkpoint.sqlalchemy_url, config.checkpoint.key
    checkpoint = Checkpoint(url, key, clock, upgrade=False, create=False)
    try:
        yield checkpoint
    finally:
        checkpoint.db.close()
