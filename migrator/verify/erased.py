"""Users whose profile was erased: builds their targets again from Docebo, without storing anything."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.core.model import Ready
from migrator.docebo.paging import read_once
from migrator.normalize.identity import record_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.docebo.client import DoceboClient
    from migrator.normalize.mapping import Normalizer


def read_docebo(docebo: DoceboClient, normalize: Normalizer) -> Iterator[list[Ready]]:
    """One reading of all pages: every user whom Docebo shows and who can be migrated, each once.

    Raises:
        StopRun: a page cannot be read, or the list does not end.
    """
    for items in read_once(docebo.pages(), record_key):
        yield [one for one in map(normalize, items) if isinstance(one, Ready)]


def match_erased(people: Sequence[Ready], known: Mapping[str, StoredUser]) -> list[StoredUser]:
    """Erased users as if Docebo's present profile had been kept, which may differ from what was sent."""
    return [
        replace(
            user,
            profile=one.target.to_json(),
            target_hash=one.target.content_hash(),
            sent_hash=user.sent_hash or user.target_hash,
        )
        for one in people
        if (user := known.get(one.user_id)) is not None and user.arrived and user.profile is None
    ]
