"""Find out what became of requests whose answer never came, before anything is sent again.

A user is sent again only after two look-ups by login id, the configured time apart, both found nothing:
search may lag, and a request may still be on its way inside the server (matrix N1, N15).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.checkpoint import sends
from migrator.checkpoint.sends import InFlight, Result
from migrator.descope import user as descope_user
from migrator.engine import outcome
from migrator.engine.change import make_task, not_ours
from migrator.log import get_logger
from migrator.model import Decision, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migrator.checkpoint.plans import Candidate
    from migrator.engine.job import Job

log = get_logger(__name__)

AT_ONCE = 100
# Requests that may go unanswered for one user; in the last one it is alone (see `sends.claim`).
MOST_ATTEMPTS = 4


def settle(job: Job, *, may_give_up: bool = False) -> int:
    """Decide every user that is `sending`; returns how many were found at Descope.

    Args:
        may_give_up: whoever never gets an answer is the cause itself, as Descope does answer otherwise.
    """
    arrived, waiting = _look(job, may_give_up=may_give_up)
    while waiting:
        wait = max(
            0.0,
            min(job.absent_since[user_id] for user_id in waiting) + _patience(job) - job.clock.monotonic(),
        )
        log.info("settle_wait", users=len(waiting), seconds=round(wait, 1))
        job.events.notice(
            f"{len(waiting)} users were sent without an answer and are not at Descope (yet). Looking again in"
            f" {wait:.0f} s before sending them once more, so that nobody is created twice."
        )
        job.clock.wait(wait)
        more, waiting = _look(job, may_give_up=may_give_up)
        arrived += more
    job.absent_since.clear()
    return arrived


def _patience(job: Job) -> float:
    return float(job.config.descope.settle_seconds)


def _look(job: Job, *, may_give_up: bool) -> tuple[int, list[str]]:
    """One look at everybody in flight: how many arrived, and who must be looked for again."""
    arrived = 0
    waiting: list[str] = []
    for page in _pages(job):
        results = [
            *_creates(job, page, may_give_up=may_give_up),
            *_updates(job, page, may_give_up=may_give_up),
        ]
        sends.record(job.checkpoint, results, {flight.user.user_id: flight.user.hash for flight in page})
        settled = {result.user_id for result in results}
        waiting += [flight.user.user_id for flight in page if flight.user.user_id not in settled]
        arrived += sum(1 for result in results if result.state in (State.CREATED, State.UPDATED))
    return arrived, waiting


def _pages(job: Job) -> Iterator[list[InFlight]]:
    after = ""
    while page := sends.in_flight(job.checkpoint, after, AT_ONCE):
        job.clock.check()
        yield page
        after = page[-1].user.user_id


def _creates(job: Job, page: Sequence[InFlight], *, may_give_up: bool) -> Iterator[Result]:
    flights = [flight for flight in page if flight.decision == Decision.CREATE]
    found = job.descope.search_logins([flight.user.target.login_id for flight in flights])
    for flight in flights:
        user = flight.user
        here = descope_user.find(found, [user.target.login_id])
        there = here[0] if here else job.descope.by_login(user.target.login_id)
        if there is not None:
            yield outcome.created(user, there)
            continue
        now = job.clock.monotonic()
        since = job.absent_since.setdefault(user.user_id, now)
        if now - since < _patience(job):
            continue
        yield _unanswered(user, may_give_up=may_give_up)


def _unanswered(user: Candidate, *, may_give_up: bool) -> Result:
    if may_give_up and user.attempts >= MOST_ATTEMPTS:
        return Result(user.user_id, State.FAILED, reason="gave_up")
    return outcome.untouched(user)


def _updates(job: Job, page: Sequence[InFlight], *, may_give_up: bool) -> Iterator[Result]:
    flights = [flight for flight in page if flight.decision != Decision.CREATE]
    ids = [flight.user.target_id for flight in flights if flight.user.target_id]
    found = {user.user_id: user for user in job.descope.load(ids)}
    for flight in flights:
        user = flight.user
        there = found.get(user.target_id or "")
        task = None if there is None else make_task(job, user, there, flight.decision, in_flight=True)
        if there is None:
            yield Result(user.user_id, State.CONFLICT, reason="deleted_at_descope")
        elif task is None:
            yield not_ours(user, there)
        elif not task.todo:
            yield task.done()
        else:
            # Every change states the wanted value, so sending it again is harmless.
            half = True if task.todo.disables is None and task.disabled else None
            yield replace(_unanswered(user, may_give_up=may_give_up), disabled=half)
