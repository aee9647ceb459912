"""Users whose requests were not answered, and a job that has to settle them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from in_memory import Descope, run_context
from two_migrations import put

from migrator.core.model import State

if TYPE_CHECKING:
    from collections import Counter
    from pathlib import Path

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.descope.user import DescopeUser
    from migrator.flow.context import RunContext

PATIENCE = 60


def sending(store: Checkpoint, user_id: str, **columns: Any) -> None:
    """Put a user into the checkpoint whose create was not answered, unless the columns say otherwise."""
    put(store, user_id, **({"state": State.SENDING} | columns))


def patient(store: Checkpoint, folder: Path, *users: DescopeUser) -> tuple[RunContext, Descope]:
    """A job that settles for `PATIENCE` seconds with a Descope that holds these users."""
    descope = Descope(*users)
    return run_context(store, folder, descope=descope, settings={"descope": {"settle_seconds": PATIENCE}}), descope


def waits(work: RunContext) -> list[float]:
    """The waits so far, in seconds."""
    return [round(seconds) for seconds in work.clock.waits]  # type: ignore[attr-defined]


def came(became: Counter[State]) -> int:
    """How many of those settled are at Descope."""
    return became[State.CREATED] + became[State.UPDATED]
