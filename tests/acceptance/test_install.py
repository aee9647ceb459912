"""docs/install.md, shell completion and man pages: whoever installs the program gets what the guide says."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING

import click
import pytest
from command_lines import understood
from guide import BIN, DOCS, blocks_of, practise

from migrator import __version__
from migrator.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAN = pytest.mark.skipif(not (shutil.which("man") or os.environ.get("CI")), reason="the guide shows a man page")
GUIDE = (DOCS / "install.md").read_text(encoding="utf-8")


def complete(shell: str, line: str) -> list[str]:
    """The lines that the program answers when `shell` asks for completions of the last word."""
    words = line.split()
    place = words[-1] if shell == "fish" else str(len(words) - 1)
    asked = {"_MIGRATOR_COMPLETE": f"{shell}_complete", "COMP_WORDS": line, "COMP_CWORD": place}
    ended = subprocess.run(
        [BIN / "migrator"], env=os.environ | asked,
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return ended.stdout.splitlines()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which `make man` would write."""
    folder = tmp_path_factory.mktemp("home") / "dist" / "man"
    folder.mkdir(parents=True)
    environment = os.environ | {"SOURCE_DATE_EPOCH": "1800000000"}
    maker = [str(BIN / "click-man"), "migrator", "--target", str(folder)]
    subprocess.run(maker, env=environment, check=True, capture_output=True, timeout=60)
    return folder


def commands(command: click.Command, name: str = "migrator") -> Iterator[tuple[str, click.Command]]:
    """Each command with its name as a man page has it."""
    yield name, command
    if isinstance(command, click.Group):
        for word, below in command.commands.items():
            yield from commands(below, f"{name}-{word}")


@MAN
def test_the_guide_can_be_followed(pages: Path) -> None:
    """The blocks work in their order: the demo, completion for three shells, a man page that man finds."""
    home = pages.parents[1]
    practice = practise(blocks_of("install.md"), home)

    assert f"migrator, version {__version__}" in practice.shown
    assert (home / "demo" / "reports" / "report.html").is_file()
    assert practice.shown.splitlines()[-1] == str(home / ".local/share/man/man1/migrator-run.1")
    for script in (".local/share/bash-completion/completions/migrator", ".zfunc/_migrator"):
        assert "_MIGRATOR_COMPLETE=" in (home / script).read_text(encoding="utf-8")
    assert "complete --no-files --command migrator" in (home / ".config/fish/completions/migrator.fish").read_text()


@pytest.mark.parametrize(
    ("shell", "form"), [("bash", r"plain,(\w+)"), ("zsh", r"plain\n(\w+)\n.+"), ("fish", r"plain,(\w+)\t.+")]
)
def test_a_word_that_was_begun_is_completed(shell: str, form: str) -> None:
    """`migrator ru` gives run and runs, to each of the shells in the form that its script reads."""
    answer = "\n".join(complete(shell, "migrator ru"))

    assert re.findall(rf"^{form}$", answer, re.MULTILINE) == ["run", "runs"]


def test_options_and_commands_below_commands_are_completed() -> None:
    assert complete("bash", "migrator run --can") == ["plain,--canary"]
    assert complete("bash", "migrator db up") == ["plain,upgrade"]
    assert complete("bash", "migrator run --log-format js") == ["plain,json"]


def test_bash_itself_completes_with_the_script(tmp_path: Path) -> None:
    """The function that the script defines for Tab fills in what the program answers."""
    source = subprocess.run(
        [BIN / "migrator"], env=os.environ | {"_MIGRATOR_COMPLETE": "bash_source"}, capture_output=True, check=True
    )
    (tmp_path / "script").write_bytes(source.stdout)
    tab = '. ./script; COMP_WORDS=(migrator ru) COMP_CWORD=1; _migrator_completion migrator; echo "${COMPREPLY[@]}"'
    shell = ["bash", "--norc", "-c", tab]
    path = {"PATH": f"{BIN}:{os.environ['PATH']}"}
    ended = subprocess.run(shell, cwd=tmp_path, env=os.environ | path, capture_output=True, text=True, check=True)

    assert ended.stdout == "run runs\n"


def test_every_command_has_a_man_page_with_its_options_and_exit_codes(pages: Path) -> None:
    """No page is missing or left over, and none is a stub."""
    expected = dict(commands(main))
    written = {page.stem: page.read_text(encoding="utf-8").replace("\\", "") for page in pages.glob("*.1")}

    assert written.keys() == expected.keys()
    for name, command in expected.items():
        page = written[name]
        shown = [option.opts[0] for option in command.params if isinstance(option, click.Option) and not option.hidden]
        assert [option for option in shown if option not in page] == []
        assert "Exit codes:" in page
        assert f'"{__version__}"' in page


@MAN
def test_man_can_show_every_page(pages: Path) -> None:
    """None makes the formatter warn."""
    plain = os.environ | {"LC_ALL": "C.UTF-8", "MANWIDTH": "100"}
    ended = subprocess.run(
        ["man", "--warnings", "-P", "cat", "-l", *sorted(pages.glob("*.1"))],
        env=plain, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip

    assert (ended.returncode, ended.stderr) == (0, "")


def test_what_a_container_is_told_is_what_the_program_understands() -> None:
    """No test can start the image, so the command lines behind its name are held against the program's options."""
    text = GUIDE.replace("\\\n", " ")
    lines = [shlex.split(line)[1:] for line in re.findall(r"^\$ (docker run .*)$", text, re.MULTILINE)]
    told = [line[line.index("migrator") + 1 :] for line in lines]

    assert ["--version"] in told
    assert {understood(words)["command"] for words in told if words != ["--version"]} == {"check", "run"}


def test_the_version_is_the_same_wherever_it_stands() -> None:
    """In the program, its package and the image that the manifests start."""
    root = DOCS.parent
    images = {
        tag for path in (root / "examples" / "kubernetes").glob("*.yaml")
        for tag in re.findall(r"^ +image: \S+:(\S+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    }  # fmt: skip

    assert f'\nversion = "{__version__}"\n' in (root / "pyproject.toml").read_text(encoding="utf-8")
    assert images == {__version__}


@pytest.mark.parametrize("code", [0, 1, 2, 3, 4, 5, 137, 143])
def test_the_guide_tells_of_every_exit_code(code: int) -> None:
    """What becomes of it, in a cluster and under systemd, stands in one table."""
    assert re.search(rf"^\| {code} \| .+ \| .+ \| .*\|$", GUIDE, re.MULTILINE)
