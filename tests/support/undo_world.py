"""A project before a migration and behind its undo: it must be the same, apart from whom the undo says it spared."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import oracle

if TYPE_CHECKING:
    from world import Ended, Place

DELETE, PATCH = "/v1/mgmt/user/delete/batch", "/v1/mgmt/user/patch/batch"
HISTORY, AUDIT = "/v1/mgmt/user/history", "/v1/mgmt/audit/search"


@dataclass
class Project:
    """Every user of a project at one moment, by user id."""

    users: dict[str, dict[str, Any]]

    @classmethod
    def now(cls, place: Place) -> Project:
        """As the server holds it."""
        return cls({user["userId"]: user for user in place.targets()})


def migrated(place: Place, **population: float) -> Project:
    """A world of people and strangers, and its migration; the project as it was before that."""
    place.sandbox.control.reset(**{"users": 12, "strangers": 3, "difficult": 0, **population})
    project = Project.now(place)
    assert place.forked("run", "--yes").code in (0, 3)
    return project


def check_undone(place: Place, before: Project, ended: Ended | None = None, *, exact: bool = True) -> None:
    """The project is as it was, but for whom the undo spared (`ended`, with --json).

    Args:
        exact: to the byte; otherwise but for the time of the last change, and for attributes that are empty.
    """
    spared = {one["docebo_user_id"] for one in ended.document["spared"]} if ended is not None else set()
    now = Project.now(place).users
    ours = {user_id: user["customAttributes"].get("doceboUserId") for user_id, user in now.items()}
    assert {user_id: mark for user_id, mark in ours.items() if mark and mark not in spared} == {}
    kept = {user_id: user for user_id, user in now.items() if ours[user_id] not in spared}
    expected = {user_id: user for user_id, user in before.users.items() if ours.get(user_id) not in spared}
    assert list(map(str, kept)) == list(map(str, expected))
    for user_id, user in kept.items():
        assert _text(user, exact=exact) == _text(expected[user_id], exact=exact)


def _text(user: dict[str, Any], *, exact: bool) -> str:
    if not exact:
        attributes = {name: value for name, value in user["customAttributes"].items() if value != ""}
        user = {**user, "modifiedTime": 0, "customAttributes": attributes}
    return json.dumps(user, sort_keys=True)


def target_of(place: Place, user_id: str) -> str:
    """The Descope id of a migrated Docebo user."""
    return str(oracle.read_rows(place.checkpoint, place)[user_id]["target_id"])


def arrived_ids(place: Place) -> list[str]:
    """The Docebo ids of everybody who was created, in order."""
    rows = oracle.read_rows(place.checkpoint, place)
    return sorted(user_id for user_id, row in rows.items() if row["origin"] == "created")


def writes(place: Place) -> int:
    """How many requests have reached Descope so far that change users."""
    return sum(1 for entry in place.journal() if oracle._is_write(entry))
