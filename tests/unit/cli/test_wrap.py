"""Lines that end between words on a terminal, and stay whole elsewhere."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

from migrator.cli.wrap import fitted, hanging

if TYPE_CHECKING:
    import pytest


class Terminal(io.StringIO):
    """A stream that believes it is one."""

    def isatty(self) -> bool:
        return True


def test_later_lines_are_indented_as_far_as_the_head_is_long() -> None:
    assert hanging("one two three four five", "    3 ", 20) == ["    3 one two three four", "      five"]


def test_a_pipe_gets_one_line() -> None:
    """Whoever greps finds the whole sentence."""
    assert fitted("word " * 100, "head ") == "head " + "word " * 100


def test_lines_of_a_message_stay_lines_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several errors of a configuration are one below the other, each wrapped by itself."""
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("COLUMNS", "30")
    told = fitted("line 1: is required\nline 2: is required, and it must be a text", "Error: ")
    assert told.splitlines() == [
        "Error: line 1: is required",
        "       line 2: is required,",
        "       and it must be a text",
    ]
