"""The time line of a run as figures for drawing: one panel per stage, its pace, its throttling, its waits. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from migrator.report.stages import stage_doing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.checkpoint.runs.progress import ProgressPoint

MOST_BARS = 150  # at most, in a panel
WAITS = 4  # different ones named
PANEL_WIDTH, PANEL_HEIGHT, PANEL_FLOOR = (
    600,
    64,
    10,
)  # of a panel's drawing; the floor below the bars shows throttled answers


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of a stage: where it is drawn, how high, how many throttled answers, whether it mostly waited."""

    x: float
    width: float
    height: float
    throttled: int
    waiting: bool


@dataclass(slots=True)
class Panel:
    """One stage."""

    title: str
    seconds: float
    users: int
    throttled: int
    peak: float
    waits: dict[str, float] = field(default_factory=dict)
    bars: list[Bar] = field(default_factory=list)

    @property
    def mean(self) -> float:
        """Users a second."""
        return self.users / self.seconds if self.seconds else 0.0


def timeline_panels(samples: Sequence[ProgressPoint]) -> list[Panel]:
    """One panel for each stretch of samples of the same stage that lasted and got anywhere."""
    if not samples:
        return []
    # A stage begins where the one before it was last seen.
    stretches = [list(group) for _, group in groupby(samples, key=lambda sample: sample.stage)]
    starts = [stretches[0][0].at, *(stretch[-1].at for stretch in stretches[:-1])]
    throttled = [0, *(stretch[-1].throttled for stretch in stretches[:-1])]
    made = [_panel(stretch, start, before) for stretch, start, before in zip(stretches, starts, throttled, strict=True)]
    return [panel for panel in made if panel.seconds and (panel.users or panel.throttled or panel.waits)]


def _panel(samples: Sequence[ProgressPoint], start: float, throttled: int) -> Panel:
    first, last = samples[0], samples[-1]
    end = last.at
    panel = Panel(
        title=stage_doing(first.stage),
        seconds=end - start,
        users=max(sample.done for sample in samples),
        throttled=max(0, last.throttled - throttled),
        peak=0.0,
    )
    at, waiting = start, None
    for sample in samples:
        if waiting:
            why = waiting.partition(";")[0]  # what follows tells of that moment only
            why = why if why in panel.waits or len(panel.waits) < WAITS else "other"
            panel.waits[why] = panel.waits.get(why, 0.0) + sample.at - at
        at, waiting = sample.at, sample.waiting
    points = [(start, 0, throttled, None), *_thinned(samples, start, end)]
    raw = []
    for (at, done, before, wait), (until, more, after, _) in pairwise(points):
        seconds = until - at
        if seconds > 0:
            raw.append((at, seconds, max(0, more - done) / seconds, max(0, after - before), wait))
    panel.peak = max((rate for _, _, rate, _, _ in raw), default=0.0)
    scale = PANEL_WIDTH / panel.seconds if panel.seconds else 0.0
    panel.bars = [
        Bar(
            x=round((at - start) * scale, 2),
            width=round(seconds * scale, 2),
            height=round(rate / panel.peak * PANEL_HEIGHT, 2) if panel.peak else 0.0,
            throttled=hits,
            waiting=bool(wait),
        )
        for at, seconds, rate, hits, wait in raw
    ]
    return panel


def _thinned(samples: Sequence[ProgressPoint], start: float, end: float) -> list[tuple[float, int, int, str | None]]:
    """The last sample of each of `MOST_BARS` equal stretches."""
    width = (end - start) / MOST_BARS or 1.0
    kept = {min(MOST_BARS - 1, int((sample.at - start) / width)): sample for sample in samples}
    return [(sample.at, sample.done, sample.throttled, sample.waiting) for sample in kept.values()]
