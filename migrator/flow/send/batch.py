"""What `create` and `update` share: one result per user of a batch, whatever interrupts the work."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from migrator.core.errors import ApiError, NoAnswer, Refused, StopRun
from migrator.core.model import OPEN_STATES, State
from migrator.core.reasons import Reason
from migrator.flow.send.outcome import unknown_result, untouched_result

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from migrator.checkpoint.users.plans import QueuedUser
    from migrator.checkpoint.users.sends import ClaimedBatch, SendResult
    from migrator.descope.batch import BatchAnswer

# A refusal of the caller, not of what was sent: every further request would be refused alike.
NOT_ABOUT_USERS = (401, 402, 403, 404, 405, 407, 410, 426, 451)
# Fewer users that are refused alike may all be bad by themselves; so many of one batch are not.
ENOUGH_USERS = 10
# Of a batch that is refused in all its parts, so many users alone, spread over it, stand for all of it.
ENOUGH_ALONE = 20
# Runs that may end because everybody was refused alike; who was among them so often is bad without doubt.
MOST_REFUSALS = 3


class EverybodyRefused(StopRun):
    """Descope refuses batch after batch with one code."""

    def __init__(self, code: str, users: int) -> None:
        super().__init__(
            f"Descope refused all of the last {users} users tried, each with {code}.",
            fix=f"Look {code} up in Descope's documentation: it may be a quota, or a setting, tenant, role or attribute"
            " of the project. Change that and run again: these users stay pending. After"
            f" {MOST_REFUSALS} such runs they are listed as refused.",
        )


@dataclass(slots=True)
class BatchResults:
    """The results of one batch, and the error that cut it short, if one did.

    A user without a result was not sent at all. `largest` is the largest request that was accepted after
    a larger one was refused as a whole. `heard` says that Descope answered a request, whatever it said;
    `taken` that it did a part of what is to be done for somebody; `sampled` that enough users were refused alike
    to leave the rest of the batch for later.
    """

    batch: ClaimedBatch
    results: dict[str, SendResult] = field(default_factory=dict)
    error: BaseException | None = None
    largest: int | None = None
    halved: bool = False
    heard: bool = False
    taken: bool = False
    sampled: bool = False

    def put(self, result: SendResult) -> None:
        """Note what became of a user; later knowledge replaces earlier."""
        self.results[result.user_id] = result

    def cut_short(self, error: BaseException) -> None:
        """Note why the batch ended early; a call that could not be made at all ends the run."""
        if isinstance(error, ApiError):
            error = StopRun(f"{error}.", fix="Check that Descope can be reached, then run again: it is safe.")
        self.error = error

    def complete(self) -> list[SendResult]:
        """One result for every user of the batch."""
        return [self.results.get(user.user_id) or untouched_result(user) for user in self.batch.users]

    @property
    def answered(self) -> bool:
        """Whether Descope answered at all; what the answer says of the users is another matter."""
        return self.heard or any(result.state not in (State.SENDING, State.PENDING) for result in self.results.values())

    @property
    def unanswered(self) -> bool:
        """Whether at least one user's outcome is open."""
        return any(result.state == State.SENDING for result in self.results.values())

    def refused_alike(self) -> tuple[str, int]:
        """The one code that everybody judged so far was refused with, and how many they are; ("", 0) without one."""
        judged = [result for result in self.results.values() if result.state not in OPEN_STATES]
        codes = {result.detail if result.reason == Reason.REFUSED else None for result in judged}
        code = codes.pop() if len(codes) == 1 and not self.taken else None
        return (code, len(judged)) if code else ("", 0)

    @property
    def refused_whole(self) -> str:
        """The one code that every user tried of the batch was refused with; "" without one."""
        code, users = self.refused_alike()
        return code if self.sampled or users == len(self.batch.users) else ""

    def take_back(self) -> None:
        """Leave whoever was refused as before the batch, because the refusal was not about them."""
        for user in self.batch.users:
            result = self.results.get(user.user_id)
            if result is not None and result.reason == Reason.REFUSED:
                self.put(replace(untouched_result(user), refused_with_all=True))


def caller_refused(error: Refused) -> StopRun:
    """The run's end when Descope refuses us rather than what we sent."""
    return StopRun(f"{error}.", fix="Check the management key's validity and rights, then run again: it is safe.")


def send_split(
    sent: BatchResults,
    users: Sequence[QueuedUser],
    send: Callable[[Sequence[QueuedUser]], BatchAnswer],
    accepted: Callable[[Sequence[QueuedUser], BatchAnswer], None],
    alone: Callable[[QueuedUser, Refused], None],
    left: Callable[[Sequence[QueuedUser]], Sequence[QueuedUser]],
) -> None:
    """Send users as one request, halved on a refusal until only the bad user is left (docs/reliability.md N7).

    Behind each user that was tried alone the largest part left comes next, so that the first ones tried alone
    are spread over the batch.

    Args:
        accepted: reads a 200 answer; every user is noted as unknown before.
        alone: judges the refusal of a single user.
        left: of the users of a refused request, those that are to be sent again.

    Raises:
        StopRun: the refusal is not about the users.
    """
    waiting = [users]
    while waiting:
        waiting.sort(key=len)
        parts = [waiting.pop()]
        while parts:
            part, *others = parts
            waiting += others
            parts = _send_part(sent, part, send, accepted, alone, left)
        _, refused = sent.refused_alike()
        if waiting and refused >= ENOUGH_ALONE:
            sent.sampled = True
            return


def _send_part(
    sent: BatchResults,
    users: Sequence[QueuedUser],
    send: Callable[[Sequence[QueuedUser]], BatchAnswer],
    accepted: Callable[[Sequence[QueuedUser], BatchAnswer], None],
    alone: Callable[[QueuedUser, Refused], None],
    left: Callable[[Sequence[QueuedUser]], Sequence[QueuedUser]],
) -> list[Sequence[QueuedUser]]:
    """Send one request; returns what is to be sent in its place."""
    try:
        answer = send(users)
    except NoAnswer:
        for user in users:
            sent.put(unknown_result(user))
        return []
    except Refused as error:
        if error.status in NOT_ABOUT_USERS:
            raise caller_refused(error) from None
        sent.heard = True
        if len(users) > 1:
            return _parts(sent, users, left(users))
        alone(users[0], error)
        return []
    sent.heard = True
    for user in users:
        sent.put(unknown_result(user))
    if sent.halved:
        sent.largest = max(len(users), sent.largest or 0)
    accepted(users, answer)
    return []


def _parts(sent: BatchResults, refused: Sequence[QueuedUser], rest: Sequence[QueuedUser]) -> list[Sequence[QueuedUser]]:
    """What to send in place of a refused request: halves, or all but those that turned out to be there."""
    if len(rest) < len(refused):
        return [rest] if rest else []
    sent.halved = True
    middle = len(rest) // 2
    return [rest[:middle], rest[middle:]]
