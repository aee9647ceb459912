"""Durations, rates and ends in words, the same on the live screen of a run and in `status`. Pure."""

from __future__ import annotations

import signal
from datetime import timedelta
from typing import TYPE_CHECKING

from migrator.report.stages import stage_doing

if TYPE_CHECKING:
    from migrator.report.eta import StageProgress

_MINUTE, _HOUR = 60, 3600  # seconds
_MANY_HOURS = 10 * _HOUR  # from which minutes say nothing
MANY = 10  # users a second from which fractions say nothing


def elapsed_text(seconds: float) -> str:
    """`0:12`, `1:02:03`."""
    text = str(timedelta(seconds=round(seconds)))
    return text.removeprefix("0:").removeprefix("0") if text.startswith("0:0") else text.removeprefix("0:")


def about_text(seconds: float) -> str:
    """A time to come, as roughly as it is known: `55 s`, `7 min`, `2 h 5 min`, `14 h`."""
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / _MINUTE), 60)
    if seconds >= _MANY_HOURS:
        return f"{round(seconds / _HOUR)} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def span_text(low: float, high: float) -> str:
    """A range of seconds."""
    ends = [about_text(low), about_text(high)]
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


def takes_text(low: float, high: float) -> str:
    """How long something takes that has not begun: `up to 3 min`, `5 min to 15 min`, `10 h to 15 h`.

    The range told holds the range given: it begins a little earlier and ends a little later.
    """
    if high < _MINUTE:
        return "less than a minute"
    unit = _HOUR if low >= _MANY_HOURS else _MINUTE
    begin, end = low // unit * unit, -(-high // unit) * unit
    return f"up to {about_text(end)}" if begin < _MINUTE else span_text(begin, end)


def how_far(now: StageProgress) -> str:
    """`Sending to Descope: 300 of 700 (42 %)`."""
    of = "" if now.total is None else f" of {now.total:,} ({now.percent} %)"
    return f"{stage_doing(now.stage)}: {now.done:,}{of}"


def pace_and_ends(now: StageProgress, whole: tuple[float, float] | None = None) -> list[str]:
    """Users a second, when the step will end, and when the run will; each only if it is known."""
    return [part for part in (rate_text(now), *ends_text(now, whole)) if part]


def rate_text(now: StageProgress) -> str:
    """`52 users/s`; empty while it is unknown."""
    return "" if now.rate is None else f"{now.rate:,.{0 if now.rate >= MANY else 1}f} users/s"


def ends_text(now: StageProgress, whole: tuple[float, float] | None = None) -> list[str]:
    """When the step will end, and when the run will, as far as it is known."""
    parts = []
    if now.eta is not None:
        # Reading goes over everybody again until nobody is new, so only this reading's end can be told.
        parts.append(f"this {'reading' if now.stage == 'read' else 'stage'} ends in {span_text(*now.eta)}")
    if whole is not None and whole != now.eta:
        parts.append(f"the run in {span_text(*whole)}")
    return parts


def stopping_text(requests: int, asked_by: signal.Signals) -> str:
    """What goes on between the first Ctrl-C, or another signal that asks to stop, and the end."""
    what = f"Finishing {requests} request{'' if requests == 1 else 's'} in flight" if requests else "Stopping"
    again = "press Ctrl-C again" if asked_by == signal.SIGINT else "send the same signal again"
    return f"{what}; {again} to quit at once."
