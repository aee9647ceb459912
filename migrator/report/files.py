"""The files a run leaves: summary.json and problems.csv, whole or not at all."""

from __future__ import annotations

import csv
import json
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from migrator.errors import ConfigError, StopRun
from migrator.reasons import REASONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from migrator.checkpoint.books import Problem
    from migrator.report.summary import Figures

SUMMARY = "summary.json"
PROBLEMS = "problems.csv"
# How spreadsheets tell a formula from a text; the full-width forms count for some of them (matrix R1).
_FORMULA_STARTS = tuple("=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20")


def paths(folder: Path) -> list[str]:
    """Where `write` puts its files."""
    return [str(folder / SUMMARY), str(folder / PROBLEMS)]


def existing(folder: Path) -> list[str]:
    """Those of them that are there."""
    return [path for path in paths(folder) if Path(path).exists()]


def prepare(folder: Path) -> None:
    """Make the folder, so that a run cannot end without a place for its report.

    Raises:
        ConfigError: it cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ConfigError(
            f"The report folder {folder} cannot be made: {error.strerror}.",
            fix="Set report.dir to another place.",
        ) from None
    if not os.access(folder, os.W_OK):
        raise ConfigError(f"The report folder {folder} cannot be written.", fix="Set report.dir to another place.")


def write(folder: Path, figures: Figures, problems: Iterable[Problem]) -> None:
    """Write both files.

    Raises:
        StopRun: the disk refused; the checkpoint is not touched by that.
    """
    try:
        with _whole(folder / PROBLEMS) as file:
            write_problems(file, problems)
        with _whole(folder / SUMMARY) as file:
            json.dump(figures.document(), file, indent=2)
            file.write("\n")
    except OSError as error:
        raise StopRun(
            f"The report could not be written to {folder}: {error.strerror}.",
            fix="Free some space, then run again.",
        ) from None


def write_problems(file: TextIO, problems: Iterable[Problem]) -> None:
    """One row for each user that needs a person: Docebo id, state, reason, detail, what to do."""
    rows = csv.writer(file)
    rows.writerow(("docebo_user_id", "state", "reason", "detail", "fix"))
    for problem in problems:
        reason = REASONS.get(problem.reason)
        fix = reason.fix if reason else ""
        row = (problem.user_id, problem.state, problem.reason, problem.detail or "", fix)
        rows.writerow(defuse(str(cell)) for cell in row)


def defuse(cell: str) -> str:
    """Keep a spreadsheet from running a cell: a leading apostrophe makes it text."""
    return f"'{cell}" if cell.startswith((*_FORMULA_STARTS, "'")) else cell


@contextmanager
def _whole(path: Path) -> Iterator[TextIO]:
    """Write beside, sync, rename: a reader or a crash sees the old file or the new one (matrix C5)."""
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
