"""Decide about everybody who is in Descope by this migration, with reads only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.checkpoint.users.pre_images import pre_images_of
from migrator.checkpoint.users.undoing import count_undoable, undoable_pages
from migrator.flow.undo.judge import UndoVerdict, judge_user
from migrator.flow.undo.settle import USERS_AT_ONCE, load_targets
from migrator.flow.undo.tally import UndoTally

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.core.pre_image import PreImage
    from migrator.descope.user import DescopeUser
    from migrator.flow.context import PlanContext
    from migrator.flow.signs import LifeWatch


@dataclass(frozen=True, slots=True)
class JudgedPage:
    """Users of one page with the verdict on each; what was found, and what was before, by Docebo user id."""

    verdicts: Mapping[str, UndoVerdict]
    found: Mapping[str, DescopeUser]
    images: Mapping[str, PreImage]
    users: Sequence[StoredUser]

    def of(self, verdict: UndoVerdict) -> list[StoredUser]:
        """The users with this verdict."""
        return [one for one in self.users if self.verdicts[one.user_id] == verdict]


def plan_undo(context: PlanContext, watch: LifeWatch, *, force: bool) -> UndoTally:
    """What undoing would do now."""
    tally = UndoTally()

    def count(page: JudgedPage) -> None:
        tally.deleted += len(page.of(UndoVerdict.DELETE))
        tally.restored += len(page.of(UndoVerdict.RESTORE))
        tally.absent.update(one.user_id for one in page.of(UndoVerdict.GONE))
        tally.gone = len(tally.absent)
        tally.spare(page.verdicts)

    each_page(context, watch, "look", count, force=force)
    return tally


def each_page(
    context: PlanContext,
    watch: LifeWatch,
    stage: str,
    work: Callable[[JudgedPage], None],
    *,
    force: bool,
    absent: Collection[str] = (),
) -> None:
    """Judge everybody anew, a hundred users at a time, and hand over each page.

    Args:
        absent: Docebo user ids that the plan took for gone. They stay so, as nobody agreed to anything about them.
    """
    context.events.stage(stage)
    done, total = 0, count_undoable(context.checkpoint)
    context.events.progress(stage, 0, total)
    for users in undoable_pages(context.checkpoint, USERS_AT_ONCE):
        context.clock.check()
        work(_judge(context, watch, users, absent, force=force))
        done += len(users)
        context.events.progress(stage, min(done, total), total)


def _judge(
    context: PlanContext, watch: LifeWatch, users: Sequence[StoredUser], absent: Collection[str], *, force: bool
) -> JudgedPage:
    found = load_targets(context, [one for one in users if one.user_id not in absent])
    ids = [one.user_id for one in found.values()]
    signs = watch.look(ids)
    kept = pre_images_of(context.checkpoint, ids)
    images = {one.user_id: kept[one.target_id] for one in users if one.target_id in kept}
    verdicts = {
        one.user_id: judge_user(
            one, found.get(one.user_id), images.get(one.user_id), signs, context.platform, force=force
        )
        for one in users
    }
    return JudgedPage(verdicts, found, images, users)
