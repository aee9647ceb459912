"""When the whole run will end: what is known, and nothing otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migrator.checkpoint.runs.progress import ProgressPoint
from migrator.config import schema as configuration
from migrator.flow.time_left import time_left
from migrator.report.eta import StageProgress
from migrator.sandbox.process import config_text

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.config.schema import Config

SENDING = [ProgressPoint(1000.0 + at, "send", 10 * at, 5000, calls=at) for at in range(0, 102, 2)]
NOW = StageProgress("send", 1000, 5000, 10.0, None, (300.0, 400.0))


def config(folder: Path, **descope: object) -> Config:
    path = folder / "config.yaml"
    path.write_text(config_text("http://127.0.0.1:1", "http://127.0.0.1:2", descope=descope), encoding="utf-8")
    return configuration.load_config(path, {})


def test_the_last_steps_end_is_the_runs(tmp_path: Path) -> None:
    """Nothing comes behind it."""
    assert time_left(NOW, [], SENDING, config(tmp_path)) == NOW.eta


def test_reading_back_comes_on_top_of_sending(tmp_path: Path) -> None:
    """5,000 users are 50 calls: no limit lets them take no time, and sending's calls took four seconds each."""
    assert time_left(NOW, ["verify"], SENDING, config(tmp_path)) == pytest.approx((300, 400 + 50 * 4))
    limited = config(tmp_path, rate_limits={"create": 100, "search": 200, "user": 500})
    low, high = time_left(NOW, ["verify"], SENDING, limited) or (0, 0)
    assert 300 <= low <= high


@pytest.mark.parametrize("ahead", [["plan", "send", "verify"], ["verify", "send", "verify"]])
def test_what_nobody_knows_is_not_told(tmp_path: Path, ahead: list[str]) -> None:
    """Before sending nobody knows how fast that will be, and a step without an end gives the run none."""
    assert time_left(NOW, ahead, SENDING, config(tmp_path)) is None
    assert time_left(StageProgress("send", 0, 5000, None, None, None), ["verify"], SENDING, config(tmp_path)) is None
