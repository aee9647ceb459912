"""When the step and the whole run will end: what is known, and nothing otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migrator.checkpoint.runs.progress import ProgressPoint, wait_text
from migrator.config import schema as configuration
from migrator.flow.time_left import steps_ahead, with_ends
from migrator.report.eta import StageProgress, stage_progress
from migrator.sandbox.process import config_text

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.config.schema import Config

SENDING = [ProgressPoint(1000.0 + at, "send", 10 * at, 5000, calls=at) for at in range(0, 102, 2)]
NOW = StageProgress("send", 1000, 5000, 10.0, None, (300.0, 400.0))
DOCUMENTED = {"create": 100, "search": 200, "user": 500}


def config(folder: Path, **descope: object) -> Config:
    path = folder / "config.yaml"
    path.write_text(config_text("http://127.0.0.1:1", "http://127.0.0.1:2", descope=descope), encoding="utf-8")
    return configuration.load_config(path, {})


def told(now: StageProgress, ahead: list[str], samples: list[ProgressPoint], config: Config) -> StageProgress:
    return with_ends(now, ahead, samples, config)


def test_the_last_steps_end_is_the_runs(tmp_path: Path) -> None:
    """Nothing comes behind it."""
    now = told(NOW, [], SENDING, config(tmp_path))

    assert now.eta == now.whole == NOW.eta


def test_reading_back_comes_on_top_of_sending_at_most(tmp_path: Path) -> None:
    """5,000 users are 50 calls: no limit lets them take no time, and sending's calls took four seconds each."""
    assert told(NOW, ["verify"], SENDING, config(tmp_path)).whole == pytest.approx((300, 400 + 50 * 4))
    low, high = told(NOW, ["verify"], SENDING, config(tmp_path, rate_limits=DOCUMENTED)).whole or (0, 0)
    assert 0 < low <= high


def test_a_run_that_only_reads_so_far_has_an_end(tmp_path: Path) -> None:
    """What is ahead is known by arithmetic: nothing at least for whom nobody was found yet, everything at most."""
    samples = [ProgressPoint(1000.0 + at, "read", 100 * at, 10_000, calls=at) for at in range(0, 22, 2)]
    reading = stage_progress(samples)
    assert reading is not None
    place = config(tmp_path, rate_limits=DOCUMENTED)

    first = with_ends(reading, ["plan", "send", "verify"], samples, place)
    known = with_ends(reading, ["plan", "send", "verify"], samples, place, arrived=10_000)
    plan = with_ends(reading, ["plan"], samples, place)

    assert first.eta == known.eta == plan.eta == pytest.approx((80, 80))
    assert (first.whole or (0, 0))[0] == pytest.approx(80 + 60.6)  # 100 creates, 100 loads beside them
    assert (known.whole or (0, 0))[0] == pytest.approx(80)  # nobody need be sent
    assert (first.whole or (0, 0))[1] > (plan.whole or (0, 0))[1] > 80


def test_a_limit_that_is_not_met_yet_is_a_part_of_the_rest(tmp_path: Path) -> None:
    """900 pages went in three minutes; the limit lets only fifty more go before the hour is over."""
    samples = [ProgressPoint(at, "read", 1000 * at, 300_000, calls=5 * at) for at in range(0, 182, 2)]
    reading = stage_progress(samples)
    assert reading is not None
    assert (reading.eta or (0, 0))[1] < 150
    text = config_text("http://127.0.0.1:1", "http://127.0.0.1:2", docebo={"calls_per_hour": 1000})
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")

    low, high = with_ends(reading, [], samples, configuration.load_config(tmp_path / "config.yaml", {})).eta or (0, 0)

    assert low == pytest.approx(3636 - 180)
    assert low < high < 2.5 * 3636


def test_the_present_wait_is_a_part_of_both_ends(tmp_path: Path) -> None:
    """Even when nobody is left, and before any speed is known."""
    wait = wait_text("Descope asked for a pause", 40)
    begun = [ProgressPoint(1000.0, "plan", 0, 5000, waiting=wait)]
    over = [ProgressPoint(1000.0 + at, "verify", 50 * at, 100, waiting=wait if at else None) for at in (0, 2)]

    for samples in (begun, over):
        now = stage_progress(samples)
        assert now is not None
        found = with_ends(now, [], samples, config(tmp_path))
        assert (found.eta or (0, 0))[0] == 40
        assert found.whole == found.eta


@pytest.mark.parametrize("ahead", [["verify", "send", "verify"], ["canary", "verify", "send"]])
def test_what_nobody_knows_is_not_told(tmp_path: Path, ahead: list[str]) -> None:
    """A canary says nothing about everybody, and a step without a number of users gives the run no end."""
    canary = [ProgressPoint(1000.0, "canary", 0, 20)]
    assert told(StageProgress("canary", 0, 20, None, None, None), ahead, canary, config(tmp_path)).whole is None
    nobody = [ProgressPoint(1000.0, "send", 0, None)]
    unknown = told(StageProgress("send", 0, None, None, None, None), ["verify"], nobody, config(tmp_path))
    assert (unknown.eta, unknown.whole) == (None, None)


def test_samples_say_what_is_ahead() -> None:
    """`status` knows no more than the stages seen and the command; a canary is read back before the others are sent."""

    def ahead(*stages: str, command: str = "run") -> list[str]:
        return steps_ahead([ProgressPoint(float(at), name, 0, 1) for at, name in enumerate(stages)], command)

    assert ahead("check", "read") == ["plan", "send", "verify"]
    assert ahead("check", "read", command="plan") == ["plan"]
    assert ahead("read", "plan", "canary") == ["verify", "send", "verify"]
    assert ahead("read", "plan", "canary", "verify") == ["send", "verify"]
    assert ahead("read", "plan", "canary", "verify", "send") == ["verify"]
    assert ahead("read", "plan", "send", "verify") == []
    assert ahead() == []
