"""Made-up people who were in the project before the migration."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

    from migrator.core.model import Json
    from migrator.sandbox.descope.user import User

FOREIGN_ATTRIBUTES: tuple[dict[str, Json], ...] = (
    {"name": "department", "type": 1, "options": [], "displayName": "Department", "editable": True},
    {"name": "loyaltyPoints", "type": 2, "options": [], "displayName": "Loyalty points", "editable": True},
    {"name": "newsletter", "type": 3, "options": [], "displayName": "Newsletter", "editable": True},
)

_GIVEN = ("Noor", "Élodie", "Jürgen", "Mei", "Oluwaseun", "Søren", "Zoë", "Ahmed", "Ana")
_FAMILY = ("van Dijk", "O'Neil", "García", "Ström", "Nguyễn", "Özdemir", "Li", "Brown")
_DAYS = 1500
_DAY = 86_400


def stranger(rng: random.Random, email: str, now: int) -> User:
    """Fields of one response user; a third of them carries attributes that are not ours."""
    given, family = rng.choice(_GIVEN), rng.choice(_FAMILY)
    created = now - rng.randrange(1, _DAYS) * _DAY
    attributes: dict[str, Json] = {}
    if rng.random() < 1 / 3:
        attributes = {
            "department": rng.choice(("Sales", "Forschung", "経理")),
            "loyaltyPoints": rng.randrange(1000),
            "newsletter": rng.random() < 1 / 2,
        }
    contact = email if rng.random() < 9 / 10 else ""
    return {
        "loginIds": [email, f"ext-{rng.randrange(10**9):09}"] if rng.random() < 1 / 4 else [email],
        "email": contact,
        "verifiedEmail": bool(contact) and rng.random() < 1 / 2,
        "phone": f"+4915{rng.randrange(10**9):09}" if rng.random() < 1 / 3 else "",
        "name": f"{given} {family}",
        "givenName": given,
        "familyName": family,
        "status": rng.choice(("enabled", "enabled", "disabled", "invited")),
        "picture": "https://cdn.example.net/p.png" if rng.random() < 1 / 4 else "",
        "password": rng.random() < 1 / 2,
        "webauthn": rng.random() < 1 / 5,
        "customAttributes": attributes,
        "createdTime": created,
        "modifiedTime": created + rng.randrange(_DAY),
    }
