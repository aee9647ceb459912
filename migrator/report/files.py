"""The files a run leaves: summary.json, problems.csv, crosswalk.csv and report.html, each whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migrator.checkpoint import books, reading, run_history, samples
from migrator.errors import ConfigError
from migrator.report import crosswalk, differences, page, whole
from migrator.report.detail_text import detailed
from migrator.report.problems import source_columns, write_problems

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migrator.checkpoint.books import Problem
    from migrator.checkpoint.checkpoint import Checkpoint
    from migrator.config import MappingConfig

SUMMARY = "summary.json"
PROBLEMS = "problems.csv"
PAGE = "report.html"
NAMES = (PAGE, PROBLEMS, crosswalk.NAME, SUMMARY)


def paths(folder: Path) -> list[str]:
    """Where `write` puts its files."""
    return [str(folder / name) for name in NAMES]


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


def write(
    folder: Path,
    document: dict[str, Any],
    details: dict[str, Any],
    checkpoint: Checkpoint,
    mapping: MappingConfig,
    *,
    redact: bool = False,
    leave_crosswalk: bool = False,
) -> None:
    """Write all files from the checkpoint.

    Args:
        document: the run's figures (`Figures.document()`).
        details: what `details.collect` found; {} when nobody looked yet.
        redact: no personal data in any of them.
        leave_crosswalk: a run is appending to it right now.

    Raises:
        StopRun: the disk refused; the checkpoint is not touched by that.
    """
    predicted = document["outcome"] == "dry_run"
    sources = () if redact else source_columns(mapping)
    with whole.explained(folder):
        with whole.write(folder / PROBLEMS) as file:
            write_problems(file, _problems(checkpoint, predicted=predicted), sources)
        if not leave_crosswalk:
            with whole.write(folder / crosswalk.NAME) as file:
                crosswalk.write_crosswalk(file, reading.crossings(checkpoint))
        with whole.write(folder / PAGE) as file:
            problems = _problems(checkpoint, predicted=predicted)
            newest = books.last_run(checkpoint)
            line = samples.recent(checkpoint, newest["number"]) if newest else []
            runs = run_history.read(checkpoint)
            beside = {*NAMES, *([] if redact else [differences.DIFFERENCES])}
            names = [name for name in beside if name == SUMMARY or (folder / name).exists()]
            now = checkpoint.clock.time()
            page.write(file, document, details, line, problems, now, redact=redact, runs=runs, names=names)
        with whole.write(folder / SUMMARY) as file:
            json.dump(document, file, indent=2)
            file.write("\n")


def _problems(checkpoint: Checkpoint, *, predicted: bool) -> Iterator[Problem]:
    return detailed(checkpoint, books.problems(checkpoint, predicted=predicted))
