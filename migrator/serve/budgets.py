"""How many look-ups in Docebo sign-ins may cost, and what earlier ones have shown. Without any I/O."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from migrator.flow.sign_in.sign_ins import NoRoom

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.flow.sign_in.answer import SignInAnswer

_HOUR = 3600.0
PER_EXECUTION, EXECUTION_WINDOW = 5, 600.0
_HOLDS = 600.0  # seconds for which an answer is remembered


class _Window:
    """At most so many in any window of seconds."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._at: deque[float] = deque()

    def wait(self, now: float) -> float:
        """Seconds until there is room; 0 for now."""
        return 0.0 if self.count(now) < self._most else self._at[0] + self._seconds - now

    def add(self, now: float) -> None:
        self._at.append(now)

    def count(self, now: float) -> int:
        """How many are in the window that ends now."""
        while self._at and self._at[0] <= now - self._seconds:
            self._at.popleft()
        return len(self._at)


class LookUpBudgets:
    """The budgets of look-ups: in all, for each client address, and for each execution of a flow.

    Args:
        in_all: look-ups in any hour; one address alone has half of them.
        monotonic: seconds that never jump.
    """

    def __init__(self, in_all: int, monotonic: Callable[[], float]) -> None:
        self._all = _Window(in_all, _HOUR)
        self._per_address = max(1, in_all // 2)
        self._monotonic = monotonic
        self._parts: dict[tuple[str, str], _Window] = {}

    def charge(self, address: str, execution_id: str) -> None:
        """Count one look-up.

        Raises:
            NoRoom: a budget is used up; nothing was counted.
        """
        now = self._monotonic()
        parts = {
            ("address", address): (self._per_address, _HOUR),
            ("execution", execution_id): (PER_EXECUTION, EXECUTION_WINDOW),
        }
        windows = [self._all, *(self._parts.get(name) or _Window(*limit) for name, limit in parts.items())]
        wait = max(window.wait(now) for window in windows)
        if wait > 0:
            raise NoRoom(wait)
        for window in windows:
            window.add(now)
        # Only look-ups that were made are kept, so that nobody fills the memory with names.
        self._parts = {name: one for name, one in self._parts.items() if one.count(now)}
        self._parts |= dict(zip(parts, windows[1:], strict=True))


class Remembered:
    """What was found about names of whom nobody can come in, for ten minutes: the next request would find the same."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._answers: dict[str, tuple[float, SignInAnswer]] = {}

    def add(self, key: str, answer: SignInAnswer) -> None:
        """Remember the answer about a name."""
        now = self._monotonic()
        self._answers = {one: held for one, held in self._answers.items() if held[0] > now}
        self._answers[key] = (now + _HOLDS, answer)

    def get(self, key: str) -> SignInAnswer | None:
        """What is remembered of a name."""
        until, answer = self._answers.get(key, (0.0, None))
        return answer if until > self._monotonic() else None
