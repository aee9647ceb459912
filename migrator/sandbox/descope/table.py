"""The users, found by user id and login id, with enough history to answer as of some seconds ago."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from migrator.sandbox.descope.user import User

_KEPT_VERSIONS = 16


@dataclass(slots=True)
class _Record:
    """`versions` pairs clock seconds with the user as it was from then on; None means deleted."""

    born: float
    versions: list[tuple[float, User | None]] = field(default_factory=list)


class UserTable:
    """Users in order of creation. Look-ups by user id and login id cost the same at any size."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._records: dict[str, _Record] = {}
        self._by_login: dict[str, str] = {}
        # Every user id that ever had a login id, by its case-folded form.
        self._ever: dict[str, list[str]] = {}
        self.revision = 0

    def get(self, user_id: str) -> User | None:
        """The user as it is now."""
        record = self._records.get(user_id)
        return record.versions[-1][1] if record else None

    def by_login(self, login_id: str, *, fold: bool) -> User | None:
        """The user that owns the login id now; `fold` ignores case."""
        if not fold:
            user_id = self._by_login.get(login_id)
            return self.get(user_id) if user_id else None
        wanted = login_id.casefold()
        for user_id in self._ever.get(wanted, ()):
            user = self.get(user_id)
            if user and any(own.casefold() == wanted for own in user["loginIds"]):
                return user
        return None

    def seen(self, user_id: str, lag: float) -> User | None:
        """The user as it was `lag` seconds ago."""
        record = self._records.get(user_id)
        return self._as_of(record, lag) if record else None

    def seen_all(self, lag: float) -> Iterator[User]:
        """All users as they were `lag` seconds ago, oldest first."""
        for record in self._records.values():
            user = self._as_of(record, lag)
            if user:
                yield user

    def seen_with_logins(self, login_ids: Iterable[str], lag: float) -> Iterator[User]:
        """The users that may have one of the login ids in any case; the caller compares exactly."""
        found: dict[str, None] = {}
        for login_id in login_ids:
            found.update(dict.fromkeys(self._ever.get(login_id.casefold(), ())))
        for user_id in found:
            user = self.seen(user_id, lag)
            if user:
                yield user

    def save(self, user: User, *, backdated: bool = False) -> None:
        """Add or replace a user; `backdated` makes it visible at once whatever the lag."""
        at = -math.inf if backdated else self._clock()
        user_id = user["userId"]
        record = self._records.setdefault(user_id, _Record(born=at))
        self._forget_logins(user_id)
        record.versions = [*record.versions[1 - _KEPT_VERSIONS :], (at, user)]
        for login_id in user["loginIds"]:
            self._by_login[login_id] = user_id
            owners = self._ever.setdefault(login_id.casefold(), [])
            if user_id not in owners:
                owners.append(user_id)
        self.revision += 1

    def remove(self, user_id: str) -> None:
        """Delete a user; nothing happens when there is none."""
        if self.get(user_id) is None:
            return
        self._forget_logins(user_id)
        self._records[user_id].versions.append((self._clock(), None))
        self.revision += 1

    def clear(self) -> None:
        """Forget everything."""
        self._records.clear()
        self._by_login.clear()
        self._ever.clear()
        self.revision += 1

    def _forget_logins(self, user_id: str) -> None:
        record = self._records[user_id]
        user = record.versions[-1][1] if record.versions else None
        for login_id in user["loginIds"] if user else ():
            if self._by_login.get(login_id) == user_id:
                del self._by_login[login_id]

    def _as_of(self, record: _Record, lag: float) -> User | None:
        if not lag:
            return record.versions[-1][1]
        until = self._clock() - lag
        for at, user in reversed(record.versions):
            if at <= until:
                return user
        # The versions of that time may have been dropped; the oldest kept one is the nearest.
        return record.versions[0][1] if record.born <= until else None
