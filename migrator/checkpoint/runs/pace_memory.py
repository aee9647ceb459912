"""The calls made to each API, remembered beyond a run (docs/decisions/0017)."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, and_, insert, select, update

from migrator.checkpoint.db.tables import pace
from migrator.core.past_calls import LoweredPace, PastCalls

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import RowMapping

    from migrator.checkpoint.db.checkpoint import Checkpoint


class StoredPace:
    """The past of one API's buckets, one row for each; several threads may use it.

    Args:
        api: the API's name.
        write: how to write: `Checkpoint.write` with the lease, or `Checkpoint.note`, which a live run turns away.
    """

    def __init__(
        self, checkpoint: Checkpoint, api: str, write: Callable[[Callable[[Connection], None]], object]
    ) -> None:
        self._checkpoint = checkpoint
        self._api = api
        self._write = write

    def recall(self) -> dict[str, PastCalls]:
        """What is stored of each bucket, by name.

        Raises:
            StopRun: the checkpoint cannot be read.
        """
        mine = select(pace).where(self._checkpoint.owns(pace), pace.c.api == self._api)
        rows = self._checkpoint.read(lambda c: c.execute(mine).mappings().all())
        return {row["bucket"]: _past(row) for row in rows}

    def keep(self, bucket: str, past: PastCalls) -> None:
        """Store this of a bucket, in one durable transaction.

        Raises:
            StopRun, LeaseLost: it was not stored.
        """
        values = asdict(past) | {
            "used": json.dumps(past.used),
            "lowered": None if past.lowered is None else json.dumps(asdict(past.lowered)),
        }
        this = and_(self._checkpoint.owns(pace), pace.c.api == self._api, pace.c.bucket == bucket)

        def work(connection: Connection) -> None:
            if not connection.execute(update(pace).where(this).values(values)).rowcount:
                new = {"migration": self._checkpoint.key, "api": self._api, "bucket": bucket}
                connection.execute(insert(pace).values(new | values))

        self._write(work)


def _past(row: RowMapping) -> PastCalls:
    lowered: dict[str, Any] | None = json.loads(row["lowered"]) if row["lowered"] else None
    return PastCalls(
        tuple((float(at), int(calls)) for at, calls in json.loads(row["used"])),
        row["reserved"],
        row["reserved_until"],
        row["paused_at"],
        row["pause"],
        None if lowered is None else LoweredPace(**lowered),
    )
