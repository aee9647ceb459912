"""Everything one made-up Docebo platform remembers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from migrator.sandbox.docebo.limits import Limiter
from migrator.sandbox.docebo.oauth import Tokens
from migrator.sandbox.docebo.script import Plan, Script
from migrator.sandbox.docebo.switches import DoceboSwitches
from migrator.sandbox.docebo.users import Users

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from migrator.sandbox.people import Record


class Platform:
    """Users, tokens, cursors, call counts, switches and the running script."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.reset()

    def reset(self, records: Iterable[Record] = (), pending: Iterable[Record] = ()) -> None:
        """Begin anew with these users; every token, cursor and switch is back at its start."""
        self.switches = DoceboSwitches()
        self.users = Users(records)
        self.pending = list(pending)
        self.tokens = Tokens(self._clock)
        self.limiter = Limiter(self._clock)
        self.cursors: dict[str, dict[str, Any]] = {}
        self.script = Script(self.users)
        self._pages_with_rights = 0

    @property
    def level(self) -> str:
        """What the session is now: as switched, until rights that end have ended."""
        switches = self.switches
        ended = switches.rights_end_after and self._pages_with_rights >= switches.rights_end_after
        return "admin" if ended and switches.session_level == "super_admin" else switches.session_level

    def count_page(self) -> None:
        """Note that a page of the list was served."""
        self._pages_with_rights = self._pages_with_rights + 1 if self.switches.rights_end_after else 0

    def play(self, plan: Plan) -> None:
        """Replace the running script; the count of list requests starts again at 1."""
        self.script = Script(self.users, plan)
