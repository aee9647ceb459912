"""A directory that changes while it is read: scripted or random mutations between list requests."""

from __future__ import annotations

import random
import string
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from migrator.sandbox import people
from migrator.sandbox.docebo.users import Users, key_of


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Delete(_Model):
    """Remove a user before the n-th list request."""

    op: Literal["delete"]
    before_request: int = Field(ge=1)
    user_id: str


class Insert(_Model):
    """Add a user, a whole record."""

    op: Literal["insert"]
    before_request: int = Field(ge=1)
    record: dict[str, Any]


class Rename(_Model):
    """Give a user another username, which moves the row in the order by username."""

    op: Literal["rename"]
    before_request: int = Field(ge=1)
    user_id: str
    username: str


class Update(_Model):
    """Change some keys of a record."""

    op: Literal["update"]
    before_request: int = Field(ge=1)
    user_id: str
    keys: dict[str, Any]


class Churn(_Model):
    """Random changes before each list request after the first, for the first `pages` of them."""

    seed: int = 0
    deletes_per_page: int = Field(0, ge=0)
    inserts_per_page: int = Field(0, ge=0)
    renames_per_page: int = Field(0, ge=0)
    pages: int = Field(1_000_000, ge=0)


class Plan(_Model):
    """What shall happen; requests to the user list are counted from 1 when the plan is set."""

    steps: list[Annotated[Delete | Insert | Rename | Update, Field(discriminator="op")]] = []
    churn: Churn | None = None


class Script:
    """Applies a plan to the users as list requests come in."""

    def __init__(self, users: Users, plan: Plan | None = None) -> None:
        self._users = users
        self._plan = plan or Plan()
        self._request = 0
        self._born = 0
        self._rng = random.Random(self._plan.churn.seed if self._plan.churn else 0)
        users.watch()

    def before_list_request(self) -> None:
        """Count one list request and make the changes due before it is answered."""
        self._request += 1
        for step in self._plan.steps:
            if step.before_request == self._request:
                self._apply(step)
        churn = self._plan.churn
        if churn is not None and 1 < self._request <= churn.pages + 1:
            self._churn(churn)

    def _apply(self, step: Delete | Insert | Rename | Update) -> None:
        match step:
            case Delete():
                self._users.remove(step.user_id)
            case Insert():
                self._users.put(step.record)
            case Rename():
                self._merge(step.user_id, {"username": step.username, "encoded_username": step.username})
            case Update():
                self._merge(step.user_id, step.keys)

    def _merge(self, user_id: str, keys: dict[str, Any]) -> None:
        record = self._users.get(user_id)
        if record is not None:
            self._users.put({**record, **keys})

    def _churn(self, churn: Churn) -> None:
        present = sorted(key_of(record) for record in self._users.all())
        chosen = self._rng.sample(present, min(len(present), churn.deletes_per_page + churn.renames_per_page))
        for user_id in chosen[: churn.deletes_per_page]:
            self._users.remove(user_id)
        for user_id in chosen[churn.deletes_per_page :]:
            start = "".join(self._rng.choices(string.ascii_lowercase, k=3))
            username = f"{start}.renamed{user_id}"
            self._merge(user_id, {"username": username, "encoded_username": username})
        for _ in range(churn.inserts_per_page):
            self._born += 1
            self._users.put(people.person(5_000_000 + self._born, churn.seed).record)
