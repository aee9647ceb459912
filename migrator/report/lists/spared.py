"""spared.csv: whom an undo has left in Descope, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.report.atomic_file import disk_errors_explained, write_rows

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SPARED_NAME = "spared.csv"
SPARED_COLUMNS = ("docebo_user_id", "reason")


def replace_spared(folder: Path, spared: Mapping[str, str]) -> list[str]:
    """Write the file, whole or not at all, when somebody was spared; otherwise take an older one away.

    Args:
        spared: the reason by Docebo user id.

    Returns:
        Its path, if there is one.

    Raises:
        StopRun: the disk refused.
    """
    path = folder / SPARED_NAME
    with disk_errors_explained(folder):
        if not spared:
            path.unlink(missing_ok=True)
            return []
    write_rows(path, SPARED_COLUMNS, spared.items())
    return [str(path)]
