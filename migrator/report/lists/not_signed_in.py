"""not-signed-in.csv: which of the migrated users have not signed in yet, the last in Docebo first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.report.atomic_file import write_rows

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

NOT_SIGNED_IN_NAME = "not-signed-in.csv"
NOT_SIGNED_IN_COLUMNS = ("docebo_user_id", "descope_user_id", "class", "last_docebo_access", "descope_status")


def write_not_signed_in(folder: Path, rows: Iterable[tuple[str, ...]]) -> str:
    """Write the file, whole or not at all; with nobody in it, it says that everybody has signed in.

    Args:
        rows: one for each user, in the order of the columns; no personal data.

    Returns:
        Its path.

    Raises:
        StopRun: the disk refused.
    """
    path = folder / NOT_SIGNED_IN_NAME
    write_rows(path, NOT_SIGNED_IN_COLUMNS, rows)
    return str(path)
