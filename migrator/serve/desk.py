"""Answers requests in time: one flight for each name, in threads, and busy where that takes too long."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.core.errors import ApiError, MigratorError
from migrator.flow.sign_in.answer import SignInAnswer, SignInOutcome
from migrator.flow.sign_in.sign_ins import NoRoom
from migrator.log.setup import get_logger
from migrator.serve.budgets import LookUpBudgets, Remembered

if TYPE_CHECKING:
    from migrator.core.clock import Clock
    from migrator.flow.sign_in.sign_ins import SignIns
    from migrator.serve.requests import ResolveRequest

_log = get_logger(__name__)

# Whoever is not ready is told so this many seconds after asking, whatever was known before: else the time would tell
# who was asked for already.
NOT_READY_AFTER = 0.75
BUSY_FOR = 2  # seconds after which to try again
# Names asked for at one time: beyond them, nobody would be answered in time any more.
MOST_FLIGHTS, CROWDED_FOR = 250, 1.0
MOST_LOOK_UPS = 100  # names that wait for Docebo, and keep nobody out whom the checkpoint knows
_KNOWING, _ASKING, _LOOKING = 6, 4, 8  # threads: who hangs at one server keeps nobody from the other
# What no further look-up would change for a while; a conflict stands in the checkpoint.
_REMEMBERED = (SignInOutcome.ABSENT, SignInOutcome.REFUSED)
CHECKPOINT, REMEMBERED, LOOKED_UP = "checkpoint", "remembered", "looked_up"


class CheckpointGone(Exception):
    """The checkpoint cannot be read, or another process has taken over."""


@dataclass(frozen=True, slots=True)
class DeskAnswer:
    """An answer, and where it comes from."""

    answer: SignInAnswer
    source: str


class Desk:
    """Answers requests; used in one event loop.

    Attributes:
        is_blind: the checkpoint could not be read when somebody asked last.

    Args:
        clock: its monotonic seconds count the budgets.
        lookups_per_hour: in all (`LookUpBudgets`).
    """

    def __init__(self, sign_ins: SignIns, clock: Clock, lookups_per_hour: int) -> None:
        self.is_blind = False
        self._sign_ins = sign_ins
        self._budgets = LookUpBudgets(lookups_per_hour, clock.monotonic)
        self._remembered = Remembered(clock.monotonic)
        self._flights: dict[str, asyncio.Task[DeskAnswer]] = {}
        self._look_ups = 0  # flights that wait for Docebo
        self._knowing = ThreadPoolExecutor(_KNOWING, thread_name_prefix="known")
        self._asking = ThreadPoolExecutor(_ASKING, thread_name_prefix="ask")
        self._looking = ThreadPoolExecutor(_LOOKING, thread_name_prefix="look-up")

    @property
    def in_flight(self) -> int:
        """How many names are being asked for."""
        return len(self._flights)

    def close(self) -> None:
        """End the threads, once what they do is done."""
        self._looking.shutdown()
        self._asking.shutdown()
        self._knowing.shutdown()

    async def drain(self, seconds: float) -> None:
        """Wait until nobody is looked up any more, at most so long."""
        if self._flights:
            await asyncio.wait(self._flights.values(), timeout=seconds)

    async def answer(self, request: ResolveRequest, address: str) -> DeskAnswer:
        """The answer: at once for whoever is ready, else when `NOT_READY_AFTER` is over.

        Raises:
            NoRoom: Docebo may not be asked for this name now, or too many names are being asked for.
            CheckpointGone: nobody can be answered.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + NOT_READY_AFTER
        flight = self._flights.get(request.login)
        if flight is None:
            if len(self._flights) - self._look_ups >= MOST_FLIGHTS:
                raise NoRoom(CROWDED_FOR)
            flight = self._take_off(request, address)
        try:
            found = await asyncio.wait_for(asyncio.shield(flight), NOT_READY_AFTER)
        except TimeoutError:
            found = DeskAnswer(SignInAnswer(SignInOutcome.BUSY), LOOKED_UP)
        if found.answer.outcome is not SignInOutcome.READY:
            await asyncio.sleep(until - loop.time())
        return found

    def _take_off(self, request: ResolveRequest, address: str) -> asyncio.Task[DeskAnswer]:
        """Begin to find somebody; whoever asks for the very same name meanwhile gets the same answer."""
        flight = asyncio.create_task(self._find(request, address))
        self._flights[request.login] = flight
        flight.add_done_callback(lambda done: self._land(request.login, done))
        return flight

    async def _find(self, request: ResolveRequest, address: str) -> DeskAnswer:
        loop = asyncio.get_running_loop()
        try:
            known = await loop.run_in_executor(self._knowing, self._sign_ins.known, request.login)
        except MigratorError:
            self.is_blind = True
            raise CheckpointGone from None
        self.is_blind = False
        if isinstance(known, SignInAnswer):
            return DeskAnswer(known, CHECKPOINT)
        if known is None and (remembered := self._remembered.get(request.key)) is not None:
            return DeskAnswer(remembered, REMEMBERED)
        try:
            if known is not None:
                told = await loop.run_in_executor(self._asking, self._sign_ins.ask_descope, known, request.login)
                if told is not None:
                    return DeskAnswer(told, LOOKED_UP)
            return await self._look_up(request, address)
        except NoRoom:
            raise
        except Exception as error:  # noqa: BLE001 -- whatever it is, the next request tries again
            # Most often a server does not answer, or says nothing that can be used; anything else is a bug.
            if isinstance(error, MigratorError | ApiError):
                _log.info("look_up_failed", kind=type(error).__name__)
            else:
                _log.error("look_up_failed", kind=type(error).__name__)
            return DeskAnswer(SignInAnswer(SignInOutcome.BUSY), LOOKED_UP)

    async def _look_up(self, request: ResolveRequest, address: str) -> DeskAnswer:
        if self._look_ups >= MOST_LOOK_UPS:
            raise NoRoom(CROWDED_FOR)
        self._budgets.charge(address, request.execution_id)
        loop = asyncio.get_running_loop()
        self._look_ups += 1
        try:
            found = await loop.run_in_executor(self._looking, self._sign_ins.look_up, request.login)
        finally:
            self._look_ups -= 1
        if found.outcome in _REMEMBERED:
            self._remembered.add(request.key, found)
        return DeskAnswer(found, LOOKED_UP)

    def _land(self, login: str, done: asyncio.Task[DeskAnswer]) -> None:
        del self._flights[login]
        if not done.cancelled():
            done.exception()  # whoever waited has it
