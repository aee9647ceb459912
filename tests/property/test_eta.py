"""The estimate of a step's end, for any course a run may take."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from migrator.checkpoint.runs.progress import ProgressPoint
from migrator.report.eta import stage_progress

steps = st.lists(st.tuples(st.floats(2, 90), st.integers(0, 500)), min_size=3, max_size=60)


def samples_of(course: list[tuple[float, int]], left: int = 1000) -> list[ProgressPoint]:
    at, done = 1_800_000_000.0, 0
    taken = [(at, done)]
    for seconds, gained in course:
        at, done = at + seconds, done + gained
        taken.append((at, done))
    return [ProgressPoint(moment, "send", count, done + left) for moment, count in taken]


def eta(samples: list[ProgressPoint]) -> tuple[float, float]:
    now = stage_progress(samples)
    assert now is not None
    assume(now.eta is not None)
    assert now.eta is not None
    return now.eta


@given(steps)
def test_the_range_is_ordered_and_holds_the_overall_speed(course: list[tuple[float, int]]) -> None:
    """Low is never above high, and the time at the run's overall speed lies between them."""
    samples = samples_of(course)
    low, high = eta(samples)
    overall = 1000 * (samples[-1].at - samples[0].at) / samples[-1].done

    assert 0 < low <= high
    assert low <= overall * (1 + 1e-9)
    assert high >= overall * (1 - 1e-9)


@given(st.floats(2, 20), st.integers(1, 500), st.integers(5, 200))
def test_a_constant_rate_is_exact(seconds: float, users: int, number: int) -> None:
    """Whatever the speed, if it is steady both ends are the true rest."""
    low, high = eta(samples_of([(seconds, users)] * number))

    assert low == pytest.approx(1000 * seconds / users, rel=1e-6)
    assert high == pytest.approx(1000 * seconds / users, rel=1e-6)


@given(st.integers(1, 100), st.integers(60, 400), st.floats(60, 3600), st.floats(0.05, 0.95))
def test_a_pause_widens_the_range(users: int, number: int, pause: float, where: float) -> None:
    """A pause of a minute or more anywhere in a steady run moves the high end up and leaves a range."""
    steady = [(2.0, users)] * number
    split = int(where * number)
    before = eta(samples_of(steady))
    after = eta(samples_of([*steady[:split], (pause, 0), *steady[split:]]))

    assert after[1] > before[1]
    assert after[1] - after[0] > before[1] - before[0] + 1e-6


@given(steps, st.integers(0, 1000), st.integers(1, 1000))
def test_more_work_never_ends_earlier(course: list[tuple[float, int]], left: int, more: int) -> None:
    """With the same past, both ends grow with what is left."""
    few, many = eta(samples_of(course, left)), eta(samples_of(course, left + more))

    assert few[0] < many[0]
    assert few[1] < many[1]


@given(steps, steps)
def test_an_earlier_step_changes_nothing(course: list[tuple[float, int]], earlier: list[tuple[float, int]]) -> None:
    """What was before the present step has no say."""
    samples = samples_of(course)
    reading = [replace(one, at=one.at - 1e6, stage="read") for one in samples_of(earlier)]

    assert eta([*reading, *samples]) == eta(samples)


@given(steps)
def test_the_rate_is_never_beyond_the_fastest_stretch(course: list[tuple[float, int]]) -> None:
    """The rate of the last minute is one the run really had."""
    samples = samples_of(course)
    now = stage_progress(samples)
    assert now is not None
    assert now.rate is not None
    speeds = [(two.done - one.done) / (two.at - one.at) for one, two in pairwise(samples)]

    assert min(speeds) - 1e-6 <= now.rate <= max(speeds) + 1e-6
