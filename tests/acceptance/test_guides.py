"""The guides to sign-in and cut-over: their commands work in their order, and what they cite is there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from guide import CURL, DOCS, blocks_of, practise

if TYPE_CHECKING:
    from pathlib import Path

GUIDES = ["lazy-sign-in.md", "cut-over.md"]


@CURL
def test_the_whole_way_to_a_lazy_sign_in_can_be_practised(tmp_path: Path) -> None:
    """One person comes by a run of her own and signs in; afterwards nothing is left to send."""
    practice = practise(blocks_of("lazy-sign-in.md"), tmp_path)

    assert "this run created 1" in practice.shown
    assert "signed_in" in practice.shown
    assert "this run sent nothing" in practice.shown
    assert (practice.folder / "reports" / "crosswalk.csv").read_text().count("90001,") == 1
    assert re.search(r"^ +signed_in +1 ", practice.shown, re.MULTILINE)


@CURL
def test_the_whole_cut_over_can_be_practised(tmp_path: Path) -> None:
    """The evening goes from readiness to the canaries and back, and nothing of it asks for a person's help."""
    practice = practise(blocks_of("cut-over.md"), tmp_path)

    assert "nothing new" in practice.shown
    assert "land in their own Docebo account" in practice.shown
    assert '"user_id": "90001"' in practice.shown
    assert '"outcome": "created"' in (practice.folder / "second.txt").read_text()


@pytest.mark.parametrize("guide", GUIDES)
def test_every_link_of_a_guide_leads_to_a_file(guide: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (DOCS / guide).read_text(encoding="utf-8"))

    assert links
    assert [link for link in links if not (DOCS / link).exists()] == []
