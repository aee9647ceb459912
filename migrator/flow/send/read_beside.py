"""Read users back while others are being sent (docs/decisions/0019)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.checkpoint.users.stored_user import RowVerdict
from migrator.checkpoint.users.verdicts import known_users, store_verdicts
from migrator.core.model import ARRIVED_STATES
from migrator.verify.readback import USERS_PER_CALL, Readback

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.core.outcomes import Outcome
    from migrator.descope.user import DescopeUser
    from migrator.flow.context import RunContext
    from migrator.flow.read_back import SentReadBack


class ReadBeside:
    """The users who arrived and wait to be read back, a hundred per call.

    Only who is as sent is settled here: whoever is not, or is not shown yet, is read again after the last one was sent.

    Attributes:
        found: what reading back has shown so far; in the checkpoint as well, so that a kill does not forget it.
    """

    def __init__(self, context: RunContext, before: SentReadBack) -> None:
        self.found = before
        self._context = context
        self._readback = Readback(context.config, context.descope, lambda _difference: None, edits=False)
        self._waiting: list[str] = []

    def add(self, outcomes: Sequence[Outcome]) -> None:
        """Note whoever of these arrived; for nobody if the run reads nothing back."""
        if self._context.options.verify:
            self._waiting += [one.user_id for one in outcomes if one.state in ARRIVED_STATES]

    def next_list(self) -> list[StoredUser] | None:
        """The users of one call, None while too few wait: the last ones are read after sending."""
        if len(self._waiting) < USERS_PER_CALL:
            return None
        these, self._waiting = self._waiting[:USERS_PER_CALL], self._waiting[USERS_PER_CALL:]
        return list(known_users(self._context.checkpoint, these).values())

    def look(self, users: Sequence[StoredUser]) -> dict[str, DescopeUser]:
        """What Descope shows of these users, by Docebo user id. To be called in any thread."""
        return self._readback.look_once(users, ask_alone=False)

    def store(self, users: Sequence[StoredUser], shown: Mapping[str, DescopeUser]) -> None:
        """Store who of these users is as sent."""
        verdicts = self._readback.judge([user for user in users if user.user_id in shown], shown, {})
        same = {user_id: verdict for user_id, verdict in verdicts.items() if verdict == RowVerdict.SAME}
        if same:
            self.found = found = self.found.with_same(len(same))
            checkpoint = self._context.checkpoint
            claims = self._readback.claims([user for user in users if user.user_id in same], shown)
            store_verdicts(checkpoint, users, same, claims, lambda connection: found.put(connection, checkpoint))
