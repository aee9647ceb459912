"""The verification at a run's end: everybody who arrived and was not read back since, or was found wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.checkpoint.users.stored_user import RowVerdict, StoredUser
from migrator.checkpoint.users.verdicts import (
    UNPROVEN_VERDICTS,
    arrived_pages,
    known_users,
    login_hashes,
    store_verdicts,
)
from migrator.verify.readback import Readback

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.config.schema import Config
    from migrator.descope.reader import DescopeReader
    from migrator.descope.user import DescopeUser
    from migrator.verify.readback import Difference


def _ignore(_difference: Difference) -> None:
    """Ignore a difference."""


def verify_after_run(
    checkpoint: Checkpoint,
    descope: DescopeReader,
    config: Config,
    verdicts: Collection[RowVerdict | None] = UNPROVEN_VERDICTS,
    *,
    tell: Callable[[Difference], None] = _ignore,
    progress: Callable[[int], None] = lambda _done: None,
) -> dict[str, int]:
    """Read back users who arrived and were not seen right since they were last sent; store what was seen.

    It costs one users/load call per hundred of them and nothing for other users. Users who are not shown
    are looked for once more after `descope.settle_seconds`, because reads may lag behind the writes just made.

    Args:
        checkpoint: entered by the run, because storing verdicts needs its lease.
        verdicts: which users to read, by their last verdict.

    Returns:
        The number of users by class; `extra` is always 0 here.
    """
    absent: list[str] = []
    done = 0
    with Readback(config, descope, tell, edits=False) as readback:

        def check(page: list[StoredUser], *, last: bool) -> None:
            shown = readback.look(page)
            late = set() if last else {user.user_id for user in page if _may_be_late(user, shown)}
            absent.extend(late)
            users = [user for user in page if user.user_id not in late]
            verdicts = readback.judge(users, shown, login_hashes(checkpoint, users))
            store_verdicts(checkpoint, page, verdicts, readback.claims(users, shown))

        for page in arrived_pages(checkpoint, verdicts, size=readback.at_once):
            check(page, last=False)
            done += len(page)
            progress(done)
        if absent:
            late = f"Descope does not show {len(absent):,} of the users it accepted, and may be late"
            checkpoint.clock.wait_saying(config.descope.settle_seconds, late, ": looking again in {}")
        for start in range(0, len(absent), readback.at_once):
            check(list(known_users(checkpoint, absent[start : start + readback.at_once]).values()), last=True)
    return readback.classes


def _may_be_late(user: StoredUser, shown: Mapping[str, DescopeUser]) -> bool:
    """Whether a user is not shown, and was written too recently to be sure to be shown."""
    return user.user_id not in shown and user.verdict != RowVerdict.MISSING
