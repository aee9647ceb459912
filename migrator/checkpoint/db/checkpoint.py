"""The open checkpoint of one migration: its binding, its lease, and the fenced transaction."""

from __future__ import annotations

import copy
import threading
import uuid
from math import ceil
from typing import TYPE_CHECKING, Self, TypeVar

from sqlalchemy import ColumnElement, Connection, RowMapping, Table, bindparam, insert, select, update

from migrator.checkpoint.db.database import Database, DatabaseLost
from migrator.checkpoint.db.lease import TTL, Heartbeat, LeaseHolder
from migrator.checkpoint.db.schema import current_revision, head_revision, upgrade_schema
from migrator.checkpoint.db.tables import migration
from migrator.core.errors import ConfigError, LeaseHeld, LeaseLost

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from types import TracebackType

    from sqlalchemy import URL

    from migrator.core.clock import Clock

_T = TypeVar("_T")
# Built once, as every transaction begins with it.
_FENCED = (
    update(migration)
    .where(migration.c.key == bindparam("b_key"), migration.c.fence == bindparam("b_fence"))
    .values(last_write=bindparam("b_name"), lease_until=bindparam("b_until"))
)
SERVE = "serve"  # the command that holds the lease for as long as it serves
TRIES = 5  # attempts at one transaction on an unreliable database (docs/reliability.md S4 and S5)


class Checkpoint:
    """A checkpoint whose schema is at head.

    Readers only construct it; a run enters it as a context manager, which takes the lease.

    Args:
        upgrade: whether to bring an older or empty schema to head now.
        command: what the holder of the lease does, for those who find it held.

    Attributes:
        fence: the number of the lease that is held; part of every write.
        run_number: of the run that holds it; 0 before one has begun.

    Raises:
        ConfigError: damaged, foreign or newer database, or an upgrade is needed and not allowed.
        LeaseHeld: on entering, another run is alive (exit code 5).
    """

    def __init__(
        self, url: URL, key: str, clock: Clock, *, upgrade: bool, create: bool = True, command: str = ""
    ) -> None:
        self.key = key
        self.clock = clock
        self._command = command
        self.db = Database(url, create=create)
        self.fence = 0
        self.run_number = 0
        self._one_writer = threading.Lock()
        self._heartbeat = Heartbeat(self._renew)
        try:
            self._ready_schema(upgrade=upgrade)
        except BaseException:
            self.db.close()
            raise

    def _ready_schema(self, *, upgrade: bool) -> None:
        current = self.read(current_revision)
        if current == head_revision():
            return
        if not upgrade:
            raise ConfigError(
                f"The checkpoint database has schema {current or 'none'}, but this migrator needs {head_revision()}.",
                fix="Run `migrator db upgrade`, or let `migrator run` upgrade it: answer y, or give --yes.",
            )
        self._repeat(self.db.write, self._upgrade)

    def _upgrade(self, connection: Connection) -> None:
        self.db.one_at_a_time(connection)
        upgrade_schema(connection)

    def __enter__(self) -> Self:
        try:
            self.db.check_intact()
            self.db_write(self._take_lease)
        except BaseException:
            self.db.close()
            raise
        self._heartbeat.start()
        self.clock.guard(self.check_lease)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._heartbeat.stop()
        try:
            self._repeat(self.db.write, self._give_lease_back)
        except Exception:
            # The lease of a dead holder becomes free by itself; the error being raised matters more.
            if error is None:
                raise
        finally:
            self.db.close()

    def aside(self) -> Self:
        """The same checkpoint under the same lease, for a further run of this process: its `run_number` is its own."""
        return copy.copy(self)

    def check_lease(self) -> None:
        """Raise `LeaseLost` unless the lease is certainly still ours."""
        self._heartbeat.check()

    def owns(self, table: Table) -> ColumnElement[bool]:
        """A condition: whether a row of this table belongs to this migration, because others may share the database."""
        return table.c.migration == self.key

    # --- transactions ------------------------------------------------------------------------

    def read(self, work: Callable[[Connection], _T]) -> _T:
        """Run `work` on one consistent view."""
        return self._repeat(self.db.read, work)

    def write(self, work: Callable[[Connection], _T]) -> _T:
        """Run `work` in one durable transaction, if the lease is still ours.

        `work` may run more than once, so it must change nothing but the database. If the answer to a commit
        was lost, the commit is looked up by its name before anything is retried (docs/reliability.md S4).

        Raises:
            LeaseLost: another run took over; nothing was written.
        """

        def fenced(connection: Connection, name: str) -> _T:
            until = self._now(connection) + TTL
            held = connection.execute(
                _FENCED, {"b_key": self.key, "b_fence": self.fence, "b_name": name, "b_until": until}
            )
            if held.rowcount != 1:
                raise LeaseLost(
                    "Another run has taken over the lease; this one has written nothing since.",
                    fix="Let the other run finish; its result counts.",
                )
            return work(connection)

        result = self.db_write(fenced)
        self._heartbeat.renewed()
        return result

    def db_write(self, work: Callable[[Connection, str], _T]) -> _T:
        """Run a named transaction; after a lost connection, retry it only if it did not commit."""
        name = uuid.uuid4().hex
        done: list[_T] = []

        def once(connection: Connection) -> None:
            # Checked under the row's lock: a commit still in progress inside the server has ended by then.
            row = self.row(connection) if done else None
            if row is None or row["last_write"] != name:
                done.append(work(connection, name))

        # One at a time: the name of the last transaction must still be there while its commit is in doubt.
        with self._one_writer:
            self._repeat(self.db.write, once)
        return done[-1]

    def compact(self) -> None:
        """Rewrite the database to remove erased values from its bytes.

        Raises:
            BytesRemain: the database does not allow it.
        """
        self._repeat(self.db.outside, self.db.compact)

    def _repeat(
        self, transaction: Callable[[], AbstractContextManager[Connection]], work: Callable[[Connection], _T]
    ) -> _T:
        for last in _tries():
            try:
                with transaction() as connection:
                    return work(connection)
            except DatabaseLost:
                if last:
                    raise
                self.clock.wait(1)
        raise AssertionError

    def _now(self, connection: Connection) -> float:
        return self.db.now(connection, self.clock.time())

    # --- lease -------------------------------------------------------------------------------

    def _take_lease(self, connection: Connection, name: str) -> None:
        self.db.one_at_a_time(connection)
        row = self.row(connection)
        now = self._now(connection)
        if row is None:
            connection.execute(insert(migration).values(key=self.key, fence=0, sweep=0))
        elif self._is_alive(row, connection):
            raise _held_by(LeaseHolder.from_json(row["holder"]), ceil(row["lease_until"] - now), self._command)
        self.fence = (row["fence"] if row else 0) + 1
        holder = LeaseHolder.me(self._command).to_json()
        connection.execute(
            update(migration)
            .where(migration.c.key == self.key)
            .values(fence=self.fence, holder=holder, lease_until=now + TTL, last_write=name)
        )

    def _give_lease_back(self, connection: Connection) -> None:
        mine = update(migration).where(migration.c.key == self.key, migration.c.fence == self.fence)
        connection.execute(mine.values(holder=None, lease_until=None))

    def _renew(self) -> bool:
        with self.db.write() as connection:
            renewed = connection.execute(
                update(migration)
                .where(migration.c.key == self.key, migration.c.fence == self.fence)
                .values(lease_until=self._now(connection) + TTL)
            )
        return renewed.rowcount == 1

    def row(self, connection: Connection) -> RowMapping | None:
        """The migration's own row; None before the first run."""
        # The row is locked on PostgreSQL, so that two runs cannot both find the lease free.
        query = select(migration).where(migration.c.key == self.key).with_for_update()
        return connection.execute(query).mappings().one_or_none()

    def is_held(self) -> bool:
        """Whether a live run holds the lease now."""
        return self.held_by() is not None

    def held_by(self) -> str | None:
        """The command of the live run that holds the lease now, "" if it did not say; None without one."""

        def look(connection: Connection) -> str | None:
            row = connection.execute(select(migration).where(migration.c.key == self.key)).mappings().one_or_none()
            if row is None or not self._is_alive(row, connection):
                return None
            return LeaseHolder.from_json(row["holder"]).command

        return self.read(look)

    def note(self, work: Callable[[Connection], object]) -> bool:
        """Run `work` in one transaction without the lease, unless a live run holds it.

        `work` may run more than once. No run can begin while the transaction lasts.

        Returns:
            Whether it was done.
        """

        def unless_held(connection: Connection) -> bool:
            row = self.row(connection)
            if row is None or self._is_alive(row, connection):
                return False
            work(connection)
            return True

        return self._repeat(self.db.write, unless_held)

    def beside_run(self, work: Callable[[Connection, int], _T]) -> _T | None:
        """Run `work` in one transaction beside the live run that holds the lease, whose fence it gets.

        `work` may run more than once. That run cannot end, and no other begin, while the transaction lasts.

        Returns:
            What `work` returns; None if no run holds the lease.
        """

        def if_held(connection: Connection) -> _T | None:
            row = self.row(connection)
            return work(connection, row["fence"]) if row is not None and self._is_alive(row, connection) else None

        return self._repeat(self.db.write, if_held)

    def _is_alive(self, row: RowMapping | None, connection: Connection) -> bool:
        return bool(
            row
            and row["holder"]
            and row["lease_until"] > self._now(connection)
            and not LeaseHolder.from_json(row["holder"]).is_surely_dead()
        )


def _held_by(holder: LeaseHolder, left: int, asking: str) -> LeaseHeld:
    """The error about a lease that a live holder has; it becomes free by itself after `left` seconds.

    Args:
        asking: the command that wanted it.
    """
    again = ": the next run takes over at once" if holder.death_can_be_proven() else f" in {left} s"
    if holder.command == SERVE:
        instead = ", or let it do the runs: `migrator serve --with-run`" if asking == "run" else ""
        return LeaseHeld(
            f"`migrator serve` is at work on this checkpoint (process {holder.pid}).",
            fix=f"Stop it first (SIGTERM: it ends in order){instead}. If that process is killed, run again{again}.",
        )
    return LeaseHeld(
        f"Another run is in progress on this checkpoint (process {holder.pid}).",
        fix=f"Wait for it, or check on it with `migrator status`. If that process is killed, run again{again}.",
    )


def _tries() -> list[bool]:
    return [False] * (TRIES - 1) + [True]
