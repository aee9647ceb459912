"""When the whole run will end, as far as that can be known: nothing is said rather than something false. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.flow.plan.estimate import seconds_by_limit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.checkpoint.runs.progress import ProgressPoint
    from migrator.config.schema import Config
    from migrator.report.eta import StageProgress

_AT_ONCE = 100  # users of a call that reads back


def time_left(
    now: StageProgress, ahead: Sequence[str], samples: Sequence[ProgressPoint], config: Config
) -> tuple[float, float] | None:
    """Seconds to the run's end as (low, high), with `ahead` the steps behind the present one; None when unknown.

    The last step's end is the run's. While users are sent, reading them back is all that is left, and that takes
    between what the limits demand and as long a call as sending does. Before, nobody knows how fast sending will be.
    """
    if now.eta is None:
        return None
    if not ahead:
        return now.eta
    if now.stage != "send" or list(ahead) != ["verify"] or not now.total:
        return None
    calls = -(-now.total // _AT_ONCE)
    limit = config.descope.limits.get("general")
    least = seconds_by_limit(calls, limit) if limit else 0.0
    return now.eta[0] + least, now.eta[1] + max(least, calls * _one_call(samples, config.run.concurrency))


def _one_call(samples: Sequence[ProgressPoint], concurrency: int) -> float:
    """Seconds that a call of the present step took, waits included; several go on at the same time."""
    here = [sample for sample in samples if sample.stage == samples[-1].stage]
    return (here[-1].at - here[0].at) * concurrency / max(1, here[-1].calls - here[0].calls)
