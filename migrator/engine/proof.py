"""Read back what this run sent, by code that shares nothing with the sender but the API client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.checkpoint import books
from migrator.model import ARRIVED_STATES
from migrator.verify.newly import verify_new

if TYPE_CHECKING:
    from migrator.engine.job import Job

WRONG = ("differs", "missing")


def verify_sent(job: Job) -> int:
    """Verify everybody who arrived and was not verified since; returns how many are not as they must be.

    The numbers by class add up in `job.verified` over the run; `job.differences` keeps what was found.
    """
    job.events.stage("verify")
    total = sum(books.count(job.checkpoint).states[state] for state in ARRIVED_STATES)
    classes = verify_new(
        job.checkpoint,
        job.descope,
        job.config,
        tell=job.differences.append,
        progress=lambda done: job.events.progress("verify", done, total),
    )
    for name, number in classes.items():
        job.verified[name] = job.verified.get(name, 0) + number
    return sum(classes[name] for name in WRONG)
