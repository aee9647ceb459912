"""Ask Descope for some of the users that arrived: an emptied project must not be called complete (decision 0012)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.checkpoint import plans, proofs
from migrator.errors import StopRun

if TYPE_CHECKING:
    from migrator.engine.job import Job

USERS = 100  # one users/load
MOST_MISSING = 0.1


def spot_check(job: Job) -> None:
    """Name users that were deleted in Descope.

    Raises:
        StopRun: more than a tenth of those asked for are missing, and more than one: nobody was named.
    """
    chosen = proofs.some_arrived(job.checkpoint, USERS)
    ids = [user.target_id for user in chosen if user.target_id is not None]
    there = {user.user_id for user in job.descope.load(ids)} if ids else set()
    # One user of ten is a tenth, and somebody may well have been deleted on purpose.
    doubtful = [user for user in chosen if user.target_id not in there]
    if len(doubtful) > max(1, len(chosen) * MOST_MISSING):
        raise StopRun(
            f"Descope does not have {len(doubtful)} of {len(chosen)} users, chosen by chance, that were migrated.",
            fix="See that descope.project_id is the right project and who deleted them. `migrator verify` names them"
            " all; then `migrator run --retry missing` sends them again.",
        )
    missing = [user for user in doubtful if job.descope.by_id(user.target_id or "") is None]
    plans.name_missing(job.checkpoint, [user.user_id for user in missing])
