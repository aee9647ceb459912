"""Facts on the temporary disk: any number of them costs no memory, and a disk that refuses is explained."""

from __future__ import annotations

import tracemalloc
from contextlib import closing

import pytest

from migrator.core.errors import StopRun
from migrator.flow.scratch import Scratch

TABLE = "CREATE TABLE one (id TEXT, at REAL)"


def test_memory_stays_flat_however_many_rows_there_are() -> None:
    """200,000 rows go in and come out in order with less than a megabyte of ours."""
    with closing(Scratch(TABLE)) as scratch:
        tracemalloc.start()
        try:
            scratch.add("INSERT INTO one VALUES (?, ?)", ((f"U{n}", float(-n)) for n in range(200_000)))
            first = next(scratch.rows("SELECT id FROM one ORDER BY at"))
            count = sum(1 for _ in scratch.rows("SELECT id FROM one ORDER BY at"))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert (first, count) == (("U199999",), 200_000)
    assert peak < 1_000_000


def test_a_disk_that_refuses_stops_the_run_and_says_what_to_do() -> None:
    """The reason is the disk's own; the fix names the folder's variable."""
    with closing(Scratch(TABLE + "; PRAGMA max_page_count = 3")) as scratch, pytest.raises(StopRun) as stopped:
        scratch.add("INSERT INTO one VALUES (?, ?)", (("x" * 500, 0.0) for _ in range(1000)))

    assert "full" in stopped.value.message
    assert "TMPDIR" in stopped.value.fix
