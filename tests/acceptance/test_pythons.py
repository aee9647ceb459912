"""The wheel with its real dependencies under every Python of this machine: `make pythons`, which downloads them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from packages import build

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]
SUPPORTED = ("3.11", "3.12", "3.13", "3.14")


# Where version managers keep theirs, whether or not they stand in PATH.
MANAGED = (".pyenv/versions/*/bin", ".local/share/uv/python/*/bin")


def interpreter(version: str) -> str | None:
    """Where a Python of this version is, if this machine has one."""
    managed = [str(folder) for pattern in MANAGED for folder in Path.home().glob(pattern)]
    return shutil.which(f"python{version}", path=os.pathsep.join([*managed, os.environ["PATH"]]))


@pytest.mark.parametrize("version", SUPPORTED)
def test_the_demo_runs_from_the_wheel_in_another_folder(version: str, tmp_path: Path) -> None:
    """Everything that the wheel declares is enough: 2,000 made-up people arrive."""
    python = interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} on this machine")
    _, wheel = build(ROOT, tmp_path / "dist")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    def call(*words: str | Path) -> str:
        ended = subprocess.run(
            words, cwd=elsewhere, env=environment,
            capture_output=True, text=True, check=False, timeout=900, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-2000:]
        return ended.stdout

    call(python, "-m", "venv", tmp_path / "fresh")
    binaries = tmp_path / "fresh" / "bin"
    pip = (binaries / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    call(*pip, "--constraint", ROOT / "requirements.lock", f"{wheel}[sandbox,serve,postgres]")
    demo = json.loads(call(binaries / "migrator", "demo", "--json"))

    assert (demo["outcome"], demo["counts"]["found"]) == ("needs_person", 2000)
    assert call(binaries / "migrator", "serve", "--help").startswith("Usage: migrator serve")
