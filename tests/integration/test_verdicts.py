"""Verdicts in the checkpoint: who is asked for again, whose is stored, whose personal data may go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update
from two_migrations import OTHER, put, rows

from migrator.checkpoint.db.checkpoint import Checkpoint
from migrator.checkpoint.db.tables import migration, source_user
from migrator.checkpoint.users.erasure import erase_profiles
from migrator.checkpoint.users.stored_user import RowVerdict, StoredUser
from migrator.checkpoint.users.verdicts import RIGHT_VERDICTS, known_users, request_retry, store_verdicts
from migrator.core.clock import Clock
from migrator.core.model import ARRIVED_STATES, State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world import Place

# User id to what the checkpoint holds.
USERS: dict[str, dict[str, Any]] = {
    "same": {"state": "created", "verdict": "same"},
    "mark": {"state": "updated", "verdict": "mark"},
    "differs": {"state": "unchanged", "verdict": "differs"},
    "edited": {"state": "created", "verdict": "edited"},
    "missing": {"state": "created", "verdict": "missing"},
    "unread": {"state": "created"},
    "deleted": {"state": "conflict", "reason": "deleted_at_descope", "verdict": "missing", "sent_hash": "h"},
    "unnamed": {"state": "conflict", "reason": "deleted_at_descope", "sent_hash": "h"},
    "taken": {"state": "conflict", "reason": "login_taken"},
    "refused": {"state": "failed", "reason": "refused"},
    "no_email": {"state": "rejected", "reason": "no_email"},
    "limit": {"state": "skipped", "reason": "limit"},
    "gone": {"state": "vanished", "reason": "login_taken", "verdict": "differs"},
    "pending": {"state": "pending", "reason": "login_taken"},
}


@pytest.fixture
def checkpoint(any_place: Place) -> Iterator[Checkpoint]:
    """One user in each situation, beside another migration's of the same."""
    config = any_place.config.checkpoint
    with Checkpoint(config.sqlalchemy_url, OTHER, Clock(), upgrade=True) as other:
        fill(other, OTHER)
    with Checkpoint(config.sqlalchemy_url, config.key, Clock(), upgrade=False) as checkpoint:
        fill(checkpoint, config.key)
        before = rows(checkpoint, OTHER)
        yield checkpoint
        assert rows(checkpoint, OTHER) == before


def fill(checkpoint: Checkpoint, key: str) -> None:
    for user_id, columns in USERS.items():
        put(checkpoint, user_id, key, target_id=f"U{user_id}", **columns)


def known(checkpoint: Checkpoint) -> list[StoredUser]:
    return list(known_users(checkpoint, list(USERS)).values())


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ({"differs"}, {"differs", "edited"}),
        ({"missing"}, {"missing", "deleted"}),
        ({"deleted_at_descope"}, {"deleted", "unnamed"}),
        ({"login_taken"}, {"taken"}),
        ({"no_email", "limit", "refused"}, {"refused"}),  # the others follow from the record, at each reading
        ({"all"}, {"differs", "edited", "missing", "deleted", "unnamed", "taken", "refused"}),
        ({"all", "no_email"}, {"differs", "edited", "missing", "deleted", "unnamed", "taken", "refused"}),
        ({"same", "mark", "edited"}, set()),
        (set(), set()),
    ],
    ids=lambda words: "+".join(sorted(words)) or "nobody",
)
def test_b3_who_is_asked_for_again(checkpoint: Checkpoint, words: set[str], asked: set[str]) -> None:
    """By a wrong verdict, by the reason of a final state, or all that went wrong; nobody who left, nobody twice."""
    assert request_retry(checkpoint, words) == len(asked)
    assert request_retry(checkpoint, words) == len(asked)

    assert {user_id for user_id, row in rows(checkpoint).items() if row["retry"]} == asked


def test_a2_only_whoever_is_as_it_was_read_gets_a_verdict(checkpoint: Checkpoint) -> None:
    """Whoever was sent again meanwhile, or is in a state without a user to read, keeps what it has."""
    users = known(checkpoint)
    before = rows(checkpoint)
    put_again: dict[str, dict[str, Any]] = {
        "same": {"verdict": None},
        "mark": {"sent_hash": "other"},
        "unread": {"target_id": "other"},
    }
    for user_id, columns in put_again.items():
        change(checkpoint, user_id, **columns)

    assert store_verdicts(checkpoint, users, dict.fromkeys(USERS, RowVerdict.EDITED))

    changed = {user_id for user_id, row in rows(checkpoint).items() if row["verdict"] != before[user_id]["verdict"]}
    assert changed == {"same", "differs", "missing", "deleted", "unnamed"}
    assert rows(checkpoint)["same"]["verdict"] is None


def change(checkpoint: Checkpoint, user_id: str, **columns: Any) -> None:
    mine = source_user.c.migration == checkpoint.key, source_user.c.user_id == user_id
    checkpoint.write(lambda c: c.execute(update(source_user).where(*mine).values(**columns)))


def test_a2_without_the_lease_nothing_is_stored_while_a_run_holds_it(checkpoint: Checkpoint, any_place: Place) -> None:
    """A living run keeps a mere reader from writing; once it has ended the reader may."""
    config = any_place.config.checkpoint
    reader = Checkpoint(config.sqlalchemy_url, config.key, Clock(), upgrade=False)
    wanted = dict.fromkeys(USERS, RowVerdict.SAME)

    assert not store_verdicts(reader, known(reader), wanted)
    assert rows(checkpoint)["unread"]["verdict"] is None
    checkpoint.write(lambda c: c.execute(update(migration).where(migration.c.key == config.key).values(holder=None)))
    assert store_verdicts(reader, known(reader), wanted)
    assert rows(checkpoint)["unread"]["verdict"] == "same"
    reader.db.close()


@pytest.mark.parametrize(
    ("verdicts", "kept"),
    [
        (None, set()),
        (RIGHT_VERDICTS, {"differs", "missing", "unread"}),
        ((*RIGHT_VERDICTS, None), {"differs", "missing"}),
    ],
)
def test_a2_whose_personal_data_may_go(
    checkpoint: Checkpoint, verdicts: tuple[str | None, ...] | None, kept: set[str]
) -> None:
    """Of those who arrived whoever was seen right; of the other states everybody, whatever was seen earlier."""
    erase_profiles(checkpoint, (*ARRIVED_STATES, State.VANISHED), verdicts)

    others = {"deleted", "unnamed", "taken", "refused", "no_email", "limit", "pending"}
    assert {user_id for user_id, row in rows(checkpoint).items() if row["profile"]} == kept | others
