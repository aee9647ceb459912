"""Lines that end between words, on a terminal at its width."""

from __future__ import annotations

import shutil
import sys
import textwrap

WIDEST = 120  # a longer line is hard to read
PIPED = 100  # columns where no terminal says its own


def columns(width: int | None = None) -> int:
    """How long a line may be; `width` instead of the terminal's."""
    return min(width or shutil.get_terminal_size((PIPED, 24)).columns, WIDEST) - 1


def hanging(text: str, head: str, width: int) -> list[str]:
    """The text behind `head`, in lines of `width` columns; the later ones are indented as far as `head` is long."""
    indent = " " * len(head)
    return textwrap.wrap(
        text,
        max(width, len(head) + 20),
        initial_indent=head,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def fitted(text: str, head: str = "", *, err: bool = False) -> str:
    """`head` and the text: in one line where they go into a pipe or a file, wrapped on a terminal."""
    if not (sys.stderr if err else sys.stdout).isatty():
        return head + text
    first, *others = text.splitlines() or [""]
    indent = " " * len(head)
    return "\n".join(
        [*hanging(first, head, columns()), *(part for one in others for part in hanging(one, indent, columns()))]
    )
