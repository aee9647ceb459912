"""crosswalk.csv: which Descope user each Docebo user became, whole after every stored batch."""

from __future__ import annotations

import csv
import os
from typing import TYPE_CHECKING, Any, TextIO

from migrator.checkpoint.users.report_rows import crosswalk_rows
from migrator.core.model import ARRIVED_STATES
from migrator.core.outcomes import UserCreated, UserUpdated
from migrator.report.atomic_file import disk_errors_explained, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sqlalchemy import Row

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.core.outcomes import Outcome

CROSSWALK_NAME = "crosswalk.csv"
CROSSWALK_COLUMNS = ("docebo_user_id", "descope_user_id", "state")


class Crosswalk:
    """The growing file of a run that sends.

    Made right before sending: it rewrites the file from the checkpoint, so that what a killed run stored but
    did not write is there again. The run's end writes it once more, with everybody's last state.

    Raises:
        StopRun: the disk refused; the checkpoint is not touched by that.
    """

    def __init__(self, folder: Path, checkpoint: Checkpoint) -> None:
        self._folder = folder
        self._open: set[str] = set()  # in the file already, with a change still to come

        def noted() -> Iterator[Row[Any]]:
            for crossing in crosswalk_rows(checkpoint):
                if crossing.state not in ARRIVED_STATES:
                    self._open.add(crossing.user_id)
                yield crossing

        with disk_errors_explained(folder), write_atomically(folder / CROSSWALK_NAME) as file:
            write_crosswalk(file, noted())

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Append the users that arrived with a batch, in one flushed block."""
        rows = [
            (one.user_id, one.target_id, one.state)
            for one in outcomes
            if isinstance(one, UserCreated | UserUpdated) and one.user_id not in self._open
        ]
        if not rows:
            return
        # Opened anew each time: somebody may have moved the file away meanwhile.
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        with disk_errors_explained(self._folder):
            handle = os.open(self._folder / CROSSWALK_NAME, flags, 0o600)
            with os.fdopen(handle, "a", encoding="utf-8", newline="") as file:
                if not file.tell():
                    csv.writer(file).writerow(CROSSWALK_COLUMNS)
                csv.writer(file).writerows(rows)


def write_crosswalk(file: TextIO, crossings: Iterable[Row[Any]]) -> None:
    """Everybody this migration brought to Descope; ids and states, no personal data."""
    rows = csv.writer(file)
    rows.writerow(CROSSWALK_COLUMNS)
    rows.writerows(crossings)
