"""What the log file says about a run: its stages, and each batch with every user's outcome (docs/log.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, assert_never

from migrator.core.outcomes import (
    Outcome,
    UserCreated,
    UserGivenUp,
    UserInConflict,
    UserNotSent,
    UserRefused,
    UserUnknown,
    UserUpdated,
)
from migrator.core.reasons import Reason
from migrator.flow.options import RunEvents
from migrator.log.setup import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from migrator.core.clock import Clock
    from migrator.descope.reader import DescopeReader
    from migrator.docebo.client import DoceboClient

_log = get_logger(__name__)


class Logbook(RunEvents):
    """Logs when stages begin and end, and passes every event on to `listener`.

    `with logbook: ...` ends the last stage.
    """

    def __init__(self, listener: RunEvents, clock: Clock, docebo: DoceboClient, descope: DescopeReader) -> None:
        self._listener = listener
        self._clock = clock
        self._docebo = docebo
        self._descope = descope
        self._stage: str | None = None
        self._progress: tuple[int, int | None] = (0, None)
        self._began = 0.0
        self._calls_before: dict[str, int] = {}
        # Events that this class does not handle reach the listener unchanged.
        for name in vars(RunEvents):
            if not name.startswith("_") and name not in vars(Logbook):
                setattr(self, name, getattr(listener, name))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def stage(self, name: str) -> None:
        """Log that one stage ended and another one begins."""
        self._end()
        self._stage, self._progress = name, (0, None)
        self._began, self._calls_before = self._clock.monotonic(), self.calls()
        _log.info("stage_began", stage=name)
        self._listener.stage(name)

    def progress(self, stage: str, done: int, total: int | None) -> None:
        """Remember the last number, for the end of the stage."""
        self._progress = (done, total)
        self._listener.progress(stage, done, total)

    def _end(self) -> None:
        if self._stage is None:
            return
        done, total = self._progress
        _log.info(
            "stage_ended",
            stage=self._stage,
            seconds=round(self._clock.monotonic() - self._began, 3),
            done=done,
            total=total,
            calls={name: number - self._calls_before[name] for name, number in self.calls().items()},
        )
        self._stage = None

    def calls(self) -> dict[str, int]:
        """How many requests this command has sent, as JSON documents tell them (`report.summary.CALLS`)."""
        return {
            "docebo": self._docebo.calls,
            "descope": self._descope.calls,
            "descope_writes": self._descope.writes,
            "throttled": self._docebo.throttled + self._descope.throttled,
        }


class BatchLog:
    """Numbers the batches of writes and logs each one once its outcomes are known.

    Args:
        timed: gets the call of a batch and the seconds from its intent to its last answer.
    """

    def __init__(self, timed: Callable[[str, float], None] = lambda _call, _seconds: None) -> None:
        self._number = 0
        self._timed = timed

    def note(self, call: str, outcomes: Mapping[str, str], seconds: float) -> None:
        """Log one batch, by Docebo user id, that took so many seconds."""
        self._number += 1
        self._timed(call, seconds)
        _log.info("batch", number=self._number, call=call, users=len(outcomes), outcomes=outcomes)


def outcome_words(outcomes: Iterable[Outcome]) -> dict[str, str]:
    """By Docebo user id: the state, then reason and code if there are any, as in `failed refused E011001`."""
    return {one.user_id: _words(one) for one in outcomes}


def _words(outcome: Outcome) -> str:
    match outcome:
        case UserUnknown():
            return "unanswered"
        case UserNotSent():
            return "not_done"
        case UserCreated() | UserUpdated():
            return outcome.state
        case UserRefused(code=code):
            return f"{outcome.state} {Reason.REFUSED} {code}".strip()
        case UserGivenUp():
            return f"{outcome.state} {Reason.GAVE_UP}"
        case UserInConflict(reason=reason, detail=detail):
            return f"{outcome.state} {reason} {detail or ''}".strip()
        case _:
            assert_never(outcome)
