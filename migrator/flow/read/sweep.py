"""Read everybody: sweeps until a whole one adds nobody (docs/decisions/0004)."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
from migrator.core.errors import ConfigError, StopRun
from migrator.core.login_ids import login_key
from migrator.core.model import Ready, canonical_json, text_hash
from migrator.docebo.paging import Reading
from migrator.log.setup import get_logger
from migrator.normalize.identity import user_key_or_none

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from migrator.core.model import Json, Normalized
    from migrator.docebo.client import Page
    from migrator.flow.context import PlanContext

_log = get_logger(__name__)

SHORT_SWEEPS = 3  # sweeps in a row that add nobody while Docebo's own count says that users are missing
MOST_SWEEPS = 10  # if a platform gains users faster than it is read, every sweep finds new ones
SHRINK_LIMIT = 0.1  # the share of users that may be gone without a question (docs/decisions/0004)


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


def read_everybody(context: PlanContext, *, is_trial: bool = False) -> int:
    """Read every source user into the checkpoint, and mark those that are gone.

    Args:
        is_trial: the mapping is not the one that the migration is bound to (`store_page`).

    Returns:
        The number of the first sweep: a user seen since that sweep was seen by this reading.

    Raises:
        StopRun: a page cannot be read, the list never ends, stays shorter than Docebo's own count, would make
            more than a tenth of the users gone, or the session's rights ended meanwhile: a partial list
            never counts as a full one.
    """
    return _Sweeps(context, is_trial=is_trial).read()


class _Sweeps:
    """The sweeps of one reading; the first one has number `first`."""

    def __init__(self, context: PlanContext, *, is_trial: bool) -> None:
        self._context = context
        self._is_trial = is_trial
        self._rules = f"{context.normalize.fingerprint}:{','.join(sorted(context.config.policy.include))}"
        self._first = 0

    def read(self) -> int:
        """See `read_everybody`."""
        self._context.events.stage("read")
        before, sweep = self._sweep_until_settled()
        if self._context.options.search_text:
            self._read_namesakes()
            return self._first
        self._check_rights()
        # Gone means absent from two whole sweeps: a shifted page can hide a user from one.
        certain = sweep.seen == sweep.total if before is None else self._is_whole(before) and self._is_whole(sweep)
        since = before.number if before is not None and certain else self._first
        self._guard_shrink(since)
        if certain:
            mark_vanished(self._context.checkpoint, since=since)
        return self._first

    def _sweep_until_settled(self) -> tuple[Sweep | None, Sweep]:
        """The last two sweeps of the reading; the first of them is None if one was enough."""
        before: Sweep | None = None
        sweep = self._sweep()
        self._first = sweep.number
        largest = sweep.seen
        short_in_a_row = 0
        while not self._settled(sweep):
            done = sweep.number - self._first + 1
            short_in_a_row = short_in_a_row + 1 if self._is_short(sweep) and not sweep.new else 0
            if short_in_a_row == SHORT_SWEEPS:
                self._refuse_short(sweep)
            if done == MOST_SWEEPS:
                _log.info("sweeps_not_settled", sweeps=done, new=sweep.new)
                self._context.events.notice(
                    f"Each of {done} readings of Docebo showed somebody new. The next run will find anybody still "
                    "missing."
                )
                break
            self._context.events.again("read", "once more, until a whole reading shows nobody new")
            before, sweep = sweep, self._sweep()
            self._guard_collapse(sweep, largest)
            largest = max(largest, sweep.seen)
        return before, sweep

    def _settled(self, sweep: Sweep) -> bool:
        """Whether this sweep may be the last one."""
        if self._is_short(sweep):
            return False
        if self._context.config.docebo.sweeps == "single":
            return True
        if sweep.new or not self._is_whole(sweep):
            return False
        gone = 0 if self._context.options.search_text else count_absent(self._context.checkpoint, since=sweep.number)
        if sweep.number == self._first:
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
        return sweep.total is None or self._shown(sweep) < sweep.total

    def _shown(self, sweep: Sweep) -> int:
        return count_seen(self._context.checkpoint, since=self._first or sweep.number)

    def _sweep(self) -> Sweep:
        """Read page after page until the last one."""
        number = begin_sweep(self._context.checkpoint)
        reading = Reading()
        new = 0
        while True:
            self._context.clock.check()
            page = self._context.docebo.users(reading.page + 1, self._context.options.search_text)
            stored = self._store(number, page)
            new += stored.new
            last = reading.is_last(page, stored.fresh)
            self._context.events.progress("read", reading.seen, reading.total)
            if last:
                _log.info("sweep", number=number, seen=reading.seen, new=new, total=reading.total, pages=reading.page)
                return Sweep(number, reading.seen, new, reading.total, reading.pages, reading.whole)

    def _store(self, sweep: int, page: Page) -> PageCounts:
        """Store a page; a record that was stored before, and would become the same user, is not normalized again."""
        read = [(user_key_or_none(item), item, *self._text_and_hash(item)) for item in page.items]
        hashes = {key: record_hash for key, _, _, record_hash in read if key is not None}
        unchanged = unchanged_users(self._context.checkpoint, hashes)
        rest = (
            self._normalized(item, raw, record_hash) for key, item, raw, record_hash in read if key not in unchanged
        )
        return self._store_found(sweep, rest, unchanged)

    def _store_found(self, sweep: int, found: Iterable[Normalized], unchanged: Collection[str] = ()) -> PageCounts:
        return store_page(
            self._context.checkpoint,
            sweep,
            list(found),
            self._context.config.policy.include,
            unchanged=unchanged,
            is_trial=self._is_trial,
        )

    def _normalized(self, item: Json, raw: str, record_hash: str) -> Normalized:
        return replace(self._context.normalize(item), raw=raw, record_hash=record_hash)

    def _text_and_hash(self, item: Json) -> tuple[str, str]:
        """A record's text and what it is known by: with other rules another hash, as it may become another user.

        A trial's records are known by nothing.
        """
        raw = canonical_json(item)
        return raw, "" if self._is_trial else text_hash(f"{self._rules}:{raw}")

    def _read_namesakes(self) -> None:
        """Read the other Docebo users who share a login with a newcomer of this search: there is no guessing."""
        context = self._context
        for user in newcomers(context.checkpoint, self._first):
            context.clock.check()
            keys = {login_key(login_id) for login_id in user.all_login_ids}
            items = context.docebo.users(1, user.email or user.login_id).items
            sharing = [
                one
                for one in (self._normalized(item, *self._text_and_hash(item)) for item in items)
                if isinstance(one, Ready) and one.user_id != user.user_id and not keys.isdisjoint(one.login_keys)
            ]
            self._store_found(self._first, sharing)

    def _check_rights(self) -> None:
        """Check again who we are: a list read with fewer rights is partial (docs/contract/docebo.md 1.7)."""
        try:
            self._context.docebo.check_session()
        except ConfigError as error:
            raise StopRun(
                f"The Docebo user lost its rights while the users were being read. {error.message}",
                fix="Make the user of docebo.username (or of the OAuth app) a superadmin again, then run again:"
                " nobody was marked as gone, and nothing was sent.",
            ) from None

    def _refuse_short(self, sweep: Sweep) -> None:
        if not self._context.options.search_text:
            self._check_rights()
        counted = f"{sweep.pages} pages of users" if sweep.total is None else f"{sweep.total} users"
        raise StopRun(
            f"Failed Getting Users: Docebo counts {counted}, but its pages show only {self._shown(sweep)} users.",
            fix="Run again later. If you know why the others are hidden, run with --accept-short-list:"
            " it goes by the pages.",
        )

    def _guard_collapse(self, sweep: Sweep, largest: int) -> None:
        """Stop if a list loses a tenth of its users between two sweeps: people do not leave that fast."""
        fewer = largest - sweep.seen
        if self._context.options.search_text or self._context.options.accept_shrink or not self._is_whole(sweep):
            return
        if fewer > largest * SHRINK_LIMIT:
            self._check_rights()
            raise StopRun(
                f"Docebo shows {sweep.seen} users now and showed {largest} a moment ago: more than a tenth is gone.",
                fix=f"{_CHECK} Nobody was marked as gone, and nothing was sent.",
            )

    def _guard_shrink(self, since: int) -> None:
        """Count the users who would be marked as gone, before any is."""
        gone, known = count_absent(self._context.checkpoint, since=since), count_present(self._context.checkpoint)
        if gone > known * SHRINK_LIMIT and not self._context.options.accept_shrink:
            raise StopRun(
                f"Docebo no longer shows {gone} of {known} known users: more than a tenth is gone.",
                fix=f"{_CHECK} Nobody was marked as gone, and nothing was sent.",
            )
