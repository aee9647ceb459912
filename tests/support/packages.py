"""What a release consists of: the source distribution and the wheel, built as `make dist` builds them."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def build(sources: Path, folder: Path, **environment: str) -> tuple[Path, Path]:
    """Build the source distribution and the wheel from `sources`, as `make dist` does."""
    builder = (sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-t", "wheel", "-d", folder)
    inherited = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    subprocess.run(builder, cwd=sources, env=inherited | environment, check=True, timeout=120, capture_output=True)
    (source_distribution,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return source_distribution, wheel
