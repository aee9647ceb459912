"""When the whole run will end, as far as that can be known: better no estimate than a false one. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.descope.reader import descope_limits
from migrator.http.pace import least_seconds
from migrator.verify.readback import USERS_PER_CALL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.checkpoint.runs.progress import ProgressPoint
    from migrator.config.schema import Config
    from migrator.report.eta import StageProgress


def time_left(
    now: StageProgress, ahead: Sequence[str], samples: Sequence[ProgressPoint], config: Config
) -> tuple[float, float] | None:
    """Seconds to the run's end as (low, high), with `ahead` the steps after the current one; None if unknown.

    The last step's end is the run's end. While users are sent, only reading them back remains; one such call takes
    between what the limits demand and as long as a sending call. Before that, the speed of sending is unknown.
    """
    if now.eta is None:
        return None
    if not ahead:
        return now.eta
    if now.stage != "send" or list(ahead) != ["verify"] or not now.total:
        return None
    calls = -(-now.total // USERS_PER_CALL)
    limit = descope_limits(config.descope).get("general")
    least = least_seconds(calls, limit) if limit else 0.0
    return now.eta[0] + least, now.eta[1] + max(least, calls * _one_call(samples, config.run.concurrency))


def _one_call(samples: Sequence[ProgressPoint], concurrency: int) -> float:
    """Seconds that one call of the current step took, waits included; several calls run at the same time."""
    here = [sample for sample in samples if sample.stage == samples[-1].stage]
    return (here[-1].at - here[0].at) * concurrency / max(1, here[-1].calls - here[0].calls)
