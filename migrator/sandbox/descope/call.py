"""One request on its way through a handler."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from migrator.core.model import Json

if TYPE_CHECKING:
    from migrator.sandbox.descope.store import Store
    from migrator.sandbox.descope.user import User
    from migrator.sandbox.journal import Entry


@dataclass(frozen=True, slots=True)
class Call:
    """`body` is validated and has the file's names; `query` holds the first value of each key."""

    store: Store
    body: dict[str, Json]
    query: dict[str, str]
    entry: Entry | None

    def commit(self, op: str, user: User, **what: Any) -> None:  # noqa: ANN401 -- free-form JSON values
        """Record that one user was changed for good."""
        self.store.trail.note_change(op, user, self.store.wall())
        self.note(op, userId=user["userId"], loginIds=list(user["loginIds"]), **what)

    def note(self, op: str, **what: Any) -> None:  # noqa: ANN401 -- free-form JSON values
        """Record one durable effect."""
        if self.entry is not None:
            self.entry.commit(op, **what)

    def answer(self, user: User, *, created: bool = False) -> Json:
        """The answer of every single-user call; `created` is in it where the project knows it."""
        if self.store.switches.created_flag == "absent":
            return {"user": user}
        return {"user": user, "created": created}


Handler: TypeAlias = Callable[[Call], Json]
