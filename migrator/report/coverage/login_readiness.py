"""Login readiness: who will be able to sign in at Descope, and what keeps the others from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from migrator.checkpoint.users.counts import predicted_state
from migrator.checkpoint.users.report_rows import readiness_groups, wrong_verdict
from migrator.core.model import ARRIVED_STATES, OPEN_STATES, State
from migrator.core.reasons import Note

if TYPE_CHECKING:
    from sqlalchemy import Row

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.config.schema import MappingConfig
    from migrator.report.document import LoginReadiness

DISABLED, _MISSING = "disabled", "missing"
UNPROVEN, MADE_UP = Note.UNVERIFIED_EMAIL, Note.EMAIL_SYNTHESIZED


def login_readiness(checkpoint: Checkpoint, mapping: MappingConfig, *, predicted: bool) -> LoginReadiness:
    """The readiness as a JSON document: `ready` and the `blocked` by reason add up to `found`.

    Who has to verify the address first is ready, since the lazy sign-in does that; `verify_first` says how many.

    It stands on states, reasons and notes alone, so that it stays right when personal data is erased.

    Args:
        predicted: count a planned user as what it would become.
    """
    ready = found = first = 0
    blocked: dict[str, int] = {}
    for row in readiness_groups(checkpoint):
        found += row.users
        state = predicted_state(row.state, row.decision) if predicted else State(row.state)
        missing = wrong_verdict(row) == _MISSING
        reason = _MISSING if missing else _obstacle(state, row, row.note_codes.split(","), mapping)
        if reason:
            blocked[reason] = blocked.get(reason, 0) + row.users
        else:
            ready += row.users
            first += row.users if UNPROVEN in row.note_codes.split(",") else 0
    ordered = sorted(blocked.items(), key=lambda item: (-item[1], item[0]))
    return {"found": found, "ready": ready, "verify_first": first, "blocked": dict(ordered)}


def _obstacle(state: State, row: Row[Any], notes: list[str], mapping: MappingConfig) -> str:
    """What keeps one user from signing in, "" for nothing; a change that did not get through keeps nobody."""
    if state in OPEN_STATES and not row.there:
        return State.PENDING
    if state not in (*ARRIVED_STATES, *OPEN_STATES) and not row.there:
        return str(row.reason or state)
    # The status as it was sent.
    if getattr(mapping.status, row.source_status or "", "enabled") == DISABLED:
        return DISABLED
    # No mail arrives at an address that was made up, so that nobody can verify it.
    return MADE_UP if MADE_UP in notes and UNPROVEN in notes else ""
