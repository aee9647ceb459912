"""How many calls a plan or a whole migration takes, and how long they last, as a range. Pure.

The one arithmetic behind `migrator estimate`, a plan's minutes and the end that a run and `status` tell.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from typing_extensions import TypedDict

from migrator.checkpoint.runs.actions import ADOPT, CREATE, DISABLE, UPDATE
from migrator.descope.limits import descope_limits
from migrator.docebo.client import BUCKET, docebo_limits
from migrator.flow.plan.plan import users_per_search
from migrator.http.pace import least_seconds
from migrator.verify.readback import USERS_PER_CALL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migrator.config.schema import Config
    from migrator.http.pace import Limit
    from migrator.report.document import EstimateDocument


_MINUTE = 60.0
_SEARCH, _CREATE, _GENERAL = "search", "create", "general"
# Docebo calls that read nobody: tokens, sessions, fields.
_OTHER_CALLS = 10


@dataclass(frozen=True, slots=True)
class Course:
    """How the servers behave while a run lasts: what the two ends of a range assume.

    Attributes:
        share: how much of the calls that the limits leave us we get, in (0, 1]; others use the same account.
        call_seconds: how long a call takes.
        pause_seconds: for how long each side that has a limit asks for a pause.
        searches: how many searches look one list of users up: by login id, and by mark where users can have one.
        other_calls: Docebo calls that read nobody.
        reads_beside: whether all reading back is done while others are sent.
    """

    share: float
    call_seconds: float
    pause_seconds: float
    searches: int
    other_calls: int
    reads_beside: bool = False


# Nothing but the limits takes time, against slow answers and other users of the account (docs/performance.md).
AT_LEAST = Course(share=1.0, call_seconds=0.0, pause_seconds=0.0, searches=1, other_calls=0, reads_beside=True)
AT_MOST = Course(share=0.7, call_seconds=1.0, pause_seconds=90.0, searches=2, other_calls=_OTHER_CALLS)


def paced_seconds(
    calls: int, limit: Limit | None, course: Course = AT_LEAST, call_seconds: float | None = None
) -> float:
    """How long calls in one bucket last, from the first one's start to the last one's end.

    Args:
        calls: in a row, with nothing of the limit used up before.
        limit: that paces them; None for none.
        course: how the servers behave.
        call_seconds: from one call to the next where nothing paces them; by default those of `course`.
    """
    each = course.call_seconds if call_seconds is None else call_seconds
    if not calls or limit is None:
        return calls * each
    ours = replace(limit, calls=max(1, int(limit.calls * course.share)))
    last_window = (calls - 1) % ours.allowed + 1
    return max(calls * each, least_seconds(calls, ours) + last_window * each)


def whole_run(first_sweep: float, confirming_sweep: float, sending_side: float, *, side_by_side: bool = True) -> float:
    """Seconds of a whole run: everybody is read once, then read again while the sending side works.

    Args:
        first_sweep: seconds until everybody was read once.
        confirming_sweep: seconds of all further readings.
        sending_side: seconds of looking up, sending and reading back.
        side_by_side: whether the last two go on at the same time (docs/decisions/0018).
    """
    rest = (confirming_sweep, sending_side)
    return first_sweep + (max(rest) if side_by_side else sum(rest))


def sending_side(steps: Sequence[tuple[int, Limit | None]], course: Course, at_once: int) -> float:
    """Seconds that looking up, sending and reading back take.

    Args:
        steps: calls of each step, and the limit that paces them; reading back is the last one.
        course: how the servers behave.
        at_once: how many calls are in flight.
    """
    pause = course.pause_seconds if any(calls and limit for calls, limit in steps) else 0.0
    *sending, reading = (paced_seconds(calls, limit, course, course.call_seconds / at_once) for calls, limit in steps)
    return (max(sum(sending), reading) if course.reads_beside else sum(sending) + reading) + pause


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a plan's sending takes.

    Attributes:
        calls: still to be made, by kind.
        minutes: that each kind's limit makes them last at least.
        sending: seconds of sending and reading back, as (least, most).
        run: seconds of the whole run that does it, as (least, most); None if that run is under way.
    """

    calls: dict[str, int]
    minutes: dict[str, float]
    sending: tuple[float, float]
    run: tuple[float, float] | None = None

    def document(self) -> EstimateDocument:
        """As JSON."""
        document: EstimateDocument = {
            "calls": self.calls,
            "minutes": self.minutes,
            "total_minutes": max(self.minutes.values(), default=0.0),
            "range_minutes": _in_minutes(self.sending),
        }
        if self.run is not None:
            document["run_range_minutes"] = _in_minutes(self.run)
        return document


def estimate(actions: Mapping[str, int], config: Config, known: int | None = None, member_calls: int = 0) -> Estimate:
    """Estimate what sending this many users of each kind takes (`actions.ACTION_KINDS`), reading back included.

    Args:
        actions: users by kind.
        config: whose limits hold.
        known: how many users Docebo has, which a run that is to come reads first; None if that is over.
        member_calls: Docebo calls that reading branches and groups takes before that.
    """
    size = config.descope.batch_size
    creates = _lists(actions[CREATE], size)
    updates = _lists(actions[UPDATE], size) + _lists(actions[ADOPT], size)
    disables = _lists(actions[DISABLE], size)
    calls = {
        _CREATE: creates,
        _SEARCH: updates + disables,  # patches count with searches (docs/contract/descope.md 7)
        # All are read back once, except the disabled ones; patched users are also read right before the patch.
        _GENERAL: creates + 2 * updates + disables,
    }
    limits = descope_limits(config.descope)
    minutes = {name: _minutes(paced_seconds(number, limits.get(name))) for name, number in calls.items()}

    def seconds(course: Course, look_ups: int) -> float:
        steps = calls | {_SEARCH: calls[_SEARCH] + course.searches * look_ups}
        paced = [(number, limits.get(name)) for name, number in steps.items()]
        return sending_side(paced, course, config.run.concurrency)

    sending = (seconds(AT_LEAST, 0), seconds(AT_MOST, 0))
    if known is None:
        return Estimate(calls, minutes, sending)
    look_ups = _lists(sum(actions[kind] for kind in (CREATE, UPDATE, ADOPT)), users_per_search(config))
    # An unchanged list needs no second reading, a changed one does.
    (least, _), (most, again) = (read_seconds(known, config, one, member_calls) for one in (AT_LEAST, AT_MOST))
    run = (whole_run(least, 0.0, seconds(AT_LEAST, look_ups)), whole_run(most, again, seconds(AT_MOST, look_ups)))
    return Estimate(calls, minutes, sending, run)


def read_seconds(users: int, config: Config, course: Course, before: int = 0) -> tuple[float, float]:
    """Seconds of the first sweep, and of the one that confirms it (0 where there is none).

    Args:
        before: calls that the first sweep waits for.
    """
    limit = docebo_limits(config.docebo).get(BUCKET)
    pages = _lists(users, config.docebo.page_size) + course.other_calls
    each = course.call_seconds / config.docebo.concurrency
    first = paced_seconds(before + pages, limit, course, each)
    # The limit remembers the calls of the first sweep.
    again = paced_seconds(before + 2 * pages, limit, course, each) - first
    return first + (course.pause_seconds if limit else 0.0), 0.0 if config.docebo.sweeps == "single" else again


def send_seconds(users: int, config: Config, course: Course) -> float:
    """Seconds of looking up, creating and reading back this many users."""
    limits = descope_limits(config.descope)
    steps = [(calls, limits.get(bucket)) for bucket, calls in _sending_calls(users, config, course.searches)]
    return sending_side(steps, course, config.run.concurrency)


def _sending_calls(users: int, config: Config, searches: int) -> list[tuple[str, int]]:
    return [
        (_SEARCH, searches * _lists(users, users_per_search(config))),
        (_CREATE, _lists(users, config.descope.batch_size)),
        (_GENERAL, _lists(users, USERS_PER_CALL)),
    ]


class StageDocument(TypedDict):
    """A `StageEstimate` in JSON; `limit` is None where there is none."""

    name: str
    calls: int
    minutes: float
    limit: str | None


class MigrationEstimateDocument(TypedDict):
    """How long a first migration takes: what the limits demand, and [least, most]. `migrator estimate` prints it."""

    schema: Literal["estimate/1"]
    users: int
    minutes: float
    range_minutes: list[float]
    stages: list[StageDocument]


@dataclass(frozen=True, slots=True)
class StageEstimate:
    """One step of a first migration: its calls, and the minutes that `limit` makes it last at least."""

    name: str
    calls: int
    minutes: float
    limit: str | None

    def document(self) -> StageDocument:
        """As JSON."""
        return {"name": self.name, "calls": self.calls, "minutes": self.minutes, "limit": self.limit}


@dataclass(frozen=True, slots=True)
class MigrationEstimate:
    """A first migration of `users`: its steps, and the seconds of the whole run as (least, most)."""

    users: int
    stages: list[StageEstimate]
    seconds: tuple[float, float]

    def document(self) -> MigrationEstimateDocument:
        """As JSON."""
        return {
            "schema": "estimate/1",
            "users": self.users,
            "minutes": _minutes(self.seconds[0]),
            "range_minutes": _in_minutes(self.seconds),
            "stages": [stage.document() for stage in self.stages],
        }


def estimate_migration(users: int, config: Config) -> MigrationEstimate:
    """What a first migration of this many users takes, if nobody is at Descope yet and nobody joins meanwhile."""
    limits = docebo_limits(config.docebo) | descope_limits(config.descope)
    pages = _lists(users, config.docebo.page_size)
    first, again = read_seconds(users, config, AT_LEAST)
    steps = [("read", BUCKET, pages, first)]
    if config.docebo.sweeps == "settle":
        steps.append(("read_again", BUCKET, pages, again))
    sending = _sending_calls(users, config, AT_LEAST.searches)
    for name, (bucket, calls) in zip(("plan", "send", "verify"), sending, strict=True):
        steps.append((name, bucket, calls, paced_seconds(calls, limits.get(bucket))))
    stages = [
        StageEstimate(name, calls, _minutes(seconds), limits[bucket].words(bucket) if bucket in limits else None)
        for name, bucket, calls, seconds in steps
    ]
    least, most = (
        whole_run(*read_seconds(users, config, course), send_seconds(users, config, course))
        for course in (AT_LEAST, AT_MOST)
    )
    return MigrationEstimate(users, stages, (least, most))


def _lists(users: int, size: int) -> int:
    return -(-users // size)


def _minutes(seconds: float) -> float:
    return round(seconds / _MINUTE, 1)


def _in_minutes(seconds: tuple[float, float]) -> list[float]:
    return [_minutes(end) for end in seconds]
