"""A row of `source_user` as one user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from two_migrations import put, target

from migrator.checkpoint.users.stored_user import AGAIN, REJUDGE, RowVerdict, StoredUser, stored_pages
from migrator.core.fields import SentFields
from migrator.core.model import Decision, State

if TYPE_CHECKING:
    from migrator.checkpoint.db.checkpoint import Checkpoint


def stored(store: Checkpoint, **columns: Any) -> StoredUser:
    """User 1 with these columns, read back."""
    put(store, "1", **columns)
    ((user,),) = stored_pages(store, size=9)
    return user


def test_a_new_user_is_what_its_record_made_of_it(store: Checkpoint) -> None:
    assert stored(store) == StoredUser("1", State.PENDING, "hash 1", target("1").to_json())


def test_every_column_is_read_with_its_type(store: Checkpoint) -> None:
    sent = SentFields.of(target("1"), left=["phone"])
    user = stored(
        store, state=State.SENDING, profile=None, target_id="U1", sent_hash="sent", sent_fields=sent.to_json(),
        origin="created", verdict="edited", reason="refused", decision="update", decided_at=5.0, adopt_id="S",
        found_fingerprint="seen", changes='{"status": ["enabled", "disabled"]}', attempts=2, refusals=3, retry=AGAIN,
        disabled_by_us=0,
    )  # fmt: skip

    assert user == StoredUser(
        "1", State.SENDING, "hash 1", None, "U1", "sent", sent, "created", RowVerdict.EDITED, "refused",
        Decision.UPDATE, 5.0, "S", "seen", {"status": ["enabled", "disabled"]}, attempts=2, refusals=3, retry=True,
        disabled_by_us=False,
    )  # fmt: skip
    assert (user.left, user.seen_right, user.disables) == (frozenset({"phone"}), True, True)


@pytest.mark.parametrize(
    ("columns", "name", "value"),
    [
        ({"retry": REJUDGE}, "retry", False),
        ({"disabled_by_us": 1}, "disabled_by_us", True),
        ({"changes": '{"status": ["disabled", "enabled"]}'}, "disables", False),
        ({"changes": '{"name": ["a", "disabled"]}'}, "disables", False),
        ({"verdict": "same"}, "seen_right", True),
        ({"verdict": "mark"}, "seen_right", False),
        ({"decision": "adopt", "adopt_id": "S", "target_id": "U1"}, "descope_id", "S"),
        ({"decision": "update", "adopt_id": "S", "target_id": "U1"}, "descope_id", "U1"),
    ],
    ids=str,
)
def test_what_follows_from_a_column(store: Checkpoint, columns: dict[str, Any], name: str, value: object) -> None:
    assert getattr(stored(store, **columns), name) == value


def test_the_target_is_parsed_once_and_no_text_shows_it(store: Checkpoint) -> None:
    user = stored(store)

    assert user.target == target("1")
    assert user.target is user.target
    assert "example.org" not in repr(user)


def test_an_erased_user_has_no_target(store: Checkpoint) -> None:
    user = stored(store, profile=None)

    with pytest.raises(ValueError, match=r"^the profile of user 1 was erased$"):
        _ = user.target
