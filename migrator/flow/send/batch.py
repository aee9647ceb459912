"""What creating and updating share: one outcome for each user of a batch, even if the work is interrupted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias, assert_never

from migrator.core.errors import ApiError, NoAnswer, Refused, StopRun
from migrator.core.model import OPEN_STATES
from migrator.core.outcomes import Outcome, UserNotSent, UserRefused, UserUnknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from migrator.checkpoint.users.sends import ClaimedBatch
    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.descope.batch import BatchAnswer

# A refusal of the caller, not of the content: every further request would be refused alike.
NOT_ABOUT_USERS = (401, 402, 403, 404, 405, 407, 410, 426, 451)
# Fewer users that are refused alike may all be bad themselves; this many of one batch are not.
ENOUGH_USERS = 10
# If all parts of a batch are refused, this many single users, spread over it, represent the whole batch.
ENOUGH_ALONE = 20
# Runs that may end because everybody was refused alike; a user refused in that many is certainly bad.
MOST_REFUSALS = 3


class EverybodyRefused(StopRun):
    """Descope refuses batch after batch with one code."""

    def __init__(self, code: str, users: int) -> None:
        super().__init__(
            f"Descope refused all of the last {users} users tried, each with {code}.",
            fix=f"Look up {code} in Descope's documentation: it may be a quota, or a setting, tenant, role or attribute"
            " of the project. Change that and run again: these users stay pending. After"
            f" {MOST_REFUSALS} such runs they are listed as refused.",
        )


@dataclass(frozen=True, slots=True)
class Accepted:
    """A request that was answered with 200; `after_split` says that a larger one was refused before."""

    users: Sequence[StoredUser]
    answer: BatchAnswer
    after_split: bool
    more: bool  # whether further requests are to come


@dataclass(frozen=True, slots=True)
class RefusedAlone:
    """The refusal of a single user."""

    user: StoredUser
    code: str
    more: bool


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A request without an answer."""

    users: Sequence[StoredUser]
    more: bool


@dataclass(frozen=True, slots=True)
class Split:
    """A request that was refused, and whose users are sent again in smaller requests."""

    more: bool = True


Attempt: TypeAlias = Accepted | RefusedAlone | Unanswered | Split


class BatchResults:
    """The outcome of each user of a batch, and the error that cut it short, if any.

    Attributes:
        error: why the batch ended early; None if it did not.
        largest: the largest request that was accepted after a larger one was refused as a whole.
        seconds: how long the batch took, waits included.
    """

    def __init__(self, batch: ClaimedBatch) -> None:
        self.batch = batch
        self.error: BaseException | None = None
        self.largest: int | None = None
        self.seconds = 0.0
        self._outcomes: dict[str, Outcome] = {user.user_id: UserNotSent(user.user_id) for user in batch.users}
        self._heard = False  # Descope answered a request, whatever the answer
        self._taken = False  # Descope did part of the work for at least one user
        self._sampled = False  # enough users were refused alike to leave the rest of the batch for later

    def put(self, outcome: Outcome) -> None:
        """Note a user's outcome; later knowledge replaces earlier knowledge, except who disabled the user."""
        if outcome.disabled is None:
            outcome = replace(outcome, disabled=self._outcomes[outcome.user_id].disabled)
        self._outcomes[outcome.user_id] = outcome

    def put_partly_done(self, user: StoredUser, *, disabled: bool | None) -> None:
        """Note that part of the work was done: the outcome is unknown until the rest is done."""
        self._taken = True
        self.put(UserUnknown(user.user_id, disabled=disabled))

    def note(self, attempt: Attempt) -> None:
        """Note what an attempt itself says; the outcome of its users is unknown until the answer was read."""
        match attempt:
            case Accepted(users=users, after_split=after_split):
                self._heard = True
                self.put_unknown(users)
                if after_split:
                    self.largest = max(len(users), self.largest or 0)
            case Unanswered(users=users):
                self.put_unknown(users)
            case RefusedAlone() | Split():
                self._heard = True
            case _:
                assert_never(attempt)

    def put_unknown(self, users: Sequence[StoredUser]) -> None:
        """Note that only a read-back can show the outcome of these users."""
        for user in users:
            self.put(UserUnknown(user.user_id))

    def is_decided(self, attempt: Attempt) -> bool:
        """Whether so many users were refused alike that further requests would show nothing new."""
        self._sampled = attempt.more and self.refused_alike()[1] >= ENOUGH_ALONE
        return self._sampled

    def cut_short(self, error: BaseException) -> None:
        """Note why the batch ended early; a call that could not be made at all ends the run."""
        if isinstance(error, ApiError):
            error = StopRun(f"{error}.", fix="Check that Descope can be reached, then run again: it is safe.")
        self.error = error

    def outcomes(self) -> list[Outcome]:
        """One outcome for every user of the batch."""
        return list(self._outcomes.values())

    @property
    def answered(self) -> bool:
        """Whether Descope answered at all, whatever the answer says about the users."""
        return self._heard or any(one.state not in OPEN_STATES for one in self._outcomes.values())

    @property
    def unanswered(self) -> bool:
        """Whether the outcome of at least one user is open."""
        return any(isinstance(one, UserUnknown) for one in self._outcomes.values())

    def refused_alike(self) -> tuple[str, int]:
        """The one code with which everybody judged so far was refused, and their number; ("", 0) without one."""
        judged = [one for one in self._outcomes.values() if one.state not in OPEN_STATES]
        codes = {one.code if isinstance(one, UserRefused) else None for one in judged}
        code = codes.pop() if len(codes) == 1 and not self._taken else None
        return (code, len(judged)) if code else ("", 0)

    @property
    def refused_whole(self) -> str:
        """The one code with which every user tried of the batch was refused; "" without one."""
        code, users = self.refused_alike()
        return code if self._sampled or users == len(self.batch.users) else ""

    def take_back(self) -> None:
        """Leave refused users as they were before the batch, because the refusal was not about them."""
        for one in self.outcomes():
            if isinstance(one, UserRefused):
                self.put(UserNotSent(one.user_id, refused_with_all=True))


def caller_refused(error: Refused) -> StopRun:
    """The error that ends the run if Descope refuses us rather than what we sent."""
    return StopRun(f"{error}.", fix="Check the management key's validity and rights, then run again: it is safe.")


def code_of(error: Refused) -> str:
    """Descope's error code, or the status of an answer without one."""
    return error.code or f"HTTP {error.status}"


def send_in_parts(
    users: Sequence[StoredUser],
    send: Callable[[Sequence[StoredUser]], BatchAnswer],
    to_send_again: Callable[[Sequence[StoredUser]], Sequence[StoredUser]] = lambda users: users,
) -> Iterator[Attempt]:
    """Send users as one request, halved on a refusal until only the bad user is left (docs/reliability.md N7).

    After each user that was tried alone, the largest remaining part comes next, so that the first users tried
    alone are spread over the batch. A caller that does not ask for the next attempt leaves the rest unsent.

    Args:
        to_send_again: selects which users of a refused request to send again.

    Raises:
        StopRun: the refusal is not about the users.
    """
    waiting = [users] if users else []
    parts: list[Sequence[StoredUser]] = []
    was_split = False
    while parts or waiting:
        if not parts:
            waiting.sort(key=len)
            parts = [waiting.pop()]
        part, *others = parts
        waiting += others
        parts = []
        try:
            answer = send(part)
        except NoAnswer:
            yield Unanswered(part, bool(waiting))
        except Refused as error:
            if error.status in NOT_ABOUT_USERS:
                raise caller_refused(error) from None
            if len(part) == 1:
                yield RefusedAlone(part[0], code_of(error), bool(waiting))
                continue
            yield Split()
            rest = to_send_again(part)
            if len(rest) < len(part):  # some users were found in Descope, so the others may succeed together
                parts = [rest] if rest else []
            else:
                was_split = True
                parts = [rest[: len(rest) // 2], rest[len(rest) // 2 :]]
        else:
            yield Accepted(part, answer, was_split, bool(waiting))
