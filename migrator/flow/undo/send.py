"""Delete and restore the users of one page: the intent before the request, the outcome by reading back."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from migrator.checkpoint.users.undoing import DELETING, RESTORING, store_undo_intent, store_undone
from migrator.checkpoint.users.verdicts import known_users
from migrator.core import fields
from migrator.core.errors import NoAnswer, Refused
from migrator.core.fields import ATTRIBUTE
from migrator.core.grants import Grant, changed_lists, is_grant
from migrator.descope.payload import patch_body, patched_attributes
from migrator.flow.send.batch import NOT_ABOUT_USERS, caller_refused, send_in_parts
from migrator.flow.send.update import NO_SUCH_USER, name_of_call
from migrator.flow.undo.compare import is_restored
from migrator.flow.undo.judge import UndoVerdict
from migrator.flow.undo.settle import USERS_AT_ONCE, load_targets, store_deleted, store_restored

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.core.model import Json
    from migrator.core.pre_image import PreImage
    from migrator.descope.batch import BatchAnswer
    from migrator.descope.user import DescopeUser
    from migrator.flow.context import RunContext
    from migrator.flow.undo.plan import JudgedPage
    from migrator.flow.undo.tally import UndoTally


def undo_page(context: RunContext, page: JudgedPage, tally: UndoTally) -> None:
    """Do what was decided on each user; whoever is not seen undone yet keeps the intent, to be settled at the end.

    Whoever is gone is left for `confirm_gone`.

    Raises:
        StopRun: Descope refuses us, or does not answer reads.
    """
    became: Counter[str] = Counter()
    began = context.clock.monotonic()
    _delete_all(context, page.of(UndoVerdict.DELETE), became)
    _restore_all(context, page, became)
    tally.add(became)
    tally.spare(page.verdicts)
    outcomes = {user_id: verdict.value for user_id, verdict in page.verdicts.items()}
    context.batch_log.note("undo", outcomes, context.clock.monotonic() - began)


def confirm_gone(context: RunContext, user_ids: Sequence[str], tally: UndoTally) -> None:
    """Look once more for users who are not shown, as reads may lag behind the run that created them.

    Whoever is shown now has failed: the next undo judges and deletes the user.
    """
    if not user_ids:
        return
    what = f"Descope does not show {len(user_ids):,} of the users, and may be late"
    context.clock.wait_saying(context.config.descope.settle_seconds, what, ": looking again in {}")
    for start in range(0, len(user_ids), USERS_AT_ONCE):
        users = list(known_users(context.checkpoint, user_ids[start : start + USERS_AT_ONCE]).values())
        found = load_targets(context, users)
        gone = [one for one in users if one.user_id not in found]
        store_undone(context.checkpoint, gone, {})
        tally.gone += len(gone)
        tally.failed += len(users) - len(gone)


def _delete_all(context: RunContext, users: Sequence[StoredUser], became: Counter[str]) -> None:
    if not users:
        return
    store_undo_intent(context.checkpoint, [one.user_id for one in users], DELETING)
    is_certain = _delete(context, users)
    # Only what was not confirmed is worth a call for each user.
    store_deleted(context, users, load_targets(context, users, ask_alone=not is_certain), became)


def _delete(context: RunContext, users: Sequence[StoredUser]) -> bool:
    """Delete users in one request, or in halves where that is refused; returns whether Descope confirmed all of it."""
    try:
        context.descope.delete([one.target_id for one in users if one.target_id])
    except NoAnswer:
        return False
    except Refused as error:
        # Somebody may be gone by now, which is as it should be: alone, everybody else can be deleted.
        if error.status in NOT_ABOUT_USERS and error.code != NO_SUCH_USER:
            raise caller_refused(error) from None
        if len(users) > 1:
            middle = len(users) // 2
            for part in (users[:middle], users[middle:]):
                _delete(context, part)
        return False
    return True


def _restore_all(context: RunContext, page: JudgedPage, became: Counter[str]) -> None:
    """Restore users in two steps: it is not documented which of them takes an attribute away."""
    users = page.of(UndoVerdict.RESTORE)
    if not users:
        return
    store_undo_intent(context.checkpoint, [one.user_id for one in users], RESTORING)
    found: dict[str, DescopeUser] = {one.user_id: page.found[one.user_id] for one in users}
    for blank in (False, True):
        todo = [one for one in users if not is_restored(found[one.user_id], page.images[one.user_id])]
        _patch(context, {one.user_id: one for one in todo}, found, page.images, blank=blank)
        found |= load_targets(context, todo)
    store_restored(context, users, load_targets(context, users), became)


def _patch(
    context: RunContext,
    users: Mapping[str, StoredUser],
    found: Mapping[str, DescopeUser],
    images: Mapping[str, PreImage],
    *,
    blank: bool,
) -> None:
    def send(some: Sequence[StoredUser]) -> BatchAnswer:
        return context.descope.patch([_body(context, found[one.user_id], images[one.user_id], blank) for one in some])

    # What became of each is read back, whatever the answers say: a value that is there already may be sent again.
    for _attempt in send_in_parts(list(users.values()), send):
        context.clock.check()


def _body(context: RunContext, found: DescopeUser, image: PreImage, blank: bool) -> dict[str, Json]:
    """The patch that brings a user back to what it was.

    Args:
        blank: send an empty value for an attribute that was not set; otherwise it is left out of the set.
    """
    patch = {
        name: before
        for name, before in image.before.items()
        if not (name.startswith(ATTRIBUTE) or is_grant(name)) and found.value(name) != before
    }
    patch |= restored_grants(found, image)
    attributes = {name.removeprefix(ATTRIBUTE): v for name, v in image.before.items() if name.startswith(ATTRIBUTE)}
    if attributes:
        merged = {**found.attributes, **attributes}
        unset = {name for name, before in attributes.items() if before is None}
        empty = {name: "" if isinstance(found.attributes.get(name), str) else None for name in unset if blank}
        kept = {name: value for name, value in merged.items() if name not in unset}
        patch[fields.CUSTOM_ATTRIBUTES] = patched_attributes(kept, context.attributes.types, ()) | empty
    return patch_body(name_of_call(found), patch)


def restored_grants(found: DescopeUser, image: PreImage) -> dict[str, Json]:
    """Tenants and roles without those that were added, and with those that were taken away, where that differs."""
    before = {Grant.named(name): value for name, value in image.before.items() if is_grant(name)}
    # A tenant stays as long as somebody gave a role in it since.
    after = [*(one for one in found.grants if before.get(one, True)), *(one for one, had in before.items() if had)]
    return {name: now for name, (_, now) in changed_lists(found.grants, after).items()}
