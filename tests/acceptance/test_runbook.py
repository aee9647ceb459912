"""Every command of docs/runbook.md works, in its order, against the sandbox that the runbook itself starts."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.skipif(not (shutil.which("curl") or os.environ.get("CI")), reason="the practice needs curl")
def test_the_whole_runbook_can_be_practised(tmp_path: Path) -> None:
    """One shell runs all blocks and ends at the first command that fails; the practice leaves nothing running."""
    blocks = BLOCK.findall((ROOT / "docs" / "runbook.md").read_text())
    script = "set -e -o pipefail -m\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n" + "".join(
        f"echo '== block {number}'\n{block}" for number, block in enumerate(blocks)
    )
    env = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(tmp_path)}

    ended = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=240, check=False
    )

    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-2000:]
    assert f"== block {len(blocks) - 1}" in ended.stdout
    assert "1 renamed" in ended.stdout
    assert not (tmp_path / "practice" / "reports").exists()
