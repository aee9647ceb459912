"""The guides to sign-in and cut-over: their commands work in their order, and what they cite is there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import yaml
from config_files import EXAMPLE
from guide import CURL, DOCS, blocks_of, practise

from migrator.serve.numbers import ServeMetrics

if TYPE_CHECKING:
    from pathlib import Path

GUIDES = ["lazy-sign-in.md", "cut-over.md", "serve.md", "install.md", "release.md"]
NOBODY = {"absent", "busy"}  # what is answered of somebody who is not there; busy on a slow machine


@CURL
def test_the_whole_way_to_a_lazy_sign_in_can_be_practised(tmp_path: Path) -> None:
    """One person comes by a run of her own and signs in; afterwards nothing is left to send."""
    practice = practise(blocks_of("lazy-sign-in.md"), tmp_path)

    assert "this run created 1" in practice.shown
    assert "signed_in" in practice.shown
    assert "this run sent nothing" in practice.shown
    assert (practice.folder / "reports" / "crosswalk.csv").read_text().count("90001,") == 1
    assert re.search(r"^ +signed_in +1 ", practice.shown, re.MULTILINE)
    assert answers(practice.shown, "outcome") in (["ready", one, "ready"] for one in NOBODY)
    assert answers(practice.shown, "login_id")[-1] == "omar.haddad@example.org"


@CURL
def test_the_whole_cut_over_can_be_practised(tmp_path: Path) -> None:
    """The evening goes from readiness to the canaries and back, and nothing of it asks for a person's help."""
    practice = practise(blocks_of("cut-over.md"), tmp_path)

    assert "nothing new" in practice.shown
    assert "land in their own Docebo account" in practice.shown
    assert '"user_id": "90001"' in practice.shown
    assert '"outcome": "created"' in (practice.folder / "second.txt").read_text()


@CURL
def test_serving_sign_ins_can_be_practised(tmp_path: Path) -> None:
    """Every answer of the guide is the one that its text says, and the server ends with 0 whenever it is stopped."""
    practice = practise(blocks_of("serve.md"), tmp_path)
    asked, guessed = (answers(part, "outcome") for part in practice.shown.split("== block")[3:5])

    assert asked in (["ready", one, "ready"] for one in NOBODY)
    assert (len(guessed), set(guessed[:5]) <= NOBODY, guessed[5]) == (6, True, "ready")
    assert "429 after" in practice.shown
    assert re.search(r'^migrator_sign_in_answers_total\{.*status="429".*\} 1\.0$', practice.shown, re.MULTILINE)
    assert '"event": "answered"' in practice.shown
    assert "401 after" in (practice.folder / "unsigned.txt").read_text()
    assert "practice-" not in (practice.folder / "serve.log").read_text()
    assert "@example.org" not in (practice.folder / "serve.log").read_text()


def answers(shown: str, key: str) -> list[str]:
    """This value of each answer of the server, in order."""
    return re.findall(rf'"{key}": ?"([^"]+)"', shown)


def test_what_the_guide_says_of_the_unit_is_what_the_unit_does() -> None:
    """It points to the file, whose secrets, pause and exit codes are those of the text."""
    text = (DOCS / "serve.md").read_text(encoding="utf-8")
    [unit] = re.findall(r"\]\((\S+/migrator-serve\.service)\)", text)
    lines = (DOCS / unit).read_text(encoding="utf-8").splitlines()

    assert {"EnvironmentFile=/etc/migrator.env", "RestartSec=30", "RestartPreventExitStatus=2"} <= set(lines)
    assert all(
        said in text for said in ("`/etc/migrator.env` holds the secrets", "2 a configuration", "every 30 seconds")
    )


def test_the_configuration_of_the_guide_is_the_one_of_the_example() -> None:
    """Every key of the section stands there, with its default."""
    [block] = re.findall(
        r"^```yaml\n(.*?)^```", (DOCS / "serve.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )

    assert yaml.safe_load(block) == {"serve": yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))["serve"]}


def test_the_guide_names_every_number_that_the_server_tells() -> None:
    """The table has their names, and no others."""
    table = re.findall(r"^\| `(migrator_\w+)` \|", (DOCS / "serve.md").read_text(encoding="utf-8"), re.MULTILINE)
    told = re.findall(r"^# TYPE (\w+) ", ServeMetrics(dict, int).text().decode(), re.MULTILINE)

    assert sorted(table) == sorted(name for name in told if not name.endswith("_created"))


@pytest.mark.parametrize("guide", GUIDES)
def test_every_link_of_a_guide_leads_to_a_file(guide: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (DOCS / guide).read_text(encoding="utf-8"))

    assert links
    assert [link for link in links if not (DOCS / link).exists()] == []
