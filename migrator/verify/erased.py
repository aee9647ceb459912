"""Users whose profile was erased: their targets are built anew from Docebo, without storing anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.checkpoint import proofs
from migrator.model import Ready
from migrator.verify.readback import Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migrator.checkpoint.checkpoint import Checkpoint
    from migrator.checkpoint.proofs import Known
    from migrator.docebo.client import DoceboClient
    from migrator.normalize import Normalizer

BARREN_PAGES = 3  # in a row without anybody fresh: the list does not end


def from_docebo(docebo: DoceboClient, normalize: Normalizer) -> Iterator[list[Ready]]:
    """One reading of all pages: everybody Docebo shows and that can be migrated, each once."""
    seen: set[str] = set()
    page_number = 1
    barren = 0
    while True:
        page = docebo.users(page_number, "")
        people = {one.user_id: one for one in map(normalize, page.items) if isinstance(one, Ready)}
        yield [one for user_id, one in people.items() if user_id not in seen]
        barren = 0 if people.keys() - seen else barren + 1
        seen |= people.keys()
        if not page.has_more or barren == BARREN_PAGES:
            return
        page_number += 1


def match(people: Sequence[Ready], known: dict[str, Known]) -> list[Wanted]:
    """Erased users with the target Docebo asks for now, which may not be what was sent."""
    return [
        Wanted(user, one.target, stale=one.target.content_hash() != (user.sent_hash or user.hash))
        for one in people
        if (user := known.get(one.user_id)) is not None and user.arrived and user.profile is None
    ]


def by_mark(checkpoint: Checkpoint, users: Sequence[Known]) -> list[Wanted]:
    """Erased users of whom only the mark and the hashes of their login ids can be compared."""
    hashes = proofs.login_hashes(checkpoint, [user.user_id for user in users]) if users else {}
    return [Wanted(user, None, frozenset(hashes.get(user.user_id, ()))) for user in users]
