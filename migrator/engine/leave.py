"""Leaving comes first: who is suspended in Docebo is disabled, whatever else about that user is in doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.checkpoint import leavers
from migrator.engine.sender import NOT_ABOUT_USERS, caller_refused
from migrator.errors import NoAnswer, Refused, StopRun

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.checkpoint.leavers import Leaver
    from migrator.descope.user import DescopeUser
    from migrator.engine.job import Job

AT_ONCE = 100


def disable_leavers(job: Job) -> None:
    """Disable users who arrived earlier and are set aside now (no address any more, a collision, left out).

    Their state stays as it is, for their other troubles need a person. Sending the status again is harmless, so
    that no intent is stored. Source of the rule: docs/decisions/0013, "Leaving comes first".

    Raises:
        StopRun: Descope refuses us, or does not answer.
    """
    statuses = [name for name, status in job.config.mapping.status.model_dump().items() if status == "disabled"]
    for page in leavers.leavers(job.checkpoint, statuses, AT_ONCE):
        job.clock.check()
        there = {user.user_id: user for user in job.descope.load([one.target_id for one in page])}
        ours = [one for one in page if _is_ours(job, one, there.get(one.target_id))]
        enabled = [one for one in ours if there[one.target_id].status in ("enabled", "invited")]
        done = _disable(job, [there[one.target_id] for one in enabled])
        settled = [one for one in ours if one not in enabled or one.target_id in done]
        leavers.note(job.checkpoint, settled, [one for one in enabled if one.target_id not in done])


def _is_ours(job: Job, one: Leaver, found: DescopeUser | None) -> bool:
    return found is not None and found.mark() == (job.platform, one.user_id)


def _disable(job: Job, users: Sequence[DescopeUser]) -> set[str]:
    """The Descope ids of those whom Descope says it changed."""
    if not users:
        return set()
    try:
        answer = job.writer.patch(
            [{"loginId": [*user.login_ids, user.user_id][0], "status": "disabled"} for user in users]
        )
    except NoAnswer as error:
        raise StopRun(f"{error}.", fix="Check that Descope can be reached, then run again: it is safe.") from None
    except Refused as error:
        if error.status in NOT_ABOUT_USERS:
            raise caller_refused(error) from None
        if len(users) == 1:
            return set()
        middle = len(users) // 2
        return _disable(job, users[:middle]) | _disable(job, users[middle:])
    return {user.user_id for user in answer.done if user.status == "disabled"}
