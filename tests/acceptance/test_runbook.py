"""Every command of docs/runbook.md works, in its order, against the sandbox that the runbook itself starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from guide import CURL, blocks_of, practise

if TYPE_CHECKING:
    from pathlib import Path


@CURL
def test_the_whole_runbook_can_be_practised(tmp_path: Path) -> None:
    """One shell runs all blocks and ends at the first command that fails; the practice leaves nothing running."""
    practice = practise(blocks_of("runbook.md"), tmp_path)

    assert "1 renamed" in practice.shown
    assert not (practice.folder / "reports").exists()
