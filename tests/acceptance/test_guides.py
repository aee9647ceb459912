"""The guides to sign-in and cut-over: their commands work in their order, and what they cite is there."""

from __future__ import annotations

import re
import subprocess
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest
from guide import BIN, CURL, DOCS, blocks_of, practise

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GUIDES = ["lazy-sign-in.md", "cut-over.md"]


def knows(*command: str, word: str) -> bool:
    """Whether a command of the installed program succeeds and shows a word."""
    ended = subprocess.run([BIN / "migrator", *command], capture_output=True, text=True, timeout=60, check=False)
    return ended.returncode == 0 and re.search(rf"(?<!\w){re.escape(word)}(?!\w)", ended.stdout) is not None


# What a block may need that the program has not: it is left out then, and run as soon as the program has it.
LATER: dict[str, Callable[[], bool]] = {
    "migrator serve": lambda: knows("--help", word="serve"),
    "status --signed-in": lambda: knows("status", "--help", word="--signed-in"),
    "sso.csv": lambda: knows("explain", "claim_missing", word="claim_missing"),
    "/docebo/sign_in": lambda: find_spec("migrator.sandbox.relying_party") is not None,
}


def possible(blocks: list[str]) -> list[str]:
    """The blocks that need nothing but what the program has."""
    missing = [need for need, there in LATER.items() if not there()]
    return [block for block in blocks if not any(need in block for need in missing)]


@CURL
def test_the_whole_way_to_a_lazy_sign_in_can_be_practised(tmp_path: Path) -> None:
    """One person comes by a run of her own and signs in; afterwards nothing is left to send."""
    practice = practise(possible(blocks_of("lazy-sign-in.md")), tmp_path)

    assert "this run created 1" in practice.shown
    assert "signed_in" in practice.shown
    assert "this run sent nothing" in practice.shown
    assert (practice.folder / "reports" / "crosswalk.csv").read_text().count("90001,") == 1
    if LATER["status --signed-in"]():
        assert re.search(r"^ +signed_in +1 ", practice.shown, re.MULTILINE)


@CURL
def test_the_whole_cut_over_can_be_practised(tmp_path: Path) -> None:
    """The evening goes from readiness to the canaries and back, and nothing of it asks for a person's help."""
    practice = practise(possible(blocks_of("cut-over.md")), tmp_path)

    assert "nothing new" in practice.shown
    if LATER["sso.csv"]():
        assert "land in their own Docebo account" in practice.shown
    if LATER["/docebo/sign_in"]():
        assert '"user_id": "90001"' in practice.shown
        assert '"outcome": "created"' in (practice.folder / "second.txt").read_text()


def test_a_block_is_left_out_only_for_what_the_program_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that nobody knows is run, so that a slip of the pen in a guide fails the test above."""
    for need in LATER:
        monkeypatch.setitem(LATER, need, lambda: False)

    assert possible(["migrator sevre\n"]) == ["migrator sevre\n"]
    assert possible(["A=1\nmigrator serve &\n", "kill %1\n"]) == ["kill %1\n"]


@pytest.mark.parametrize("guide", GUIDES)
def test_every_link_of_a_guide_leads_to_a_file(guide: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (DOCS / guide).read_text(encoding="utf-8"))

    assert links
    assert [link for link in links if not (DOCS / link).exists()] == []
