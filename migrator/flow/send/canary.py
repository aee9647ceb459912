"""Send a few users first, chosen to include every variant that the mapping produces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.checkpoint.users.counts import states_of
from migrator.checkpoint.users.plans import planned_pages
from migrator.core.errors import StopRun
from migrator.core.fields import USER_FIELDS
from migrator.core.model import NEEDS_PERSON_STATES

if TYPE_CHECKING:
    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.core.model import TargetUser
    from migrator.flow.context import RunContext
    from migrator.flow.send.send import Sender

_PAGE = 500


def variant_of(target: TargetUser) -> tuple[object, ...]:
    """What distinguishes users as far as the mapping goes: which fields and attributes are present, and flags."""
    return tuple(one.variant(one.of(target)) for one in USER_FIELDS)


@dataclass(frozen=True, slots=True)
class Canary:
    """A few users who were sent first, and how many of them went wrong."""

    sent: int
    wrong: int


def send_canary(context: RunContext, sender: Sender, number: int) -> Canary | None:
    """Send a few users and read them back; None if there is nobody to send (but leavers to disable)."""
    chosen = choose_canary(context, number)
    if not chosen:
        return None
    sender.send("canary", chosen)
    sender.read_back_sent(again=False)  # what an earlier run left wrong does not count against the canary
    ended = states_of(context.checkpoint, chosen)
    wrong = sender.read_back.wrong + sum(1 for state in ended.values() if state in NEEDS_PERSON_STATES)
    return Canary(len(chosen), wrong)


def confirm_canary(context: RunContext, canary: Canary) -> None:
    """Ask whether to continue.

    Raises:
        StopRun: the answer was no; without a person to ask, it is no as soon as one user went wrong.
    """
    if context.questions.ask(context.options.confirm_canary, canary.sent, canary.wrong):
        return
    if not canary.wrong:
        raise StopRun(
            f"You said no after the canary: {canary.sent} users were sent and read back, and none of them went wrong.",
            fix="Run again when you are ready.",
        )
    raise StopRun(
        f"The canary stopped the run: {canary.wrong} of the {canary.sent} users sent first went wrong.",
        fix="Look at problems.csv and at these users in Descope, correct the mapping, then run again.",
    )


def choose_canary(context: RunContext, number: int) -> set[str]:
    """User ids of at most `number` planned users: one of each variant first, then any others."""
    first: dict[tuple[object, ...], str] = {}
    others: list[str] = []
    for page in planned_pages(context.checkpoint, _PAGE):
        for user in page:
            _place(user, first, others, number)
    return set([*first.values(), *others][:number])


def _place(user: StoredUser, first: dict[tuple[object, ...], str], others: list[str], number: int) -> None:
    kind = (*variant_of(user.target), user.descope_id is None)
    if kind not in first:
        first[kind] = user.user_id
    elif len(others) < number:
        others.append(user.user_id)
