"""Find out what became of unanswered requests, before anything is sent again.

A user is sent again only if, the configured time after a first look, neither a search nor the look-up by login id
finds anybody: search may lag, and a request may still be at work inside the server (docs/reliability.md N1 and N15).
"""

from __future__ import annotations

from collections import Counter
from math import ceil
from typing import TYPE_CHECKING

from migrator.checkpoint.users.sends import count_left, in_flight_pages, store_results
from migrator.checkpoint.users.stored_user import StoredUser
from migrator.core.model import Decision, State
from migrator.core.outcomes import Outcome, UserGivenUp, UserInConflict, UserNotSent
from migrator.core.reasons import Reason
from migrator.flow.logbook import outcome_words
from migrator.flow.send.arrivals import find_listed, find_one_by_one
from migrator.flow.send.outcome import created_or_taken
from migrator.flow.send.update import changes_to_send, lost_user, updated, who_disabled
from migrator.log.setup import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.flow.context import PlanContext

_log = get_logger(__name__)

_AT_ONCE = 100
# Requests that may go unanswered for one user; in the last one, the user is alone (see `sends.claim_batch`).
MOST_ATTEMPTS = 4
# Seconds between two looks, doubled each time: search lags by seconds, rarely by more (docs/contract/descope.md 3.10).
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 60.0


def settle_in_flight(context: PlanContext, *, this_run: bool = False, may_give_up: bool = False) -> Counter[State]:
    """Decide every user that is `sending`; returns how many ended in each state.

    Args:
        this_run: the requests are this run's own, not those of an earlier run.
        may_give_up: a user who never gets an answer is the cause, because Descope answers other requests.
    """
    became: Counter[State] = Counter()
    in_flight = count_left(context.checkpoint, state=State.SENDING, lane=context.lane)
    if not in_flight:
        return became
    context.events.notice(_opening(in_flight, int(_patience(context)), this_run=this_run))
    absent_since: dict[str, float] = {}  # users not found so far: since when (monotonic seconds)
    pause = FIRST_PAUSE
    while waiting := look_in_flight(context, became, absent_since, may_give_up=may_give_up):
        _wait(context, [absent_since[user_id] for user_id in waiting], pause)
        pause = min(2 * pause, LONGEST_PAUSE)
    arrived = became[State.CREATED] + became[State.UPDATED]
    context.events.notice(_closing(arrived, sum(in_flight.values()), became[State.PENDING], this_run=this_run))
    return became


def _closing(arrived: int, total: int, again: int, *, this_run: bool) -> str:
    """What became of the users in flight, and what comes next."""
    has = f"Descope has {arrived:,} of these {total:,} users as they were sent"
    if total == 1:
        has = f"Descope {'has the user as it was' if arrived else 'does not have the user as it was'} sent"
    if not again:
        return f"{has}."
    who = "the user" if total == 1 else f"all {again:,}" if again == total else f"{again:,} of them"
    return f"{has}. {'Sending' if this_run else 'Planning'} {who} again."


def _opening(in_flight: dict[Decision, int], patience: int, *, this_run: bool) -> str:
    """Which users the run waits for, why and how long, before the first look."""
    total, creates = sum(in_flight.values()), in_flight.get(Decision.CREATE, 0)
    users = f"{total:,} users" if total > 1 else "1 user"
    were = "were" if total > 1 else "was"
    said = f"Descope did not confirm {users}." if this_run else f"{users} {were} being sent when the last run ended."
    if not (creates and patience):
        return f"{said} Descope is asked what became of them before anything is sent again."
    whom = "them" if creates == total else f"{creates:,} of them"
    return f"{said} Descope may still create {whom}, so nothing is sent again for up to {patience} s."


def _wait(context: PlanContext, absent_since: Sequence[float], pause: float) -> None:
    """Wait until the next look, or until the first waiting user may be sent again."""
    now = context.clock.monotonic()
    left = [since + _patience(context) - now for since in absent_since]
    wait = max(0.0, min(pause, *left))
    users = f"{len(left):,} users are" if len(left) > 1 else "1 user is"
    _log.info("settle_wait", users=len(left), seconds=round(wait, 1))
    if wait:
        context.events.notice(f"{users} not in Descope yet; nothing is sent again for up to {ceil(max(left))} s.")
    context.clock.wait(wait)
    if wait >= min(left):
        context.events.notice(
            f"{users} still missing. Descope is asked for each by login id before anything is sent again."
        )


def _patience(context: PlanContext) -> float:
    return float(context.config.descope.settle_seconds)


def look_in_flight(
    context: PlanContext, became: Counter[State], absent_since: dict[str, float], *, may_give_up: bool = False
) -> list[str]:
    """One look at everybody in flight; returns the users to look for again.

    Args:
        became: gets how many ended in each state.
        absent_since: since when each user was looked for in vain, in monotonic seconds; it is kept up to date.
        may_give_up: as in `settle_in_flight`.
    """
    waiting: list[str] = []
    for page in in_flight_pages(context.checkpoint, _AT_ONCE, context.lane):
        context.clock.check()
        outcomes = [
            *_creates(context, page, absent_since, may_give_up=may_give_up),
            *_updates(context, page, may_give_up=may_give_up),
        ]
        store_results(context.checkpoint, outcomes, {user.user_id: user.target_hash for user in page})
        if outcomes:
            _log.info("settled", users=len(outcomes), outcomes=outcome_words(outcomes))
        settled = {one.user_id for one in outcomes}
        waiting += [user.user_id for user in page if user.user_id not in settled]
        became.update(one.state for one in outcomes)
    return waiting


def _creates(
    context: PlanContext, page: Sequence[StoredUser], absent_since: dict[str, float], *, may_give_up: bool
) -> Iterator[Outcome]:
    users = [user for user in page if user.decision == Decision.CREATE]
    there = find_listed(context, users)
    now = context.clock.monotonic()
    absent = [user for user in users if user.user_id not in there]
    overdue = [u for u in absent if now - absent_since.setdefault(u.user_id, now) >= _patience(context)]
    there |= find_one_by_one(context, overdue)
    for user in users:
        if user.user_id in there:
            yield created_or_taken(user, there[user.user_id])
        elif user in overdue:
            yield _unanswered(user, may_give_up=may_give_up)


def _unanswered(user: StoredUser, *, may_give_up: bool, disabled: bool | None = None) -> UserGivenUp | UserNotSent:
    given_up = may_give_up and user.attempts >= MOST_ATTEMPTS
    return (UserGivenUp if given_up else UserNotSent)(user.user_id, disabled=disabled)


def _updates(context: PlanContext, page: Sequence[StoredUser], *, may_give_up: bool) -> Iterator[Outcome]:
    users = [user for user in page if user.decision != Decision.CREATE]
    ids = [user.descope_id for user in users if user.descope_id]
    found = {user.user_id: user for user in context.descope.load(ids)}
    for user in users:
        there = found.get(user.descope_id or "")
        todo = None if there is None else changes_to_send(context, user, there, user.decision, in_flight=True)
        if there is None:
            yield UserInConflict(user.user_id, Reason.DELETED_AT_DESCOPE)
        elif todo is None:
            yield lost_user(user, there)
        elif not todo:
            yield updated(user, there, todo, user.decision, in_flight=True)
        else:
            # Every change states the wanted value, so sending it again is idempotent.
            half = True if todo.disables is None and who_disabled(user, there, todo, in_flight=True) else None
            yield _unanswered(user, may_give_up=may_give_up, disabled=half)
