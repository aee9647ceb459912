"""The one way to both APIs: allow-list, credentials, pace and repetition around single exchanges."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

from migrator.core.errors import ApiError, BadAnswer, NotSent, ServerFailed, Throttled
from migrator.http.decode import judge_answer
from migrator.http.retry import LASTING, Idempotence, RetryBudget, parse_retry_after
from migrator.http.session import HttpSession
from migrator.log.setup import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping
    from contextlib import AbstractContextManager

    from migrator.core.clock import Clock
    from migrator.core.model import Json
    from migrator.http.pace import Pacer
    from migrator.http.retry import Patience, RetryDecision

_T = TypeVar("_T")
_UNAUTHORIZED = 401
# What reading a JSON value of the wrong shape raises.
_WRONG_SHAPE = (ValueError, LookupError, TypeError, AttributeError)
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """One operation of an API. Its repr shows no fields, as most of them may be personal data.

    Args:
        method: HTTP method.
        path: exact path below the base URL, one of the allowed ones; user data goes into query or body.
        kind: what repeating it can do.
        bucket: the pacer's bucket it counts in.
        params: query parameters.
        json: JSON body; None for none.
        form: form-encoded body, instead of `json`.
        headers: further headers.
        deadline: seconds for one whole exchange, from connecting to the body's last byte.
        attempts: how often at most it is tried, whatever comes; None for the usual bounds (`migrator.http.retry`).
        auth: whether it carries the credentials.
    """

    method: str
    path: str
    kind: Idempotence
    bucket: str
    params: Mapping[str, str] = field(default_factory=dict)
    json: Json = None
    form: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    deadline: float = 30.0
    attempts: int | None = None
    auth: bool = True


class Auth(Protocol):
    """Gives credentials; called from many threads."""

    def header(self) -> str:
        """Return the `Authorization` header's value. May make calls of its own and raise what they raise."""
        ...

    def refused(self, used: str) -> bool:
        """Take note that a 401 answered the header value `used`; True when there are new credentials now."""
        ...


@dataclass(frozen=True, slots=True)
class CallCounts:
    """Attempts made so far; `writes` and `throttled` are among `total`."""

    total: int = 0
    writes: int = 0
    throttled: int = 0


class Calls:
    """Counts attempts. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts = CallCounts()

    def add(self, *, total: int = 0, writes: int = 0, throttled: int = 0) -> None:
        """Add to the counts."""
        with self._lock:
            now = self._counts
            self._counts = CallCounts(now.total + total, now.writes + writes, now.throttled + throttled)

    def snapshot(self) -> CallCounts:
        """Return counts that belong to one moment."""
        with self._lock:
            return self._counts

    @property
    def total(self) -> int:
        """All attempts."""
        return self.snapshot().total

    @property
    def writes(self) -> int:
        """Attempts of operations that are not reads."""
        return self.snapshot().writes

    @property
    def throttled(self) -> int:
        """Attempts answered with 429."""
        return self.snapshot().throttled


class Transport:
    """Calls one API. Thread-safe.

    Args:
        api: `Docebo` or `Descope`; opens every error's text.
        base_url: see `migrator.http.session.HttpSession`.
        allowed: the only pairs of method and path that may be called.
        pacer: says when a call may start.
        clock: measures and waits.
        auth: credentials; None sends none.
        default_throttle_wait: see `migrator.http.retry.RetryBudget`.
        throttle_window: see `migrator.http.retry.RetryBudget`.
        headers: sent with every request.
        ca_file: see `migrator.http.session.HttpSession`.
        setting: see `migrator.http.session.HttpSession`.
        proxy: see `migrator.http.session.HttpSession`.
        place_of: see `migrator.http.session.HttpSession`.
        patience: how long an API that does not answer is waited for.

    Raises:
        ConfigError: `base_url` or `ca_file` cannot be used.
    """

    def __init__(
        self,
        *,
        api: str,
        base_url: str,
        allowed: Container[tuple[str, str]],
        pacer: Pacer,
        clock: Clock,
        auth: Auth | None = None,
        default_throttle_wait: float | None = None,
        throttle_window: float | None = None,
        headers: Mapping[str, str] | None = None,
        ca_file: str | None = None,
        setting: str = "",
        proxy: str | None = None,
        place_of: Callable[[str], str] = str,
        patience: Patience = LASTING,
    ) -> None:
        self.calls = Calls()
        self._api = api
        self._http = HttpSession(base_url, ca_file, api=api, setting=setting, proxy=proxy, place_of=place_of)
        self._patience = patience
        self._allowed = allowed
        self._pacer = pacer
        self._clock = clock
        self._auth = auth
        self._default_throttle_wait = default_throttle_wait
        self._throttle_window = throttle_window
        self._headers = dict(headers or {})
        self._told: tuple[float, float] | None = None

    @property
    def server_time(self) -> float | None:
        """The server's epoch seconds now, by the last answer's `Date`; None when no answer told it."""
        if self._told is None:
            return None
        told, at = self._told
        return told + self._clock.monotonic() - at

    def call(self, request: Request, parse: Callable[[Json], _T]) -> _T:
        """Make the call, repeat it as `migrator.http.retry` allows, and return what `parse` makes of the answer.

        `parse` rejects a wrong shape with BadAnswer, ValueError, LookupError, TypeError or AttributeError;
        that counts as a failed attempt.

        Raises:
            ApiError: the last attempt's error (NotSent, NoAnswer, Refused, Throttled or a kind of them).
            StopRun: the server asks for a longer wait than the run has patience.
            Interrupted: a stop was requested, which ends a pause as well.
            ConfigError: a header value cannot be sent.
            ValueError: method and path are not among the allowed ones; a bug.
        """
        if (request.method, request.path) not in self._allowed:
            raise ValueError(f"{request.method} {request.path} is not allowed")
        budget = RetryBudget(
            self._api,
            request.kind,
            request.attempts,
            self._default_throttle_wait,
            self._throttle_window,
            patience=self._patience,
        )
        attempt, renewed = 0, False
        while True:
            pauses = self._clock.wait_while_paused()
            with self._turn(request):
                credentials = self._auth.header() if self._auth and request.auth else None
                self._clock.check()
                if self._clock.pauses != pauses:
                    continue  # it takes a new turn, with new credentials, when the run goes on
                attempt += 1
                started = self._clock.monotonic()
                try:
                    return self._attempt(request, parse, credentials, attempt)
                except ApiError as caught:
                    error = caught
                    # A 401 was not processed, so that any operation may be replayed once with new credentials.
                    if error.status == _UNAUTHORIZED and not renewed and self._renew(credentials):
                        renewed = True
                        continue
                    if isinstance(error, Throttled):
                        self.calls.add(throttled=1)
                    verdict = budget.after(error, self._clock.monotonic() - started)
                    self._note(request, error, attempt, verdict)
                    if not verdict.repeat:
                        raise
            if not isinstance(error, Throttled):  # that wait is the pacer's, for all workers
                self._clock.wait_saying(verdict.wait, _trouble(self._api, error), ": next try in {}")

    def _turn(self, request: Request) -> AbstractContextManager[None]:
        """The pacer's turn; a call that gets credentials takes no place from the one that waits for them."""
        if request.auth:
            return self._pacer.turn(request.bucket)
        self._pacer.acquire(request.bucket)
        return nullcontext()

    def close(self) -> None:
        """Close all connections; call it when no call is under way."""
        self._http.close()

    def _attempt(self, request: Request, parse: Callable[[Json], _T], credentials: str | None, attempt: int) -> _T:
        what = f"{self._api} {request.method} {request.path}"
        headers = {**self._headers, **request.headers}
        if credentials is not None:
            headers["Authorization"] = credentials
        self.calls.add(total=1, writes=int(request.kind is not Idempotence.READ))
        began, status = self._clock.monotonic(), None
        try:
            with self._clock.activity.requesting():
                answer = self._http.exchange(
                    what,
                    request.method,
                    request.path,
                    params=request.params,
                    json=request.json,
                    form=request.form,
                    headers=headers,
                    deadline=min(request.deadline, self._patience.deadline),
                )
            status = answer.status
        finally:
            _log.debug(
                "request",
                api=self._api,
                method=request.method,
                path=request.path,
                status=status,
                ms=round(1000 * (self._clock.monotonic() - began)),
                attempt=attempt,
            )
        if (told := parse_retry_after(answer.date, 0.0)) is not None:
            self._told = (told, self._clock.monotonic())
        value = judge_answer(what, answer, self._clock.time())
        try:
            parsed = parse(value)
        except _WRONG_SHAPE:
            pass  # raised below, as the cause may carry the answer
        else:
            self._pacer.answered(request.bucket)
            return parsed
        raise BadAnswer(f"{what}: HTTP {answer.status}, unexpected shape", status=answer.status)

    def _renew(self, credentials: str | None) -> bool:
        return credentials is not None and self._auth is not None and self._auth.refused(credentials)

    def _note(self, request: Request, error: ApiError, attempt: int, verdict: RetryDecision) -> None:
        """Tell pacer and log about a failed attempt."""
        if isinstance(error, Throttled):
            self._pacer.throttled(request.bucket, verdict.wait)
        elif error.status is not None:
            self._pacer.answered(request.bucket)
        # For the log file: people are told why they wait, and a refusal is often an answer like any other.
        _log.info(
            "call_failed",
            api=self._api,
            method=request.method,
            path=request.path,
            status=error.status,
            cause=error.cause.value if error.cause else None,
            attempt=attempt,
            wait=round(verdict.wait, 1) if verdict.repeat else None,
        )


def _trouble(api: str, error: ApiError) -> str:
    """Why a call is tried again, in plain words."""
    if isinstance(error, ServerFailed):
        return f"{api} answered with an error (HTTP {error.status})"
    if isinstance(error, BadAnswer):
        return f"{api} gave an answer that cannot be used"
    why = f" ({error.cause.value})" if error.cause else ""
    return f"{api} {'cannot be reached' if isinstance(error, NotSent) else 'does not answer'}{why}"
