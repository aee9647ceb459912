"""The detail beside a reason: whom a user collides with, who holds its login, Descope's code, what is wrong."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from migrator.checkpoint.users.holders import MOST_HOLDERS, Holders, parse_holders
from migrator.checkpoint.users.neighbours import SharedLogins, docebo_ids
from migrator.checkpoint.users.reopening import DUPLICATE_REASONS
from migrator.core.reasons import Reason
from migrator.report.advice import FOUND_ADVICE
from migrator.report.lists.record_faults import record_fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.checkpoint.users.neighbours import LoginGroup
    from migrator.checkpoint.users.stored_user import StoredUser

_AT_ONCE = 500
HELD_REASONS = (
    Reason.LOGIN_TAKEN, Reason.SEVERAL_MATCHES, Reason.RECREATED, Reason.EMAIL_TAKEN, Reason.TENANTS_OR_ROLES,
)  # fmt: skip
OWN_USER_REASONS = (Reason.DELETED_AT_DESCOPE, Reason.MARK_LOST, Reason.LOGIN_IDS_DIFFER, *FOUND_ADVICE)
CODE_REASONS = (Reason.REFUSED, Reason.EMAIL_TAKEN, Reason.PHONE_TAKEN)
_CODE = re.compile(r"E\d{6}|HTTP \d{3}")


def with_details(checkpoint: Checkpoint, problems: Iterable[StoredUser]) -> Iterator[StoredUser]:
    """The same users, each with the detail a person reads; memory stays flat.

    No value of a record is in it: codes, counts, ids and the names of fields.
    """
    problems = iter(problems)
    shared = SharedLogins(checkpoint)
    while some := list(islice(problems, _AT_ONCE)):
        sharing = shared.of([problem.user_id for problem in some if problem.reason in DUPLICATE_REASONS])
        ids = [one for problem in some if problem.reason in HELD_REASONS for one in parse_holders(problem.detail).ids]
        docebo = docebo_ids(checkpoint, ids)
        for problem in some:
            groups = sharing.get(problem.user_id, ())
            yield replace(
                problem,
                detail=detail_text(problem, groups, docebo),
                other_docebo_ids=other_docebo_ids(problem, groups, docebo),
                other_descope_ids=other_descope_ids(problem),
            )


def other_docebo_ids(problem: StoredUser, sharing: Sequence[LoginGroup], docebo: Mapping[str, str]) -> tuple[str, ...]:
    """The first Docebo users who share a login with this one, or are behind the Descope users in its way."""
    ids = [one for group in sharing for one in group.first]
    ids += [docebo[one] for one in other_descope_ids(problem) if one in docebo]
    return tuple(dict.fromkeys(one for one in ids if one != problem.user_id))


def other_descope_ids(problem: StoredUser) -> tuple[str, ...]:
    """The Descope users in the way of this one; for a problem of its own, the one that it became."""
    stored = problem.detail or ""
    if problem.reason in HELD_REASONS and stored and not _CODE.fullmatch(stored):
        return parse_holders(stored).ids
    own = problem.target_id is not None and problem.reason not in HELD_REASONS
    return (problem.target_id,) if own and problem.target_id else ()


def detail_text(problem: StoredUser, sharing: Sequence[LoginGroup], docebo: Mapping[str, str]) -> str:
    """The detail of one user, "" when there is none.

    Args:
        sharing: the groups of users that share a login with it.
        docebo: Descope user id to the Docebo user id that it was migrated for.
    """
    reason, stored = problem.reason or "", problem.detail or ""
    own = f"Descope user {problem.target_id}" if problem.target_id else ""
    if reason in DUPLICATE_REASONS:
        return "; ".join(dict.fromkeys(filter(None, (_also(problem.user_id, group) for group in sharing))))
    if reason in HELD_REASONS and stored and not _CODE.fullmatch(stored):
        return _held_by(parse_holders(stored), docebo)
    if reason in OWN_USER_REASONS:
        return own or stored
    if reason == Reason.GAVE_UP:
        return (
            f"{problem.attempts} requests not confirmed by Descope"
            if problem.attempts > 1
            else "not confirmed by Descope"
        )
    if reason in CODE_REASONS:
        return stored or "no error code"
    told = stored or record_fault(reason, problem.raw)
    # Beside a reason that is about another user, our own would be taken for that one.
    return told or ("" if reason in HELD_REASONS else own)


def _also(user_id: str, group: LoginGroup) -> str:
    others = [one for one in group.first if one != user_id][:MOST_HOLDERS]
    return _listed("also", others, group.users - 1 - len(others)) if others else ""


def _held_by(found: Holders, docebo: Mapping[str, str]) -> str:
    names = [f"{one} (Docebo user {docebo[one]})" if one in docebo else one for one in found.ids]
    title = "Descope user" if len(names) + found.more == 1 else "Descope users"
    return ": ".join(filter(None, (found.word, _listed(title, names, found.more) if names else "")))


def _listed(title: str, names: Sequence[str], more: int) -> str:
    """`also 123, 456 and 12 more`."""
    return f"{title} {', '.join(names)}" + (f" and {more:,} more" if more > 0 else "")
