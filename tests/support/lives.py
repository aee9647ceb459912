"""What happens to a user between two runs: at Docebo, at Descope, and as the checkpoint tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import oracle

from migrator.sandbox import people

if TYPE_CHECKING:
    from world import Place


def put(place: Place, number: int, **keys: Any) -> str:
    """A Docebo user whose address is predictable."""
    record = people.person(number, 77).record | {"email": f"u{number}@example.org", "status": "1", "expired": False}
    return place.sandbox.control.put_docebo_user(record | keys)


def put_many(place: Place, users: int, **keys: Any) -> list[str]:
    """So many of them."""
    return [put(place, number, **keys) for number in range(users)]


def change(place: Place, user_id: str, **keys: Any) -> None:
    """What happens to a record in Docebo."""
    place.sandbox.control.patch_docebo_user(user_id, **keys)


def target(place: Place, user_id: str) -> dict[str, Any]:
    """The Descope user that carries the mark of this Docebo user."""
    return next(user for user in place.targets() if user["customAttributes"].get("doceboUserId") == user_id)


def edit(place: Place, user: dict[str, Any], **keys: Any) -> None:
    """What an admin or the person does in Descope."""
    place.sandbox.control.put_descope_user({**user, **keys})


def reasons(place: Place) -> dict[str, str | None]:
    """Docebo user id to the reason that the checkpoint holds."""
    return {user_id: row["reason"] for user_id, row in oracle.read_rows(place.checkpoint, place).items()}
