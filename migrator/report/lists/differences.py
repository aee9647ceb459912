"""differences.csv: what a verification found, for people to look at."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from migrator.report.atomic_file import write_rows
from migrator.report.lists.problems import defuse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

DIFFERENCES_NAME = "differences.csv"
DIFFERENCE_COLUMNS = ("docebo_user_id", "class", "field", "expected", "found")


def write_differences(folder: Path, differences: Iterable[Mapping[str, object]]) -> str:
    """Write the file, readable by its owner alone, whole or not at all; returns its path.

    Raises:
        StopRun: the disk refused.
    """
    path = folder / DIFFERENCES_NAME
    rows = ([defuse(_cell(one[column])) for column in DIFFERENCE_COLUMNS] for one in differences)
    write_rows(path, DIFFERENCE_COLUMNS, rows)
    return str(path)


def replace_differences(folder: Path, differences: Sequence[Mapping[str, object]]) -> None:
    """Write the file when there is something to tell; otherwise take an older one away, which would mislead."""
    if differences:
        write_differences(folder, differences)
    else:
        (folder / DIFFERENCES_NAME).unlink(missing_ok=True)


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.encode("utf-8", "replace").decode()  # no file can hold a lone surrogate
