"""differences.csv: what a verification found, for people to look at."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

from migrator.report import whole
from migrator.report.problems import defuse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

DIFFERENCES = "differences.csv"
COLUMNS = ("docebo_user_id", "class", "field", "expected", "found")


def write(folder: Path, differences: Iterable[Mapping[str, Any]]) -> str:
    """Write the file, readable by its owner alone, whole or not at all; returns its path.

    Raises:
        StopRun: the disk refused.
    """
    path = folder / DIFFERENCES
    with whole.explained(folder), whole.write(path) as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        for difference in differences:
            rows.writerow(defuse(_cell(difference[column])) for column in COLUMNS)
    return str(path)


def replace(folder: Path, differences: Sequence[Mapping[str, Any]]) -> None:
    """Write the file when there is something to tell; otherwise take an older one away, which would mislead."""
    if differences:
        write(folder, differences)
    else:
        (folder / DIFFERENCES).unlink(missing_ok=True)


def _cell(value: Any) -> str:  # noqa: ANN401 -- values of any field
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.encode("utf-8", "replace").decode()  # no file can hold a lone surrogate
