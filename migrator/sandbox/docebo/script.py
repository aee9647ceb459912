"""A directory that changes while it is read: scripted or random mutations between list requests."""

from __future__ import annotations

import random
import string
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from migrator.sandbox import people
from migrator.sandbox.docebo.memberships import Kind  # noqa: TC001 -- pydantic reads it when the class is made
from migrator.sandbox.docebo.users import Users, key_of

if TYPE_CHECKING:
    from migrator.sandbox.docebo.memberships import Memberships


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


Lists: TypeAlias = Literal["users", "members", "branches"]


class _Step(_Model):
    """A change before the n-th request: of those to the list of all users, to lists of members, or to the tree."""

    before_request: int = Field(ge=1)
    of: Lists = "users"


class Delete(_Step):
    """Remove a user."""

    op: Literal["delete"]
    user_id: str


class Insert(_Step):
    """Add a user, a whole record."""

    op: Literal["insert"]
    record: dict[str, Any]


class Rename(_Step):
    """Give a user another username, which moves the row in the order by username."""

    op: Literal["rename"]
    user_id: str
    username: str


class Update(_Step):
    """Change some keys of a record."""

    op: Literal["update"]
    user_id: str
    keys: dict[str, Any]


class _Membership(_Step):
    of: Lists = "members"
    kind: Kind
    id: str


class Join(_Membership):
    """Put a user into a branch or group."""

    op: Literal["join"]
    user_id: str


class Leave(_Membership):
    """Take a user out of a branch or group."""

    op: Literal["leave"]
    user_id: str


class Remove(_Membership):
    """Delete a branch, with those below it, or a group."""

    op: Literal["remove"]


Step: TypeAlias = Delete | Insert | Rename | Update | Join | Leave | Remove


class Churn(_Model):
    """Random changes before each request to the list of all users after the first, for the first `pages` of them."""

    seed: int = 0
    deletes_per_page: int = Field(0, ge=0)
    inserts_per_page: int = Field(0, ge=0)
    renames_per_page: int = Field(0, ge=0)
    pages: int = Field(1_000_000, ge=0)


class Plan(_Model):
    """What shall happen; requests are counted from 1 when the plan is set."""

    steps: list[Annotated[Step, Field(discriminator="op")]] = []
    churn: Churn | None = None


class Script:
    """Applies a plan to users and memberships as requests come in."""

    def __init__(self, users: Users, memberships: Memberships, plan: Plan | None = None) -> None:
        self._users = users
        self._memberships = memberships
        self._plan = plan or Plan()
        self._requests: Counter[Lists] = Counter()
        self._born = 0
        self._rng = random.Random(self._plan.churn.seed if self._plan.churn else 0)
        users.watch()

    def before_request(self, of: Lists) -> None:
        """Count one request and make the changes due before it is answered."""
        self._requests[of] += 1
        number = self._requests[of]
        for step in self._plan.steps:
            if (step.of, step.before_request) == (of, number):
                self._apply(step)
        churn = self._plan.churn
        if of == "users" and churn is not None and 1 < number <= churn.pages + 1:
            self._churn(churn)

    def _apply(self, step: Step) -> None:
        match step:
            case Delete():
                self._users.remove(step.user_id)
            case Insert():
                self._users.put(step.record)
            case Rename():
                self._merge(step.user_id, {"username": step.username, "encoded_username": step.username})
            case Update():
                self._merge(step.user_id, step.keys)
            case Join():
                self._memberships.join(step.kind, step.id, step.user_id)
            case Leave():
                self._memberships.leave(step.kind, step.id, step.user_id)
            case Remove():
                self._memberships.remove(step.kind, step.id)

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
