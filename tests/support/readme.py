"""The --help blocks and screens of README and docs: `python tests/support/readme.py` renews them, tests compare them.

The block behind `<!-- screen: NAME -->` is that screen of docs/terminal.md, 80 columns wide; with
`<!-- screen: NAME, from: TEXT -->` only what stands from the line on that begins with TEXT.
"""

from __future__ import annotations

import re
from pathlib import Path

import screens
from click.testing import CliRunner

from migrator.cli.main import main

README = Path(__file__).parents[2] / "README.md"
PAGES = (README, *(README.parent / "docs" / name for name in ("tour.md", "setup.md")))
COLUMNS = screens.WIDTHS[0]
_BLOCK = re.compile(r"(```console\n\$ migrator ([a-z ]*)--help\n).*?(```\n)", re.DOTALL)
_SCREEN = re.compile(r"( *)(<!-- screen: (.*?)(?:, from: (.*?))? -->\n *```text\n).*?( *```\n)", re.DOTALL)


def help_of(words: tuple[str, ...]) -> str:
    """What --help prints on a terminal of 100 columns."""
    result = CliRunner().invoke(main, [*words, "--help"], prog_name="migrator", terminal_width=100)
    assert result.exit_code == 0
    return result.output


def renewed(text: str) -> str:
    """The text with every --help block as the command prints it now, and every screen as docs/terminal.md has it."""
    text = _BLOCK.sub(lambda found: found[1] + help_of(tuple(found[2].split())) + found[3], text)
    shots = screens.shown_on(screens.PAGE.read_text(encoding="utf-8"), COLUMNS)
    return _SCREEN.sub(lambda found: found[1] + found[2] + _lines(shots[found[3]], found[4], found[1]) + found[5], text)


def _lines(shot: str, start: str | None, indent: str) -> str:
    lines = shot.splitlines()
    first = next(n for n, line in enumerate(lines) if line.strip().startswith(start)) if start else 0
    return "".join(f"{indent}{line}".rstrip() + "\n" for line in lines[first:])


if __name__ == "__main__":
    screens.PAGE.write_text(screens.record(), encoding="utf-8")
    for page in PAGES:
        page.write_text(renewed(page.read_text(encoding="utf-8")), encoding="utf-8")
