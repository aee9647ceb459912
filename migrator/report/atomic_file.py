"""Write a file whole or not at all, and say what to do when the disk refuses."""

from __future__ import annotations

import csv
import glob
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from migrator.core.errors import StopRun

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


@contextmanager
def write_atomically(path: Path, encoding: str = "utf-8", *, mode: int = 0o600) -> Iterator[TextIO]:
    """Write beside, sync, rename: everybody sees the old file or the new one (docs/reliability.md C5)."""
    # What a killed run left half-written may hold personal data.
    for leftover in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        leftover.unlink(missing_ok=True)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding=encoding, newline="") as file:
            os.fchmod(handle, mode)
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Iterable[str]]) -> None:
    """Write a CSV file, its heading first, whole or not at all.

    Raises:
        StopRun: the disk refused.
    """
    with disk_errors_explained(path.parent), write_atomically(path) as file:
        lines = csv.writer(file)
        lines.writerow(columns)
        lines.writerows(rows)


@contextmanager
def disk_errors_explained(folder: Path) -> Iterator[None]:
    """Turn the disk's refusals into an error that says what to do.

    Raises:
        StopRun: the disk refused; the checkpoint is not touched by that.
    """
    try:
        yield
    except OSError as error:
        raise StopRun(
            f"The report could not be written to {folder}: {error.strerror}.",
            fix="Check that the folder is writable and its disk has space, then run again.",
        ) from None
