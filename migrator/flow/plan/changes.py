"""The changes that turn a Descope user into its target: only what differs, and only what we may change. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from migrator.core import fields
from migrator.core.fields import ATTRIBUTE, USER_FIELDS, Change, SentFields, value_hash
from migrator.core.grants import Grant, changed_lists, in_order
from migrator.core.login_ids import login_key, same_login
from migrator.core.model import FRESHLY_MIGRATED, OUR_ATTRIBUTES, Origin
from migrator.descope.attribute_value import is_unset, same_value
from migrator.descope.payload import patched_attributes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.config.schema import PolicyConfig
    from migrator.core.model import Json, TargetUser
    from migrator.descope.user import DescopeUser

_NOT_OURS = value_hash(False)  # remembered of a grant that rules give too, but that somebody else gave first


@dataclass(slots=True)
class Changes:
    """The changes that turn a Descope user into its target, each assigned to the call that is safe for it.

    `patch` holds fields for patch/batch; `email` (with `verified`), `phone` and `renames` (old, new login id)
    go through calls of their own, because a patch may silently merge two users (docs/contract/descope.md 10.13).
    `missing_logins` are login ids that no call adds safely; `excludes` says that the user would have tenants and roles
    of the project, which Descope takes of nobody. `sent` is what will then have been sent for the user.
    """

    patch: dict[str, Json] = field(default_factory=dict)
    email: str | None = None
    verified: bool = False
    phone: str | None = None
    renames: list[tuple[str, str]] = field(default_factory=list)
    missing_logins: tuple[str, ...] = ()
    excludes: bool = False
    described: dict[str, list[Any]] = field(default_factory=dict)
    sent: SentFields = field(default_factory=lambda: SentFields({}), compare=False)

    def __bool__(self) -> bool:
        return bool(self.described)

    @property
    def disables(self) -> bool | None:
        """Whether the patch disables the user or enables it again; None if it does neither."""
        status = self.patch.get(fields.STATUS)
        return None if status is None else status == "disabled"

    @property
    def moves(self) -> bool:
        """Whether anything remains to be done after the patch."""
        return self.email is not None or self.phone is not None or bool(self.renames)


@dataclass(frozen=True, slots=True)
class KnownPast:
    """What the checkpoint knows about a user: what was last sent, whether it was seen right since, who disabled it.

    `again` says that a person asked for the user: what was sent before is sent again. `disabled_by_us` is None
    if nobody recorded it. `asked` are the grants of a request of which nobody knows whether it arrived.
    """

    sent: SentFields | None = None
    again: bool = False
    disabled_by_us: bool | None = False
    seen_right: bool = False
    asked: frozenset[Grant] = frozenset()


def is_adopted(origin: str | None, user: DescopeUser, policy: PolicyConfig) -> bool:
    """Whether a user with our mark was there before us (policy.existing: link): only its empty fields are ours.

    The checkpoint knows. If it was lost, every user we create has `freshlyMigrated`, true or false, and a user we
    adopt never gets it; a policy that does not link has adopted nobody.
    """
    return origin == Origin.LINKED if origin else user.fresh is None and policy.existing == "link"


def find_changes(
    target: TargetUser,
    found: DescopeUser,
    policy: PolicyConfig,
    *,
    link: bool = False,
    past: KnownPast | None = None,
    types: Mapping[str, int] | None = None,
) -> Changes:
    """Only what differs and only what is ours; an empty source value clears nothing.

    Args:
        link: the user is a stranger to adopt (policy.existing: link): add the mark, fill empty fields,
            leave e-mail, logins and status alone.
        past: what the checkpoint knows; None for a user seen for the first time.
        types: the type numbers of the project's custom attributes; a value without a definition is not sent.
    """
    work = _Work(target, found, policy, past or KnownPast(), link=link)
    work.change_patched()
    work.change_attributes(types)
    work.change_grants()
    if not link:
        work.change_status()
        work.change_email()
        work.change_phone()
        work.change_login_ids()
    work.result.sent = SentFields.of(target, but=work.kept, left=work.left)
    return work.result


class _Work:
    """One comparison: what to change so far, and what is left as it is."""

    def __init__(
        self, target: TargetUser, found: DescopeUser, policy: PolicyConfig, past: KnownPast, *, link: bool
    ) -> None:
        self.result = Changes()
        self.kept: dict[str, str] = {}  # the hashes of fields that are not sent
        self.left: set[str] = set()
        self._target, self._found, self._policy = target, found, policy
        self._rules = dict.fromkeys(("default", *policy.update), "fill_if_empty") if link else policy.update
        self._past, self._sent, self._link = past, past.sent, link

    def wins(self, name: str, before: Json, after: Json, *, always: bool = False, kind: int | None = None) -> bool:
        """Whether to send this field.

        Args:
            always: even if Docebo's value is the one last sent.
            kind: the type number of an attribute.
        """
        rule = self._rules.get(fields.rule_name(name), self._rules.get("default", "source_wins"))
        unset = _holds_nothing(name, before)
        if _holds_nothing(name, after) or same_value(before, after, kind):
            return False
        if rule == "source_wins" and not always and self._was_sent(name):
            if self._may_be_an_edit(name):
                self.left.add(name)
            return False
        if rule == "source_wins" or (rule == "fill_if_empty" and unset):
            return True
        self.kept[name] = self._sent.hashes.get(name, "") if self._sent else ""
        return False

    def _was_sent(self, name: str) -> bool:
        """Whether Docebo's value is the one last sent, so that any difference was made in Descope."""
        if self._past.again or self._sent is None:
            return False
        return self._sent.had(name, fields.field_values(self._target).get(name))

    def _may_be_an_edit(self, name: str) -> bool:
        """Whether the field was there as sent, so that a person changed it; otherwise Descope may have dropped it."""
        return self._past.seen_right or (self._sent is not None and name in self._sent.left)

    def change_patched(self) -> None:
        """What a patch alone can change."""
        for one in USER_FIELDS:
            if one.change != Change.PATCH:
                continue
            before, after = getattr(self._found, one.attribute), one.of(self._target)
            if self.wins(one.name, before, after):
                self.result.patch[one.name] = after
                self.result.described[one.name] = [before, after]

    def change_attributes(self, types: Mapping[str, int] | None) -> None:
        """The whole set: it is unknown whether a patch keeps the attributes it does not name (docs/decisions/0009)."""
        found, result = self._found.attributes, self.result
        merged, as_sent = dict(found), {}
        for name, after in self._target.attributes.items():
            before, kind = found.get(name), (types or {}).get(name)
            same = same_value(before, after, kind)
            if same:
                as_sent[name] = after
            if (name in OUR_ATTRIBUTES and not same) or self.wins(ATTRIBUTE + name, before, after, kind=kind):
                merged[name] = after
                result.described[name] = [before, after]
        if self._lost_fresh():
            merged[FRESHLY_MIGRATED] = True
            result.described[FRESHLY_MIGRATED] = [None, True]
        if merged != found:
            # What is ours goes back as it was sent: an answer may show it in a form that no request may have.
            result.patch[fields.CUSTOM_ATTRIBUTES] = patched_attributes(
                {**merged, **as_sent}, types, self._target.attributes
            )

    def _lost_fresh(self) -> bool:
        """Whether `freshlyMigrated` never arrived, or was removed with the mark: nobody signed in through it yet."""
        absent = self._found.fresh is None and not self._found.has_credential and not self._link
        return absent and self._past.again and (self._found.mark() is None or not self._past.seen_right)

    def change_grants(self) -> None:
        """Tenants and roles: the whole list, because a patch replaces it (docs/decisions/0027)."""
        has, wanted = set(self._found.grants), set(self._target.grants)
        added = {one for one in wanted - has if self._is_given(one)}
        added -= self._shut_out(added, has | added)
        gone = {one for one in has - wanted if self._is_taken_back(one)}
        for grant in has & wanted:
            if not self._is_from_us(grant):
                self.kept[grant.field] = _NOT_OURS
        # A tenant stays as long as somebody else gave a role in it.
        after = in_order((has | added) - gone)
        self.result.excludes = bool(added) and len({one.rule for one in after}) > 1
        for name, (before, now) in changed_lists(self._found.grants, after).items():
            self.result.patch[name] = now
            self.result.described[name] = [before, now]

    def _is_given(self, grant: Grant) -> bool:
        """Whether to add a grant that the user does not have."""
        rule = self._grant_rule(grant)
        remembered = self._sent.hashes.get(grant.field, "") if self._sent else ""
        if rule == "source_wins" and remembered and not self._past.again:
            self.kept[grant.field] = remembered
            if self._may_be_an_edit(grant.field):
                self.left.add(grant.field)
            return False
        has_others = any(one.rule == grant.rule for one in self._found.grants)
        if rule == "source_wins" or (rule == "fill_if_empty" and not has_others):
            return True
        self.kept[grant.field] = remembered
        return False

    def _shut_out(self, added: set[Grant], others: set[Grant]) -> set[Grant]:
        """Roles in tenants that the user is not in, because a person took the tenant away: a role gives none back."""
        shut = {one for one in added if one.tenant and Grant(one.tenant) not in others}
        for grant in shut:
            self.kept[grant.field] = ""
            if Grant(grant.tenant).field in self.left:
                self.left.add(grant.field)
        return shut

    def _is_taken_back(self, grant: Grant) -> bool:
        """Whether to take away a grant that no rule gives: only what this migration gave, and only if asked to."""
        if self._sent is None or not self._sent.had(grant.field, value=True):
            return False
        self.kept[grant.field] = value_hash(True)
        if self._policy.update.get(grant.rule) != "source_wins":
            return False
        self.kept[grant.field] = ""
        return True

    def _is_from_us(self, grant: Grant) -> bool:
        """Whether this migration gave it: it was sent, or may have been, as nobody knows what became of a request."""
        return grant in self._past.asked or (self._sent is not None and self._sent.had(grant.field, value=True))

    def _grant_rule(self, grant: Grant) -> str:
        return self._policy.update.get(grant.rule) or self._policy.update.get("default", "source_wins")

    def change_status(self) -> None:
        """Never enable a user whom others disabled (or let expire) in Descope; one whom we disabled may be enabled."""
        before, after = self._found.status, self._target.status
        enables = ("invited", "disabled") if self._past.disabled_by_us else ("invited",)
        if before in {"enabled": enables, "disabled": ("enabled", "invited")}[after]:
            # Nobody in Descope undoes leaving, we undo our own disabling, and "invited" is a status that never arrived.
            always = after == "disabled" or before in ("invited", "disabled")
            if self.wins(fields.STATUS, before, after, always=always):
                self.result.patch[fields.STATUS] = after
                self.result.described[fields.STATUS] = [before, after]
        elif before != after and self._past.disabled_by_us is not None:
            # Somebody else disabled the user, which is as it must be; if it is unknown who did, the run reports it.
            self.left.add(fields.STATUS)

    def change_email(self) -> None:
        """The address and its verified flag, which change together."""
        target, found, result = self._target, self._found, self.result
        same = same_login(found.email, target.email) if found.email and target.email else found.email == target.email
        if not same and self.wins(fields.EMAIL, found.email, target.email):
            result.email, result.verified = target.email, target.verified_email
            result.described[fields.EMAIL] = [found.email, target.email]
        elif same and target.verified_email and self.wins(fields.VERIFIED_EMAIL, found.verified_email, after=True):
            result.email, result.verified = found.email, True
            result.described[fields.VERIFIED_EMAIL] = [False, True]

    def change_phone(self) -> None:
        """The phone number."""
        before, after = self._found.phone, self._target.phone
        if self.wins(fields.PHONE, before, after):
            self.result.phone = after
            self.result.described[fields.PHONE] = [before, after]

    def change_login_ids(self) -> None:
        """Rename login ids of ours that no longer exist in Docebo to those that are missing."""
        target, found, result = self._target, self._found, self.result
        missing = [one for one in target.all_login_ids if not found.answers_to(one)]
        if not missing:
            return
        names = {one: fields.LOGIN_ID if one == target.login_id else fields.EXTRA_LOGIN_IDS for one in missing}
        wanted = {name for name in set(names.values()) if self.wins(name, found.login_ids, missing)}
        missing = [one for one in missing if names[one] in wanted]
        spare = self._spare_logins()
        result.renames = list(zip(spare, missing, strict=False))
        result.missing_logins = tuple(missing[len(spare) :])
        for old, new in result.renames:
            result.described[names[new]] = [old, new]

    def _spare_logins(self) -> list[str]:
        """Login ids that we gave the user and that the target does not have; the address comes first."""
        kept = set(map(login_key, self._target.all_login_ids))
        ours = self._sent.logins if self._sent is not None else frozenset()
        spare = [
            one
            for one in self._found.login_ids
            if login_key(one) not in kept and (fields.login_hash(one) in ours or same_login(one, self._found.email))
        ]
        return sorted(spare, key=lambda one: not same_login(one, self._found.email))


def _holds_nothing(name: str, value: Json) -> bool:
    """An attribute may be 0 or false; a flag that is false is as good as none."""
    return is_unset(value) if name.startswith(ATTRIBUTE) else not value
