"""The commands of a guide, run in one shell, in their order, as a reader would type them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
BIN = Path(sys.executable).parent
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
CURL = pytest.mark.skipif(not (shutil.which("curl") or os.environ.get("CI")), reason="the practice needs curl")
# Leaves at the first command that fails, and leaves nothing running behind it.
_HEAD = "set -e -o pipefail -m\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n"


@dataclass(frozen=True, slots=True)
class Practice:
    """How it went: what was shown, and where the guide's folder `practice` is."""

    shown: str
    folder: Path


def blocks_of(page: str) -> list[str]:
    """The shell blocks of docs/`page`; a block of another language is no command."""
    return BLOCK.findall((DOCS / page).read_text(encoding="utf-8"))


def practise(blocks: list[str], home: Path) -> Practice:
    """Run the blocks below an empty folder, and check that the last of them was reached."""
    script = _HEAD + "".join(f"echo '== block {number}'\n{block}" for number, block in enumerate(blocks))
    env = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(home)}
    ended = subprocess.run(
        ["bash", "-c", script], cwd=home, env=env, capture_output=True, text=True, timeout=240, check=False
    )
    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-2000:]
    assert f"== block {len(blocks) - 1}" in ended.stdout
    return Practice(ended.stdout, home / "practice")
