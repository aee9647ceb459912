"""Users inside Docebo that would share a login id: who is migrated, who needs a person (docs/decisions/0008)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from migrator.checkpoint.users.collisions import collision_groups, set_colliding_aside
from migrator.core.fields import EMAIL, LOGIN_ID
from migrator.core.login_ids import login_key
from migrator.core.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.config.schema import PolicyConfig
    from migrator.core.fields import SentFields

_NEVER = "9999"  # sorts behind every date
GROUPS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Ruling:
    """Which users of a group to set aside: all waiting users except the winner, or only those who have not arrived."""

    reason: Reason
    winner: str | None
    newcomers_only: bool


def set_losers_aside(
    checkpoint: Checkpoint,
    members: Iterator[tuple[str, StoredUser]],
    policy: PolicyConfig,
    chosen: Collection[str] = (),
) -> None:
    """Move the losers of every group to `conflict`; `chosen` are the users that a person wants to win."""
    rulings = ((key, rule_on_group(key, group, policy, chosen)) for key, group in collision_groups(members))
    while some := list(islice(rulings, GROUPS_AT_ONCE)):
        rows = [(key, ruling.reason, ruling.winner, ruling.newcomers_only) for key, ruling in some]
        set_colliding_aside(checkpoint, rows)


def rule_on_group(key: str, group: Iterable[StoredUser], policy: PolicyConfig, chosen: Collection[str] = ()) -> Ruling:
    """The ruling on one group of any size, in one pass.

    There is no guessing: the policy chooses a winner only among users with the very same address. If only
    the strong fold is equal, they may be different people, and all of them wait for a person.
    A user who holds the login in Descope keeps it, and newcomers wait. The look-up decides whether somebody who
    arrived can then move to it. A person's choice comes before the policy; if there are several, everybody waits.
    """
    winners: list[str] = []
    emails: dict[str, str] = {}
    holder: SentFields | None = None
    logins: set[tuple[str, ...]] = set()
    held = False
    oldest: tuple[tuple[str, int, str], str] | None = None
    newest: tuple[str, tuple[str, int, str], str] | None = None
    for member in group:
        held |= member.holds(key)
        if member.user_id in chosen and len(winners) < 2:  # noqa: PLR2004 -- one, or more than one
            winners.append(member.user_id)
        email = member.target.email if member.profile else ""
        if email and len(emails) < 2:  # noqa: PLR2004 -- one, or more than one
            emails.setdefault(login_key(email), email)
        if not member.profile and member.holds(key):
            holder = member.sent
        if len(logins) < 2:  # noqa: PLR2004 -- as above
            logins.add(member.login_ids)
        age = (member.source_created or _NEVER, len(member.user_id), member.user_id)
        if oldest is None or age < oldest[0]:
            oldest = (age, member.user_id)
        seen = member.source_last_login
        if newest is None or seen > newest[0] or (seen == newest[0] and age < newest[1]):
            newest = (seen, age, member.user_id)
    one_address = len(emails) == 1 and all(_had_address(holder, email) for email in emails.values())
    reason = Reason.DUPLICATE_EMAIL if one_address else Reason.DUPLICATE_LOGIN
    if winners:
        return Ruling(reason, winners[0] if len(winners) == 1 else None, held)
    choice = {"oldest": oldest and oldest[-1], "newest_login": newest and newest[-1]}.get(policy.duplicate_email)
    return Ruling(reason, choice if len(logins) == 1 and not held else None, held)


def _had_address(holder: SentFields | None, email: str) -> bool:
    """Whether a user whose profile was erased was sent with this address; assumed where nothing is known of it."""
    return holder is None or holder.had(EMAIL, email) or holder.had(LOGIN_ID, login_key(email))
