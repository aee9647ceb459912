"""A run's figures with given counts, as a report gets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.checkpoint.runs.actions import NO_ACTIONS
from migrator.checkpoint.runs.verifications import NEVER_VERIFIED
from migrator.report.coverage.sso_readiness import NOBODY_YET

if TYPE_CHECKING:
    from migrator.report.document import RunDocument

STATES = ("created", "updated", "unchanged", "rejected", "conflict", "failed", "vanished", "skipped", "pending")


def document(outcome: str, **counts: int) -> RunDocument:
    """The JSON document of a run that sent whom it counts as created, ended like this, and was never verified."""
    full = dict.fromkeys(STATES, 0) | counts
    return {
        "schema": "run/1",
        "migration": {"source": "acme.docebosaas.com", "project": "P2"},
        "outcome": outcome,
        "counts": full | {"found": sum(full.values())},
        "actions": NO_ACTIONS | {"create": full["created"]},
        "reasons": {},
        "wrong": 0,
        "missing": 0,
        "limited": 0,
        "limit": None,
        "searched": False,
        "verify": NEVER_VERIFIED,
        "verify_all": None,
        "sso": NOBODY_YET,
        "calls": {"docebo": 1, "descope": 2, "descope_writes": 0, "throttled": 0},
        "seconds": 1.0,
        "users_per_second": 1.0,
        "reports": [],
    }
