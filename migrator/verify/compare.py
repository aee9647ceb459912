"""One user, wanted and found: the fields that differ. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migrator.model import FRESHLY_MIGRATED, MARK_ATTRIBUTES, MARK_PLATFORM, MARK_USER, State, text_hash
from migrator.normalize.identity import login_key, same_login
from migrator.verify import expected

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from migrator.config import PolicyConfig
    from migrator.descope.user import DescopeUser
    from migrator.model import Json, TargetUser


@dataclass(frozen=True, slots=True)
class Field:
    """One field that is not as it must be; None stands for nothing there, or nothing known to expect."""

    name: str
    expected: Json = field(repr=False)  # personal data
    found: Json = field(repr=False)


def compare(target: TargetUser, user: DescopeUser, state: State, policy: PolicyConfig) -> list[Field]:
    """Every field we own that differs from its target.

    What people may have changed since is left out: fields that `policy.update` leaves to Descope, flags of
    a user who has signed in, and whatever the source leaves empty.
    """
    # A stranger we adopted got our mark and had gaps filled, nothing else; users we create carry the third mark.
    adopted = policy.existing == "link" and state != State.CREATED and FRESHLY_MIGRATED not in user.attributes
    differing = list(_single(target, user, policy, adopted=adopted))
    if not adopted:
        differing += _identity(target, user, policy)
        differing += _flags(target, user, state, policy)
        if not isinstance(user.attributes.get(FRESHLY_MIGRATED), bool):
            differing.append(Field(FRESHLY_MIGRATED, True, user.attributes.get(FRESHLY_MIGRATED)))
    return differing


def compare_mark(user_id: str, platform: str, login_hashes: AbstractSet[str], user: DescopeUser) -> list[Field]:
    """What can be said when the profile was erased: the mark, and the login ids by their hashes."""
    wanted = {MARK_USER: user_id, MARK_PLATFORM: platform}
    found = {name: user.attributes.get(name) for name in wanted}
    differing = [Field(name, wanted[name], found[name]) for name in wanted if found[name] != wanted[name]]
    there = {text_hash(login_key(login_id))[:32] for login_id in user.login_ids}
    if not login_hashes <= there:
        differing.append(Field("loginId", None, list(user.login_ids)))
    return differing


def _single(target: TargetUser, user: DescopeUser, policy: PolicyConfig, *, adopted: bool) -> Iterator[Field]:
    for name, wanted, found in expected.single_fields(target, user):
        skipped = adopted and name in ("status", "phone")
        if found != wanted and not skipped and _is_ours(name, found, policy, adopted=adopted):
            yield Field(name, wanted, found)
    for name, wanted, found in expected.attributes(target, user):
        if found != wanted and (name in MARK_ATTRIBUTES or _is_ours(name, found, policy, adopted=adopted)):
            yield Field(name, wanted, found)


def _is_ours(name: str, found: Json, policy: PolicyConfig, *, adopted: bool = False) -> bool:
    """Whether a differing value is for us to mend (design section 5, policy.update)."""
    rule = "fill_if_empty" if adopted else policy.update.get(name, policy.update["default"])
    return rule == "source_wins" or (rule == "fill_if_empty" and not found)


def _identity(target: TargetUser, user: DescopeUser, policy: PolicyConfig) -> Iterator[Field]:
    """E-mail and login ids: they move together, so one rule is theirs."""
    if target.email and not same_login(target.email, user.email) and _is_ours("email", user.email, policy):
        yield Field("email", target.email, user.email)
    for name, wanted in (("loginId", [target.login_id]), ("additionalIdentifiers", list(target.extra_login_ids))):
        absent = [one for one in wanted if not any(same_login(one, own) for own in user.login_ids)]
        if absent and _is_ours("email", user.login_ids, policy):
            yield Field(name, absent[0] if name == "loginId" else absent, list(user.login_ids))


def _flags(target: TargetUser, user: DescopeUser, state: State, policy: PolicyConfig) -> Iterator[Field]:
    """The verified flags of addresses that are ours; whoever signed in may have verified one since."""
    fresh = expected.is_fresh(user)
    if target.email and same_login(target.email, user.email):
        # An update never takes a flag away, so "not verified" holds for those we created and left alone.
        matters = target.verified_email or (fresh and state == State.CREATED)
        differs = user.verified_email != target.verified_email
        if matters and differs and _is_ours("verifiedEmail", user.verified_email, policy):
            yield Field("verifiedEmail", target.verified_email, user.verified_email)
    if target.phone and user.phone == target.phone and user.verified_phone and fresh:
        yield Field("verifiedPhone", False, True)
