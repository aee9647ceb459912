"""A stand-in for the power cut: not all pages of the last commit reached the disk (docs/reliability.md C8)."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import crash_points
import pytest
from crash_trials import die_at, first_run, mend, one_of_each

if TYPE_CHECKING:
    from pathlib import Path

    from figures import Note
    from world import Place

HEADER = 32  # bytes of the -wal file's own header
FRAME = 24  # bytes before each page; 4 to 8 are not 0 in the last frame of a transaction


EACH = pytest.mark.soak


@pytest.mark.parametrize(
    ("torn", "once"),
    [(True, True), pytest.param(True, False, marks=EACH), pytest.param(False, False, marks=EACH)],
    ids=["torn, each transaction once", "torn", "gone"],
)
def test_c8_a_lost_last_commit_is_mended(place: Place, torn: bool, once: bool, note: Note) -> None:
    """At every commit of a first run: without that transaction's pages, or with half of them, a run mends all."""
    first_run(place)
    points = die_at(0, place.migrate, crash_points.power_cut).points
    chosen = one_of_each(points, place) if once else range(1, len(points) + 1)
    for number in chosen:
        start = first_run(place)
        assert die_at(number, place.migrate, crash_points.power_cut).killed
        cut(place.folder / "migrator.db", torn=torn)
        mend(place, start)
    assert len(chosen) > 20
    note("C8", "commits lost", len(chosen))


def cut(path: Path, *, torn: bool) -> None:
    """Drop the last transaction from the -wal file, or leave half of it."""
    path.with_name(f"{path.name}-shm").unlink()
    wal = path.with_name(f"{path.name}-wal")
    content = wal.read_bytes()
    page = int.from_bytes(content[8:12], "big")
    ends = [
        start + FRAME + page
        for start in range(HEADER, len(content), FRAME + page)
        if content[start + 4 : start + 8] != b"\0\0\0\0"
    ]
    assert ends[-1] == len(content)
    begin = ends[-2] if len(ends) > 1 else HEADER
    wal.write_bytes(content[: (begin + len(content)) // 2 if torn else begin])
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
