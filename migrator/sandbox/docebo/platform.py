"""Everything one made-up Docebo platform remembers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from migrator.sandbox.docebo.answers import PlatformError
from migrator.sandbox.docebo.limits import Limiter
from migrator.sandbox.docebo.memberships import Memberships
from migrator.sandbox.docebo.oauth import Tokens
from migrator.sandbox.docebo.script import Plan, Script
from migrator.sandbox.docebo.switches import DoceboSwitches
from migrator.sandbox.docebo.users import Users, key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from migrator.sandbox.people import Record


class Platform:
    """Users, branches, groups, tokens, cursors, call counts, switches and the running script."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.reset()

    def reset(self, records: Iterable[Record] = (), pending: Iterable[Record] = ()) -> None:
        """Begin anew with these users and no branch or group; every token, cursor and switch is back at its start."""
        self.switches = DoceboSwitches()
        self.users = Users(records)
        self.pending = list(pending)
        self.memberships = Memberships()
        self.tokens = Tokens(self._clock)
        self.limiter = Limiter(self._clock)
        self.cursors: dict[str, dict[str, Any]] = {}
        self.script = Script(self.users, self.memberships)
        self._pages_with_rights = 0

    @property
    def level(self) -> str:
        """What the session is now: as switched, until rights that end have ended."""
        switches = self.switches
        ended = switches.rights_end_after and self._pages_with_rights >= switches.rights_end_after
        return "admin" if ended and switches.session_level == "super_admin" else switches.session_level

    def require_admin(self) -> None:
        """Let nobody pass who administrates nothing.

        Raises:
            PlatformError: 403.
        """
        if self.level == "user":
            raise PlatformError(403, "You are not allowed to perform this action.", 1003)

    def visible(self, rows: list[Record]) -> list[Record]:
        """Those of the users whom the session may see: a power user's list is silently partial."""
        return rows[: self.switches.power_user_sees] if self.level == "admin" else rows

    def is_hidden(self) -> Callable[[Record], bool] | None:
        """Says of a user that the lists count but never show it; None while they show everybody."""
        if not self.switches.hidden_rows:
            return None
        hidden = self.users.hidden(self.switches.hidden_rows)
        return lambda record: key_of(record) in hidden

    def count_page(self) -> None:
        """Note that a page of the list was served."""
        self._pages_with_rights = self._pages_with_rights + 1 if self.switches.rights_end_after else 0

    def play(self, plan: Plan) -> None:
        """Replace the running script; the counts of requests start again at 1."""
        self.script = Script(self.users, self.memberships, plan)
