"""Who of the migrated has shown a sign of life: asked of Descope's sign-in history and audit trail."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migrator.checkpoint.runs.history import every_run
from migrator.core.errors import Refused
from migrator.descope.trail import CHANGED, SIGNED_IN, TRAIL_DAYS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migrator.flow.context import PlanContext

_DAY = 86_400.0
_RENEW_AFTER = 60.0  # seconds after which the trail is read on
_OVERLAP = 120.0  # seconds of it that are read once more, as records may come late
_MARGIN = 3600.0  # seconds by which the clocks here and there may differ


@dataclass(frozen=True, slots=True)
class SignsOfLife:
    """What is known of some users, by Descope id; times are epoch seconds.

    `reaches_back` is since when everybody's sign-ins are known, None where Descope refuses to tell.
    """

    signed_in: Mapping[str, float] = field(default_factory=dict)
    changed: Mapping[str, float] = field(default_factory=dict)
    reaches_back: float | None = None

    def cover(self, since: float | None) -> bool:
        """Whether nobody can have signed in since then without a sign; None is a time that nobody knows."""
        return since is not None and self.reaches_back is not None and self.reaches_back <= since


class LifeWatch:
    """Asks Descope for signs of life; the audit trail of everybody once, and on from there while users are undone.

    Raises (every method):
        StopRun: Descope does not answer; that it refuses is an answer.
    """

    def __init__(self, context: PlanContext) -> None:
        self._context = context
        self._signed_in: dict[str, float] = {}
        self._changed: dict[str, float] = {}
        self._since: float | None = None
        self._until: float | None = None
        self._read_at: float | None = None
        # Once refused, it stays so: a plan that spared somebody holds. The other one is asked all the same.
        self._has_history = self._has_trail = True

    def look(self, target_ids: Sequence[str]) -> SignsOfLife:
        """The signs of these users until now."""
        self._read_on()
        history = self._context.descope.sign_ins(target_ids) if self._has_history else None
        self._has_history = history is not None
        signed_in = dict(history or {})
        for one in target_ids:
            if one in self._signed_in:
                signed_in[one] = max(self._signed_in[one], signed_in.get(one, 0.0))
        changed = {one: self._changed[one] for one in target_ids if one in self._changed}
        return SignsOfLife(signed_in, changed, self._since if self._has_history and self._has_trail else None)

    def expire(self) -> None:
        """Read on at the next look, however little time has passed."""
        self._read_at = None

    def _read_on(self) -> None:
        """Read what the trail has gained since the last time."""
        clock, descope = self._context.clock, self._context.descope
        if not self._has_trail or (self._read_at is not None and clock.monotonic() - self._read_at < _RENEW_AFTER):
            return
        told = descope.server_time
        now = clock.time() if told is None else told
        if self._since is None:
            began = min((one.started_at for one in every_run(self._context.checkpoint)), default=now)
            began += min(0.0, now - clock.time())  # our clock may be ahead; reading more of the trail does no harm
            # A minute later than the trail begins, which moves on while it is read.
            self._since = max(began - _MARGIN, now - TRAIL_DAYS * _DAY + _RENEW_AFTER)
        since = self._since if self._until is None else self._until - _OVERLAP
        try:
            for target_id, action, at in descope.audit_records((SIGNED_IN, CHANGED), since, now + _MARGIN):
                kept = self._signed_in if action == SIGNED_IN else self._changed
                kept[target_id] = max(at, kept.get(target_id, at))
        except Refused:
            self._has_trail = False
            return
        self._until, self._read_at = now, clock.monotonic()
