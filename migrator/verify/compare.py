"""Compares one expected user with the one found: the fields that differ. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from migrator.core.fields import value_hash
from migrator.core.login_ids import login_key, same_login
from migrator.core.model import (
    DOCEBO_USERNAME,
    FRESHLY_MIGRATED,
    MARK_PLATFORM,
    MARK_USER,
    OUR_ATTRIBUTES,
    State,
    text_hash,
)
from migrator.descope.attribute_value import value_text
from migrator.verify import expected
from migrator.verify.typed_values import holds_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from migrator.config.mapped_attribute import MappedAttribute
    from migrator.config.schema import PolicyConfig
    from migrator.core.model import AttributeKind, Json, TargetUser
    from migrator.descope.user import DescopeUser

LINKED = "linked"  # the origin of a stranger we adopted


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """One field that is not as it must be; None means that nothing is there, or no expected value is known.

    `name` is for people; `key` is the field's name in the checkpoint where that is another one.
    """

    name: str
    expected: Json = field(repr=False)  # personal data
    found: Json = field(repr=False)
    attribute: bool = False
    key: str = ""

    @property
    def path(self) -> str:
        """Its name with its place, which distinguishes an attribute from a field of the same name."""
        if self.key:
            return self.key
        return f"customAttributes.{self.name}" if self.attribute else self.name


@dataclass(frozen=True, slots=True)
class StoredFacts:
    """What the checkpoint knows about a user: its state, how it became ours, and whether it was seen right since."""

    state: State
    origin: str | None = None
    seen_right: bool = False


def compare_user(
    target: TargetUser,
    user: DescopeUser,
    past: StoredFacts,
    policy: PolicyConfig,
    attributes: Mapping[str, MappedAttribute] = MappingProxyType({}),
) -> list[FieldDifference]:
    """Every field we own that differs from the target.

    Not compared is what people may have changed since: fields that `policy.update` leaves to Descope, flags of
    a user who has signed in, the status of one disabled in Descope, and whatever is empty in the source.

    Args:
        attributes: `mapping.attributes`, by whose types values are compared; others are text.
    """
    kinds = {name: one.type for name, one in attributes.items()}
    adopted = _is_adopted(user, past, policy)
    differing = [*_single(target, user, policy, kinds, adopted=adopted), *_grants(target, user, policy)]
    if past.seen_right:  # a user who is disabled by now was disabled by a person in Descope
        differing = [one for one in differing if (one.path, one.found) != ("status", "disabled")]
    if adopted:
        return differing + list(_logins(target, user, policy, adopted=True))
    differing += _identity(target, user, policy)
    differing += _flags(target, user, past.state, policy)
    # A flow may remove the attribute after the first sign-in, but not before.
    if user.fresh is None and (FRESHLY_MIGRATED in user.attributes or not user.has_credential):
        differing.append(FieldDifference(FRESHLY_MIGRATED, True, user.attributes.get(FRESHLY_MIGRATED), attribute=True))
    return differing


def _is_adopted(user: DescopeUser, past: StoredFacts, policy: PolicyConfig) -> bool:
    """Whether this was a stranger, who got our mark and had empty fields filled, nothing else."""
    if past.origin is not None:
        return past.origin == LINKED
    # For users of an older checkpoint only this is known: users we create carry the third mark.
    return policy.existing == "link" and past.state != State.CREATED and FRESHLY_MIGRATED not in user.attributes


def compare_mark(
    user_id: str, platform: str, login_hashes: AbstractSet[str], user: DescopeUser, username_hash: str | None = None
) -> list[FieldDifference]:
    """What can be compared after the profile was erased: the mark, and login ids and user name by their hashes."""
    wanted = {MARK_USER: user_id, MARK_PLATFORM: platform}
    found = {name: user.attributes.get(name) for name in wanted}
    differing = [
        FieldDifference(name, wanted[name], found[name], attribute=True)
        for name in wanted
        if not holds_value("text", wanted[name], found[name])
    ]
    if username_hash and value_hash(value_text(user.attributes.get(DOCEBO_USERNAME))) != username_hash:
        differing.append(FieldDifference(DOCEBO_USERNAME, None, user.attributes.get(DOCEBO_USERNAME), attribute=True))
    there = {text_hash(login_key(login_id))[:32] for login_id in user.login_ids}
    if not login_hashes <= there:
        differing.append(FieldDifference("loginId", None, list(user.login_ids)))
    return differing


def _single(
    target: TargetUser, user: DescopeUser, policy: PolicyConfig, kinds: Mapping[str, AttributeKind], *, adopted: bool
) -> Iterator[FieldDifference]:
    for name, wanted, found in expected.single_fields(target, user):
        skipped = adopted and name in ("status", "phone")
        if found != wanted and not skipped and _is_ours(name, found, policy, adopted=adopted):
            yield FieldDifference(name, wanted, found)
    for name, wanted, found in expected.expected_attributes(target, user):
        there = found is not None and found not in ("", [])  # 0 and false are values
        ours = name in OUR_ATTRIBUTES or _is_ours(name, there, policy, adopted=adopted)
        if ours and not holds_value(kinds.get(name, "text"), wanted, found):
            yield FieldDifference(name, wanted, found, attribute=True)


def _grants(target: TargetUser, user: DescopeUser, policy: PolicyConfig) -> Iterator[FieldDifference]:
    """Tenants and roles that rules give and the user does not have; more than those is nobody's fault."""
    for grant, is_there, has_others in expected.expected_grants(target, user):
        if not is_there and _is_ours(grant.rule, has_others, policy):
            yield FieldDifference(grant.title, True, None, key=grant.field)


def _is_ours(name: str, found: Json, policy: PolicyConfig, *, adopted: bool = False) -> bool:
    """Whether it is up to us to correct a differing value (`policy.update`)."""
    rule = "fill_if_empty" if adopted else policy.update.get(name, policy.update["default"])
    return rule == "source_wins" or (rule == "fill_if_empty" and not found)


def _identity(target: TargetUser, user: DescopeUser, policy: PolicyConfig) -> Iterator[FieldDifference]:
    """E-mail and login ids: they change together, so one rule applies to both."""
    if target.email and not same_login(target.email, user.email) and _is_ours("email", user.email, policy):
        yield FieldDifference("email", target.email, user.email)
    yield from _logins(target, user, policy, adopted=False)


def _logins(target: TargetUser, user: DescopeUser, policy: PolicyConfig, *, adopted: bool) -> Iterator[FieldDifference]:
    """A user without the primary login id is somebody else, adopted or not."""
    own = list(user.login_ids)
    ours = adopted or _is_ours("email", own, policy)
    if ours and not any(same_login(target.login_id, one) for one in own):
        yield FieldDifference("loginId", target.login_id, own)
    absent = [extra for extra in target.extra_login_ids if not any(same_login(extra, one) for one in own)]
    if absent and ours and not adopted:
        yield FieldDifference("additionalIdentifiers", absent, own)


def _flags(target: TargetUser, user: DescopeUser, state: State, policy: PolicyConfig) -> Iterator[FieldDifference]:
    """The verified flags of addresses that are ours; a user who signed in may have verified one since."""
    fresh = user.fresh is True
    if target.email and same_login(target.email, user.email):
        # An update never removes a flag, so "not verified" applies to users that we created and did not update.
        matters = target.verified_email or (fresh and state == State.CREATED)
        differs = user.verified_email != target.verified_email
        if matters and differs and _is_ours("verifiedEmail", user.verified_email, policy):
            yield FieldDifference("verifiedEmail", target.verified_email, user.verified_email)
    if target.phone and user.phone == target.phone and user.verified_phone and fresh:
        yield FieldDifference("verifiedPhone", False, True)
