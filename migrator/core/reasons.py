"""Every reason and note code, what it means and how to fix it (design section 3).

The codes are stable: they stand in checkpoints, reports and people's scripts. `docs/reason-codes.md` is
this table; `python -m migrator.core.reasons` prints it anew.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from migrator.core.model import State

if TYPE_CHECKING:
    from collections.abc import Mapping

CodeKind: TypeAlias = Literal["reason", "note"]


@dataclass(frozen=True, slots=True)
class Reason:
    """One code.

    Attributes:
        code: stable snake_case word.
        kind: a `reason` says why a user is in its final state, a `note` tells about one that was taken.
        state: the final state the reason leads to; None for notes.
        meaning: what happened.
        fix: what a migration engineer can do about it.
        retry_helps: whether running again can succeed for any of its users although nobody changed anything.
    """

    code: str
    kind: CodeKind
    state: State | None
    meaning: str
    fix: str
    retry_helps: bool = False


def _note(code: str, meaning: str, fix: str) -> Reason:
    return Reason(code, "note", None, meaning, fix)


def _reason(state: State, code: str, meaning: str, fix: str, *, retry_helps: bool = False) -> Reason:
    return Reason(code, "reason", state, meaning, fix, retry_helps)


_TABLE: Final = (
    _reason(
        State.REJECTED,
        "malformed_record",
        "Docebo listed something that is not a user record.",
        "Run again. If it is still there, look at Docebo's user list and ask Docebo's support.",
        retry_helps=True,
    ),
    _reason(
        State.REJECTED,
        "no_user_id",
        "The record has no Docebo user id, so it could never be recognised again.",
        "Find the user in Docebo's user management by the other fields, and ask Docebo's support about the id.",
    ),
    _reason(
        State.REJECTED,
        "invalid_user_id",
        "The Docebo user id is not a whole number from 1 to 9223372036854775807.",
        "Ask Docebo's support why the platform lists such an id.",
    ),
    _reason(
        State.REJECTED,
        "no_email",
        "The user has no e-mail address in Docebo, and Descope needs one.",
        "Enter the address in Docebo and run again; or set mapping.login_id: username (the user then needs a "
        "valid phone), or mapping.missing_email: synthesize.",
    ),
    _reason(
        State.REJECTED,
        "invalid_email",
        "The e-mail field in Docebo does not hold an e-mail address, or holds one longer than 254 characters.",
        "Correct the address in Docebo and run again.",
    ),
    _reason(
        State.REJECTED,
        "no_username",
        "The mapping takes the user name as login id, and this user has none in Docebo.",
        "Give the user a user name in Docebo and run again, or set mapping.login_id: email.",
    ),
    _reason(
        State.REJECTED,
        "invalid_username",
        "The user name cannot be a login id: it is longer than 254 characters, holds control characters, or shows "
        "nothing at all.",
        "Correct the user name in Docebo and run again.",
    ),
    _reason(
        State.REJECTED,
        "unknown_status",
        "Docebo says neither that the user is active nor that the user is suspended. Nobody is enabled by guessing.",
        "Open the user in Docebo: approve or delete a pending registration, or save the status again. Then run again.",
    ),
    _reason(
        State.CONFLICT,
        "duplicate_email",
        "Several Docebo users share this e-mail address as their login. None of them was migrated on a guess.",
        "Give each person an address of their own in Docebo, or delete the spare users, and run again; or let "
        "policy.duplicate_email choose (oldest, newest_login).",
    ),
    _reason(
        State.CONFLICT,
        "duplicate_login",
        "Several Docebo users would answer to one login id: equal, or differing only in case, in "
        "Unicode spelling or in invisible characters.",
        "Decide who keeps the login id, change the others in Docebo (or shorten mapping.extra_login_ids), and run "
        "again.",
    ),
    _reason(
        State.CONFLICT,
        "login_taken",
        "Another user has this login id in Descope already, and was left untouched.",
        "Compare the two people. If they are one, set policy.existing: link and run again; if not, change one of "
        "the login ids: in Docebo and run again, or in Descope and run with --retry login_taken. If the other one is "
        "a migrated user too (detail held_by_migrated_user), every run looks again whether the login is free.",
    ),
    _reason(
        State.CONFLICT,
        "recreated",
        "The login id belongs to a migrated user whom Docebo has deleted since. This may be the same person with a "
        "new Docebo id.",
        "If it is the same person, set policy.existing: link and run again; if not, delete the old user in Descope "
        "and run again.",
    ),
    _reason(
        State.CONFLICT,
        "login_ids_differ",
        "The user has other login ids in Descope than the mapping asks for, and no call adds a login id safely. "
        "Nothing else was changed.",
        "Add or rename the login id in Descope and run with --retry login_ids_differ, or shorten "
        "mapping.extra_login_ids.",
    ),
    _reason(
        State.CONFLICT,
        "mark_lost",
        "Descope has the user, but the attributes by which this migration knows it (doceboUserId, doceboPlatform) "
        "were removed. It was left untouched.",
        "If it is still the same person, run with --retry mark_lost, which sets them again.",
    ),
    _reason(
        State.CONFLICT,
        "several_matches",
        "The user's login ids, or the mark of this Docebo user, belong to more than one user in Descope; or more than "
        "one Docebo user would be linked to the same one (detail wanted_twice).",
        "Look at those users in the Descope console, keep one, and run with --retry and this code.",
    ),
    _reason(
        State.CONFLICT,
        "deleted_at_descope",
        "This migration created the user, who was later deleted in Descope.",
        "If it was meant so, delete the user in Docebo too; if it was a mistake, run "
        "`migrator run --retry deleted_at_descope` to create the user anew.",
    ),
    _reason(
        State.CONFLICT,
        "email_taken",
        "The user's new e-mail address belongs to another user in Descope. Setting it would merge the two and "
        "delete one of them.",
        "Decide which user keeps the address, change the other one, and run with --retry and this code.",
    ),
    _reason(
        State.CONFLICT,
        "phone_taken",
        "The user's new phone number belongs to another user in Descope. Setting it would merge the two and "
        "delete one of them.",
        "Decide which user keeps the number, change the other one, and run with --retry and this code.",
    ),
    _reason(
        State.FAILED,
        "refused",
        "Descope refused this user alone; the other users of the batch went through.",
        "Read Descope's error code in the report, correct the user in Docebo, or fix the cause and run with "
        "--retry refused.",
    ),
    _reason(
        State.FAILED,
        "gave_up",
        "Descope gave no usable answer in all attempts, and the user was not found there afterwards.",
        "Run again when Descope answers; nothing needs to be changed.",
        retry_helps=True,
    ),
    _reason(
        State.SKIPPED,
        "not_included",
        "The user's status is not among those of policy.include.",
        "None needed. To take them, add the status to policy.include and run again.",
    ),
    _reason(
        State.SKIPPED,
        "limit",
        "The run took no more users than --limit allows.",
        "None needed. Run again without the option to take the rest.",
    ),
    _reason(
        State.SKIPPED,
        "search_text",
        "The user does not match --search-text.",
        "None needed. Run again without the option to take everybody.",
    ),
    _reason(
        State.SKIPPED,
        "not_in_plan",
        "The user is not in the plan this run was bound to (--plan): it is newer, or was decided already.",
        "None needed. Run again without the option, or with a new plan, to take everybody.",
    ),
    _reason(
        State.CONFLICT,
        "drifted",
        "The user changed in Docebo or in Descope after the plan this run was bound to (--plan), so nothing was sent.",
        "Make a new plan and look at the change, or run without --plan.",
        retry_helps=True,
    ),
    _reason(
        State.VANISHED,
        "not_in_docebo",
        "The user was listed by Docebo earlier and is no longer there.",
        "None needed if the user was deleted on purpose. A user already created in Descope stays there; delete it by "
        "hand if nobody needs it.",
    ),
    _note(
        "name_cut",
        "A name was longer than 254 characters and was cut.",
        "Shorten it in Docebo and run again, if the end matters.",
    ),
    _note(
        "phone_dropped",
        "The phone field holds no valid number (or one with an extension), so the user has no phone in Descope.",
        "Enter the number with its country code in Docebo, or set mapping.phone_region, and run again.",
    ),
    _note(
        "attribute_cut",
        "A mapped attribute was longer than 1000 characters and was cut.",
        "Shorten the field in Docebo, or take it out of mapping.attributes.",
    ),
    _note(
        "attribute_dropped",
        "A mapped attribute holds a list or an object instead of a text, so it was left out.",
        "Map another Docebo field in mapping.attributes.",
    ),
    _note(
        "login_id_dropped",
        "A field of mapping.extra_login_ids holds no usable login id, so the user lacks that extra login id.",
        "Correct the field in Docebo and run again.",
    ),
    _note(
        "email_synthesized",
        "The user has no e-mail address in Docebo and got a made-up, unverified one. No mail will arrive there.",
        "Enter the address in Docebo and run again, or let the user enter it at the first sign-in.",
    ),
    _note(
        "unverified_email",
        "Docebo never verified the user's e-mail address, and the user has no phone in Descope, so that nothing "
        "proves yet who signs in.",
        "Let the sign-in flow in Descope verify the address at the first sign-in, or have it verified in Docebo "
        "and run again.",
    ),
)

_SOMETIMES: Final = {"login_taken": "only with detail held_by_migrated_user"}

REASONS: Final[Mapping[str, Reason]] = MappingProxyType({reason.code: reason for reason in _TABLE})


def _again(reason: Reason) -> str:
    return _SOMETIMES.get(reason.code, "helps" if reason.retry_helps else "no")


def render_page() -> str:
    """The Markdown page `docs/reason-codes.md`, newline at the end."""
    lines = [
        "# Reason and note codes",
        "",
        "<!-- Made from migrator/core/reasons.py: python -m migrator.core.reasons > docs/reason-codes.md -->",
        "",
        "A *reason* says why a user ended in its final state; a *note* tells about a user who was taken.",
        "*Again* says whether running again can succeed although nobody changed anything.",
        "",
        "## Reasons",
        "",
        "| code | state | meaning | fix | again |",
        "|---|---|---|---|---|",
        *(f"| `{r.code}` | {r.state} | {r.meaning} | {r.fix} | {_again(r)} |" for r in _TABLE if r.kind == "reason"),
        "",
        "## Notes",
        "",
        "| code | meaning | fix |",
        "|---|---|---|",
        *(f"| `{r.code}` | {r.meaning} | {r.fix} |" for r in _TABLE if r.kind == "note"),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(render_page())
