"""Who will land in their own Docebo account: what is known, and the classes that follow (docs/decisions/0028). Pure.

Docebo compares one claim of whoever comes from Descope with its user names. Only hashes and words are kept, no personal
data, so that they outlive the profiles; which claim counts, and whether case does, is asked when they are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, TypeAlias

from migrator.core.fields import value_hash
from migrator.core.login_ids import login_key
from migrator.core.reasons import ExplainedCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ClaimName: TypeAlias = Literal["doceboUsername", "email", "login_id"]
USERNAME_CLAIM: ClaimName = "doceboUsername"  # the attribute of that name
EMAIL_CLAIM: ClaimName = "email"
LOGIN_CLAIM: ClaimName = "login_id"
# Further words beside those of the claims.
SUPERADMIN, SEEN_DISABLED = "superadmin", "disabled"


class ClaimFit(StrEnum):
    """How a claim relates to Docebo's user name."""

    SAME = "same"
    CASE = "case"  # the same but for case
    OTHER = "other"
    NONE = "none"  # there is no claim


class ClaimSent(StrEnum):
    """What the checkpoint knows of the claim in Descope."""

    NOW = "now"  # it is as the record says now
    AS_NAMED = "as_named"  # it is an earlier value, which is the user name
    OLDER = "older"  # it is an earlier value
    LEFT = "left"  # a person changed it in Descope
    NEVER = "never"  # nothing was ever sent, or this is unknown of an attribute that earlier versions did not have


class SsoClass(ExplainedCode):
    """A class of users who do not land in their own Docebo account, or who need a thought before the cut-over."""

    CLAIM_MISSING = (
        "claim_missing",
        "The user has no such claim in Descope, so Docebo makes a new, empty account.",
        "Run again: the next run sends the user name. If it stays, correct the user name in Docebo.",
    )
    RENAMED_SINCE = (
        "renamed_since",
        "Docebo's user name or address was changed after it was sent, so Descope still has the earlier one.",
        "Run again: the next run sends the change.",
    )
    EMAIL_IS_NOT_USERNAME = (
        "email_is_not_username",
        "The claim is the e-mail address, and Docebo's user name is another text.",
        "Make the attribute doceboUsername the claim (sso.claim: doceboUsername), or the address Docebo's user name.",
    )
    CLAIM_DIFFERS = (
        "claim_differs",
        "The claim in Descope is not Docebo's user name, so Docebo makes a new account or opens somebody else's.",
        "Look at the user in Descope. `migrator run --retry differs` sends it again, unless policy.update forbids it.",
    )
    CASE_ONLY = (
        "case_only",
        "The claim and Docebo's user name differ in case alone.",
        "Set sso.claim: doceboUsername, or sso.match: ignore_case once a sign-in has shown that Docebo ignores case.",
    )
    CLAIM_NOT_UNIQUE = (
        "claim_not_unique",
        "Several users have the same claim, so that all of them would open one Docebo account.",
        "Give each person a user name of their own in Docebo, or choose another sso.claim.",
    )
    DISABLED = (
        "disabled",
        "The user is active in Docebo and disabled in Descope, so nobody can sign in.",
        "Enable the user in Descope, or set mapping.status.active: enabled.",
    )
    SUPERADMIN_KEEP_LOCAL_LOGIN = (
        "superadmin_keep_local_login",
        "A superadmin of Docebo: somebody must be able to sign in when single sign-on does not work.",
        "Let at least one superadmin keep a Docebo password, and try it before the cut-over.",
    )


def claim_fit(claim: str, username: str | None, username_fold: str | None) -> ClaimFit:
    """How a claim relates to a user name, of which the hashes are known."""
    if not claim:
        return ClaimFit.NONE
    if value_hash(claim) == username:
        return ClaimFit.SAME
    return ClaimFit.CASE if value_hash(claim.casefold()) == username_fold else ClaimFit.OTHER


def claim_words(claims: Mapping[ClaimName, Sequence[str]], username: str | None, username_fold: str | None) -> str:
    """`doceboUsername:same,email:case`: how each claim fits, without those that are another text.

    Args:
        claims: the values that each has; of several, the one that fits best counts.
    """
    return ",".join(_claim_words(claims, username, username_fold))


def _claim_words(
    claims: Mapping[ClaimName, Sequence[str]], username: str | None, username_fold: str | None
) -> Iterator[str]:
    order = list(ClaimFit)
    for name, values in claims.items():
        fits = [claim_fit(value, username, username_fold) for value in values or ("",)]
        if (best := min(fits, key=order.index)) is not ClaimFit.OTHER:
            yield f"{name}:{best}"


@dataclass(frozen=True, slots=True)
class SsoFacts:
    """What a record says of the claims: hashes as `SentFields` has them, None for no value; and how they fit.

    `words` are those of `claim_words`, and `superadmin`; None where nothing was noted.
    """

    username_hash: str | None = None
    username_fold_hash: str | None = None
    email_hash: str | None = None
    login_hash: str | None = None
    words: str | None = None

    @classmethod
    def of(cls, username: str, email: str, login_id: str, *, superadmin: bool) -> SsoFacts:
        """Those of a user.

        Args:
            username: as it is sent, "" for none.
            email: "" for none, as of a record that cannot be migrated; so is `login_id`.
        """
        named = value_hash(username) if username else None
        folded = value_hash(username.casefold()) if username else None
        claims = {USERNAME_CLAIM: [username], EMAIL_CLAIM: [email], LOGIN_CLAIM: [login_id]}
        words = claim_words(claims, named, folded)
        return cls(
            named,
            folded,
            value_hash(email) if email else None,
            value_hash(login_key(login_id)) if login_id else None,
            f"{words},{SUPERADMIN}" if superadmin else words,
        )


@dataclass(frozen=True, slots=True)
class SsoRules:
    """The configuration's say: which claim, whether case counts, and what the mapping makes of it."""

    claim: ClaimName
    ignore_case: bool = False
    email_is_login: bool = True  # mapping.login_id
    active_is_enabled: bool = True  # mapping.status

    @property
    def claims_email(self) -> bool:
        """Whether the claim is the address."""
        return self.claim == EMAIL_CLAIM or (self.claim == LOGIN_CLAIM and self.email_is_login)


@dataclass(frozen=True, slots=True)
class SsoUser:
    """One user who is, or will be, in Descope, as the checkpoint knows it.

    `mapped` are the words of `SsoFacts`, None where nothing was noted yet; `seen` those of the last reading back, None
    where the claims were not read since the user was last sent. `planned` says that a plan brings the user to what is
    mapped, `shared` that others have the claim.
    """

    mapped: str | None
    sent: ClaimSent = ClaimSent.NOW
    seen: str | None = None
    planned: bool = False
    shared: bool = False
    disabled: bool = False


def lands(one: SsoClass, rules: SsoRules) -> bool:
    """Whether a user of this class lands in their own account all the same."""
    return one is SsoClass.SUPERADMIN_KEEP_LOCAL_LOGIN or (one is SsoClass.CASE_ONLY and rules.ignore_case)


def sso_classes(user: SsoUser, rules: SsoRules) -> list[SsoClass] | None:
    """The user's classes: at most one of those that do not land, and the others; None if nothing is known yet."""
    obstacle = _obstacle(user, rules)
    if obstacle is None and user.mapped is None:
        return None
    found = [] if obstacle is None else [obstacle]
    stops = any(not lands(one, rules) for one in found)
    if not stops and user.shared:
        found.append(SsoClass.CLAIM_NOT_UNIQUE)
    elif not stops and (user.disabled or not rules.active_is_enabled or SEEN_DISABLED in (user.seen or "").split(",")):
        found.append(SsoClass.DISABLED)
    if SUPERADMIN in (user.mapped or "").split(","):
        found.append(SsoClass.SUPERADMIN_KEEP_LOCAL_LOGIN)
    return found


def _obstacle(user: SsoUser, rules: SsoRules) -> SsoClass | None:
    """What is wrong with the claim itself; None for nothing."""
    mapped = ClaimFit.OTHER if user.mapped is None else _fit_by(user.mapped, rules.claim)
    if not user.planned and user.seen is None and user.sent != ClaimSent.NOW:
        return _obstacle_by_sent(user, mapped, rules)
    if user.mapped is None:
        return None
    by_mapping = mapped is ClaimFit.OTHER and rules.claims_email
    other = SsoClass.EMAIL_IS_NOT_USERNAME if by_mapping else SsoClass.CLAIM_DIFFERS
    misfits = {
        ClaimFit.SAME: None, ClaimFit.CASE: SsoClass.CASE_ONLY, ClaimFit.NONE: SsoClass.CLAIM_MISSING,
    }  # fmt: skip
    # What was read outweighs what was sent.
    return misfits.get(mapped if user.planned or user.seen is None else _fit_by(user.seen, rules.claim), other)


def _obstacle_by_sent(user: SsoUser, mapped: ClaimFit, rules: SsoRules) -> SsoClass | None:
    """The same where Descope has something else than the record says now, and nobody has read what."""
    if user.sent == ClaimSent.NEVER:
        return SsoClass.CLAIM_MISSING
    if user.mapped is None or user.sent == ClaimSent.AS_NAMED:
        return None
    if user.sent == ClaimSent.OLDER and (rules.claim == USERNAME_CLAIM or mapped in (ClaimFit.SAME, ClaimFit.CASE)):
        return SsoClass.RENAMED_SINCE
    by_mapping = user.sent == ClaimSent.OLDER and mapped is ClaimFit.OTHER and rules.claims_email
    return SsoClass.EMAIL_IS_NOT_USERNAME if by_mapping else SsoClass.CLAIM_DIFFERS


def _fit_by(words: str, claim: ClaimName) -> ClaimFit:
    """How a claim fits by the words of `claim_words`."""
    fits = [word.partition(":")[2] for word in words.split(",") if word.startswith(f"{claim}:")]
    return ClaimFit(fits[0]) if fits else ClaimFit.OTHER
