"""examples/systemd: the units are verified by systemd itself, and start what the program has."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command_lines import understood

EXAMPLE = Path(__file__).parents[2] / "examples" / "systemd"
UNITS = sorted(EXAMPLE.iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
INSTALLED = "/opt/migrator/bin/migrator"
SYSTEMD = pytest.mark.skipif(
    not (shutil.which("systemd-analyze") or os.environ.get("CI")), reason="the units are verified by systemd"
)


def settings(unit: Path) -> dict[str, str]:
    """The settings of a unit by name; the last of a name counts."""
    return dict(re.findall(r"^(\w+)=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE))


def analyze(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False, timeout=60)


@SYSTEMD
def test_systemd_finds_nothing_wrong_in_any_unit(tmp_path: Path) -> None:
    """With the program at the place that they name, not even a warning is given."""
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8")
        program = str(Path(sys.executable).with_name("migrator"))
        (tmp_path / unit.name).write_text(text.replace(INSTALLED, program), encoding="utf-8")

    ended = analyze("verify", *(tmp_path / unit.name for unit in UNITS))

    assert (ended.returncode, ended.stdout + ended.stderr) == (0, "")


@SYSTEMD
@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_a_service_is_little_exposed(unit: Path) -> None:
    """Systemd's own measure, from 0 (nothing can be done) to 10, stays at 2 or below."""
    ended = analyze("security", "--offline=true", "--threshold=20", unit)

    assert ended.returncode == 0, ended.stdout


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_a_service_starts_what_the_program_understands(unit: Path) -> None:
    """Every option exists, a run asks nobody, and what it writes is in the one folder that is open to it."""
    told = settings(unit)
    program, *words = told["ExecStart"].split()
    line = understood(words)

    assert program == INSTALLED
    assert f"migrator-{line['command']}" == unit.stem
    assert line.get("yes", line.get("with_run")) is True
    assert not line["log_file"].is_absolute()
    assert told["WorkingDirectory"] == told["ReadWritePaths"] == "/srv/migration"
    assert told["User"] == "migrator"


def test_what_repeating_does_not_mend_is_not_repeated() -> None:
    """A run is tried again after 4, 5 and a kill; the server also after a bug, because people wait for it."""
    run, serve = (settings(EXAMPLE / f"migrator-{name}.service") for name in ("run", "serve"))

    assert run["Restart"] == serve["Restart"] == "on-failure"
    assert run["RestartPreventExitStatus"] == "1 2 3"
    assert serve["RestartPreventExitStatus"] == "2"


def test_the_timer_starts_the_run_of_its_name() -> None:
    """It names no unit, so it starts the one that is called as it is; only the timer is enabled."""
    timer = EXAMPLE / "migrator-run.timer"

    assert "Unit" not in settings(timer)
    assert timer.with_suffix(".service").is_file()
    assert "WantedBy" not in settings(timer.with_suffix(".service"))
    assert settings(timer)["WantedBy"] == "timers.target"
