"""Read back what this run sent, by code that shares nothing with `send` but the API client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.checkpoint.runs.verifications import SCOPE_SENT, store_verification
from migrator.checkpoint.users.verdicts import UNPROVEN_VERDICTS, count_arrived
from migrator.verify.after_run import verify_after_run
from migrator.verify.readback import SAME

if TYPE_CHECKING:
    from migrator.flow.context import RunContext
    from migrator.verify.readback import Difference

_KEPT = 10_000  # differences; more would not be read, and memory stays bounded
_WRONG = ("differs", "missing")


def verify_sent(job: RunContext, *, again: bool = True) -> int:
    """Read back everybody who arrived and was not read since it was last sent; returns how many are wrong.

    `job.verified` holds the numbers by class over the run, `job.differences` the first ones found. What was seen is
    the last verification of the migration then, unless there was nobody to read.

    Args:
        again: read those found wrong before, by this run or an earlier one, as well, and count each once.
    """
    job.events.stage("verify")
    verdicts = UNPROVEN_VERDICTS if again else (None,)
    total = count_arrived(job.checkpoint, verdicts)
    job.events.progress("verify", 0, total)
    job.differences.clear()

    def tell(difference: Difference) -> None:
        if len(job.differences) < _KEPT:
            job.differences.append(difference)

    classes = verify_after_run(
        job.checkpoint,
        job.descope,
        job.config,
        verdicts,
        tell=tell,
        progress=lambda done: job.events.progress("verify", done, total),
    )
    job.verified = classes | {SAME: classes[SAME] + job.verified.get(SAME, 0)}
    if any(classes.values()):
        read = sum(job.verified.values())  # nobody is `extra` here
        store_verification(job.checkpoint, SCOPE_SENT, read, job.verified)
    return sum(classes[name] for name in _WRONG)
