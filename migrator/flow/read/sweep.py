"""Read everybody: sweeps until a whole one adds nobody (docs/decisions/0004)."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.checkpoint.users.sweeps import (
    PageCounts,
    begin_sweep,
    count_absent,
    count_present,
    count_seen,
    mark_vanished,
    newcomers,
    store_page,
    unchanged_users,
)
from migrator.core.choices import Choice, users_chosen
from migrator.core.errors import ConfigError, StopRun
from migrator.core.login_ids import login_key
from migrator.core.model import Ready
from migrator.docebo.paging import Reading
from migrator.flow.read.records import RecordReader
from migrator.log.setup import get_logger
from migrator.normalize.identity import user_key_or_none

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from concurrent.futures import Future

    from migrator.core.model import Normalized
    from migrator.docebo.client import Page
    from migrator.flow.context import PlanContext

_log = get_logger(__name__)

SHORT_SWEEPS = 3  # sweeps in a row that add nobody while Docebo's own count says that users are missing
MOST_SWEEPS = 10  # if a platform gains users faster than it is read, every sweep finds new ones
SHRINK_LIMIT = 0.1  # the share of users that may be gone without a question (docs/decisions/0004)
MOST_HELD = 10_000  # users that a confirming sweep keeps in memory until it may store them
_ONCE_MORE = "once more, until a whole reading shows nobody new"
_TOLD_EVERY = 0.5  # seconds between two progress events while a confirming sweep is waited for


@dataclass(frozen=True, slots=True)
class Sweep:
    """One reading of all pages: users shown, users not known before, and Docebo's last count.

    `whole` says that it showed as many users, or otherwise pages, as Docebo counts.
    """

    number: int
    seen: int
    new: int
    total: int | None
    pages: int | None
    whole: bool


_CHECK = "Check the platform and the migrating user's rights. If they really left, run again with --accept-shrink."


class Sweeps:
    """The sweeps of one reading: `read` them, and where it leaves one for later, plan and send in `confirming`.

    Attributes:
        first: the number of the first sweep: a user seen since that sweep was seen by this reading.
        found_more: whether the last `confirming` stored users to be planned, or is not the last one.

    Args:
        beside: whether a confirming sweep may go on while users are planned and sent.
        is_trial: the mapping is not the one that the migration is bound to (`store_page`).

    Raises (every method):
        StopRun: a page cannot be read, the list never ends, stays shorter than Docebo's own count, would make
            more than a tenth of the users gone, or the session's rights ended meanwhile: a partial list
            never counts as a full one.
    """

    def __init__(self, context: PlanContext, *, beside: bool = False, is_trial: bool = False) -> None:
        self.first = 0
        self.found_more = False
        self._context = context
        self._beside = beside
        self._is_trial = is_trial
        self._records = RecordReader(context.config, context.normalize, context.choices, is_trial)
        self._left_out = users_chosen(context.choices, Choice.SKIP)
        self._is_over = False  # no further sweep is needed, and whoever is gone is marked
        self._last: Sweep | None = None
        self._before: Sweep | None = None
        self._largest = self._short_in_a_row = 0
        self._reading = Reading()
        self._alone = threading.Event()  # nobody plans or sends
        self._alone.set()
        self._held: dict[str, Normalized] = {}
        self._stored = 0  # users found by the present sweep whom somebody must plan

    def read(self) -> None:
        """Read every source user into the checkpoint, and mark who is gone unless a sweep is left for `confirming`.

        The first sweep is complete before anybody is planned. Another may go on beside that only if the first one is
        whole and misses few users: whatever speaks against the list stops the run before anything is sent.
        """
        self._context.events.stage("read")
        self._take(self._sweep(self._tell))
        while not self._is_over:
            if self._may_go_beside():
                self._check_rights()
                return
            self._context.events.again("read", _ONCE_MORE)
            self._take(self._sweep(self._tell))

    @contextmanager
    def confirming(self) -> Iterator[None]:
        """Read all pages once more while the caller plans and sends what the sweeps before have shown.

        Only what others do not need is stored meanwhile. Newcomers, and users whose record changed, are stored when
        the caller is done: a user is never changed under a plan or a request. Does nothing if the reading is over.
        """
        if self._is_over:
            self.found_more = False
            yield
            return
        self._alone.clear()
        self._stored = 0
        self._context.events.confirming(0, self._reading.total)
        with ThreadPoolExecutor(1, thread_name_prefix="confirming") as pool:
            sweep = pool.submit(self._sweep, self._context.events.confirming)
            try:
                yield
            except BaseException:
                with self._context.clock.halted():
                    self._alone.set()
                    wait([sweep])
                raise
            self._alone.set()
            self._wait_for(sweep)
        found = sweep.result()
        self._context.events.confirming(found.seen, found.seen)  # it is over, whatever Docebo counts
        gone = self._take(found)
        self.found_more = bool(self._stored or gone) or not self._is_over
        if self._stored:
            users = "1 user who is" if self._stored == 1 else f"{self._stored:,} users who are"
            self._context.events.notice(f"Docebo, read once more, shows {users} new or changed.")

    def _tell(self, seen: int, total: int | None) -> None:
        self._context.events.progress("read", seen, total)

    def _wait_for(self, sweep: Future[Sweep]) -> None:
        if wait([sweep], _TOLD_EVERY).done:
            return
        self._context.events.stage("read")
        self._context.events.again("read", _ONCE_MORE)
        while not wait([sweep], _TOLD_EVERY).done:
            self._tell(self._reading.seen, self._reading.total)
        self._tell(self._reading.seen, self._reading.total)

    def _take(self, sweep: Sweep) -> int:
        """Judge what a sweep showed; how many users it made gone, if it is the last one."""
        if self._last is None:
            self.first = sweep.number
        else:
            self._guard_collapse(sweep)
        self._before, self._last = self._last, sweep
        self._largest = max(self._largest, sweep.seen)
        self._is_over = self._settled(sweep) or self._never_settles(sweep)
        return self._finish(sweep) if self._is_over else 0

    def _never_settles(self, sweep: Sweep) -> bool:
        """Whether to go on with a list that still changes; the next run finds whoever is missing."""
        done = sweep.number - self.first + 1
        self._short_in_a_row = self._short_in_a_row + 1 if self._is_short(sweep) and not sweep.new else 0
        if self._short_in_a_row == SHORT_SWEEPS:
            self._refuse_short(sweep)
        if done < MOST_SWEEPS:
            return False
        _log.info("sweeps_not_settled", sweeps=done, new=sweep.new)
        self._context.events.notice(
            f"Each of {done} readings of Docebo showed somebody new. The next run will find anybody still missing."
        )
        return True

    def _finish(self, sweep: Sweep) -> int:
        """Mark those that are gone; returns how many."""
        if self._context.options.search_text:
            self._read_namesakes()
            return 0
        self._check_rights()
        # Gone means absent from two whole sweeps: a shifted page can hide a user from one.
        before = self._before
        certain = sweep.seen == sweep.total if before is None else self._is_whole(before) and self._is_whole(sweep)
        since = before.number if before is not None and certain else self.first
        self._guard_shrink(since)
        return mark_vanished(self._context.checkpoint, since=since) if certain else 0

    def _may_go_beside(self) -> bool:
        """Whether what the sweeps before have shown can be planned and sent although another is to come."""
        gone, known = self._count_gone(self.first)
        return self._beside and self._last is not None and self._last.whole and gone <= known * SHRINK_LIMIT

    def _settled(self, sweep: Sweep) -> bool:
        """Whether this sweep may be the last one."""
        if self._is_short(sweep):
            return False
        if self._context.config.docebo.sweeps == "single":
            return True
        if sweep.new or not self._is_whole(sweep):
            return False
        gone = 0 if self._context.options.search_text else count_absent(self._context.checkpoint, since=sweep.number)
        if sweep.number == self.first:
            # A first sweep that shows exactly the known users needs no confirming sweep.
            return not gone and sweep.seen == sweep.total
        return not gone or gone == count_absent(self._context.checkpoint, since=sweep.number - 1)

    def _is_whole(self, sweep: Sweep) -> bool:
        """Whether absent users can be gone: a sweep that showed fewer users than counted missed some."""
        return sweep.whole or self._context.options.accept_short_list

    def _is_short(self, sweep: Sweep) -> bool:
        """Whether users are missing by Docebo's own count, even in all sweeps together."""
        if self._is_whole(sweep):
            return False
        return sweep.total is None or self._shown() < sweep.total

    def _shown(self) -> int:
        return count_seen(self._context.checkpoint, since=self.first)

    def _sweep(self, tell: Callable[[int, int | None], None]) -> Sweep:
        """Read page after page until the last one; `tell` gets the users seen and counted so far."""
        context = self._context
        number = begin_sweep(context.checkpoint)
        reading = self._reading = Reading()
        new = 0
        with closing(context.docebo.pages(context.options.search_text)) as pages:
            for page in pages:
                context.clock.check()
                stored = self._store(number, page)
                new += stored.new
                last = reading.is_last(page, stored.fresh)
                if len(self._held) >= MOST_HELD:
                    self._alone.wait()
                tell(reading.seen, reading.total)
                if last:
                    break
        self._alone.wait()
        context.clock.check()
        self._store_held(number)
        _log.info("sweep", number=number, seen=reading.seen, new=new, total=reading.total, pages=reading.page)
        return Sweep(number, reading.seen, new, reading.total, reading.pages, reading.whole)

    def _store(self, sweep: int, page: Page) -> PageCounts:
        """Store a page; a record that was stored before, and would become the same user, is not normalized again."""
        keyed = ((user_key_or_none(item), item) for item in page.items)
        read = [(key, item, *self._records.text_and_hash(item, key)) for key, item in keyed]
        hashes = {key: record_hash for key, _, _, record_hash in read if key is not None}
        unchanged = unchanged_users(self._context.checkpoint, hashes)
        rest = (
            self._records.normalized(item, raw, record_hash)
            for key, item, raw, record_hash in read
            if key not in unchanged
        )
        alone = self._alone.is_set()
        if alone:
            self._store_held(sweep)
        held = None if alone else self._held.keys()
        stored = self._store_found(sweep, rest, unchanged, held=held)
        self._held.update((one.user_id, one) for one in stored.held)
        return stored

    def _store_held(self, sweep: int) -> None:
        """Store the users who waited for planning and sending to end."""
        if self._held:
            self._stored += len(self._held)
            self._store_found(sweep, self._held.values())
            self._held = {}

    def _store_found(
        self,
        sweep: int,
        found: Iterable[Normalized],
        unchanged: Collection[str] = (),
        *,
        held: Collection[str] | None = None,
    ) -> PageCounts:
        return store_page(
            self._context.checkpoint,
            sweep,
            list(found),
            self._context.config.policy.include,
            unchanged=unchanged,
            held=held,
            left_out=self._left_out,
            is_trial=self._is_trial,
        )

    def _read_namesakes(self) -> None:
        """Read the other Docebo users who share a login with a newcomer of this search: there is no guessing."""
        context = self._context
        for user in newcomers(context.checkpoint, self.first):
            context.clock.check()
            keys = {login_key(login_id) for login_id in user.all_login_ids}
            items = context.docebo.users(1, user.email or user.login_id).items
            found = (self._records.read(item, user_key_or_none(item)) for item in items)
            sharing = [
                one
                for one in found
                if isinstance(one, Ready) and one.user_id != user.user_id and not keys.isdisjoint(one.login_keys)
            ]
            self._store_found(self.first, sharing)

    def _check_rights(self) -> None:
        """Check again who we are: a list read with fewer rights is partial (docs/contract/docebo.md 1.7)."""
        try:
            self._context.docebo.check_session()
        except ConfigError as error:
            raise StopRun(
                f"The Docebo user lost its rights while the users were being read. {error.message}",
                fix="Make the user of docebo.username (or of the OAuth app) a superadmin again, then run again:"
                " nobody was marked as gone.",
            ) from None

    def _refuse_short(self, sweep: Sweep) -> None:
        if not self._context.options.search_text:
            self._check_rights()
        counted = f"{sweep.pages} pages of users" if sweep.total is None else f"{sweep.total} users"
        raise StopRun(
            f"Failed Getting Users: Docebo counts {counted}, but its pages show only {self._shown()} users.",
            fix="Run again later. If you know why the others are hidden, run with --accept-short-list:"
            " it goes by the pages.",
        )

    def _guard_collapse(self, sweep: Sweep) -> None:
        """Stop if a list loses a tenth of its users between two sweeps: people do not leave that fast."""
        fewer = self._largest - sweep.seen
        if self._context.options.search_text or self._context.options.accept_shrink or not self._is_whole(sweep):
            return
        if fewer > self._largest * SHRINK_LIMIT:
            self._check_rights()
            raise StopRun(
                f"Docebo shows {sweep.seen} users now and showed {self._largest} before: more than a tenth is gone.",
                fix=f"{_CHECK} Nobody was marked as gone.",
            )

    def _count_gone(self, since: int) -> tuple[int, int]:
        """Users whom no sweep since then showed, and users thought to be present."""
        return count_absent(self._context.checkpoint, since=since), count_present(self._context.checkpoint)

    def _guard_shrink(self, since: int) -> None:
        """Count the users who would be marked as gone, before any is."""
        gone, known = self._count_gone(since)
        if gone > known * SHRINK_LIMIT and not self._context.options.accept_shrink:
            raise StopRun(
                f"Docebo no longer shows {gone} of {known} known users: more than a tenth is gone.",
                fix=f"{_CHECK} Nobody was marked as gone.",
            )
