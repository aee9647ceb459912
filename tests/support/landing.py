"""People who sign in: through a flow as the README describes it, and then into Docebo (docs/decisions/0030).

The flow double knows nothing of the program: it asks Descope's API by login id, and changes a user as a flow does,
behind that API. Which claim the token carries is up to whoever set the project up: a function of the user shown.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import requests

from migrator.sandbox.descope import MANAGEMENT_KEY, PROJECT_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from world import Place

User = dict[str, Any]
CLAIM = "who"


class Where(StrEnum):
    """Where somebody ended up."""

    OWN = "own"  # in the account with their courses
    SECOND = "second"  # in a new, empty account
    FOREIGN = "foreign"  # in somebody else's account
    REFUSED = "refused"  # by Docebo
    STOPPED = "stopped"  # by the flow: Descope does not know the login, or the user is disabled


def email(user: User) -> Any:
    """The claim is the address."""
    return user["email"]


def login_id(user: User) -> Any:
    """The claim is the first login id."""
    return user["loginIds"][0]


def attribute(name: str) -> Callable[[User], Any]:
    """The claim is a custom attribute."""
    return lambda user: user["customAttributes"].get(name)


@dataclass
class Front:
    """The sign-in page in front of Docebo.

    Args:
        place: whose sandbox.
        claim: of the token, from the user as Descope's API shows it.
    """

    place: Place
    claim: Callable[[User], Any]
    session: requests.Session = field(default_factory=requests.Session)
    set_up: int = 0  # people who set a credential

    def __post_init__(self) -> None:
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {PROJECT_ID}:{MANAGEMENT_KEY}"
        self.place.sandbox.control.set_switches(relying_party={"claim": CLAIM})

    def authenticate(self, login: str) -> User | None:
        """The flow: look up; if freshly migrated, verify, set a credential, set false. It never signs anybody up."""
        url = f"{self.place.sandbox.descope_url}/v1/mgmt/user"
        answer = self.session.get(url, params={"loginId": login}, timeout=30)
        user: User | None = answer.json()["user"] if answer.status_code == requests.codes.ok else None
        if user is None or user["status"] != "enabled":
            return None
        changes: dict[str, Any] = {}
        if str(user["customAttributes"].get("freshlyMigrated")).lower() == "true":
            changes = {"verifiedEmail": True, "password": True, "customAttributes": {"freshlyMigrated": False}}
            self.set_up += 1
        elif not user["password"]:
            return None
        self.place.sandbox.control.sign_in(user["userId"], **changes)
        return user

    def arrive(self, record: dict[str, Any], login: str | None = None) -> Where:
        """Let the person of a Docebo record sign in, and see in which account they land.

        Args:
            record: whose.
            login: what is typed in; by default the address, which people spell in any case.
        """
        user = self.authenticate(login or str(record.get("email") or "").strip().lower())
        if user is None:
            return Where.STOPPED
        value = self.claim(user)
        claims = {"sub": user["userId"], "email": user["email"], "name": user["name"]}
        landing = self.place.sandbox.control.sign_in_to_docebo(claims if value is None else {**claims, CLAIM: value})
        if landing["outcome"] == "refused":
            return Where.REFUSED
        if landing["user_id"] == str(record["user_id"]):
            return Where.OWN
        return Where.SECOND if landing["outcome"] == "created" else Where.FOREIGN

    def arrive_all(self, records: Iterable[dict[str, Any]]) -> Counter[Where]:
        """Let everybody arrive, one after the other; where how many of them land."""
        return Counter(map(self.arrive, records))


def is_active(record: dict[str, Any]) -> bool:
    """Whether Docebo lets this person in."""
    return str(record.get("status")) == "1" and not record.get("expired")
