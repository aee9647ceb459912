"""The ends of the step and of the run that a run tells, for any course it may take: they agree, and none is past."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from config_files import load_with
from hypothesis import given
from hypothesis import strategies as st

from migrator.checkpoint.runs.progress import ProgressPoint, wait_text
from migrator.flow.time_left import steps_ahead, with_ends
from migrator.report.eta import stage_progress

if TYPE_CHECKING:
    from migrator.config.schema import Config

STAGES = ("check", "settle", "read", "plan", "canary", "verify", "send")
moments = st.tuples(
    st.floats(0.5, 90), st.integers(0, 500), st.integers(0, 40), st.one_of(st.none(), st.integers(0, 4000))
)
courses = st.lists(
    st.tuples(st.sampled_from(STAGES), st.lists(moments, min_size=1, max_size=20)), min_size=1, max_size=4
)


@cache
def config(*, paced: bool) -> Config:
    with TemporaryDirectory() as folder:
        if paced:
            return load_with(Path(folder))
        return load_with(Path(folder), docebo={"calls_per_hour": 0}, descope={"rate_limits": "none"})


@given(courses, st.integers(0, 2000), st.one_of(st.none(), st.integers(0, 10_000)), st.booleans(), st.booleans())
def test_the_ends_agree_and_are_never_past(
    course: list[tuple[str, list[tuple[float, int, int, int | None]]]],
    arrived: int,
    left: int | None,
    paced: bool,
    runs: bool,
) -> None:
    """The run ends with its last step or later, no range is upside down, and no end comes before the present wait's."""
    samples, at, calls = [], 1000.0, 0
    for stage, taken in course:
        done = 0
        for seconds, gained, made, wait in taken:
            at, done, calls = at + seconds, done + gained, calls + made
            waiting = None if wait is None else wait_text("Descope asked for a pause", wait)
            total = None if left is None else done + left
            samples.append(ProgressPoint(at, stage, done, total, calls, waiting=waiting))
    measured = stage_progress(samples)
    assert measured is not None

    now = with_ends(
        measured, steps_ahead(samples, "run" if runs else "plan"), samples, config(paced=paced), arrived=arrived
    )

    for ends in (now.eta, now.whole):
        assert ends is None or 0 <= ends[0] <= ends[1]
    if now.whole is not None:
        assert now.eta is not None
        assert now.eta[0] <= now.whole[0]
        assert now.eta[1] <= now.whole[1]
    if now.eta is not None and samples[-1].stage in ("read", "plan", "send", "verify"):
        assert now.eta[0] >= samples[-1].wait_left * (1 - 1e-9)
