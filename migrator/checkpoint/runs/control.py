"""What people ask of the run at work from another shell (docs/decisions/0020)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Connection, insert, select, update
from typing_extensions import TypedDict

from migrator.checkpoint.db.tables import control, migration
from migrator.core.activity import percent_text
from migrator.core.clock import utc_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.checkpoint.db.checkpoint import Checkpoint


class ControlKeys(TypedDict):
    """A `Control` in JSON; `paused_since` is ISO 8601 in UTC, None unless paused; None where nothing was set."""

    paused: bool
    paused_since: str | None
    rate: float | None
    concurrency: int | None


class ControlDocument(ControlKeys):
    """What is asked of the run at work: `migrator pause`, `resume` and `set` print it."""

    schema: Literal["control/1"]


@dataclass(frozen=True, slots=True)
class Control:
    """What is asked of one run; None for what nobody asked.

    Args:
        paused_since: epoch seconds.
        rate: the share (0.01 to 1) of every rate limit's allowance to use.
        concurrency: write batches in flight.
    """

    paused_since: float | None = None
    rate: float | None = None
    concurrency: int | None = None

    @property
    def words(self) -> str:
        """What was set: `rate 50 %, concurrency 8`; empty for nothing."""
        rate = [] if self.rate is None else [f"rate {percent_text(self.rate)}"]
        concurrency = [] if self.concurrency is None else [f"concurrency {self.concurrency}"]
        return ", ".join(rate + concurrency)

    def keys(self) -> ControlKeys:
        """As JSON documents carry it."""
        since = None if self.paused_since is None else utc_text(self.paused_since)
        return {
            "paused": since is not None,
            "paused_since": since,
            "rate": self.rate,
            "concurrency": self.concurrency,
        }

    def document(self) -> ControlDocument:
        """The JSON document."""
        return {"schema": "control/1", **self.keys()}


NOTHING_ASKED = Control()
_COLUMNS = [control.c[name] for name in Control.__slots__]


def read_control(checkpoint: Checkpoint) -> Control:
    """What is asked of the run that holds the lease, or held it last; one small read."""
    its = (control.c.migration == migration.c.key, control.c.fence == migration.c.fence)
    query = select(*_COLUMNS).where(checkpoint.owns(control), *its)
    row = checkpoint.read(lambda c: c.execute(query).one_or_none())
    return NOTHING_ASKED if row is None else Control(*row)


def change_control(checkpoint: Checkpoint, change: Callable[[Control], Control]) -> tuple[Control, Control] | None:
    """Ask something else of the run at work, in one transaction.

    Args:
        change: makes what is to be asked of what was; it may be called more than once.

    Returns:
        What was asked before, and what is asked now; None if no run is at work.
    """

    def work(connection: Connection, fence: int) -> tuple[Control, Control]:
        row = connection.execute(select(control.c.fence, *_COLUMNS).where(checkpoint.owns(control))).one_or_none()
        before = Control(*row[1:]) if row is not None and row[0] == fence else NOTHING_ASKED
        after = change(before)
        values = {"fence": fence, **asdict(after)}
        if row is None:
            connection.execute(insert(control).values(migration=checkpoint.key, **values))
        else:
            connection.execute(update(control).where(checkpoint.owns(control)).values(values))
        return before, after

    return checkpoint.beside_run(work)
