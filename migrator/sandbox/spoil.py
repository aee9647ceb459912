"""What every kind of fault is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from migrator.sandbox.exchange import Answer, Exchange

When: TypeAlias = Literal["before", "after"]

BOTH: tuple[When, ...] = ("before", "after")
BOTH_BUT_LATE: tuple[When, ...] = ("after", "before")
BEFORE: tuple[When, ...] = ("before",)
AFTER: tuple[When, ...] = ("after",)


class Fault(BaseModel):
    """One kind of fault; its fields are the rule's `params`.

    `allowed` names when it can act, the default first. `then_works` says that a fault acting before the
    work lets the work go on afterwards.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    allowed: ClassVar[tuple[When, ...]] = BOTH
    then_works: ClassVar[bool] = False

    async def spoil(self, exchange: Exchange, answer: Answer | None, /) -> Answer | None:
        """Act on one request.

        Args:
            exchange: the request.
            answer: what the API wants to answer; None when it has not seen the request.

        Returns:
            The answer to send instead, or None when nothing is left to send.
        """
        raise NotImplementedError
