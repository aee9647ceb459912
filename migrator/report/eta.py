"""How fast a step of a run goes, and when it will end, as a range. Pure.

Only the current run's samples count: what an earlier, interrupted one did is neither speed nor work left.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from typing_extensions import TypedDict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.checkpoint.runs.progress import ProgressPoint

_MINUTE = 60.0  # the window of Descope's limits, so that bursts and pauses within it even out
SPANS = 5  # the latest working spans that may say how fast it can still be
PAUSE = 0.05  # a span below this share of the overall speed is a pause, not a speed
LEAST = 3  # samples and seconds without which nothing is said


class ProgressDocument(TypedDict):
    """A `StageProgress` in JSON: `rate` in users a second, None while unknown.

    `eta_seconds` to the step's end and `run_eta_seconds` to the run's are [low, high], None while unknown.
    """

    stage: str
    done: int
    total: int | None
    rate: float | None
    waiting: str | None
    eta_seconds: list[float] | None
    run_eta_seconds: list[float] | None


@dataclass(frozen=True, slots=True)
class StageProgress:
    """Where a run stands in its present step.

    `eta` is (low, high) in seconds to that step's end, `whole` to the run's (`migrator.flow.time_left`).
    """

    stage: str
    done: int
    total: int | None
    rate: float | None
    waiting: str | None
    eta: tuple[float, float] | None
    whole: tuple[float, float] | None = None

    @property
    def percent(self) -> int | None:
        """How much of the step is done; None when nobody knows the total."""
        return None if self.total is None else percent_done(self.done, self.total)

    def document(self) -> ProgressDocument:
        """As `status --json` carries it."""
        return {
            "stage": self.stage,
            "done": self.done,
            "total": self.total,
            "rate": None if self.rate is None else round(self.rate, 2),
            "waiting": self.waiting,
            "eta_seconds": _rounded(self.eta),
            "run_eta_seconds": _rounded(self.whole),
        }


def _rounded(ends: tuple[float, float] | None) -> list[float] | None:
    return None if ends is None else [round(seconds, 1) for seconds in ends]


def percent_done(done: int, total: int) -> int:
    """Whole per cent, 100 only when nobody is left."""
    return min(100, 100 * done // total) if total else 100


def stage_progress(samples: Sequence[ProgressPoint]) -> StageProgress | None:
    """Where the run stands, from its own samples in order; None before the first.

    A wait that is still going on is a part of the rest.
    """
    if not samples:
        return None
    last = samples[-1]
    stretch = _stretch(samples)
    elapsed, gained = last.at - stretch[0].at, last.done - stretch[0].done
    if len(stretch) < LEAST or elapsed < LEAST:
        return StageProgress(last.stage, last.done, last.total, None, last.waiting, None)
    rate = _gained(stretch, last.at - min(_MINUTE, elapsed), last.at) / min(_MINUTE, elapsed)
    eta = None
    if last.total is not None and gained:
        left = max(0, last.total - last.done)
        eta = _behind_wait(_range(stretch, left), stretch, left)
    return StageProgress(last.stage, last.done, last.total, rate, last.waiting, eta)


def _stretch(samples: Sequence[ProgressPoint]) -> Sequence[ProgressPoint]:
    """The latest samples that count on: one step, and one sweep of it."""
    first = len(samples) - 1
    while first and samples[first - 1].stage == samples[-1].stage and samples[first - 1].done <= samples[first].done:
        first -= 1
    return samples[first:]


def _range(stretch: Sequence[ProgressPoint], left: int) -> tuple[float, float]:
    """From the fastest to the slowest the run has shown: overall, pauses included, and in its latest spans."""
    start, end = stretch[0].at, stretch[-1].at
    overall = (stretch[-1].done - stretch[0].done) / (end - start)
    length = min(_MINUTE, (end - start) / SPANS)
    spans = int((end - start) / length + 1e-9)
    rates = [_gained(stretch, end - (n + 1) * length, end - n * length) / length for n in range(spans)]
    working = [rate for rate in rates if rate >= PAUSE * overall][:SPANS]
    # Spans count from the end: after a long pause, all work can lie before the first of them.
    return left / max([overall, *working]), left / min([overall, *working])


def _behind_wait(eta: tuple[float, float], stretch: Sequence[ProgressPoint], left: int) -> tuple[float, float]:
    """No step ends before the wait it is in; what comes then goes at its highest speed at best."""
    wait = stretch[-1].wait_left
    if not (left and wait):
        return eta
    best = max((two.done - one.done) / (two.at - one.at) for one, two in pairwise(stretch))
    low = max(eta[0], wait + left / best)
    return low, max(low, eta[1])


def _gained(stretch: Sequence[ProgressPoint], since: float, until: float) -> float:
    """How many users came through between two moments, counted evenly between two samples."""
    return _done_at(stretch, until) - _done_at(stretch, since)


def _done_at(stretch: Sequence[ProgressPoint], at: float) -> float:
    after = bisect_right(stretch, at, key=lambda sample: sample.at)
    if after == 0:
        return stretch[0].done
    if after == len(stretch):
        return stretch[-1].done
    before, behind = stretch[after - 1], stretch[after]
    share = (at - before.at) / (behind.at - before.at)
    return before.done + share * (behind.done - before.done)
