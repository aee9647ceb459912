"""What became of one user of a request: a closed union, so that code that handles outcomes names each one. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from migrator.core.model import State

if TYPE_CHECKING:
    from migrator.core.fields import SentFields
    from migrator.core.model import Decision
    from migrator.core.reasons import Reason


@dataclass(frozen=True, slots=True)
class _Outcome:
    """One user; `disabled` says whether we disabled it, or enabled it again, whatever else its outcome is.

    `state` is the state that the outcome leads to.
    """

    state: ClassVar[State]

    user_id: str
    disabled: bool | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class UserCreated(_Outcome):
    """Descope has the user as sent."""

    state: ClassVar[State] = State.CREATED

    target_id: str
    sent: SentFields = field(compare=False)


@dataclass(frozen=True, slots=True)
class UserUpdated(_Outcome):
    """Descope has the user as it should be; `origin` says how the user became ours, if that is known now."""

    state: ClassVar[State] = State.UPDATED

    target_id: str
    sent: SentFields = field(compare=False)
    origin: str | None = None
    adopted: bool = False  # it was a stranger before


@dataclass(frozen=True, slots=True)
class UserRefused(_Outcome):
    """Descope does not accept the user as it is; `code` is its error code, or the status in words."""

    state: ClassVar[State] = State.FAILED

    code: str


@dataclass(frozen=True, slots=True)
class UserGivenUp(_Outcome):
    """No request for this user was ever answered."""

    state: ClassVar[State] = State.FAILED


@dataclass(frozen=True, slots=True)
class UserInConflict(_Outcome):
    """A person must choose; `detail` is a code or Descope ids, never personal data."""

    state: ClassVar[State] = State.CONFLICT

    reason: Reason
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class UserUnknown(_Outcome):
    """The outcome is not known yet; only reading back will show it."""

    state: ClassVar[State] = State.SENDING


@dataclass(frozen=True, slots=True)
class UserNotSent(_Outcome):
    """The request certainly did nothing to the user, who stays pending.

    `target_id` is the Descope user that it was found to be, and `decision` replaces the plan's decision.
    """

    state: ClassVar[State] = State.PENDING

    target_id: str | None = None
    decision: Decision | None = None
    refused_with_all: bool = False  # everybody was refused in the same way as this user


Outcome: TypeAlias = UserCreated | UserUpdated | UserRefused | UserGivenUp | UserInConflict | UserUnknown | UserNotSent
