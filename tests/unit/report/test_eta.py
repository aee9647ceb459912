"""The estimate of a step's end: what it says in typical runs."""

from __future__ import annotations

from itertools import pairwise

import pytest

from migrator.checkpoint.runs.progress import ProgressPoint
from migrator.report.eta import StageProgress, percent_done, stage_progress

START = 1_800_000_000.0


def run(*stretches: tuple[float, float], total: int = 100_000, stage: str = "send") -> list[ProgressPoint]:
    """Samples every two seconds: stretches of (seconds, users a second)."""
    at, done = START, 0.0
    taken = [ProgressPoint(at, stage, 0, total)]
    for seconds, rate in stretches:
        for _ in range(int(seconds / 2)):
            at, done = at + 2, done + 2 * rate
            taken.append(ProgressPoint(at, stage, round(done), total))
    return taken


def known(samples: list[ProgressPoint]) -> tuple[float, float, float]:
    """Rate, low and high of a run of which they are known."""
    now = stage_progress(samples)
    assert now is not None
    assert now.rate is not None
    assert now.eta is not None
    return (now.rate, *now.eta)


@pytest.mark.parametrize("seconds", [6, 30, 100, 1000])
def test_constant_rate_is_exact(seconds: float) -> None:
    """At 50 users a second the rest takes exactly rest / 50, from start to end of the range."""
    left = 100_000 - 50 * seconds

    assert known(run((seconds, 50))) == pytest.approx((50, left / 50, left / 50))


def test_bursts_within_a_minute_do_not_widen_the_range() -> None:
    """Descope's limit makes a burst and a pause of every minute: that is a steady speed."""
    rate, low, high = known(run(*[(10, 60), (50, 0)] * 10))

    assert rate == pytest.approx(10)
    assert (low, high) == pytest.approx((9400, 9400))


def test_a_pause_widens_the_range() -> None:
    """After five minutes of waiting the low end is the working speed, the high end fears more such pauses."""
    _, low, high = known(run((600, 50), (300, 0), (60, 50)))
    left = 100_000 - 660 * 50

    assert low == pytest.approx(left / 50)
    assert high == pytest.approx(left / (50 * 660 / 960))


def test_a_run_that_became_slower_is_believed() -> None:
    """The high end follows the speed of the latest minutes, the low end the best of them or the whole run."""
    _, low, high = known(run((600, 50), (400, 10)))
    left = 100_000 - 34_000

    assert high == pytest.approx(left / 10)
    assert low == pytest.approx(left / 34)


def test_only_the_present_step_counts() -> None:
    """Speed of reading says nothing about sending, and a second sweep starts from nobody."""
    reading = run((100, 500), stage="read")
    sending = [ProgressPoint(s.at + 200, *(s.stage, s.done, s.total)) for s in run((100, 10), total=5000)]

    assert known([*reading, *sending]) == pytest.approx((10, 400, 400))
    again = [ProgressPoint(s.at + 200, "read", s.done, s.total) for s in run((100, 10), total=5000)]
    assert known([*reading, *again]) == pytest.approx((10, 400, 400))


def test_unknown_stays_unknown() -> None:
    """No sample, one sample, nobody through yet, or no total: no estimate is better than a guess."""
    assert stage_progress([]) is None
    for samples in (run(), run((2, 50)), run((60, 0))):
        now = stage_progress(samples)
        assert now is not None
        assert now.eta is None
    no_total = stage_progress([ProgressPoint(s.at, s.stage, s.done, None) for s in run((60, 50))])
    assert no_total is not None
    assert no_total.rate == pytest.approx(50)
    assert no_total.eta is None


def test_the_end_is_now_when_nobody_is_left() -> None:
    """When everybody is through, nothing is left to wait for, also when more came than the total said."""
    assert known(run((100, 50), total=5000))[1:] == (0, 0)
    assert known(run((100, 50), total=4000))[1:] == (0, 0)


def test_the_estimate_comes_closer_as_time_goes_by() -> None:
    """In a steady run the estimated moment of the end never moves."""
    samples = run((300, 50), total=30_000)
    ends = [samples[n].at + known(samples[: n + 1])[2] for n in range(3, len(samples))]

    assert all(one == pytest.approx(other, abs=0.01) for one, other in pairwise(ends))


def test_the_document_has_the_keys_of_the_contract() -> None:
    """`status --json` gives stage, done, total, rate, waiting, and both ends as [low, high]."""
    now = StageProgress("send", 5, 10, 1.234567, "keeping below the limit of Descope", (1.04, 2.0), (1.04, 9.0))

    assert now.document() == {
        "stage": "send", "done": 5, "total": 10, "rate": 1.23,
        "waiting": "keeping below the limit of Descope", "eta_seconds": [1.0, 2.0],
        "run_eta_seconds": [1.0, 9.0],
    }  # fmt: skip


def test_a_wait_is_a_part_of_the_rest() -> None:
    """No step ends before the wait it is in is over, however fast the rest will go then."""
    samples = [*run((20, 140), total=3016)]
    last = ProgressPoint(samples[-1].at + 2, "send", 2800, 3016, waiting="Descope asked for a pause; goes on in 54 s")

    now = stage_progress([*samples, last])

    assert now is not None
    assert now.eta is not None
    assert now.eta[0] == pytest.approx(54 + 216 / 140)
    assert now.eta[0] <= now.eta[1]


def test_a_hundred_per_cent_is_everybody() -> None:
    """Whole per cent, rounded down: nobody is told that all are through while somebody is not."""
    assert [percent_done(*pair) for pair in ((0, 3), (2, 3), (999, 1000), (1000, 1000), (0, 0))] == [
        0,
        66,
        99,
        100,
        100,
    ]


def test_a_long_pause_right_after_the_first_work_does_not_hide_it() -> None:
    """Spans are counted from the end, so that all work can lie before the first of them."""
    quick = [ProgressPoint(at, "read", 1000 * at, 100_000) for at in range(0, 22, 2)]
    quiet = [ProgressPoint(at, "read", 20_000, 100_000) for at in range(22, 330, 2)]

    now = stage_progress([*quick, *quiet])

    assert now is not None
    assert now.eta is not None
