"""The estimate held against the real pacers, retries and threads on virtual time (`tests/support/simulation.py`)."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from config_files import load_with
from simulation import DOCUMENTED, Shape, Weather, simulate

from migrator.flow.plan.estimate import AT_LEAST, estimate_migration, read_seconds, send_seconds, whole_run
from migrator.flow.time_left import steps_ahead, with_ends
from migrator.log import setup as log
from migrator.report.eta import stage_progress

if TYPE_CHECKING:
    from migrator.config.schema import Config


@pytest.fixture(autouse=True)
def _as_the_program_logs() -> None:
    """Nothing but errors."""
    log.configure(style="console", file=None, verbosity=-1, secrets=())


def load(**sections: Any) -> Config:
    with TemporaryDirectory() as folder:
        return load_with(Path(folder), **sections)


def held(users: int, seeds: range, config: Config) -> list[int]:
    """The seeds whose run took as long as the range says."""
    least, most = estimate_migration(users, config).seconds
    return [seed for seed in seeds if least <= simulate(users, config, Weather.drawn(seed)).seconds <= most]


@pytest.mark.parametrize(
    "sections", [{}, {"docebo": {"calls_per_hour": 0}, "descope": {"rate_limits": "none"}}], ids=str
)
def test_the_range_holds_small_runs(sections: dict[str, Any]) -> None:
    """Slow and quick servers, others on the same account, 429s: at least nine of ten runs end within the range.

    Servers without limits give no 429 here.
    """
    config = load(**sections)
    seeds = range(1, 21)
    if sections:
        least, most = estimate_migration(2000, config).seconds
        calm = [Weather.drawn(seed) for seed in seeds]
        took = [simulate(2000, config, Weather(one.call_seconds, marks=one.marks)).seconds for one in calm]
        assert all(least <= seconds <= most for seconds in took)
    else:
        assert len(held(2000, seeds, config)) >= 0.9 * len(seeds)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("users", "runs"), [(100_000, 50), (1_000_000, 10)], ids=str)
def test_the_range_holds_large_runs(users: int, runs: int) -> None:
    assert len(held(users, range(1, runs + 1), load())) >= 0.9 * runs


@pytest.mark.parametrize("users", [100_000, pytest.param(1_000_000, marks=pytest.mark.soak)])
def test_under_the_documented_limits_a_run_takes_what_the_arithmetic_says(users: int) -> None:
    """Within five per cent; and no server ever counts more calls than its limit in any window."""
    config = load()

    found = simulate(users, config, Weather())

    first, again = read_seconds(users, config, AT_LEAST)
    said = whole_run(first, again, send_seconds(users, config, AT_LEAST))
    assert said <= found.seconds <= 1.05 * said
    assert found.throttled == 0
    assert {name: most for name, most in found.most.items() if most > DOCUMENTED[name][0]} == {}


@pytest.mark.parametrize("shape", Shape)
def test_the_limit_of_a_minute_holds_whatever_the_order_of_the_steps(shape: Shape) -> None:
    """Quick servers, one reading: the sending side alone decides."""
    config = load(docebo={"calls_per_hour": 0, "sweeps": "single"})

    found = simulate(50_000, config, Weather(call_seconds=0.05), shape)

    said = send_seconds(50_000, config, AT_LEAST)
    assert found.sending_side == pytest.approx(said, rel=0.15)
    assert found.throttled == 0
    assert {name: most for name, most in found.most.items() if most > DOCUMENTED[name][0]} == {}


def test_the_ends_that_a_run_tells_hold_the_truth() -> None:
    """At all moments of a run of 20,000 users, one step after the other, nine of ten told ranges are right."""
    config = load(docebo={"calls_per_hour": 0, "sweeps": "single"})
    right = told = 0
    for seed in range(1, 5):
        weather = Weather.drawn(seed)
        run = simulate(20_000, config, Weather(weather.call_seconds, marks=weather.marks), Shape.IN_TURN, watch=True)
        starts = [later.at for one, later in pairwise(run.samples) if one.stage != later.stage]
        for number in range(2, len(run.samples), 5):
            samples = run.samples[: number + 1]
            now = stage_progress(samples)
            assert now is not None
            now = with_ends(now, steps_ahead(samples, "run"), samples, config)
            at = samples[-1].at
            step_end = next((start for start in starts if start > at), run.seconds)
            for ends, truth in ((now.eta, step_end - at), (now.whole, run.seconds - at)):
                if ends is not None:
                    told += 1
                    right += ends[0] - 3 <= truth <= ends[1] + 3  # samples are two seconds apart
    assert told > 100
    assert right >= 0.9 * told
