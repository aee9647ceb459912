"""A run's figures with given counts, as a report gets them."""

from __future__ import annotations

from typing import Any

STATES = ("created", "updated", "unchanged", "rejected", "conflict", "failed", "vanished", "skipped", "pending")


def document(outcome: str, **counts: int) -> dict[str, Any]:
    """The JSON document of a run that ended like this."""
    full = dict.fromkeys(STATES, 0) | counts
    return {
        "migration": {"source": "acme.docebosaas.com", "project": "P2"},
        "outcome": outcome,
        "counts": full | {"found": sum(full.values())},
        "reasons": {},
        "calls": {"docebo": 1, "descope": 2, "descope_writes": 0, "throttled": 0},
        "seconds": 1.0,
    }
