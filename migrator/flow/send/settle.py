"""Find out what became of requests whose answer never came, before anything is sent again.

A user is sent again only when, the configured time after a first look, neither a search nor the look-up by login id
finds anybody: search may lag, and a request may still be on its way inside the server (docs/reliability.md N1 and N15).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING

from migrator.checkpoint.users.sends import InFlightUser, SendResult, count_left, in_flight_users, store_results
from migrator.core.model import OPEN_STATES, Decision, State
from migrator.core.reasons import Reason
from migrator.flow.logbook import outcome_words
from migrator.flow.send.arrivals import find_listed, find_one_by_one
from migrator.flow.send.outcome import created_result, untouched_result
from migrator.flow.send.update import lost_user, make_update
from migrator.log.setup import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migrator.checkpoint.users.plans import QueuedUser
    from migrator.flow.context import RunContext

_log = get_logger(__name__)

_AT_ONCE = 100
# Requests that may go unanswered for one user; in the last one it is alone (see `sends.claim_batch`).
MOST_ATTEMPTS = 4
# Seconds between two looks, doubled each time: search lags by seconds, rarely by more (docs/contract/descope.md 3.10).
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 60.0


def settle_in_flight(job: RunContext, *, this_run: bool = False, may_give_up: bool = False) -> int:
    """Decide every user that is `sending`; returns how many were found at Descope.

    Args:
        this_run: the requests are this run's own, not those of one that ended before.
        may_give_up: whoever never gets an answer is the cause itself, as Descope does answer otherwise.
    """
    in_flight = count_left(job.checkpoint, state=State.SENDING)
    if not in_flight:
        return 0
    job.events.notice(_opening(in_flight, int(_patience(job)), this_run=this_run))
    became: Counter[State] = Counter()
    pause = FIRST_PAUSE
    while waiting := _look(job, became, may_give_up=may_give_up):
        _wait(job, waiting, pause)
        pause = min(2 * pause, LONGEST_PAUSE)
    job.absent_since.clear()
    if this_run:  # whoever an earlier run sent is not among those this one sent
        decided = sum(number for state, number in became.items() if state not in OPEN_STATES)
        job.budget.count(done=decided, failed=became[State.FAILED])
    arrived = became[State.CREATED] + became[State.UPDATED]
    job.events.notice(_closing(arrived, sum(in_flight.values()), became[State.PENDING], this_run=this_run))
    return arrived


def _closing(arrived: int, total: int, again: int, *, this_run: bool) -> str:
    """What became of those in flight, and what comes next."""
    has = f"Descope has {arrived:,} of these {total:,} users as they were sent"
    if total == 1:
        has = f"Descope {'has the user as it was' if arrived else 'does not have the user as it was'} sent"
    if not again:
        return f"{has}."
    who = "the user" if total == 1 else f"all {again:,}" if again == total else f"{again:,} of them"
    return f"{has}. {'Sending' if this_run else 'Planning'} {who} again."


def _opening(in_flight: dict[Decision, int], patience: int, *, this_run: bool) -> str:
    """Who is waited for, why and how long, before the first look."""
    total, creates = sum(in_flight.values()), in_flight.get(Decision.CREATE, 0)
    users = f"{total:,} users" if total > 1 else "1 user"
    were = "were" if total > 1 else "was"
    said = f"Descope did not confirm {users}." if this_run else f"{users} {were} being sent when the last run ended."
    if not (creates and patience):
        return f"{said} Descope is asked what became of them before anything is sent again."
    whom = "them" if creates == total else f"{creates:,} of them"
    return f"{said} Descope may still create {whom}, so nothing is sent again for up to {patience} s."


def _wait(job: RunContext, waiting: Sequence[str], pause: float) -> None:
    """Until the next look, or until the first of those who wait may be sent again."""
    now = job.clock.monotonic()
    left = [job.absent_since[user_id] + _patience(job) - now for user_id in waiting]
    wait = max(0.0, min(pause, *left))
    users = f"{len(waiting):,} users are" if len(waiting) > 1 else "1 user is"
    _log.info("settle_wait", users=len(waiting), seconds=round(wait, 1))
    if wait:
        job.events.notice(f"{users} not at Descope yet; nothing is sent again for up to {ceil(max(left))} s.")
    job.clock.wait(wait)
    if wait >= min(left):
        job.events.notice(
            f"{users} still missing. Descope is asked for each by login id before anything is sent again."
        )


def _patience(job: RunContext) -> float:
    return float(job.config.descope.settle_seconds)


def _look(job: RunContext, became: Counter[State], *, may_give_up: bool) -> list[str]:
    """One look at everybody in flight: adds what they became, and returns who must be looked for again."""
    waiting: list[str] = []
    for page in _pages(job):
        results = [
            *_creates(job, page, may_give_up=may_give_up),
            *_updates(job, page, may_give_up=may_give_up),
        ]
        store_results(job.checkpoint, results, {flight.user.user_id: flight.user.hash for flight in page})
        if results:
            _log.info("settled", users=len(results), outcomes=outcome_words(results))
        settled = {result.user_id for result in results}
        waiting += [flight.user.user_id for flight in page if flight.user.user_id not in settled]
        became.update(result.state for result in results)
    return waiting


def _pages(job: RunContext) -> Iterator[list[InFlightUser]]:
    after = ""
    while page := in_flight_users(job.checkpoint, after, _AT_ONCE):
        job.clock.check()
        yield page
        after = page[-1].user.user_id


def _creates(job: RunContext, page: Sequence[InFlightUser], *, may_give_up: bool) -> Iterator[SendResult]:
    users = [flight.user for flight in page if flight.decision == Decision.CREATE]
    there = find_listed(job, users)
    now = job.clock.monotonic()
    absent = [user for user in users if user.user_id not in there]
    overdue = [u for u in absent if now - job.absent_since.setdefault(u.user_id, now) >= _patience(job)]
    there |= find_one_by_one(job, overdue)
    for user in users:
        if user.user_id in there:
            yield created_result(user, there[user.user_id])
        elif user in overdue:
            yield _unanswered(user, may_give_up=may_give_up)


def _unanswered(user: QueuedUser, *, may_give_up: bool) -> SendResult:
    if may_give_up and user.attempts >= MOST_ATTEMPTS:
        return SendResult(user.user_id, State.FAILED, reason=Reason.GAVE_UP)
    return untouched_result(user)


def _updates(job: RunContext, page: Sequence[InFlightUser], *, may_give_up: bool) -> Iterator[SendResult]:
    flights = [flight for flight in page if flight.decision != Decision.CREATE]
    ids = [flight.user.target_id for flight in flights if flight.user.target_id]
    found = {user.user_id: user for user in job.descope.load(ids)}
    for flight in flights:
        user = flight.user
        there = found.get(user.target_id or "")
        task = None if there is None else make_update(job, user, there, flight.decision, in_flight=True)
        if there is None:
            yield SendResult(user.user_id, State.CONFLICT, reason=Reason.DELETED_AT_DESCOPE)
        elif task is None:
            yield lost_user(user, there)
        elif not task.todo:
            yield task.done()
        else:
            # Every change states the wanted value, so sending it again is harmless.
            half = True if task.todo.disables is None and task.disabled else None
            yield replace(_unanswered(user, may_give_up=may_give_up), disabled=half)
