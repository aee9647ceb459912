"""The verification at a run's end: everybody who arrived and was not read back since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.checkpoint import proofs
from migrator.verify.erased import by_mark
from migrator.verify.readback import Readback, wanted

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.checkpoint.checkpoint import Checkpoint
    from migrator.config import Config
    from migrator.descope.reader import DescopeReader
    from migrator.verify.readback import Difference


def _ignore(_difference: Difference) -> None:
    """Hear nothing."""


def verify_new(
    checkpoint: Checkpoint,
    descope: DescopeReader,
    config: Config,
    *,
    tell: Callable[[Difference], None] = _ignore,
    progress: Callable[[int], None] = lambda _done: None,
) -> dict[str, int]:
    """Read back whoever arrived and was not verified since; note who is right.

    It costs one users/load call for each hundred of them and nothing for anybody else. Whoever is not shown
    is looked for once more after `descope.settle_seconds`, as reads may lag behind the writes just made.

    Args:
        checkpoint: entered by the run, as its lease is needed to note who is right.

    Returns:
        The number of users by class; `extra` is always 0 here.
    """
    absent: list[str] = []
    done = 0
    with Readback(config, descope, tell, second_look=False) as readback:

        def check(page: list[proofs.Known], *, last: bool) -> None:
            users = [*wanted(page), *by_mark(checkpoint, [user for user in page if user.profile is None])]
            shown = readback.look(users)
            if not last:
                absent.extend(one.user.user_id for one in users if one.user.user_id not in shown)
                users = [one for one in users if one.user.user_id in shown]
            proofs.mark_verified(checkpoint, readback.judge(users, shown))

        for page in proofs.arrived(checkpoint, unverified=True, size=readback.at_once):
            check(page, last=False)
            done += len(page)
            progress(done)
        if absent:
            checkpoint.clock.wait(config.descope.settle_seconds)
        for start in range(0, len(absent), readback.at_once):
            check(list(proofs.known(checkpoint, absent[start : start + readback.at_once]).values()), last=True)
    return readback.classes
