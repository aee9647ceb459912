"""Who of the migrated has signed in, by everything that Descope tells (docs/decisions/0029). Reads alone."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from migrator.checkpoint.users.verdicts import arrived_pages, count_arrived
from migrator.core.activity import spoken
from migrator.descope.limits import descope_limits
from migrator.descope.trail import SIGNED_IN, TRAIL_PAGE
from migrator.flow.plan.estimate import AT_LEAST, AT_MOST, paced_seconds
from migrator.flow.scratch import Scratch
from migrator.flow.signs import LifeWatch, SignsOfLife

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Self

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.config.servers import DescopeConfig
    from migrator.descope.reader import DescopeReader
    from migrator.descope.user import DescopeUser
    from migrator.flow.options import RunEvents

_AT_ONCE = 100  # users in a request (docs/contract/descope.md 10.2)
_AT_START = 2  # calls: the key is tried, and the licence asked for
_LONG = 60.0  # seconds from which the reading of the trail is announced
_REST = (
    "CREATE TABLE rest (last TEXT, length INTEGER, id TEXT, target TEXT, kind TEXT, status TEXT)",
    "INSERT INTO rest VALUES (?, ?, ?, ?, ?, ?)",
    # Newest access first, then in the order of ids, of which the shorter number is the smaller one.
    "SELECT id, target, kind, last, status FROM rest ORDER BY last DESC, length, id",
)


class SignInClass(StrEnum):
    """Whether a migrated user has signed in."""

    SIGNED_IN = "signed_in"
    NOT_YET = "not_yet"
    UNKNOWN = "unknown"  # no sign, and Descope does not tell its sign-ins
    GONE = "gone"  # not in Descope any more


class Sign(StrEnum):
    """What shows that a user has signed in."""

    HISTORY = "history"
    TRAIL = "trail"
    FLAG = "flag"  # a credential, or freshlyMigrated false


class Dispute(StrEnum):
    """Where one source alone shows that a user has signed in."""

    TRAIL_ALONE = "trail_alone"
    HISTORY_ALONE = "history_alone"
    FLAG_ALONE = "flag_alone"


def judge_sign_in(found: DescopeUser | None, signs: SignsOfLife) -> tuple[SignInClass, set[Sign]]:
    """The class of a user, and what shows it.

    Args:
        found: as Descope shows it now; None if it is not there.
        signs: what history and audit trail know of it.
    """
    if found is None:
        return SignInClass.GONE, set()
    shown = {
        Sign.HISTORY: found.user_id in (signs.history or {}),
        Sign.TRAIL: found.user_id in signs.trail,
        Sign.FLAG: found.has_credential or found.fresh is False,
    }
    by = {sign for sign, there in shown.items() if there}
    if by:
        return SignInClass.SIGNED_IN, by
    # The trail alone cannot say that nobody came: it ends after 30 days, and what it records is not documented.
    return (SignInClass.UNKNOWN if signs.history is None else SignInClass.NOT_YET), by


def dispute_about(user_id: str, by: set[Sign], signs: SignsOfLife) -> Dispute | None:
    """Which source is alone in showing that a user has signed in; None if none is, or if the others were not asked."""
    if signs.history is None:
        return None
    if Sign.HISTORY in by:
        # The trail can only be missed where it was read.
        since, until, at = signs.trail_from, signs.trail_until, signs.history[user_id]
        asked = since is not None and until is not None and since <= at <= until
        return Dispute.HISTORY_ALONE if asked and Sign.TRAIL not in by else None
    if Sign.TRAIL in by:
        return Dispute.TRAIL_ALONE
    return Dispute.FLAG_ALONE if by and signs.trail_from is not None else None


class AskingCost(NamedTuple):
    """What asking about some users takes: calls, and seconds from the least to the most, without the audit trail."""

    calls: int
    seconds: tuple[float, float]


def asking_cost(users: int, config: DescopeConfig) -> AskingCost:
    """What asking about so many users takes: a list of a hundred is one call to load them and one for their history."""
    lists, limits = -(-users // _AT_ONCE), descope_limits(config)
    least, most = (
        [paced_seconds(lists, limits.get(bucket), course) for bucket in ("general", "user")]
        for course in (AT_LEAST, AT_MOST)
    )
    return AskingCost(2 * lists + _AT_START, (max(least), sum(most)))


def trail_cost(records: int, config: DescopeConfig) -> AskingCost:
    """What reading so many records of the audit trail takes."""
    calls, limit = -(-records // TRAIL_PAGE), descope_limits(config).get("audit")
    return AskingCost(calls, (paced_seconds(calls, limit, AT_LEAST), paced_seconds(calls, limit, AT_MOST)))


@dataclass(slots=True)
class SignInTally:
    """Users by class, by sign and by dispute.

    `history` and `trail` say whether Descope told them to the end; `trail_from` is since when, in epoch seconds.
    """

    classes: Counter[SignInClass] = field(default_factory=Counter)
    signs: Counter[Sign] = field(default_factory=Counter)
    disputes: Counter[Dispute] = field(default_factory=Counter)
    history: bool = True
    trail: bool = True
    trail_from: float | None = None

    def add(self, kind: SignInClass, by: set[Sign], dispute: Dispute | None) -> None:
        """Count one user."""
        self.classes[kind] += 1
        self.signs.update(by)
        if dispute is not None:
            self.disputes[dispute] += 1

    def note_sources(self, signs: SignsOfLife) -> None:
        """Note which of its sources Descope has told."""
        self.history &= signs.history is not None
        self.trail &= signs.trail_from is not None
        self.trail_from = signs.trail_from


class SignInCheck:
    """Asks Descope about everybody who is there by this migration, a hundred at a time; memory stays flat.

    Raises (every method):
        StopRun: Descope does not answer, or the temporary disk is full.
    """

    def __init__(
        self, checkpoint: Checkpoint, descope: DescopeReader, config: DescopeConfig, events: RunEvents
    ) -> None:
        self._checkpoint, self._descope, self._config, self._events = checkpoint, descope, config, events
        make, self._keep, self._sorted = _REST
        self._rest = Scratch(make)
        self.tally = SignInTally()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._rest.close()

    def ask(self) -> None:
        """Ask about everybody."""
        told = self._events.progress
        with closing(LifeWatch(self._checkpoint, self._descope, actions=(SIGNED_IN,), told=self._tell_trail)) as watch:
            self._events.steps(["trail", "look"])
            self._events.stage("trail")
            watch.read_on()
            self._events.stage("look")
            done, total = 0, count_arrived(self._checkpoint)
            told("look", 0, total)
            for users in arrived_pages(self._checkpoint, size=_AT_ONCE):
                self._checkpoint.clock.check()
                self._rest.add(self._keep, list(self._ask_page(users, watch)))
                done += len(users)
                told("look", min(done, total), total)

    def _ask_page(self, users: Sequence[StoredUser], watch: LifeWatch) -> Iterator[tuple[str | int, ...]]:
        """Count these users; the rows to keep of those who have not signed in."""
        found = {one.user_id: one for one in self._descope.load([one.target_id for one in users if one.target_id])}
        signs = watch.look(list(found))
        self.tally.note_sources(signs)
        for user in users:
            there = found.get(user.target_id or "")
            kind, by = judge_sign_in(there, signs)
            self.tally.add(kind, by, dispute_about(there.user_id, by, signs) if there else None)
            if kind is not SignInClass.SIGNED_IN:
                last, user_id, status = user.source_last_login, user.user_id, there.status if there else ""
                yield last, len(user_id), user_id, user.target_id or "", kind.value, status

    def _tell_trail(self, done: int, total: int | None) -> None:
        cost = trail_cost(total or 0, self._config)
        if done <= TRAIL_PAGE and cost.seconds[0] >= _LONG:
            lasts = spoken(cost.seconds[0])
            self._events.notice(f"The audit trail holds {total:,} sign-ins: {cost.calls:,} searches, about {lasts}.")
        self._events.progress("trail", done, total)

    def not_signed_in(self) -> Iterator[tuple[str, ...]]:
        """Whoever has not signed in, by last access to Docebo, the newest first.

        Yields:
            Docebo id, Descope id, class, Docebo's own text of the last access, status in Descope.
        """
        return self._rest.rows(self._sorted)
