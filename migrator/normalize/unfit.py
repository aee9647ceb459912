"""The one exception inside the normalizer; it never leaves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migrator.core.reasons import Reason


class Unfit(Exception):
    """A field makes the record unfit to be migrated; `reason` is a code of `migrator.core.reasons`."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason
