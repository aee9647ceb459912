"""Who of the migrated has shown a sign of life: asked of Descope's sign-in history and audit trail."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migrator.checkpoint.runs.history import every_run
from migrator.core.errors import Refused
from migrator.descope.trail import CHANGED, SIGNED_IN, TRAIL_DAYS
from migrator.flow.scratch import Scratch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.descope.reader import DescopeReader

_DAY = 86_400.0
_RENEW_AFTER = 60.0  # seconds after which the trail is read on
_OVERLAP = 120.0  # seconds of it that are read once more, as records may come late
_MARGIN = 3600.0  # seconds by which the clocks here and there may differ
# The newest record of each user and action: a trail may hold more users than memory does.
_TRAIL = "CREATE TABLE trail (action TEXT, id TEXT, at REAL, PRIMARY KEY (action, id)) WITHOUT ROWID"
_NEWER = "INSERT INTO trail VALUES (?, ?, ?) ON CONFLICT (action, id) DO UPDATE SET at = max(at, excluded.at)"


@dataclass(frozen=True, slots=True)
class SignsOfLife:
    """What is known of some users, by Descope id; times are epoch seconds.

    `signed_in` is what `history` and `trail` show together; `history` is None where Descope refuses to tell.
    `reaches_back` is since when everybody's sign-ins are known, None where Descope refuses to tell. `trail_from` and
    `trail_until` are what the audit trail was read of; None where Descope refuses it.
    """

    signed_in: Mapping[str, float] = field(default_factory=dict)
    changed: Mapping[str, float] = field(default_factory=dict)
    reaches_back: float | None = None
    history: Mapping[str, float] | None = None
    trail: Mapping[str, float] = field(default_factory=dict)
    trail_from: float | None = None
    trail_until: float | None = None

    def cover(self, since: float | None) -> bool:
        """Whether nobody can have signed in since then without a sign; None is a time that nobody knows."""
        return since is not None and self.reaches_back is not None and self.reaches_back <= since


class LifeWatch:
    """Asks Descope for signs of life; the audit trail of everybody once, and on from there while users are looked at.

    Args:
        actions: of the audit records to read.
        told: gets how many records of the trail were read, of how many if Descope tells.

    Raises (every method):
        StopRun: Descope does not answer (that it refuses is an answer), or the temporary disk is full.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        descope: DescopeReader,
        *,
        actions: Sequence[str] = (SIGNED_IN, CHANGED),
        told: Callable[[int, int | None], None] = lambda _done, _total: None,
    ) -> None:
        self._checkpoint, self._descope, self._actions, self._told = checkpoint, descope, actions, told
        self._records = Scratch(_TRAIL)
        self._since: float | None = None
        self._until: float | None = None
        self._read_at: float | None = None
        # Once refused, it stays so: a plan that spared somebody holds. The other one is asked all the same.
        self._has_history = self._has_trail = True

    def close(self) -> None:
        """Forget the trail."""
        self._records.close()

    def look(self, target_ids: Sequence[str]) -> SignsOfLife:
        """The signs of these users until now."""
        self.read_on()
        history = self._descope.sign_ins(target_ids) if self._has_history else None
        self._has_history = history is not None
        trail, changed = self._noted(SIGNED_IN, target_ids), self._noted(CHANGED, target_ids)
        signed_in = dict(history or {})
        for one, at in trail.items():
            signed_in[one] = max(at, signed_in.get(one, 0.0))
        since, until = (self._since, self._until) if self._has_trail else (None, None)
        return SignsOfLife(signed_in, changed, since if self._has_history else None, history, trail, since, until)

    def _noted(self, action: str, target_ids: Sequence[str]) -> dict[str, float]:
        marks = ", ".join("?" * len(target_ids))
        query = f"SELECT id, at FROM trail WHERE action = ? AND id IN ({marks})"  # noqa: S608 -- question marks alone
        return {str(one): float(at) for one, at in self._records.rows(query, (action, *target_ids))}

    def expire(self) -> None:
        """Read on at the next look, however little time has passed."""
        self._read_at = None

    def read_on(self) -> None:
        """Read what the trail has gained since the last time, if that is more than a minute ago."""
        clock, descope = self._checkpoint.clock, self._descope
        if not self._has_trail or (self._read_at is not None and clock.monotonic() - self._read_at < _RENEW_AFTER):
            return
        told = descope.server_time
        now = clock.time() if told is None else told
        if self._since is None:
            began = min((one.started_at for one in every_run(self._checkpoint)), default=now)
            began += min(0.0, now - clock.time())  # our clock may be ahead; reading more of the trail does no harm
            # A minute later than the trail begins, which moves on while it is read.
            self._since = max(began - _MARGIN, now - TRAIL_DAYS * _DAY + _RENEW_AFTER)
        since = self._since if self._until is None else self._until - _OVERLAP
        done = 0
        try:
            for records, total in descope.audit_records(self._actions, since, now + _MARGIN):
                self._records.add(_NEWER, ((action, target_id, at) for target_id, action, at in records))
                done += len(records)
                self._told(done, total)
        except Refused:
            self._has_trail = False
            return
        self._until, self._read_at = now, clock.monotonic()
