"""What one Descope project holds, and the handles a harness and its oracle need."""

from __future__ import annotations

import random
import string
import threading
import time
from typing import TYPE_CHECKING, Any

from migrator.sandbox.descope.contacts import login_id as stored_login
from migrator.sandbox.descope.limits import Limiter
from migrator.sandbox.descope.refusal import not_found
from migrator.sandbox.descope.strangers import FOREIGN_ATTRIBUTES, stranger
from migrator.sandbox.descope.switches import DescopeSwitches
from migrator.sandbox.descope.table import UserTable
from migrator.sandbox.descope.trail import Trail
from migrator.sandbox.descope.user import User, blank, clone

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrator.core.model import Json

PROJECT_ID = "P2sandboxSANDBOX0123456789ab"
MANAGEMENT_KEY = "K2sandbox-management-key-made-up"

_ALPHABET = string.ascii_letters + string.digits
_USER_ID_LENGTH = 27
_BUILT_IN_ROLE = "Tenant Admin"


class Store:
    """Users, definitions, tenants, roles and switches of one project; every use holds `lock`.

    Args:
        clock: seconds that never jump; lags, limits and the project's own time follow it.
        project_id: first half of the bearer.
        management_key: second half of the bearer.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        *,
        project_id: str = PROJECT_ID,
        management_key: str = MANAGEMENT_KEY,
    ) -> None:
        self.project_id = project_id
        self.management_key = management_key
        self.switches = DescopeSwitches()
        self.lock = threading.RLock()
        self.users = UserTable(clock)
        self.limiter = Limiter(clock)
        self.trail = Trail()
        self.attributes: dict[str, dict[str, Json]] = {}
        self.tenants: dict[str, dict[str, Json]] = {}
        self.roles: dict[tuple[str, str], dict[str, Json]] = {}
        self._clock = clock
        self._epoch = time.time() - clock()
        self.rng = random.Random(0)
        self._fill_fresh_project()

    def wall(self) -> float:
        """The project's time in epoch seconds."""
        return self._epoch + self._clock()

    def make_id(self, prefix: str) -> str:
        """A new server-made id: the prefix and random letters and digits."""
        return prefix + "".join(self.rng.choices(_ALPHABET, k=_USER_ID_LENGTH - len(prefix)))

    @property
    def lowers(self) -> bool:
        """Whether login ids and e-mails are stored in lower case."""
        return self.switches.login_case == "lower"

    def owner(self, login_id: str) -> User | None:
        """The user who has this login id now."""
        fold = self.switches.login_case != "preserve"
        return self.users.by_login(stored_login(login_id, lower=self.lowers), fold=fold)

    def find(self, login_or_user_id: str) -> User:
        """The user with this login id or user id; refused with 404 when there is none."""
        user = self.users.get(login_or_user_id) or self.owner(login_or_user_id)
        if user is None:
            raise not_found()
        return user

    def save(self, user: User) -> None:
        """Keep a changed clone or a new user."""
        user["modifiedTime"] = int(self.wall())
        user["externalIds"] = list(user["loginIds"])
        self.users.save(user)

    # ------ handles for the harness

    def dump(self) -> dict[str, Any]:
        """Everything, copied: users as answers show them, definitions, tenants and roles."""
        with self.lock:
            return {
                "users": [clone(user) for user in self.users.seen_all(0)],
                "attributes": [dict(definition) for definition in self.attributes.values()],
                "tenants": [dict(tenant) for tenant in self.tenants.values()],
                "roles": [dict(role) for role in self.roles.values()],
            }

    def reset(self) -> None:
        """Back to a fresh project with default switches."""
        with self.lock:
            self.users.clear()
            self.limiter.clear()
            self.trail.clear()
            self.attributes.clear()
            self.tenants.clear()
            self.roles.clear()
            self.switches.restore_defaults()
            self._fill_fresh_project()

    def put_user(self, values: dict[str, Any]) -> str:
        """Plant a user that the API did not make, visible at once; nothing is checked.

        Args:
            values: fields of a response user over the blank one; an own `userId` replaces that user.

        Returns:
            The user id.
        """
        with self.lock:
            now = int(self.wall())
            planted = {
                "userId": self.make_id("U2"),
                "createdTime": now,
                "modifiedTime": now,
                "status": "enabled",
            }
            user = clone(blank() | planted | values)
            user["externalIds"] = list(user["loginIds"])
            self.users.save(user, backdated=True)
            return str(user["userId"])

    def remove_user(self, user_id: str) -> None:
        """Delete a user behind the API's back."""
        with self.lock:
            self.users.remove(user_id)

    def change_user(self, user_id: str, values: dict[str, Any]) -> None:
        """Change fields of a user as a person does in the console; an attribute that is null is removed.

        Raises:
            KeyError: there is no such user.
        """
        with self.lock:
            user = clone(self._known(user_id))
            attributes = user["customAttributes"] | values.get("customAttributes", {})
            user |= values
            user["customAttributes"] = {name: value for name, value in attributes.items() if value is not None}
            self.save(user)
            self.trail.note_change("update", user, self.wall())

    def sign_in(self, user_id: str, *, at: float | None, history: bool, audit: bool, **flags: Json) -> None:
        """Let a person sign in.

        Args:
            at: epoch seconds; None for now.
            history: whether the sign-in history shows it.
            audit: whether the audit trail shows it.
            flags: fields that the flow changed, as `password=True`.

        Raises:
            KeyError: there is no such user.
        """
        with self.lock:
            user = clone(self._known(user_id))
            self.trail.note_sign_in(user, self.wall() if at is None else at, history=history, audit=audit)
            if flags:
                user["customAttributes"] |= flags.pop("customAttributes", {})
                self.save(user | flags)

    def _known(self, user_id: str) -> User:
        user = self.users.get(user_id)
        if user is None:
            raise KeyError(user_id)
        return user

    def seed_strangers(self, n: int, seed: int, emails: list[str]) -> list[str]:
        """Plant users that were in the project before: none carries our mark.

        Args:
            n: how many; those beyond `emails` get made-up addresses.
            seed: the same seed makes the same people.
            emails: login ids to take, in this order.

        Returns:
            Their user ids.
        """
        rng = random.Random(seed)
        with self.lock:
            for definition in FOREIGN_ATTRIBUTES:
                self.attributes.setdefault(definition["name"], dict(definition))
            spare = (f"stranger{i}.{seed}@elsewhere.example.net" for i in range(n))
            addresses = [*emails[:n], *spare][:n]
            now = int(self.wall())
            return [self.put_user(stranger(rng, address, now)) for address in addresses]

    def _fill_fresh_project(self) -> None:
        self.roles["", _BUILT_IN_ROLE] = {
            "id": self.make_id("ROL2"),
            "name": _BUILT_IN_ROLE,
            "description": "Built-in role",
            "permissionNames": [],
            "createdTime": int(self.wall()),
            "tenantId": "",
            "default": False,
            "private": False,
        }
