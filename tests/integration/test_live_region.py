"""The live region of a run on a pseudo-terminal, drawn by the program's own class."""

from __future__ import annotations

import os
import pty
import sys

from migrator.cli.live import Bars
from migrator.core.clock import Clock


def test_the_region_is_there_as_soon_as_a_stage_begins() -> None:
    """A first frame that comes later may meet a printed line, and then takes the lines above it away."""
    pid, master = pty.fork()
    if pid == 0:
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)
        bars = Bars(Clock())
        bars.stage("read")
        sys.stderr.flush()
        os._exit(0)  # before any later frame can be drawn

    drawn = b""
    try:
        while chunk := os.read(master, 4096):
            drawn += chunk
    except OSError:  # how Linux says that the other side is closed
        pass
    os.waitpid(pid, 0)
    os.close(master)

    assert b"Reading Docebo" in drawn
