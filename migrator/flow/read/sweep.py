"""Read everybody: sweeps until a whole one adds nobody (docs/decisions/0004)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.checkpoint.users.sweeps import (
    PageCounts,
    ReadRecord,
    begin_sweep,
    count_absent,
    count_present,
    count_seen,
    mark_vanished,
    newcomers,
    store_page,
)
from migrator.core.errors import ConfigError, StopRun
from migrator.core.login_ids import login_key
from migrator.core.model import Ready, canonical_json
from migrator.docebo.paging import Reading
from migrator.log.setup import get_logger

if TYPE_CHECKING:
    from migrator.docebo.client import Page
    from migrator.flow.context import RunContext

_log = get_logger(__name__)

SHORT_SWEEPS = 3  # sweeps in a row that add nobody while Docebo's own count says somebody is missing
MOST_SWEEPS = 10  # on a platform that gains users faster than it is read, somebody is always new
_AT_ONCE = 100
SHRINK_LIMIT = 0.1  # the share of the users that may be gone without a question (docs/decisions/0004)


@dataclass(frozen=True, slots=True)
class Sweep:
    """One reading of all pages: users shown, users nobody knew before, and what Docebo counted last.

    `whole` says that it showed as many users, or else pages, as Docebo counts.
    """

    number: int
    seen: int
    new: int
    total: int | None
    pages: int | None
    whole: bool


def read_everybody(job: RunContext) -> None:
    """Bring every source user into the checkpoint, and mark those that are gone.

    Raises:
        StopRun: a page cannot be read, the list never ends, stays shorter than Docebo's own count, would make
            more than a tenth of the users gone, or the session's rights ended meanwhile: a partial list is
            never taken for a full one.
    """
    job.events.stage("read")
    before, sweep = _sweep_until_settled(job)
    if job.options.search_text:
        _read_namesakes(job)
        return
    _check_rights(job)
    # Gone means absent from two whole sweeps: one alone can miss somebody to a shifted page.
    certain = sweep.seen == sweep.total if before is None else _is_whole(job, before) and _is_whole(job, sweep)
    since = before.number if before is not None and certain else job.first_sweep
    _guard_shrink(job, since)
    if certain:
        mark_vanished(job.checkpoint, since=since)


def _sweep_until_settled(job: RunContext) -> tuple[Sweep | None, Sweep]:
    """The last two sweeps of the reading; None for the first of them when one was enough."""
    before: Sweep | None = None
    sweep = _sweep(job)
    job.first_sweep = sweep.number
    largest = sweep.seen
    short_in_a_row = 0
    while not _settled(job, sweep):
        done = sweep.number - job.first_sweep + 1
        short_in_a_row = short_in_a_row + 1 if _is_short(job, sweep) and not sweep.new else 0
        if short_in_a_row == SHORT_SWEEPS:
            _refuse_short(job, sweep)
        if done == MOST_SWEEPS:
            _log.info("sweeps_not_settled", sweeps=done, new=sweep.new)
            job.events.notice(
                f"Each of {done} readings of Docebo showed somebody new. The next run finds whoever is missing."
            )
            break
        job.events.again("read", "once more, until a whole reading shows nobody new")
        before, sweep = sweep, _sweep(job)
        _guard_collapse(job, sweep, largest)
        largest = max(largest, sweep.seen)
    return before, sweep


def _settled(job: RunContext, sweep: Sweep) -> bool:
    """Whether this sweep may be the last one."""
    if _is_short(job, sweep):
        return False
    if job.config.docebo.sweeps == "single":
        return True
    if sweep.new or not _is_whole(job, sweep):
        return False
    gone = 0 if job.options.search_text else count_absent(job.checkpoint, since=sweep.number)
    if sweep.number == job.first_sweep:
        # A first sweep that shows exactly the users already known needs no confirming one.
        return not gone and sweep.seen == sweep.total
    return not gone or gone == count_absent(job.checkpoint, since=sweep.number - 1)


def _is_whole(job: RunContext, sweep: Sweep) -> bool:
    """Whether who was absent can be gone: a sweep that showed fewer users than counted missed somebody."""
    return sweep.whole or job.options.accept_short_list


def _is_short(job: RunContext, sweep: Sweep) -> bool:
    """Whether somebody is missing by Docebo's own count, even in all sweeps together."""
    if _is_whole(job, sweep):
        return False
    return sweep.total is None or _shown(job, sweep) < sweep.total


def _shown(job: RunContext, sweep: Sweep) -> int:
    return count_seen(job.checkpoint, since=job.first_sweep or sweep.number)


def _sweep(job: RunContext) -> Sweep:
    """Read page after page until the last one."""
    number = begin_sweep(job.checkpoint)
    reading = Reading()
    new = 0
    while True:
        job.clock.check()
        page = job.docebo.users(reading.page + 1, job.options.search_text)
        stored = _store(job, number, page)
        new += stored.new
        last = reading.is_last(page, stored.fresh)
        job.events.progress("read", reading.seen, reading.total)
        if last:
            _log.info("sweep", number=number, seen=reading.seen, new=new, total=reading.total, pages=reading.page)
            return Sweep(number, reading.seen, new, reading.total, reading.pages, reading.whole)


def _store(job: RunContext, sweep: int, page: Page) -> PageCounts:
    records = [ReadRecord(canonical_json(item), job.normalize(item)) for item in page.items]
    return store_page(job.checkpoint, sweep, records, job.config.policy.include, is_trial=job.trial)


def _read_namesakes(job: RunContext) -> None:
    """Others in Docebo who would share a login with a newcomer of this search: nobody is migrated on a guess."""
    since, after = job.first_sweep, ""
    while users := newcomers(job.checkpoint, since, after, _AT_ONCE):
        for user in users:
            job.clock.check()
            keys = {login_key(login_id) for login_id in user.all_login_ids}
            items = job.docebo.users(1, user.email or user.login_id).items
            found = [ReadRecord(canonical_json(item), job.normalize(item)) for item in items]
            sharing = [
                one
                for one in found
                if isinstance(one.normalized, Ready)
                and one.normalized.user_id != user.user_id
                and not keys.isdisjoint(one.normalized.login_keys)
            ]
            store_page(job.checkpoint, since, sharing, job.config.policy.include, is_trial=job.trial)
        after = users[-1].user_id


def _check_rights(job: RunContext) -> None:
    """Ask once more who we are: a list read with fewer rights is partial (docs/contract/docebo.md 1.7)."""
    try:
        job.docebo.check_session()
    except ConfigError as error:
        raise StopRun(
            f"The rights ended while the users were read. {error.message}",
            fix="Make the user of docebo.username (or of the OAuth app) a superadmin again, then run again:"
            " nobody was taken for gone, and nothing was sent.",
        ) from None


def _refuse_short(job: RunContext, sweep: Sweep) -> None:
    if not job.options.search_text:
        _check_rights(job)
    counted = f"{sweep.pages} pages of users" if sweep.total is None else f"{sweep.total} users"
    raise StopRun(
        f"Failed Getting Users: Docebo counts {counted}, but its pages show only {_shown(job, sweep)} users.",
        fix="Run again later. If you know why the others are hidden, run with --accept-short-list:"
        " it goes by the pages.",
    )


def _guard_collapse(job: RunContext, sweep: Sweep, largest: int) -> None:
    """A list that loses a tenth of its users from one sweep to the next is not a list people leave."""
    fewer = largest - sweep.seen
    if job.options.search_text or job.options.accept_shrink or not _is_whole(job, sweep):
        return
    if fewer > largest * SHRINK_LIMIT:
        _check_rights(job)
        raise StopRun(
            f"Docebo shows {sweep.seen} users now and showed {largest} a moment ago: more than a tenth is gone.",
            fix=f"{_CHECK} Nobody was taken for gone, and nothing was sent.",
        )


def _guard_shrink(job: RunContext, since: int) -> None:
    """Count who would be called gone, before anybody is."""
    gone, known = count_absent(job.checkpoint, since=since), count_present(job.checkpoint)
    if gone > known * SHRINK_LIMIT and not job.options.accept_shrink:
        raise StopRun(
            f"Docebo no longer shows {gone} of {known} known users: more than a tenth is gone.",
            fix=f"{_CHECK} Nobody was taken for gone, and nothing was sent.",
        )


_CHECK = "Check the platform and the migrating user's rights. If they really left, run again with --accept-shrink."
