"""A checkpoint that holds given Docebo records, for tests of what is read from it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, update

from migrator.checkpoint.db.checkpoint import Checkpoint
from migrator.checkpoint.db.tables import source_user
from migrator.checkpoint.runs.runs import begin_run
from migrator.checkpoint.users.sweeps import begin_sweep, store_page
from migrator.config.schema import MappingConfig
from migrator.core.clock import Clock
from migrator.core.model import canonical_json
from migrator.normalize.mapping import Normalizer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

RECORD: dict[str, Any] = {
    "user_id": "1",
    "username": "m.rossi",
    "email": "m.rossi@example.org",
    "email_validation_status": "1",
    "first_name": "Márta",
    "last_name": "Rossi",
    "status": "1",
    "field_4": "Milan",
}


@contextmanager
def holding(folder: Path, records: Sequence[Any], mapping: dict[str, Any] | None = None) -> Iterator[Checkpoint]:
    """An open checkpoint in which one sweep stored the records and a run is under way (number 1)."""
    normalize = Normalizer(MappingConfig.model_validate(mapping or {}), "acme.docebosaas.com")
    url = URL.create("sqlite", database=str(folder / "migrator.db"))
    with Checkpoint(url, "default", Clock(), upgrade=True) as checkpoint:
        begin_run(checkpoint, "run")
        found = [replace(normalize(record), raw=canonical_json(record)) for record in records]
        store_page(checkpoint, begin_sweep(checkpoint), found, ("active", "suspended", "expired"))
        yield checkpoint


def people(number: int, **changes: Any) -> list[dict[str, Any]]:
    """Ordinary records with ids 1 to `number`."""
    return [
        RECORD | {"user_id": str(one), "username": f"u{one}", "email": f"u{one}@example.org"} | changes
        for one in range(1, number + 1)
    ]


def move(checkpoint: Checkpoint, user_ids: Sequence[str], **values: Any) -> None:
    """Set columns of some users, as if a run had come so far."""
    checkpoint.write(
        lambda c: c.execute(update(source_user).where(source_user.c.user_id.in_(user_ids)).values(**values))
    )
