"""The files a run leaves: summary.json, problems.csv, crosswalk.csv, sso.csv and report.html, each whole or not."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from migrator.checkpoint.runs.history import last_run, read_history
from migrator.checkpoint.runs.progress import recent_progress
from migrator.checkpoint.users import problems
from migrator.checkpoint.users.report_rows import crosswalk_rows
from migrator.core.errors import ConfigError
from migrator.report.atomic_file import disk_errors_explained, write_atomically
from migrator.report.coverage.sso_readiness import sso_rules
from migrator.report.lists.crosswalk import CROSSWALK_NAME, write_crosswalk
from migrator.report.lists.detail_text import with_details
from migrator.report.lists.differences import DIFFERENCES_NAME
from migrator.report.lists.problems import migration_name, source_columns, write_problems
from migrator.report.lists.sso import SSO_NAME, write_sso
from migrator.report.page.page import write_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.config.schema import MappingConfig
    from migrator.report.document import DetailsDocument, RunDocument

SUMMARY_NAME = "summary.json"
PROBLEMS_NAME = "problems.csv"
PAGE_NAME = "report.html"
REPORT_NAMES = (PAGE_NAME, PROBLEMS_NAME, CROSSWALK_NAME, SSO_NAME, SUMMARY_NAME)


def report_paths(folder: Path) -> list[str]:
    """Where `write` puts its files."""
    return [str(folder / name) for name in REPORT_NAMES]


def existing_reports(folder: Path) -> list[str]:
    """Those of them that are there."""
    return [path for path in report_paths(folder) if Path(path).exists()]


def prepare_folder(folder: Path) -> None:
    """Make the folder, so that a run cannot end without a place for its report.

    Raises:
        ConfigError: it cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ConfigError(
            f"The report folder {folder} cannot be created: {error.strerror}.",
            fix="Set report.dir to another place.",
        ) from None
    if not os.access(folder, os.W_OK):
        raise ConfigError(f"The report folder {folder} is not writable.", fix="Set report.dir to another place.")


def write_reports(
    folder: Path,
    document: RunDocument,
    details: DetailsDocument,
    checkpoint: Checkpoint,
    mapping: MappingConfig,
    *,
    redact: bool = False,
    leave_crosswalk: bool = False,
    leave_problems: bool = False,
) -> None:
    """Write all files from the checkpoint.

    Args:
        document: the run's figures (`RunFigures.document()`).
        details: what `collect_coverage` found; {} when nobody looked yet.
        redact: no personal data in any of them.
        leave_crosswalk: a run is appending to it right now.
        leave_problems: a person has filled it in, and nothing of that is stored yet.

    Raises:
        StopRun: the disk refused; the checkpoint is not touched by that.
    """
    predicted = document["outcome"] == "dry_run"
    migration = migration_name(**document["migration"])
    sources = () if redact else source_columns(mapping)
    with disk_errors_explained(folder):
        if not leave_problems:
            with write_atomically(folder / PROBLEMS_NAME) as file:
                write_problems(file, _problems(checkpoint, predicted=predicted), sources, migration)
        if not leave_crosswalk:
            with write_atomically(folder / CROSSWALK_NAME) as file:
                write_crosswalk(file, crosswalk_rows(checkpoint))
        with write_atomically(folder / SSO_NAME) as file:
            rules = sso_rules(document["sso"]["claim"], document["sso"]["match"], mapping)
            write_sso(file, checkpoint, rules, predicted=predicted)
        with write_atomically(folder / PAGE_NAME) as file:
            people = _problems(checkpoint, predicted=predicted)
            newest = last_run(checkpoint)
            line = recent_progress(checkpoint, newest.number) if newest else []
            runs = read_history(checkpoint)
            beside = {*REPORT_NAMES, *([] if redact else [DIFFERENCES_NAME])}
            names = [name for name in beside if name == SUMMARY_NAME or (folder / name).exists()]
            now = checkpoint.clock.time()
            write_page(file, document, details, line, people, now, redact=redact, runs=runs, names=names)
        with write_atomically(folder / SUMMARY_NAME) as file:
            json.dump(document, file, indent=2)
            file.write("\n")


def _problems(checkpoint: Checkpoint, *, predicted: bool) -> Iterator[StoredUser]:
    return with_details(checkpoint, problems.problem_users(checkpoint, predicted=predicted))
