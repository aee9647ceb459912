"""The columns that a later revision of the checkpoint's schema calls by another name, by table."""

from __future__ import annotations

from typing import Any

RENAMED = {
    "migration": {"mapping": "mapping_fingerprint", "policy": "policy_fingerprint"},
    "source_user": {
        "notes": "note_codes",
        "created": "source_created",
        "last_login": "source_last_login",
        "hash": "target_hash",
        "seen": "found_fingerprint",
        "predicted": "predicted_state",
    },
}


def renamed(table: str, row: dict[str, Any]) -> dict[str, Any]:
    """A row of an older revision by the names of today."""
    names = RENAMED.get(table, {})
    return {names.get(name, name): value for name, value in row.items()}
