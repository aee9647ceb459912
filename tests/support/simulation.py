"""A whole run's calls on virtual time, against servers that are functions: how long it lasts, and what they count.

Real: both API clients with their transport, retry table, retry budgets and pacers, and the worker threads. Not
covered: the checkpoint, the content of answers, sockets, and how `flow/run.py` hands work from step to step: the order
of the steps is that of `Shape`.
"""

from __future__ import annotations

import random
import threading
from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from event_clock import EventClock

from migrator.checkpoint.runs.progress import ProgressPoint, wait_text
from migrator.descope.writer import DescopeWriter
from migrator.docebo.client import HOUR, DoceboClient
from migrator.flow.plan.plan import users_per_search
from migrator.http.session import Answer
from migrator.verify.readback import USERS_PER_CALL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from migrator.config.schema import Config

_T = TypeVar("_T")

MINUTE = 60.0
# docs/contract/descope.md 7 and docs/contract/docebo.md 8.1: calls in any window of so many seconds.
DOCUMENTED = {"docebo": (1000, HOUR), "create": (100, MINUTE), "search": (200, MINUTE), "user": (500, MINUTE)}
_LIKELY = b'{"createdUsers": [], "failedUsers": [], "users": [], "total": 0}'
_DOCEBO = b'{"data": {"items": [], "has_more_data": true, "total_count": 0, "user_level": "super_admin"}}'
_TOKEN = b'{"access_token": "x", "expires_in": 3600}'
_LONGEST_PAUSE = 600  # seconds; a server that asks for more than 15 minutes ends a run


class Shape(Enum):
    """When the confirming sweep goes: before anybody is planned, or beside planning and sending."""

    IN_TURN = "in turn"
    BESIDE = "beside"


@dataclass(frozen=True, slots=True)
class Weather:
    """How the servers behave in one simulated run.

    Attributes:
        call_seconds: the usual time of a call; single ones vary by a third.
        foreign: the share of each limit that others use on average.
        hiccups: how often each API answers 429 although no limit is reached.
        marks: whether users can carry a mark already, so that they are looked up by it as well.
        seed: of all that varies.
    """

    call_seconds: float = 0.2
    foreign: float = 0.0
    hiccups: int = 0
    marks: bool = False
    seed: int = 0

    @classmethod
    def drawn(cls, seed: int) -> Weather:
        """Any weather that an estimate must hold: calls of 0.05 to 0.8 s, others who use up to 15 %, some 429s."""
        rng = random.Random(seed)
        seconds, foreign = 0.05 * 16 ** rng.random(), 0.15 * rng.random()
        return cls(seconds, foreign, rng.randrange(3), rng.random() < 0.5, seed)


@dataclass
class _Window:
    """What one server counts in one bucket."""

    limit: int
    seconds: float
    accepted: deque[float] = field(default_factory=deque)
    asked: deque[float] = field(default_factory=deque)
    most: int = 0

    def note(self, now: float) -> int:
        """Count a call; returns how many were accepted in the window that ends now."""
        for times in (self.accepted, self.asked):
            while times and times[0] <= now - self.seconds:
                times.popleft()
        self.asked.append(now)
        self.most = max(self.most, len(self.asked))
        return len(self.accepted)


class Network:
    """Takes the place of `HttpSession` below the real transports: a call takes virtual time and is counted."""

    def __init__(self, clock: EventClock, weather: Weather, calls: int) -> None:
        self._clock = clock
        self._weather = weather
        self._lock = threading.Lock()
        self._rng = random.Random(weather.seed)
        self._number = 0
        self._hiccups = {self._rng.randrange(1, max(2, calls)) for _ in range(2 * weather.hiccups)}
        self._closed_until: dict[str, float] = {}
        self.windows = {name: _Window(*limit) for name, limit in DOCUMENTED.items()}

    def exchange(self, _what: str, _method: str, path: str, **_rest: Any) -> Answer:
        """See `HttpSession.exchange`."""
        with self._lock:
            way = self._weather.call_seconds * self._rng.uniform(1 / 3, 2 / 3)
            back = self._weather.call_seconds * self._rng.uniform(1 / 3, 2 / 3)
        self._clock.wait(way)
        with self._lock:
            answer = self._answer(path)
        self._clock.wait(back)
        return answer

    def close(self) -> None:
        """See `HttpSession.close`."""

    def _answer(self, path: str) -> Answer:
        name, now = _bucket(path), self._clock.monotonic()
        window = self.windows[name]
        counted = window.note(now)
        self._number += 1
        closed = self._closed_until.get(name, 0.0) - now
        if counted + self._foreign(name, now) >= window.limit or closed > 0:
            pause = MINUTE if name != "docebo" else self._until_free(window, now)
            if closed <= 0:
                # Descope stays closed for a minute after a breach (docs/contract/descope.md 7).
                self._closed_until[name] = now + (pause if name != "docebo" else 0.0)
            return self._refusal(name, max(closed, pause if closed <= 0 else 0.0))
        if self._number in self._hiccups:
            return self._refusal(name, self._rng.randrange(1, 61))
        window.accepted.append(now)
        return Answer(200, _TOKEN if "token" in path else _DOCEBO if name == "docebo" else _LIKELY, None, None)

    def _until_free(self, window: _Window, now: float) -> float:
        oldest = window.accepted[0] if window.accepted else now
        return min(_LONGEST_PAUSE, max(1.0, oldest + window.seconds - now))

    def _refusal(self, name: str, pause: float) -> Answer:
        told = None if name == "docebo" and self._rng.random() < 0.3 else str(int(pause) + 1)
        return Answer(429, b"", told, None)

    def _foreign(self, name: str, now: float) -> float:
        """How many calls of others the current window holds: none to twice the usual number, by the seed."""
        window = self.windows[name]
        luck = random.Random(f"{self._weather.seed} {name} {now // window.seconds}").uniform(0, 2)
        return window.limit * self._weather.foreign * luck


def _bucket(path: str) -> str:
    if not path.startswith(("/v1/mgmt", "/v2/mgmt")):
        return "docebo"
    kind = path.rpartition("/mgmt/")[2]
    return "create" if kind.startswith("user/create") else "search" if kind == "user/search" else "user"


@dataclass
class Simulated:
    """What one simulated run took: seconds, calls, 429s, the most calls in any window by bucket, and its samples."""

    seconds: float
    first_sweep: float
    confirming_sweep: float
    sending_side: float
    calls: int
    throttled: int
    most: dict[str, int]
    samples: list[ProgressPoint]


class _Run:
    """One simulated run."""

    def __init__(self, users: int, config: Config, weather: Weather) -> None:
        self.clock = EventClock()
        self._users, self._config, self._weather = users, config, weather
        self._pages = -(-users // config.docebo.page_size)
        self.docebo, self.descope = DoceboClient(config.docebo, self.clock), DescopeWriter(config.descope, self.clock)
        self.network = Network(self.clock, weather, 2 * self._pages + users // 25)
        for transport in (self.docebo._tokens, self.docebo._api, self.descope._transport):
            transport._http = self.network  # type: ignore[assignment] # what carries the bytes, and nothing else
        self.samples: list[ProgressPoint] = []
        self._lock = threading.Lock()
        self._done = self._read = 0
        self._now = ("check", 0)
        self._over = False

    def watched(self, work: Callable[[], None]) -> None:
        """Do `work` while a thread samples it every two seconds, as `ProgressRecorder` does."""

        def watch() -> None:
            while not self._over:
                self._tell(*self._now)
                self.clock.wait(2.0)

        def watched_work() -> None:
            try:
                work()
            finally:
                self._over = True

        self.clock.beside(watch, watched_work)

    def sweep(self, *, tell: bool = True) -> None:
        """Read all pages, one after the other."""
        if tell:
            self._tell("read", 0)
        for page in range(1, self._pages + 1):
            self.docebo.users(page, "")
            if tell:
                self._tell("read", min(self._users, page * self._config.docebo.page_size))
        self.docebo.check_session()

    def look_up(self) -> None:
        """One list's searches."""
        self.descope.search_logins(["x"])
        if self._weather.marks:
            self.descope.marked_as("x", ["1"])

    def create(self) -> None:
        """One batch."""
        self.descope.create([{}])

    def read_back(self) -> None:
        """One users/load."""
        self.descope.load(["x"], ask_alone=False)

    def send(self) -> None:
        """Create everybody, and read back whoever arrived as soon as they fill a call; then the others."""
        size = self._config.descope.batch_size
        self._tell("send", 0)
        self._done = 0

        def create() -> None:
            self.create()
            with self._lock:
                self._done += 1
                self._tell("send", min(self._users, self._done * size))

        def tasks() -> Iterator[Callable[[], None]]:
            for _ in range(-(-self._users // size)):
                yield create
                while (self._read + 1) * USERS_PER_CALL <= self._done * size:
                    self._read += 1
                    yield self.read_back

        self._work(tasks(), lambda task: task())
        self._tell("verify", self._read * USERS_PER_CALL)
        rest = range(self._read, -(-self._users // USERS_PER_CALL))
        self._work(iter(rest), lambda _number: self.read_back())

    def each(self, stage: str, size: int, work: Callable[[], None]) -> None:
        """Do a step for everybody, several calls in flight."""
        self._tell(stage, 0)
        self._done = 0

        def task(_number: int) -> None:
            work()
            with self._lock:
                self._done += 1
                self._tell(stage, min(self._users, self._done * size))

        self._work(iter(range(-(-self._users // size))), task)

    def _work(self, tasks: Iterator[_T], work: Callable[[_T], None]) -> None:
        failed = self.clock.run_in_threads(self._config.run.concurrency, tasks, work)
        if failed:
            raise failed[0]

    def _tell(self, stage: str, done: int) -> None:
        """As `ProgressRecorder`: a sample every two seconds, and at the beginning of a step."""
        self._now = (stage, done)
        now = self.clock.monotonic()
        if self.samples and now - self.samples[-1].at < 2 and self.samples[-1].stage == stage:
            return
        wait = self.clock.activity.wait
        self.samples.append(
            ProgressPoint(
                now, stage, done, self._users, self.docebo.calls + self.descope.calls, 0,
                None if wait is None else wait_text(wait.why, wait.until - now),
            )
        )  # fmt: skip


def simulate(
    users: int, config: Config, weather: Weather, shape: Shape = Shape.BESIDE, *, watch: bool = False
) -> Simulated:
    """Make the calls of a first migration of this many users, and say how long they took.

    Args:
        users: of the platform.
        config: whose limits pace the calls.
        weather: how the servers behave.
        shape: when the confirming sweep goes.
        watch: whether to sample the run every two seconds.

    Raises:
        StopRun: the run would have stopped.
    """
    run = _Run(users, config, weather)
    clock, ends = run.clock, {"first": 0.0, "confirmed": 0.0, "sent": 0.0}

    def send() -> None:
        run.each("plan", users_per_search(config), run.look_up)
        run.send()
        ends["sent"] = clock.monotonic()

    def confirm() -> None:
        if config.docebo.sweeps == "settle":
            run.sweep(tell=shape is Shape.IN_TURN)
        ends["confirmed"] = clock.monotonic()

    def whole() -> None:
        run.docebo.check_session()
        run.sweep()
        ends["first"] = clock.monotonic()
        if shape is Shape.IN_TURN:
            confirm()
            send()
        else:
            clock.beside(confirm, send)

    if watch:
        run.watched(whole)
    else:
        whole()
    sending_began = ends["confirmed"] if shape is Shape.IN_TURN else ends["first"]
    return Simulated(
        seconds=max(ends.values()),
        first_sweep=ends["first"],
        confirming_sweep=ends["confirmed"] - ends["first"],
        sending_side=ends["sent"] - sending_began,
        calls=run.docebo.calls + run.descope.calls,
        throttled=run.docebo.throttled + run.descope.throttled,
        most={name: window.most for name, window in run.network.windows.items()},
        samples=run.samples,
    )
