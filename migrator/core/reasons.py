"""Every reason and note code, its meaning and its fix.

The codes are stable: checkpoints, reports and people's scripts contain them. `docs/reason-codes.md` is
this table; `python -m migrator.core.reasons` prints it again.
"""

from __future__ import annotations

from enum import Flag, StrEnum, auto
from typing import Final, Self

from migrator.core.model import State


class Again(Flag):
    """What a later run does about a reason although nobody has changed anything."""

    HELPS = auto()  # it can succeed for some of the users
    JUDGES = auto()  # it judges each of them again, because the reason may no longer apply; that costs few calls


_NEVER = Again(0)


class Reason(StrEnum):
    """Why a user is in its final state: the code, with its meaning.

    Attributes:
        state: the final state the reason leads to.
        meaning: what happened.
        fix: what a migration engineer can do about it.
        again: what running again does about it.
    """

    state: State
    meaning: str
    fix: str
    again: Again

    def __new__(cls, code: str, state: State, meaning: str, fix: str, again: Again = _NEVER) -> Self:
        """A member is its code, as text."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.state, member.meaning, member.fix, member.again = state, meaning, fix, again
        return member

    @property
    def retry_helps(self) -> bool:
        """Whether running again can succeed for any of its users although nobody has changed anything."""
        return Again.HELPS in self.again

    MALFORMED_RECORD = (
        "malformed_record",
        State.REJECTED,
        "Docebo listed something that is not a user record.",
        "Run again. If it is still there, look at Docebo's user list and ask Docebo's support.",
        Again.HELPS,
    )
    NO_USER_ID = (
        "no_user_id",
        State.REJECTED,
        "The record has no Docebo user id, so it could never be recognised again.",
        "Find the user in Docebo's user management by the other fields, and ask Docebo's support about the id.",
    )
    INVALID_USER_ID = (
        "invalid_user_id",
        State.REJECTED,
        "The Docebo user id is not a whole number from 1 to 9223372036854775807.",
        "Ask Docebo's support why the platform lists such an id.",
    )
    NO_EMAIL = (
        "no_email",
        State.REJECTED,
        "The user has no e-mail address in Docebo, and Descope needs one.",
        (
            "Enter the address in Docebo and run again; or set mapping.login_id: username (the user then needs a "
            "valid phone), or mapping.missing_email: synthesize."
        ),
    )
    INVALID_EMAIL = (
        "invalid_email",
        State.REJECTED,
        "The e-mail field in Docebo does not hold an e-mail address, or holds one longer than 254 characters.",
        "Correct the address in Docebo and run again.",
    )
    NO_USERNAME = (
        "no_username",
        State.REJECTED,
        "The mapping takes the user name as login id, and this user has none in Docebo.",
        "Give the user a user name in Docebo and run again, or set mapping.login_id: email.",
    )
    INVALID_USERNAME = (
        "invalid_username",
        State.REJECTED,
        (
            "The user name cannot be a login id: it is longer than 254 characters, holds control characters, or shows "
            "nothing at all."
        ),
        "Correct the user name in Docebo and run again.",
    )
    LOGIN_ID_ERASED = (
        "login_id_erased",
        State.REJECTED,
        "A person gave the user another login id, and purge has erased it.",
        "Give it again: login_id in a decisions file.",
    )
    UNKNOWN_STATUS = (
        "unknown_status",
        State.REJECTED,
        "Docebo marks the user as neither active nor suspended, and nobody is enabled on a guess.",
        "Open the user in Docebo: approve or delete a pending registration, or save the status again. Then run again.",
    )
    DUPLICATE_EMAIL = (
        "duplicate_email",
        State.CONFLICT,
        "Several Docebo users share this e-mail address as their login, and the migrator does not guess who keeps it.",
        (
            "Give each person an address of their own in Docebo, or delete the duplicates, and run again; or let "
            "policy.duplicate_email choose (oldest, newest_login)."
        ),
        Again.JUDGES,
    )
    DUPLICATE_LOGIN = (
        "duplicate_login",
        State.CONFLICT,
        (
            "Several Docebo users would share one login id: theirs are equal, or differ only in case, in "
            "Unicode spelling or in invisible characters."
        ),
        (
            "Decide who keeps the login id, change the others in Docebo (or shorten mapping.extra_login_ids), and run "
            "again."
        ),
        Again.JUDGES,
    )
    LOGIN_TAKEN = (
        "login_taken",
        State.CONFLICT,
        "Another user in Descope already has this login id, and was left untouched.",
        (
            "Compare the two users. If they are one person, set policy.existing: link and run again; if not, change "
            "one of the login ids: in Docebo and run again, or in Descope and run with --retry login_taken. If the "
            "other user was migrated too (detail held_by_migrated_user), every run checks again whether the login id "
            "is free."
        ),
    )
    RECREATED = (
        "recreated",
        State.CONFLICT,
        (
            "The login id belongs to a migrated user who has since been deleted in Docebo. This may be the same person "
            "with a new Docebo id."
        ),
        (
            "If it is the same person, set policy.existing: link and run again; if not, delete the old user in Descope "
            "and run again."
        ),
        Again.JUDGES,
    )
    LOGIN_IDS_DIFFER = (
        "login_ids_differ",
        State.CONFLICT,
        (
            "The user has other login ids in Descope than the mapping asks for, and no API call adds a login id "
            "safely. Nothing else was changed."
        ),
        (
            "Add or rename the login id in Descope and run with --retry login_ids_differ, or shorten "
            "mapping.extra_login_ids."
        ),
    )
    TENANTS_OR_ROLES = (
        "tenants_or_roles",
        State.CONFLICT,
        (
            "A rule gives the user tenants, but in Descope the user has roles of the project, or the other way round. "
            "Descope takes no user with both. Nothing was changed."
        ),
        (
            "Take the roles or the tenants away in the Descope console, or change the rule so that it does not match "
            "this user, then run again."
        ),
        Again.JUDGES,
    )
    MARK_LOST = (
        "mark_lost",
        State.CONFLICT,
        (
            "Descope has the user, but the attributes by which the migrator recognises it (doceboUserId, "
            "doceboPlatform) were removed. It was left untouched."
        ),
        "If it is still the same person, run with --retry mark_lost, which sets them again.",
    )
    SEVERAL_MATCHES = (
        "several_matches",
        State.CONFLICT,
        (
            "The user's login ids, or the mark of this Docebo user, belong to more than one user in Descope; or more "
            "than one Docebo user would be linked to the same Descope user (detail wanted_twice)."
        ),
        "Look at those users in the Descope console, keep one, and run with --retry several_matches.",
    )
    DELETED_AT_DESCOPE = (
        "deleted_at_descope",
        State.CONFLICT,
        "The user was in Descope, and has since been deleted there.",
        (
            "If that was intended, delete the user in Docebo too; if it was a mistake, run "
            "`migrator run --retry deleted_at_descope` to create the user again."
        ),
    )
    EMAIL_TAKEN = (
        "email_taken",
        State.CONFLICT,
        (
            "The user's new e-mail address belongs to another user in Descope. Setting it would merge the two and "
            "delete one of them."
        ),
        "Decide which user keeps the address, change the other one, and run with --retry email_taken.",
    )
    PHONE_TAKEN = (
        "phone_taken",
        State.CONFLICT,
        (
            "The user's new phone number belongs to another user in Descope. Setting it would merge the two and "
            "delete one of them."
        ),
        "Decide which user keeps the number, change the other one, and run with --retry phone_taken.",
    )
    REFUSED = (
        "refused",
        State.FAILED,
        "Descope refused to create or change this user.",
        (
            "The report shows Descope's error code; `migrator explain` with that code tells what it means. Correct the "
            "user in Docebo and run again, or fix the cause and run with --retry refused."
        ),
    )
    GAVE_UP = (
        "gave_up",
        State.FAILED,
        "Descope gave no usable answer to any attempt, and did not have the user as sent afterwards.",
        "Run again when Descope answers; nothing needs to be changed.",
        Again.HELPS | Again.JUDGES,
    )
    NOT_INCLUDED = (
        "not_included",
        State.SKIPPED,
        "The user's status is not in policy.include.",
        "None needed. To migrate these users, add the status to policy.include and run again.",
    )
    LEFT_OUT = (
        "left_out",
        State.SKIPPED,
        "A person decided to leave the user out (skip in a decisions file).",
        "None needed. To migrate the user, take the decision back: none in a decisions file.",
    )
    LIMIT = (
        "limit",
        State.SKIPPED,
        "The run had as many users as --limit allows.",
        "None needed. Run again without the option to migrate the rest.",
    )
    SEARCH_TEXT = (
        "search_text",
        State.SKIPPED,
        "The user does not match --search-text.",
        "None needed. Run again without the option to migrate everybody.",
    )
    UNDONE = (
        "undone",
        State.SKIPPED,
        "An undo has deleted the user in Descope, put it back as it was before, or found it gone.",
        "None needed. To migrate these users after all, run again: they are planned as if they were new.",
    )
    NOT_IN_PLAN = (
        "not_in_plan",
        State.SKIPPED,
        "The plan of this run (--plan) does not name the user, who is newer or was not pending when it was made.",
        "None needed. Run again without the option, or with a new plan, to migrate everybody.",
    )
    DRIFTED = (
        "drifted",
        State.CONFLICT,
        "The user changed in Docebo or in Descope after the plan of this run (--plan) was made, and was not sent.",
        "Make a new plan and look at the change, or run without --plan.",
        Again.HELPS | Again.JUDGES,
    )
    NOT_IN_DOCEBO = (
        "not_in_docebo",
        State.VANISHED,
        "The user was listed by Docebo earlier and is no longer there.",
        (
            "None needed if the user was deleted on purpose. A user already created in Descope stays there; delete it "
            "by hand if nobody needs it."
        ),
    )


class ExplainedCode(StrEnum):
    """A code with its meaning, and what can be done about it."""

    meaning: str
    fix: str

    def __new__(cls, code: str, meaning: str, fix: str) -> Self:
        """A member is its code, as text."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning, member.fix = meaning, fix
        return member


class Note(ExplainedCode):
    """What to report about a user that was accepted: the code, with meaning and fix."""

    NAME_CUT = (
        "name_cut",
        "A name was longer than 254 characters and was cut.",
        "If the lost end matters, shorten the name in Docebo and run again.",
    )
    PHONE_DROPPED = (
        "phone_dropped",
        "The phone field holds no valid number (or one with an extension), so the user has no phone in Descope.",
        "Enter the number with its country code in Docebo, or set mapping.phone_region, and run again.",
    )
    ATTRIBUTE_CUT = (
        "attribute_cut",
        "A mapped attribute was longer than 1000 characters and was cut.",
        "Shorten the field in Docebo, or take it out of mapping.attributes.",
    )
    ATTRIBUTE_DROPPED = (
        "attribute_dropped",
        "A mapped attribute holds a list or an object instead of text, so it was left out.",
        "Map another Docebo field in mapping.attributes.",
    )
    ATTRIBUTE_NOT_CONVERTED = (
        "attribute_not_converted",
        "A mapped field holds something that is no value of the type set for its attribute, so it was left out.",
        (
            "Correct the field in Docebo and run again, or give the attribute another type, or the option that is "
            "missing, in mapping.attributes."
        ),
    )
    LOGIN_ID_DROPPED = (
        "login_id_dropped",
        "A field of mapping.extra_login_ids holds no usable login id, so the user lacks that extra login id.",
        "Correct the field in Docebo and run again.",
    )
    USERNAME_NOT_SENT = (
        "username_not_sent",
        (
            "Docebo's user name is missing, is longer than 1000 characters, or holds control characters, so it cannot "
            "be kept in Descope as it is, and Docebo will not recognise the user by it."
        ),
        "Correct the user name in Docebo and run again.",
    )
    EMAIL_SYNTHESIZED = (
        "email_synthesized",
        "The user has no e-mail address in Docebo and got a made-up, unverified one. No mail will arrive there.",
        "Enter the address in Docebo and run again, or let the user enter it at the first sign-in.",
    )
    UNVERIFIED_EMAIL = (
        "unverified_email",
        (
            "Docebo never verified the user's e-mail address, and the user has no phone in Descope, so nothing "
            "yet proves who is signing in."
        ),
        (
            "Let the sign-in flow in Descope verify the address at the first sign-in, or have it verified in Docebo "
            "and run again."
        ),
    )


JUDGED_ANEW: Final = tuple(reason for reason in Reason if Again.JUDGES in reason.again)


_REASONS: Final = {reason.value: reason for reason in Reason}
_NOTES: Final = {note.value: note for note in Note}


def known_reason(code: str) -> Reason | None:
    """The reason with a code; None for a code that this version does not know."""
    return _REASONS.get(code)


def known_code(code: str) -> Reason | Note | None:
    """The reason or note with a code; None for a code that this version does not know."""
    return _REASONS.get(code) or _NOTES.get(code)


_SOMETIMES: Final = {Reason.LOGIN_TAKEN: "only with detail held_by_migrated_user"}


def again_words(reason: Reason) -> str:
    """Whether running again can succeed although nobody changed anything: `helps`, `no`, or when it does."""
    return _SOMETIMES.get(reason, "helps" if reason.retry_helps else "no")
