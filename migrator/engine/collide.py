"""Users inside Docebo that would share a login id: who may go on, who needs a person. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.model import ARRIVED_STATES, State
from migrator.normalize.identity import login_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from migrator.checkpoint.clashes import Member
    from migrator.config import PolicyConfig

NEVER = "9999"  # sorts behind every date


def losers(groups: Iterable[Sequence[Member]], policy: PolicyConfig) -> dict[str, str]:
    """User ids to set aside, each with its reason code.

    Nobody is guessed: the policy chooses a winner only among people with the very same address; where only
    the strong fold is equal they may be different people, and all of them wait for a person (matrix B2.12).
    A user who already arrived keeps the login.
    """
    aside: dict[str, str] = {}
    for group in groups:
        emails = {login_key(member.email) for member in group if member.email}
        reason = "duplicate_email" if len(emails) == 1 else "duplicate_login"
        waiting = [member for member in group if member.state == State.PENDING and member.user_id not in aside]
        winner = None if any(member.state in ARRIVED_STATES for member in group) else _winner(group, policy)
        aside |= {member.user_id: reason for member in waiting if member.user_id != winner}
    return aside


def _winner(group: Sequence[Member], policy: PolicyConfig) -> str | None:
    if policy.duplicate_email == "conflict" or len({member.login_ids for member in group}) > 1:
        return None
    by_age = sorted(group, key=lambda member: (member.created or NEVER, _number(member)))
    if policy.duplicate_email == "oldest":
        return by_age[0].user_id
    return max(by_age, key=lambda member: member.last_login).user_id


def _number(member: Member) -> tuple[int, str]:
    return len(member.user_id), member.user_id
