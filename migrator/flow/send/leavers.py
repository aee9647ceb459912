"""Leaving comes first: disable users who are suspended in Docebo or gone, whatever else about them is in doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.checkpoint.users.leavers import as_before, forget_still_enabled, store_disable_intent, store_disabled
from migrator.core.errors import NoAnswer, Refused
from migrator.core.fields import STATUS
from migrator.descope.payload import patch_body
from migrator.flow.plan.leavers import enabled_users, pages_to_disable
from migrator.flow.send.batch import NOT_ABOUT_USERS, caller_refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.descope.user import DescopeUser
    from migrator.flow.context import RunContext

MOST_SILENT = 3  # requests without an answer, before the remaining users are reported as still enabled


def disable_leavers(context: RunContext) -> None:
    """Disable users who arrived earlier and are set aside now (no address any more, a collision, left out), or gone.

    Their state stays as it is, because their other problems need a person. Sending the status again is harmless, so
    no intent is stored, only the note that we disabled them. A user whom Descope does not let us disable is noted as
    still enabled. Source of the rule: docs/decisions/0013, "Leaving comes first".

    Raises:
        StopRun: Descope refuses us.
    """
    silent = 0
    forget_still_enabled(context.checkpoint)
    for page in pages_to_disable(context):
        context.clock.check()
        with context.alone:
            silent += _disable_page(context, as_before(context.checkpoint, page), MOST_SILENT - silent)


def _disable_page(context: RunContext, page: Sequence[StoredUser], patience: int) -> int:
    """Disable those of a page who are enabled; returns how many requests went unanswered.

    Args:
        patience: unanswered requests after which the others are left as they are.
    """
    enabled, others = enabled_users(context, page)
    store_disable_intent(context.checkpoint, [one for one, _ in enabled])
    began = context.clock.monotonic()
    silent = 0
    done: set[str] = set()
    unclear: set[str] = set()  # a request that was not answered may have disabled them
    for part in _parts([found for _, found in enabled]):
        rest = [found for found in part if found.user_id not in done]
        if not rest or silent == patience:
            continue
        try:
            done |= _disable(context, rest)
        except NoAnswer:
            silent += 1
            unclear |= {found.user_id for found in rest}
    if enabled:
        words = {found.user_id: "disabled" for _, found in enabled if found.user_id in done}
        words |= dict.fromkeys(unclear - done, "unanswered")
        outcomes = {one.user_id: words.get(found.user_id, "not_done") for one, found in enabled}
        context.batch_log.note("disable", outcomes, context.clock.monotonic() - began)
    store_disabled(
        context.checkpoint,
        [one for one, found in enabled if found.user_id in done],
        [*(one for one, found in enabled if found.user_id not in done), *others],
        unclear - done,
    )
    return silent


def _parts(users: Sequence[DescopeUser]) -> Iterator[Sequence[DescopeUser]]:
    """All at once; then each alone, because one of them may be the user that Descope chokes on."""
    if users:
        yield users
    if len(users) > 1:
        for user in users:
            yield [user]


def _disable(context: RunContext, users: Sequence[DescopeUser]) -> set[str]:
    """The Descope ids of the users whom Descope says it disabled."""
    try:
        names = [[*user.login_ids, user.user_id][0] for user in users]
        answer = context.descope.patch([patch_body(name, {STATUS: "disabled"}) for name in names])
    except Refused as error:
        if error.status in NOT_ABOUT_USERS:
            raise caller_refused(error) from None
        return set()
    return {user.user_id for user in answer.done if user.status == "disabled"}
