"""What to do with one user, given what Descope holds. Pure; the rules: docs/decisions/0012 and docs/decisions/0013."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from migrator.checkpoint.users.holders import HELD_BY_OURS, holders_text
from migrator.checkpoint.users.plans import PlannedAction
from migrator.core.fields import EMAIL, STATUS
from migrator.core.grants import ROLE_NAMES, USER_TENANTS, read_grants
from migrator.core.login_ids import same_login
from migrator.core.model import MARK_PLATFORM, Decision, Origin
from migrator.core.reasons import Reason
from migrator.core.sso import SEEN_DISABLED
from migrator.flow.plan.changes import Changes, KnownPast, find_changes, is_adopted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.config.schema import PolicyConfig
    from migrator.core.grants import Grant
    from migrator.core.model import Json
    from migrator.descope.user import DescopeUser


@dataclass(frozen=True, slots=True)
class DecisionRules:
    """What decides besides the two users: the policy, and the type numbers of the project's custom attributes.

    `links` is, by Docebo user id, the only Descope user that a person allowed to be linked.
    """

    policy: PolicyConfig
    types: Mapping[str, int] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)

    def may_link(self, user_id: str, found: DescopeUser) -> bool:
        """Whether this stranger may become that Docebo user."""
        return self.policy.existing == "link" or self.links.get(user_id) == found.user_id


def changes_for(
    user: StoredUser, found: DescopeUser, rules: DecisionRules, *, link: bool = False, in_flight: bool = False
) -> Changes:
    """What to change for a user that is ours.

    Args:
        link: it is a stranger that is to become ours.
        in_flight: a request was about to be sent, or was sent, and its outcome is unknown.
    """
    link = link or is_adopted(user.origin, found, rules.policy)
    asked = _asked(user.changes or {}) if in_flight or user.attempts else frozenset()
    past = KnownPast(user.sent, user.retry, user.disabled_by_us, user.seen_right, asked)
    return find_changes(user.target, found, rules.policy, link=link, past=past, types=rules.types)


def _asked(changes: Mapping[str, Sequence[Json]]) -> frozenset[Grant]:
    """The grants that a plan's changes add."""
    before, after = (
        read_grants(*(changes.get(name, ((), ()))[which] for name in (USER_TENANTS, ROLE_NAMES))) for which in (0, 1)
    )
    return frozenset(after) - frozenset(before)


def decide(
    user: StoredUser, found: Sequence[DescopeUser], known: DescopeUser | None, rules: DecisionRules
) -> PlannedAction:
    """The decision on one pending user.

    Args:
        found: Descope users that have any of the target's login ids or carry its mark.
        known: the Descope user that this one became earlier, as it is now.
    """
    mark = (user.target.attributes[MARK_PLATFORM], user.user_id)
    by_id = {one.user_id: one for one in (*found, *([known] if known is not None else []))}
    owners = [one for one in by_id.values() if one.mark() == mark]
    if known is not None and known.mark() is None and not owners:
        linked = rules.policy.existing == "link" and known.answers_to(user.target.login_id)
        if not (user.retry or linked):
            return _conflict(user, Reason.MARK_LOST)
        owners = [known]
    others = [one for one in {one.user_id: one for one in found}.values() if one not in owners]
    if len(owners) > 1:
        return _conflict(user, Reason.SEVERAL_MATCHES, holders_text("", (one.user_id for one in owners)))
    if others:
        return _with_others(user, owners, others, rules)
    if owners:
        return _ours(user, owners[0], rules)
    if known is None and (user.descope_id is None or user.retry):
        return PlannedAction(user.user_id, Decision.CREATE)
    # A known user who is not ours now carries another user's mark.
    holder = holders_text("", [known.user_id]) if known is not None else None
    return _conflict(user, Reason.DELETED_AT_DESCOPE if known is None else Reason.LOGIN_TAKEN, holder)


def _conflict(user: StoredUser, reason: Reason, detail: str | None = None) -> PlannedAction:
    return PlannedAction(user.user_id, Decision.CONFLICT, reason=reason, detail=detail)


def _with_others(
    user: StoredUser, owners: Sequence[DescopeUser], others: Sequence[DescopeUser], rules: DecisionRules
) -> PlannedAction:
    """The decision if another user has one of the login ids."""
    ours = _are_ours(user, others)
    ids = [one.user_id for one in others]
    # As soon as one of them lets go of the login, the others may leave another decision.
    taken = _conflict(user, Reason.LOGIN_TAKEN, holders_text(HELD_BY_OURS if any(ours) else "", ids))
    # An extra login id alone does not identify a person (two people can easily have the same user name).
    same_person = len(others) == 1 and not owners and others[0].answers_to(user.target.login_id)
    if not same_person:
        return taken
    linked = _linked(user, others[0], rules) if rules.may_link(user.user_id, others[0]) else None
    mark = others[0].mark()
    if mark is None:
        return linked or taken
    if not all(ours):
        return taken
    # The holder of the login may be the same person, deleted in Docebo and created again under another id.
    return replace(
        taken, holder=mark[1], if_holder_is_gone=linked or _conflict(user, Reason.RECREATED, holders_text("", ids))
    )


def _ours(user: StoredUser, found: DescopeUser, rules: DecisionRules) -> PlannedAction:
    todo = changes_for(user, found, rules)
    if todo.missing_logins:
        return _conflict(user, Reason.LOGIN_IDS_DIFFER)
    if todo.excludes:
        return _conflict(user, Reason.TENANTS_OR_ROLES, holders_text("", [found.user_id]))
    return PlannedAction(
        user.user_id,
        Decision.UPDATE if todo else Decision.UNCHANGED,
        found.user_id,
        changes=todo.described or None,
        found_fingerprint=found.fingerprint(),
        # A missing attribute is no proof of linking: flows and admins own it.
        origin=user.origin or (Origin.PRESUMED if found.fresh is not None else None),
        sent=None if todo else todo.sent,
        disabled_by_us=None if found.status == "disabled" else False,
        detail=_standing(found, todo),
    )


def _linked(user: StoredUser, found: DescopeUser, rules: DecisionRules) -> PlannedAction:
    todo = changes_for(user, found, rules, link=True)
    if todo.excludes:
        return _conflict(user, Reason.TENANTS_OR_ROLES, holders_text("", [found.user_id]))
    return PlannedAction(
        user.user_id,
        Decision.ADOPT,
        found.user_id,
        changes=todo.described,
        found_fingerprint=found.fingerprint(),
        detail=_standing(found, todo),
    )


def _standing(found: DescopeUser, todo: Changes) -> str | None:
    """Whether the user is disabled in Descope and stays so, as a word to store."""
    return SEEN_DISABLED if found.status == "disabled" and STATUS not in todo.patch else None


def new_address(user: StoredUser, plan: PlannedAction) -> str | None:
    """The address that an update sets and that is not yet a login id of the user, so that it was not looked up yet."""
    changed = (plan.changes or {}).get(EMAIL) if plan.decision == Decision.UPDATE else None
    if changed is None or any(same_login(changed[1], one) for one in user.target.all_login_ids):
        return None
    return str(changed[1])


def unless_taken(user: StoredUser, plan: PlannedAction, holders: Sequence[DescopeUser]) -> PlannedAction:
    """The plan, or a conflict if its new address is somebody else's login id (docs/contract/descope.md 3.8).

    Args:
        holders: Descope users that have the new addresses of this plan and others as login ids.
    """
    address = new_address(user, plan)
    others = [one for one in holders if address and one.answers_to(address) and one.user_id != plan.target_id]
    if not others:
        return plan
    ids = [one.user_id for one in others]
    return _conflict(user, Reason.EMAIL_TAKEN, holders_text(HELD_BY_OURS if all(_are_ours(user, others)) else "", ids))


def _are_ours(user: StoredUser, others: Sequence[DescopeUser]) -> list[bool]:
    """Whether each of them carries the mark of this migration's platform."""
    platform = user.target.attributes[MARK_PLATFORM]
    return [mark is not None and mark[0] == platform for mark in (one.mark() for one in others)]
