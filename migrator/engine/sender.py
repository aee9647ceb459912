"""What the two senders share: one result per user of a batch, whatever interrupts the work."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migrator.engine import outcome
from migrator.errors import ApiError, NoAnswer, Refused, StopRun
from migrator.model import State

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from migrator.checkpoint.plans import Candidate
    from migrator.checkpoint.sends import Batch, Result
    from migrator.descope.results import BatchAnswer

# A refusal of the caller, not of what was sent: every further request would be refused alike.
NOT_ABOUT_USERS = (401, 403, 404, 405, 407, 426, 451)


@dataclass(slots=True)
class Sent:
    """The results of one batch, and the error that cut it short, if one did.

    A user without a result was not sent at all. `largest` is the largest request that was accepted after
    a larger one was refused as a whole.
    """

    batch: Batch
    results: dict[str, Result] = field(default_factory=dict)
    error: BaseException | None = None
    largest: int | None = None
    halved: bool = False

    def put(self, result: Result) -> None:
        """Note what became of a user; later knowledge replaces earlier."""
        self.results[result.user_id] = result

    def cut_short(self, error: BaseException) -> None:
        """Note why the batch ended early; a call that could not be made at all ends the run."""
        if isinstance(error, ApiError):
            error = StopRun(f"{error}.", fix="Check that Descope can be reached, then run again: it is safe.")
        self.error = error

    def complete(self) -> list[Result]:
        """One result for every user of the batch."""
        return [self.results.get(user.user_id) or outcome.untouched(user) for user in self.batch.users]

    @property
    def answered(self) -> bool:
        """Whether Descope answered for at least one user."""
        return any(result.state not in (State.SENDING, State.PENDING) for result in self.results.values())

    @property
    def unanswered(self) -> bool:
        """Whether at least one user's outcome is open."""
        return any(result.state == State.SENDING for result in self.results.values())


def caller_refused(error: Refused) -> StopRun:
    """The run's end when Descope refuses us rather than what we sent."""
    return StopRun(f"{error}.", fix="Check the management key's validity and rights, then run again: it is safe.")


def send_split(
    sent: Sent,
    users: Sequence[Candidate],
    send: Callable[[Sequence[Candidate]], BatchAnswer],
    accepted: Callable[[Sequence[Candidate], BatchAnswer], None],
    alone: Callable[[Candidate, Refused], None],
    left: Callable[[Sequence[Candidate]], Sequence[Candidate]],
) -> None:
    """Send users as one request, halved on a refusal until only the bad user is left (matrix N7).

    Args:
        accepted: reads a 200 answer; every user is noted as unknown before.
        alone: judges the refusal of a single user.
        left: of the users of a refused request, those that are to be sent again.

    Raises:
        StopRun: the refusal is not about the users.
    """
    try:
        answer = send(users)
    except NoAnswer:
        for user in users:
            sent.put(outcome.unknown(user))
        return
    except Refused as error:
        if error.status in NOT_ABOUT_USERS:
            raise caller_refused(error) from None
        if len(users) == 1:
            alone(users[0], error)
            return
        for part in _parts(sent, users, left(users)):
            send_split(sent, part, send, accepted, alone, left)
        return
    for user in users:
        sent.put(outcome.unknown(user))
    if sent.halved:
        sent.largest = max(len(users), sent.largest or 0)
    accepted(users, answer)


def _parts(sent: Sent, refused: Sequence[Candidate], rest: Sequence[Candidate]) -> list[Sequence[Candidate]]:
    """What to send in place of a refused request: halves, or all but those that turned out to be there."""
    if len(rest) < len(refused):
        return [rest] if rest else []
    sent.halved = True
    middle = len(rest) // 2
    return [rest[:middle], rest[middle:]]
