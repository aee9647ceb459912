"""Users whose profile was erased: builds their targets again from Docebo, without storing anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.checkpoint.users.verdicts import login_hashes
from migrator.core.model import Ready
from migrator.docebo.paging import Reading
from migrator.verify.readback import ExpectedUser

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.docebo.client import DoceboClient
    from migrator.normalize.mapping import Normalizer


def read_docebo(docebo: DoceboClient, normalize: Normalizer) -> Iterator[list[Ready]]:
    """One reading of all pages: every user whom Docebo shows and who can be migrated, each once.

    Raises:
        StopRun: a page cannot be read, or the list does not end.
    """
    seen: set[str] = set()
    reading = Reading()
    while True:
        page = docebo.users(reading.page + 1, "")
        people = {one.user_id: one for one in map(normalize, page.items)}
        fresh = people.keys() - seen
        yield [one for user_id, one in people.items() if user_id in fresh and isinstance(one, Ready)]
        seen |= fresh
        if reading.is_last(page, len(fresh)):
            return


def match_erased(people: Sequence[Ready], known: dict[str, StoredUser]) -> list[ExpectedUser]:
    """Erased users with the target that Docebo asks for now, which may differ from what was sent."""
    return [
        ExpectedUser(user, one.target, stale=one.target.content_hash() != (user.sent_hash or user.target_hash))
        for one in people
        if (user := known.get(one.user_id)) is not None and user.arrived and user.profile is None
    ]


def by_mark(checkpoint: Checkpoint, users: Sequence[StoredUser]) -> list[ExpectedUser]:
    """Erased users for whom only the mark and the hashes of their login ids can be compared."""
    hashes = login_hashes(checkpoint, [user.user_id for user in users]) if users else {}
    return [ExpectedUser(user, None, frozenset(hashes.get(user.user_id, ()))) for user in users]
