"""A user as Docebo wants it and as Descope holds it, for tests of what is to be done."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from two_migrations import target

from migrator.config.schema import PolicyConfig
from migrator.core.model import PlainFields
from migrator.descope.user import DescopeUser

if TYPE_CHECKING:
    from migrator.core.model import TargetUser

WANTED = target(
    "1", name="Ana Ruiz", given_name="Ana", family_name="Ruiz", phone="+393471234567", picture="https://x.org/a.png",
    extra_login_ids=("a.ruiz",),
)  # fmt: skip
CITY = replace(WANTED, attributes=WANTED.attributes | {"city": "Milan"})
MARK = dict(WANTED.attributes)


def held(wanted: TargetUser = WANTED, user_id: str = "U1", **values: Any) -> DescopeUser:
    """The user at Descope, just as wanted but for `values`."""
    plain = {one.name: getattr(wanted, one.name) for one in fields(PlainFields)}
    user = DescopeUser(
        user_id, wanted.all_login_ids, wanted.email, wanted.verified_email, wanted.phone, False, wanted.status,
        {**wanted.attributes, "freshlyMigrated": True}, **plain,
    )  # fmt: skip
    return replace(user, **values)


def policy(existing: str = "conflict", **update: str) -> PolicyConfig:
    """A policy with rules for some fields."""
    return PolicyConfig.model_validate({"existing": existing, "update": update})
