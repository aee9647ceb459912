"""What to do with one user, given what Descope holds. Pure; the rules are design section 6."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from migrator.checkpoint.plans import CONFLICT, Planned
from migrator.model import FRESHLY_MIGRATED, MARK_ATTRIBUTES, Decision, TargetUser

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migrator.config import PolicyConfig
    from migrator.descope.user import DescopeUser
    from migrator.model import Json

_FIELDS = (
    ("name", "name"),
    ("givenName", "given_name"),
    ("familyName", "family_name"),
    ("picture", "picture"),
)


@dataclass(slots=True)
class Changes:
    """The way from a Descope user to its target, each part by the call that is safe for it.

    `patch` holds fields for patch/batch; `email` (with `verified`), `phone` and `rename` (old, new login id)
    go through calls of their own, because a patch may silently merge two users (contract descope 3.8).
    """

    patch: dict[str, Json] = field(default_factory=dict)
    email: str | None = None
    verified: bool = False
    phone: str | None = None
    rename: tuple[str, str] | None = None
    described: dict[str, list[Any]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.described)


def changes(target: TargetUser, found: DescopeUser, policy: PolicyConfig, *, link: bool = False) -> Changes:
    """Only what differs and only what is ours; a source value that is empty clears nothing.

    Args:
        link: the user is a stranger to be adopted (policy.existing: link): add the mark, fill empty fields,
            leave e-mail, logins and status alone.
    """
    result = Changes()
    rules = dict.fromkeys(("default", *policy.update), "fill_if_empty") if link else policy.update

    def wins(name: str, before: Any, after: Any) -> bool:  # noqa: ANN401 -- values of any field
        rule = rules.get(name, rules.get("default", "source_wins"))
        if not after or before == after or rule == "target_wins":
            return False
        return not before if rule == "fill_if_empty" else True

    for name, attribute in _FIELDS:
        before, after = getattr(found, attribute), getattr(target, attribute)
        if wins(name, before, after):
            result.patch[name] = after
            result.described[name] = [before, after]
    _change_attributes(result, target, found, wins)
    if link:
        return result
    _change_status(result, target, found, wins)
    _change_addresses(result, target, found, wins)
    return result


def _change_attributes(result: Changes, target: TargetUser, found: DescopeUser, wins: Any) -> None:  # noqa: ANN401 -- the closure of `changes`
    merged = dict(found.attributes)
    for name, after in target.attributes.items():
        before = merged.get(name)
        if (name in MARK_ATTRIBUTES and before != after) or wins(name, before, after):
            merged[name] = after
            result.described[name] = [before, after]
    if merged != found.attributes:
        # Whether a patch keeps or drops the attributes it does not name is unknown: the whole set, foreign
        # ones and the user's own freshlyMigrated as just read, is right under both (contract descope 10.10).
        result.patch["customAttributes"] = merged


def _change_status(result: Changes, target: TargetUser, found: DescopeUser, wins: Any) -> None:  # noqa: ANN401 -- as above
    # Somebody disabled (or expired) at Descope is never enabled again by us.
    can_move = {"enabled": ("invited",), "disabled": ("enabled", "invited")}[target.status]
    if found.status in can_move and wins("status", found.status, target.status):
        result.patch["status"] = target.status
        result.described["status"] = [found.status, target.status]


def _change_addresses(result: Changes, target: TargetUser, found: DescopeUser, wins: Any) -> None:  # noqa: ANN401 -- as above
    same = found.email.casefold() == target.email.casefold()
    if not same and wins("email", found.email, target.email):
        result.email, result.verified = target.email, target.verified_email
        result.described["email"] = [found.email, target.email]
    elif same and target.verified_email and wins("verifiedEmail", found.verified_email, after=True):
        result.email, result.verified = found.email, True
        result.described["verifiedEmail"] = [False, True]
    if wins("phone", found.phone, target.phone):
        result.phone = target.phone
        result.described["phone"] = [found.phone, target.phone]
    if not found.answers_to(target.login_id) and wins("email", found.login_ids, target.login_id):
        kept = {login_id.casefold() for login_id in target.all_login_ids}
        old = [login_id for login_id in found.login_ids if login_id.casefold() not in kept]
        old.sort(key=lambda login_id: login_id.casefold() != found.email.casefold())
        if old:
            result.rename = (old[0], target.login_id)
            result.described["loginId"] = [old[0], target.login_id]


def decide(
    target: TargetUser,
    found: Sequence[DescopeUser],
    known: DescopeUser | None,
    policy: PolicyConfig,
    *,
    known_id: str | None = None,
) -> Planned:
    """The decision on one pending user.

    Args:
        found: Descope users that answer to any of the target's login ids.
        known: the Descope user this one became earlier, as it is now.
        known_id: that user's id, also when Descope does not have it any more.
    """
    mark = (target.attributes["doceboPlatform"], target.user_id)
    owners = [user for user in found if user.mark() == mark]
    if known is not None and known.mark() == mark and known.user_id not in {user.user_id for user in owners}:
        owners.append(known)
    others = [user for user in found if user.mark() != mark]

    def conflict(reason: str) -> Planned:
        return Planned(target.user_id, CONFLICT, reason=reason)

    if len(owners) > 1:
        return conflict("several_matches")
    if owners and not others:
        return _ours(target, owners[0], policy)
    if others:
        linkable = len(others) == 1 and not owners and others[0].mark() is None and policy.existing == "link"
        return _linked(target, others[0], policy) if linkable else conflict("login_taken")
    if known is not None:
        return conflict("login_taken")  # it lost our mark, so it is somebody's own now
    if known_id is not None:
        return conflict("deleted_at_descope")
    return Planned(target.user_id, Decision.CREATE)


def is_adopted(user: DescopeUser) -> bool:
    """Whether a user with our mark was there before us (policy.existing: link): only its empty fields are ours.

    Everybody we create has `freshlyMigrated`, true or false; whom we adopt has a credential and never gets it.
    """
    return FRESHLY_MIGRATED not in user.attributes


def _ours(target: TargetUser, user: DescopeUser, policy: PolicyConfig) -> Planned:
    found = changes(target, user, policy, link=is_adopted(user))
    decision = Decision.UPDATE if found else Decision.UNCHANGED
    return Planned(target.user_id, decision, user.user_id, changes=found.described or None, seen=user.fingerprint())


def _linked(target: TargetUser, user: DescopeUser, policy: PolicyConfig) -> Planned:
    found = changes(target, user, policy, link=True)
    return Planned(target.user_id, Decision.UPDATE, user.user_id, changes=found.described, seen=user.fingerprint())


def create_body(target: TargetUser) -> dict[str, Json]:
    """The user as create/batch takes it; what is not set is left out (contract descope 3.3, 10.11)."""
    values: Mapping[str, Json] = {
        "loginId": target.login_id,
        "additionalIdentifiers": list(target.extra_login_ids),
        "name": target.name,
        "givenName": target.given_name,
        "familyName": target.family_name,
        "email": target.email,
        "phone": target.phone,
        "picture": target.picture,
    }
    body = {key: value for key, value in values.items() if value}
    # An omitted flag counts as verified there (contract descope 3.1), so both are always said.
    if target.email:
        body["verifiedEmail"] = target.verified_email
    if target.phone:
        body["verifiedPhone"] = False
    return body | {
        "status": target.status,
        "customAttributes": {**target.attributes, FRESHLY_MIGRATED: True},
    }
