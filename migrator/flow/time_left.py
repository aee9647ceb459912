"""When the step and the whole run will end, as two ranges that agree: measured speed, known waits and limits. Pure."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from migrator.descope.limits import descope_limits
from migrator.docebo.client import BUCKET, docebo_limits
from migrator.flow.plan.estimate import (
    AT_LEAST,
    AT_MOST,
    Course,
    paced_seconds,
    read_seconds,
    send_seconds,
    sending_side,
    whole_run,
)
from migrator.flow.plan.plan import users_per_search
from migrator.report.stages import stages_to_come
from migrator.verify.readback import USERS_PER_CALL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.checkpoint.runs.progress import ProgressPoint
    from migrator.config.schema import Config
    from migrator.http.pace import Limit
    from migrator.report.eta import StageProgress

_SENDING = ("plan", "send", "verify")
_READ_BESIDE = ("send", "canary")  # steps that read back whom they have sent
_CERTAIN = 0.9  # of the calls that users have cost so far, the next ones cost at least
_SEEN_WINDOWS = 5  # of a limit, after which the measured speed has its pauses in it


class _Pace(NamedTuple):
    """How a step's calls are paced: by a limit, if any, with so many users a call, so many calls at once."""

    limit: Limit | None
    users: float
    at_once: int

    def calls(self, users: int) -> int:
        return math.ceil(users / self.users)


def with_ends(
    now: StageProgress, ahead: Sequence[str], samples: Sequence[ProgressPoint], config: Config, arrived: int = 0
) -> StageProgress:
    """Add the ends of the step and of the run, each as (low, high) in seconds from now; never below 0.

    The run's end is never before the step's; without steps ahead they are the same. What the limits demand and how
    long the present wait goes on is a part of both. A range is None while it is unknown.

    Args:
        now: where the run stands, with the end of its step by its measured speed.
        ahead: the steps after the current one.
        samples: the run's own, in order.
        config: whose limits hold.
        arrived: how many users were in Descope before this run, who need not be sent.
    """
    here = _this_reading(samples)
    step = _step_end(now, here, config)
    return replace(now, eta=step, whole=_run_end(now, step, ahead, samples, config, arrived))


def steps_ahead(samples: Sequence[ProgressPoint], command: str) -> list[str]:
    """The steps after the current one, as far as samples tell: a run is taken to read back, too."""
    if command == "undo":
        return []
    seen = list(dict.fromkeys(sample.stage for sample in samples))
    after_canary = bool(samples) and "canary" in seen and "send" not in seen
    steps = stages_to_come(members=True, settles=True, sends=command == "run", canary=after_canary, verifies=True)
    return steps[steps.index(seen[-1]) + 1 :] if seen and seen[-1] in steps else []


# --- the step ------------------------------------------------------------------------------------


def _step_end(now: StageProgress, here: Sequence[ProgressPoint], config: Config) -> tuple[float, float] | None:
    """The measured range, held against what the limits demand; by these alone while nothing is measured."""
    least, most = _pace_of(now.stage, config, AT_LEAST), _pace_of(now.stage, config, AT_MOST)
    if least is None or most is None or now.total is None or not here:
        return now.eta
    left, wait = max(0, now.total - now.done), here[-1].wait_left
    if not left:
        return wait, wait
    low, at_most = (_paced_rest(left, pace, here, course) for pace, course in ((least, AT_LEAST), (most, AT_MOST)))
    if now.eta is None:
        if most.limit is None and not wait:
            return None  # its speed is all that decides
        slow = most.calls(left) * AT_MOST.call_seconds / most.at_once
        return low, max(low, at_most, wait + slow)
    # Where a limit makes pauses, a speed that has some of them in it says nothing about the least.
    low, high = max(low, now.eta[0] if least.limit is None else left / _best_speed(here)), now.eta[1]
    if most.limit is not None and (wait or here[-1].at - here[0].at < _SEEN_WINDOWS * most.limit.window):
        high = max(high, at_most)
    return low, max(low, high)


def _paced_rest(left: int, pace: _Pace, here: Sequence[ProgressPoint], course: Course) -> float:
    """How long the present wait and the limit make the calls for so many users last."""
    last = here[-1]
    if pace.limit is None:
        return last.wait_left
    begin = next((two for two, one in pairwise(reversed(here)) if one.done > two.done), here[0])
    done = last.done - begin.done
    seen = _CERTAIN * _cost(begin, last, pace, course) / done * left if done > 0 else 0.0
    calls, each = max(pace.calls(left), int(seen)), course.call_seconds / pace.at_once
    if last.wait_left:  # at its end, a whole window's calls may go
        return last.wait_left + paced_seconds(calls, pace.limit, course, each)
    # The limit remembers the calls of a window; the next window begins a whole one after the first of them.
    first = here[bisect_left(here, last.at - pace.limit.window, key=lambda sample: sample.at)]
    made = _cost(first, last, pace, course)
    windows = paced_seconds(made + calls, pace.limit, course, 0.0)
    in_last_window = min(calls * each, paced_seconds(made + calls, pace.limit, course, each) - windows)
    return max(0.0, windows - (last.at - first.at)) + in_last_window


def _cost(one: ProgressPoint, two: ProgressPoint, pace: _Pace, course: Course) -> int:
    """Calls between two samples that count against the step's limit; at best, what its users cost at least.

    Samples count all calls, those too that read back, or read Docebo once more, while others are sent.
    """
    done, calls = max(0, two.done - one.done), two.calls - one.calls
    beside = done // USERS_PER_CALL if two.stage in _READ_BESIDE else 0
    return min(calls, pace.calls(done)) if course is AT_LEAST else max(0, calls - beside)


def _best_speed(here: Sequence[ProgressPoint]) -> float:
    """Users a second in the best moment."""
    return max((two.done - one.done) / (two.at - one.at) for one, two in pairwise(here))


def _pace_of(stage: str, config: Config, course: Course) -> _Pace | None:
    limits, at_once = descope_limits(config.descope), config.run.concurrency
    match stage:
        case "read":
            return _Pace(docebo_limits(config.docebo).get(BUCKET), config.docebo.page_size, config.docebo.concurrency)
        case "plan":
            return _Pace(limits.get("search"), users_per_search(config) / course.searches, at_once)
        case "send" | "canary":
            # Creates and patches have limits of their own, and a run sends any mix of them.
            either = [limits[name] for name in ("create", "search") if name in limits]
            choose = max if course is AT_LEAST else min
            return _Pace(choose(either, default=None, key=_rate), config.descope.batch_size, at_once)
        case "verify":
            return _Pace(limits.get("general"), USERS_PER_CALL, at_once)
    return None


def _rate(limit: Limit) -> float:
    return limit.calls / limit.window


def _this_reading(samples: Sequence[ProgressPoint]) -> Sequence[ProgressPoint]:
    """The samples of the current step, with its earlier readings: the limit remembers those too."""
    first = len(samples)
    while first and samples[first - 1].stage == samples[-1].stage:
        first -= 1
    return samples[first:]


# --- the run -------------------------------------------------------------------------------------


def _run_end(
    now: StageProgress,
    step: tuple[float, float] | None,
    ahead: Sequence[str],
    samples: Sequence[ProgressPoint],
    config: Config,
    arrived: int,
) -> tuple[float, float] | None:
    if step is None or not ahead:
        return step
    if now.total is None:
        return None
    if now.stage == "read":
        return _end_from_reading(step, now.total, ahead, samples, config, arrived)
    if now.stage not in _SENDING or not set(ahead) <= set(_SENDING):
        return None  # a canary's users say nothing about everybody's
    # What is ahead has not begun: at worst it all comes behind this step, at best it goes on beside it.
    alone = [(_alone(name, now.total, config, AT_LEAST), _alone(name, now.total, config, AT_MOST)) for name in ahead]
    if now.stage == "send":
        # At best, everybody was read back meanwhile; at worst, that comes later, and a call takes as long as now.
        calls = -(-now.total // USERS_PER_CALL)
        alone = [(0.0, max(high, calls * _one_call(samples, config.run.concurrency))) for _, high in alone]
    return max(step[0], *(low for low, _ in alone)), step[1] + sum(high for _, high in alone)


def _end_from_reading(
    step: tuple[float, float],
    total: int,
    ahead: Sequence[str],
    samples: Sequence[ProgressPoint],
    config: Config,
    arrived: int,
) -> tuple[float, float]:
    """The run's end as told while Docebo is read; the high end also holds where the steps go one after the other."""
    users = max(0, total - arrived)
    sends = "send" in ahead
    least = send_seconds(users, config, AT_LEAST) if sends else _alone("plan", users, config, AT_LEAST)
    most = send_seconds(users, config, AT_MOST) if sends else _alone("plan", users, config, AT_MOST)
    if _is_confirming(samples):
        return whole_run(0.0, step[0], least), whole_run(0.0, step[1], most, side_by_side=False)
    # A reading that shows exactly those who are known needs none to confirm it.
    again = 0.0 if arrived else read_seconds(total, config, AT_LEAST)[1]
    confirming = read_seconds(total, config, AT_MOST)[1]
    return whole_run(step[0], again, least), whole_run(step[1], confirming, most, side_by_side=False)


def _alone(stage: str, users: int, config: Config, course: Course) -> float:
    pace = _pace_of(stage, config, course)
    return 0.0 if pace is None else sending_side([(pace.calls(users), pace.limit)], course, pace.at_once)


def _is_confirming(samples: Sequence[ProgressPoint]) -> bool:
    """Whether the current reading of Docebo is not this run's first one: the count began anew."""
    here = _this_reading(samples)
    return any(later.done < earlier.done for earlier, later in pairwise(here))


def _one_call(samples: Sequence[ProgressPoint], at_once: int) -> float:
    """Seconds that one call of the current step took, waits included; several calls go on at the same time."""
    here = _this_reading(samples)
    return (here[-1].at - here[0].at) * at_once / max(1, here[-1].calls - here[0].calls)
