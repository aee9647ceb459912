"""Read back what this run sent, by code that shares nothing with the sender but the API client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.checkpoint import proofs
from migrator.verify.newly import verify_new
from migrator.verify.readback import SAME

if TYPE_CHECKING:
    from migrator.engine.job import Job
    from migrator.verify.readback import Difference

KEPT = 10_000  # differences; more would not be read, and memory stays bounded
WRONG = ("differs", "missing")


def verify_sent(job: Job) -> int:
    """Verify everybody who arrived and was not verified since; returns how many are not as they must be.

    `job.verified` holds the numbers by class over the run, `job.differences` the first ones found. Who was found
    wrong before is read back again and counted once.
    """
    job.events.stage("verify")
    total = proofs.arrived_count(job.checkpoint, unverified=True)
    job.differences.clear()

    def tell(difference: Difference) -> None:
        if len(job.differences) < KEPT:
            job.differences.append(difference)

    classes = verify_new(
        job.checkpoint,
        job.descope,
        job.config,
        tell=tell,
        progress=lambda done: job.events.progress("verify", done, total),
    )
    job.verified = classes | {SAME: classes[SAME] + job.verified.get(SAME, 0)}
    return sum(classes[name] for name in WRONG)
