"""The README's --help blocks and the screens: `python tests/readme.py` renews both, tests compare them."""

from __future__ import annotations

import re
from pathlib import Path

import screens
from click.testing import CliRunner

from migrator.cli.main import main

README = Path(__file__).parents[1] / "README.md"
_BLOCK = re.compile(r"(```console\n\$ migrator ([a-z ]*)--help\n).*?(```\n)", re.DOTALL)


def help_of(words: tuple[str, ...]) -> str:
    """What --help prints on a terminal of 100 columns."""
    result = CliRunner().invoke(main, [*words, "--help"], prog_name="migrator", terminal_width=100)
    assert result.exit_code == 0
    return result.output


def renewed(text: str) -> str:
    """The text with every --help block as the command prints it now."""
    return _BLOCK.sub(lambda found: found[1] + help_of(tuple(found[2].split())) + found[3], text)


if __name__ == "__main__":
    README.write_text(renewed(README.read_text(encoding="utf-8")), encoding="utf-8")
    screens.PAGE.write_text(screens.record(), encoding="utf-8")
