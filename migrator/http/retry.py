"""Whether and when a failed call is repeated: a decision as a value, no I/O and no clock.

Repeating happens in `migrator.http.client` alone and is always bounded twice, by answers and by seconds.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field, replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import TYPE_CHECKING

from migrator.core.activity import spoken
from migrator.core.errors import (
    ApiError,
    Cause,
    NoAnswer,
    NotSent,
    ProxyRefused,
    Redirected,
    StopRun,
    Throttled,
    Untrusted,
)

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_ATTEMPTS = 5
MAX_FAILING_SECONDS = 300.0
MAX_THROTTLES = 10
MAX_THROTTLED_SECONDS = 1800.0
MAX_RETRY_AFTER = 900.0
# An API that counts calls over a long window says 429 until that window has passed: one and a quarter of it is
# waited for, in up to twice as many tries.
_WINDOWS_WAITED = 1.25
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 30.0
_FIRST_THROTTLE_WAIT, _LONGEST_THROTTLE_WAIT = 10.0, 300.0
_FOREVER = 1e9  # what an endless row of digits counts as


class Idempotence(Enum):
    """What repeating an operation can do; the retry table depends on it, not on the status alone."""

    READ = "read"
    SAFE_WRITE = "safe write"  # repeating it changes nothing more
    UNSAFE_WRITE = "unsafe write"  # whoever sent it must read back before repeating


@dataclass(frozen=True, slots=True)
class RetryDecision:
    """Whether to repeat, and how many seconds to leave the server alone first (also when not repeating)."""

    repeat: bool
    wait: float


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an API is waited for that does not answer.

    Args:
        attempts: how often at most a call is tried.
        deadline: seconds that one exchange, or one pause the server asks for, may take at most; calls have deadlines
            of their own, too.
        after_timeout: whether a call is repeated that timed out.
        turn: seconds that a call may wait for its turn, where the limit is one of calls in an hour.
    """

    attempts: int = MAX_ATTEMPTS
    deadline: float = math.inf
    after_timeout: bool = True
    turn: float = math.inf


LASTING = Patience()  # of a run: a server may be away for a while
BRIEF = Patience(attempts=2, deadline=8.0, after_timeout=False)  # of a person who waits for an answer
SIGNING_IN = replace(BRIEF, turn=8.0)  # of a sign-in flow, which asks again


def may_repeat(kind: Idempotence, error: ApiError) -> bool:
    """The retry table: what a missing answer may mean decides (docs/reliability.md, "The retry table").

    No create is blindly repeated. A redirect, a certificate that is not trusted and a proxy's refusal are answers to
    think about, not to repeat.
    """
    if isinstance(error, Untrusted | ProxyRefused | Redirected):
        return False
    if isinstance(error, NotSent | Throttled):
        return True
    return isinstance(error, NoAnswer) and kind is not Idempotence.UNSAFE_WRITE


def parse_retry_after(value: str | None, now_epoch: float) -> float | None:
    """Read a `Retry-After` header (RFC 9110 section 10.2.3).

    Args:
        value: the header's value; whole seconds or an HTTP date.
        now_epoch: the present in epoch seconds, on the clock that the date belongs to.

    Returns:
        Seconds to wait, at least 0; None when absent, negative, in the past or not understood.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), _FOREVER)
    try:
        moment = parsedate_to_datetime(text)
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now_epoch
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return seconds if seconds >= 0 else None


@dataclass(slots=True)
class RetryBudget:
    """What one call may still spend on repetitions. Not thread-safe: each call has its own.

    Args:
        api: the API's name, for the message of `StopRun`.
        kind: what repeating can do.
        attempts: how often at most the call is tried; None for the usual bounds.
        default_throttle_wait: seconds after a 429 without a usable `Retry-After` (Descope documents 60 s,
            docs/contract/descope.md 7); None where nothing is documented (docs/contract/docebo.md 8.1):
            a jittered growth from 10 s.
        throttle_window: seconds over which the API counts calls (Docebo: an hour, docs/contract/docebo.md 8.1);
            None where the usual half hour covers it.
        roll: gives a number in [0, 1) for the jitter.
        patience: how long an API that does not answer is waited for.
    """

    api: str
    kind: Idempotence
    attempts: int | None = None
    default_throttle_wait: float | None = None
    throttle_window: float | None = None
    roll: Callable[[], float] = random.random
    patience: Patience = LASTING
    _failures: int = field(default=0, init=False)
    _failing: float = field(default=0.0, init=False)
    _throttles: int = field(default=0, init=False)
    _throttled: float = field(default=0.0, init=False)

    def after(self, error: ApiError, took: float) -> RetryDecision:
        """Judge a failed attempt that took `took` seconds.

        Time spent waiting for the pace is not counted: an hourly limit must not use up the patience with
        failures. Throttling has its own bounds, as it says nothing about the server's health.

        Raises:
            StopRun: the server asks a run for a wait of more than 15 minutes.
        """
        if isinstance(error, Throttled):
            return self._after_throttle(error, took)
        self._failures += 1
        wait = self._growth(self._failures)
        self._failing += took + wait
        most = min(self.attempts or MAX_ATTEMPTS, self.patience.attempts)
        spent = self._failures >= most or self._failing > MAX_FAILING_SECONDS
        waited = error.cause is Cause.TIMED_OUT and not self.patience.after_timeout
        return RetryDecision(may_repeat(self.kind, error) and not spent and not waited, wait)

    def _after_throttle(self, error: Throttled, took: float) -> RetryDecision:
        self._throttles += 1
        wait = self._throttle_wait(error.retry_after)
        self._throttled += took + wait
        answers, seconds = MAX_THROTTLES, MAX_THROTTLED_SECONDS
        if self.throttle_window is not None:
            answers, seconds = 2 * answers, max(seconds, _WINDOWS_WAITED * self.throttle_window)
        limit = answers if self.attempts is None else self.attempts
        patient = wait <= self.patience.deadline
        return RetryDecision(patient and self._throttles < limit and self._throttled <= seconds, wait)

    def _throttle_wait(self, told: float | None) -> float:
        # Whoever waits so long for nothing need not stop: the pause is told to the pacer, and the call fails alone.
        if told is not None and told > MAX_RETRY_AFTER and self.patience == LASTING:
            raise StopRun(
                f"{self.api} asks for a pause of {spoken(told)} (HTTP 429).",
                fix="Run again after that time; it continues where it stopped.",
            )
        if told is not None and told >= _FIRST_WAIT:
            return told
        if told is not None:
            # "At once" is obeyed, but growing, lest ten answers pass in a blink.
            return self._growth(self._throttles)
        if self.default_throttle_wait is not None:
            return self.default_throttle_wait
        step = min(_LONGEST_THROTTLE_WAIT, _FIRST_THROTTLE_WAIT * 2.0 ** (self._throttles - 1))
        return step * (1 + 0.25 * self.roll())

    def _growth(self, count: int) -> float:
        return min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** (count - 1)) * (0.5 + 0.5 * self.roll())
