"""Users who arrived, in the checkpoint and at Descope, for tests of reading them back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from in_memory import Descope
from two_migrations import put, put_logins, rows, target
from wanted_and_held import held

from migrator.checkpoint.users.collisions import LOOK_ALIKE
from migrator.core.fields import SentFields, login_hash
from migrator.core.model import State

if TYPE_CHECKING:
    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.descope.user import DescopeUser
    from migrator.flow.context import RunContext


def person(user_id: str, /, **changes: Any) -> DescopeUser:
    """The Descope user that Docebo user `user_id` became."""
    return replace(held(target(user_id), f"U{user_id}"), **changes)


def arrived(store: Checkpoint, user_id: str, **columns: Any) -> None:
    row = {
        "state": State.CREATED, "target_id": f"U{user_id}", "sent_hash": f"hash {user_id}", "origin": "created",
        "sent_fields": SentFields.of(target(user_id)).to_json(),
    }  # fmt: skip
    put(store, user_id, **(row | columns))


def erased(store: Checkpoint, user_id: str, **columns: Any) -> None:
    """One whose profile is gone, and of whose login ids the hashes are left."""
    arrived(store, user_id, **({"profile": None, "target_hash": target(user_id).content_hash()} | columns))
    put_logins(store, user_id, login_hash(f"u{user_id}@example.org"), f"{LOOK_ALIKE}{login_hash(user_id)}")


def verdicts(store: Checkpoint) -> dict[str, str | None]:
    return {user_id: row["verdict"] for user_id, row in rows(store).items()}


def loaded(work: RunContext) -> list[str]:
    assert isinstance(work.descope, Descope)
    return sorted(name for call in work.descope.names("load") for name in call[:-1])
