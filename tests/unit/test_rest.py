"""When the whole run will end: what is known, and nothing otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migrator import config as configuration
from migrator.checkpoint.samples import Sample
from migrator.engine.rest import rest
from migrator.report.eta import Progress
from migrator.sandbox.process import config_text

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.config import Config

SENDING = [Sample(1000.0 + at, "send", 10 * at, 5000, calls=at) for at in range(0, 102, 2)]
NOW = Progress("send", 1000, 5000, 10.0, None, (300.0, 400.0))


def config(folder: Path, **descope: object) -> Config:
    path = folder / "config.yaml"
    path.write_text(config_text("http://127.0.0.1:1", "http://127.0.0.1:2", descope=descope), encoding="utf-8")
    return configuration.load(path, {})


def test_the_last_steps_end_is_the_runs(tmp_path: Path) -> None:
    """Nothing comes behind it."""
    assert rest(NOW, [], SENDING, config(tmp_path)) == NOW.eta


def test_reading_back_comes_on_top_of_sending(tmp_path: Path) -> None:
    """5,000 users are 50 calls: no limit lets them take no time, and sending's calls took four seconds each."""
    assert rest(NOW, ["verify"], SENDING, config(tmp_path)) == pytest.approx((300, 400 + 50 * 4))
    limited = config(tmp_path, rate_limits={"create": 100, "search": 200, "user": 500})
    low, high = rest(NOW, ["verify"], SENDING, limited) or (0, 0)
    assert 300 <= low <= high


@pytest.mark.parametrize("ahead", [["plan", "send", "verify"], ["verify", "send", "verify"]])
def test_what_nobody_knows_is_not_told(tmp_path: Path, ahead: list[str]) -> None:
    """Before sending nobody knows how fast that will be, and a step without an end gives the run none."""
    assert rest(NOW, ahead, SENDING, config(tmp_path)) is None
    assert rest(Progress("send", 0, 5000, None, None, None), ["verify"], SENDING, config(tmp_path)) is None
