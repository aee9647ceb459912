"""Find somebody in Docebo by the name that was typed (docs/contract/docebo.md 2.1: its search finds parts of words)."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from migrator.docebo.paging import read_once
from migrator.docebo.record import DoceboRecord
from migrator.flow.sign_in.answer import is_called
from migrator.normalize.identity import record_key

if TYPE_CHECKING:
    from migrator.core.model import Json
    from migrator.docebo.client import DoceboClient

MOST_PAGES = 5  # of what is found for one name: a short one may be a part of everybody's


def find_called(docebo: DoceboClient, name: str) -> tuple[list[Json], bool]:
    """The records whose user name or address is exactly this name, and whether all that was found was looked at.

    Raises:
        StopRun: Docebo cannot be read.
    """
    called: list[Json] = []
    with closing(docebo.pages(name)) as pages:
        for number, items in enumerate(read_once(pages, record_key)):
            if number == MOST_PAGES:
                return called, False
            called += [item for item in items if isinstance(item, dict) and _is_called(DoceboRecord(item), name)]
    return called, True


def _is_called(record: DoceboRecord, name: str) -> bool:
    return is_called(name, record.username) or is_called(name, record.email)
