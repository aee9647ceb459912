"""Every command explains itself, and the README says what the commands say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click
import pytest
from readme import README as PATH
from readme import help_of, renewed

from migrator.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Iterator

README = PATH.read_text(encoding="utf-8")


def walk(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with the words that call it, `migrator` left out."""
    yield words, command
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from walk(below, (*words, name))


COMMANDS = dict(walk(main))


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words) or "migrator")
def test_every_command_and_option_has_help_an_example_and_exit_codes(words: tuple[str, ...]) -> None:
    """Nobody has to read the code to use a command."""
    command = COMMANDS[words]
    shown = help_of(words)

    assert "Example:\n" in shown
    assert re.search(r"\n +migrator " + " ".join(words), shown)
    assert "Exit codes:" in shown
    options = [one for one in command.params if isinstance(one, click.Option)]
    assert [option.name for option in options if not option.help] == []
    arguments = [one.human_readable_name for one in command.params if isinstance(one, click.Argument)]
    assert [name for name in arguments if f"{name} " not in shown.partition("Options:")[0].partition("\n")[2]] == []
    if not isinstance(command, click.Group):
        common = {"config_path", "as_json", "log_format", "log_file", "verbose", "quiet"}
        assert common <= {option.name for option in command.params}


def test_the_readme_shows_the_help_as_it_is() -> None:
    """Each --help block of the README is what the command prints; `make readme` renews them."""
    assert README.count("--help\n") == 2
    assert renewed(README) == README


def test_the_readme_knows_every_command() -> None:
    """No command is left out of the README."""
    for words, command in COMMANDS.items():
        if words and not isinstance(command, click.Group):
            assert f"`migrator {' '.join(words)}`" in README


def test_the_readme_has_the_exit_codes_of_the_help() -> None:
    """The table in the README has the codes that `migrator --help` lists, with the same words."""
    listed = dict(re.findall(r"^ {4}(\d+)  +(.*)$", help_of(()).partition("Exit codes:")[2], re.MULTILINE))
    table = dict(re.findall(r"^\| (\d+) \| (.*?) \|$", README, re.MULTILINE))

    assert set(listed) == {"0", "1", "2", "3", "4", "5", "130"}
    assert table == listed


def test_the_readme_links_to_files_that_are_there() -> None:
    """Every relative link of the README leads somewhere."""
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", README)

    assert links
    assert [link for link in links if not (PATH.parent / link).exists()] == []
