"""One run at a time: who holds the lease, for how long, and how to tell a dead holder from a slow one."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from migrator.core.errors import LeaseLost

if TYPE_CHECKING:
    from collections.abc import Callable

TTL = 60.0  # seconds without a renewal after which another run may take over (docs/reliability.md L2)
RENEW_EVERY = TTL / 4
GIVE_UP_AFTER = TTL * 2 / 3  # the holder stops itself well before another run may take over (docs/reliability.md L4)


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def _started(pid: int) -> str:
    """The start time of a process in clock ticks; distinguishes it from a later process with the same number."""
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return fields[19] if len(fields) > 19 else ""  # noqa: PLR2004 -- field 22 of proc(5), counted from behind the name


@dataclass(frozen=True, slots=True)
class LeaseHolder:
    """A process, identifiable on the machine it runs on, and the command it carries out."""

    host: str
    pid: int
    started: str
    command: str = ""

    @classmethod
    def me(cls, command: str = "") -> LeaseHolder:
        """This process."""
        # The boot and the pid namespace are part of the name: a pid means nothing outside them.
        namespace = Path("/proc/self/ns/pid")
        space = str(namespace.readlink()) if namespace.is_symlink() else ""
        host = "|".join((socket.gethostname(), _read("/proc/sys/kernel/random/boot_id"), space))
        return cls(host, os.getpid(), _started(os.getpid()), command)

    def to_json(self) -> str:
        """JSON text for the lease row."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> LeaseHolder:
        """The inverse of `to_json`."""
        return cls(**json.loads(text))

    def is_surely_dead(self) -> bool:
        """True only if this machine can prove it; a holder on another machine is never proven dead."""
        if not self.death_can_be_proven():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            pass
        return _started(self.pid) != self.started

    def death_can_be_proven(self) -> bool:
        """Whether it runs, or ran, on this machine, under a name that identifies one process alone."""
        return self.host == LeaseHolder.me().host and self._is_unmistakable()

    def _is_unmistakable(self) -> bool:
        """Whether these values identify one process alone: another machine may have the same name (no /proc: macOS)."""
        return bool(self.started) and all(self.host.split("|"))


def _suspend_aware() -> float:
    """Monotonic seconds that continue while the machine sleeps, if the system has such a clock."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Heartbeat:
    """Renews the lease from its own thread and knows when the lease can no longer be trusted.

    Args:
        renew: does one renewal; returns False if another run holds the lease, raises if that is unknown.
    """

    def __init__(self, renew: Callable[[], bool]) -> None:
        self._renew = renew
        self._renewed = _suspend_aware()
        self._taken = False
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="lease", daemon=True)

    def start(self) -> None:
        """Begin renewing."""
        self._thread.start()

    def stop(self) -> None:
        """End renewing; returns when the thread is done."""
        self._end.set()
        self._thread.join()

    def renewed(self) -> None:
        """Note a renewal that was part of a write."""
        self._renewed = _suspend_aware()

    def check(self) -> None:
        """Raise `LeaseLost` unless the lease is certainly still ours."""
        if self._taken or _suspend_aware() - self._renewed > GIVE_UP_AFTER:
            raise LeaseLost(
                "Another run may have taken over the lease, because this one did not renew it in time.",
                fix="Let the other run finish, or run again: it continues where this one stopped.",
            )

    def _beat(self) -> None:
        while not self._end.wait(RENEW_EVERY):
            try:
                if self._renew():
                    self.renewed()
                else:
                    self._taken = True
            except Exception:  # noqa: BLE001, S112 -- whatever keeps the renewal from happening, check() notices by time
                continue
