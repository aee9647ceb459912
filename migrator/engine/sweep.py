"""Read everybody: sweeps until a whole one adds nobody (design section 7, matrix B2.10 and P1-P8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.checkpoint import sweeps
from migrator.errors import StopRun
from migrator.log import get_logger
from migrator.model import canonical_json

if TYPE_CHECKING:
    from migrator.docebo.client import Page
    from migrator.engine.job import Job

log = get_logger(__name__)

BARREN_PAGES = 3  # pages in a row that show nobody fresh, before a sweep that will not end is ended
SHORT_SWEEPS = 3  # sweeps in a row that add nobody while Docebo's own total says somebody is missing
MOST_SWEEPS = 10  # on a platform that gains users faster than it is read, somebody is always new
SHRINK_LIMIT = 0.9  # of the last whole reading (matrix P7)


@dataclass(frozen=True, slots=True)
class Sweep:
    """One reading of all pages: users shown, users nobody knew before, and Docebo's last total."""

    number: int
    seen: int
    new: int
    total: int | None


def read_everybody(job: Job) -> None:
    """Bring every source user into the checkpoint, and mark those that are gone.

    Raises:
        StopRun: a page cannot be read, the list never ends, stays shorter than Docebo's own total, or
            shrank by more than a tenth: a partial list is never taken for a full one.
    """
    job.events.stage("read")
    checkpoint = job.checkpoint
    before: Sweep | None = None
    sweep = _sweep(job)
    job.first_sweep = sweep.number
    short_in_a_row = 0
    while not _settled(job, sweep):
        done = sweep.number - job.first_sweep + 1
        short_in_a_row = short_in_a_row + 1 if _is_short(job, sweep) and not sweep.new else 0
        if short_in_a_row == SHORT_SWEEPS:
            _refuse_short(job, sweep)
            break
        if done == MOST_SWEEPS:
            log.warning("sweeps_not_settled", sweeps=done, new=sweep.new)
            break
        before, sweep = sweep, _sweep(job)
    if job.options.search_text:
        return
    size = sweeps.seen(checkpoint, since=job.first_sweep)
    _guard_shrink(job, size)
    # Gone means absent from two whole sweeps: one alone can miss somebody to a shifted page.
    if before is not None:
        if _is_whole(job, before) and _is_whole(job, sweep):
            sweeps.mark_vanished(checkpoint, since=before.number)
    elif sweep.seen == sweep.total:
        sweeps.mark_vanished(checkpoint, since=sweep.number)
    sweeps.remember_full(checkpoint, size)


def _settled(job: Job, sweep: Sweep) -> bool:
    """Whether this sweep may be the last one."""
    if _is_short(job, sweep):
        return False
    if job.config.docebo.sweeps == "single":
        return True
    if sweep.new or not _is_whole(job, sweep):
        return False
    gone = 0 if job.options.search_text else sweeps.missing(job.checkpoint, since=sweep.number)
    if sweep.number == job.first_sweep:
        # A first sweep that shows exactly the users already known needs no confirming one.
        return not gone and sweep.seen == sweep.total
    return not gone or gone == sweeps.missing(job.checkpoint, since=sweep.number - 1)


def _is_whole(job: Job, sweep: Sweep) -> bool:
    """Whether who was absent can be gone: a sweep that showed fewer users than counted missed somebody."""
    return sweep.total is None or sweep.seen >= sweep.total or job.options.accept_shrink


def _is_short(job: Job, sweep: Sweep) -> bool:
    if sweep.total is None or sweep.seen >= sweep.total:
        return False
    return sweeps.seen(job.checkpoint, since=job.first_sweep or sweep.number) < sweep.total


def _sweep(job: Job) -> Sweep:
    """Read page after page until Docebo says there is no more *and* its total is reached."""
    number = sweeps.begin(job.checkpoint)
    seen = new = barren = 0
    total: int | None = None
    page_number = 1
    while True:
        job.clock.check()
        page = job.docebo.users(page_number, job.options.search_text)
        stored = _store(job, number, page)
        seen += stored.fresh
        new += stored.new
        total = page.total if page.total is not None else total
        job.events.progress("read", seen, total)
        barren = 0 if stored.fresh else barren + 1
        if _ends(page, seen, total, barren):
            log.info("sweep", number=number, seen=seen, new=new, total=total, pages=page_number)
            return Sweep(number, seen, new, total)
        page_number += 1


def _ends(page: Page, seen: int, total: int | None, barren: int) -> bool:
    if total is not None and seen >= total:
        return not page.has_more or barren > 0
    if not page.has_more and (total is None or barren == BARREN_PAGES):
        return True
    if barren == BARREN_PAGES and page.has_more:
        raise StopRun(
            f"Failed Getting Users: Docebo says there is more, but {BARREN_PAGES} pages in a row showed nobody new.",
            fix="Run again; if it stays, ask Docebo why has_more_data does not end. Nothing was sent.",
        )
    return False


def _store(job: Job, sweep: int, page: Page) -> sweeps.PageSeen:
    records = [sweeps.Record(canonical_json(item), job.normalize(item)) for item in page.items]
    return sweeps.store_page(job.checkpoint, sweep, records, job.config.policy.include)


def _refuse_short(job: Job, sweep: Sweep) -> None:
    if job.options.accept_shrink:
        return
    shown = sweeps.seen(job.checkpoint, since=job.first_sweep)
    raise StopRun(
        f"Failed Getting Users: Docebo counts {sweep.total} users, but its pages show only {shown}.",
        fix="Run again later. If you know why they are hidden, accept the shorter list: --accept-shrink.",
    )


def _guard_shrink(job: Job, size: int) -> None:
    before = sweeps.size_of_last_full(job.checkpoint)
    if before and size < before * SHRINK_LIMIT and not job.options.accept_shrink:
        raise StopRun(
            f"Docebo shows {size} users, the last whole reading showed {before}: more than a tenth is gone.",
            fix="Check the platform and the migrating user's rights. If they really left, say so: --accept-shrink.",
        )
