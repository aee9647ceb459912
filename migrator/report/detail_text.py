"""The detail beside a reason: whom a user collides with, who holds its login, Descope's code, what is wrong."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from migrator.checkpoint import holders, neighbours
from migrator.checkpoint.reopening import DUPLICATES
from migrator.report.advice import FOUND
from migrator.report.record_faults import fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from migrator.checkpoint.books import Problem
    from migrator.checkpoint.checkpoint import Checkpoint
    from migrator.checkpoint.neighbours import Sharing

AT_ONCE = 500
HELD = ("login_taken", "several_matches", "recreated", "email_taken")
OWN_USER = ("deleted_at_descope", "mark_lost", "login_ids_differ", *FOUND)
CODES = ("refused", "email_taken", "phone_taken")
_CODE = re.compile(r"E\d{6}|HTTP \d{3}")


def detailed(checkpoint: Checkpoint, problems: Iterable[Problem]) -> Iterator[Problem]:
    """The same users, each with the detail a person reads; memory stays flat.

    No value of a record is in it: codes, counts, ids and the names of fields.
    """
    problems = iter(problems)
    shared = neighbours.SharedLogins(checkpoint)
    while some := list(islice(problems, AT_ONCE)):
        sharing = shared.of([problem.user_id for problem in some if problem.reason in DUPLICATES])
        ids = [one for problem in some if problem.reason in HELD for one in holders.parse(problem.detail).ids]
        docebo = neighbours.docebo_ids(checkpoint, ids)
        for problem in some:
            yield replace(problem, detail=detail_text(problem, sharing.get(problem.user_id, ()), docebo))


def detail_text(problem: Problem, sharing: Sequence[Sharing], docebo: Mapping[str, str]) -> str:
    """The detail of one user, "" when there is none.

    Args:
        sharing: the groups of users that share a login with it.
        docebo: Descope user id to the Docebo user id that it was migrated for.
    """
    reason, stored = problem.reason, problem.detail or ""
    if reason in DUPLICATES:
        return "; ".join(dict.fromkeys(filter(None, (_also(problem.user_id, group) for group in sharing))))
    if reason in HELD and stored and not _CODE.fullmatch(stored):
        return _held_by(holders.parse(stored), docebo)
    if reason in OWN_USER:
        return f"Descope user {problem.target_id}" if problem.target_id else stored
    if reason == "gave_up":
        return (
            f"{problem.attempts} requests not confirmed by Descope"
            if problem.attempts > 1
            else "not confirmed by Descope"
        )
    if reason in CODES:
        return stored or "no error code"
    return stored or fault(reason, problem.raw)


def _also(user_id: str, group: Sharing) -> str:
    others = [one for one in group.first if one != user_id][: holders.MOST_NAMED]
    return _listed("also", others, group.users - 1 - len(others)) if others else ""


def _held_by(found: holders.Holders, docebo: Mapping[str, str]) -> str:
    names = [f"{one} (Docebo user {docebo[one]})" if one in docebo else one for one in found.ids]
    title = "Descope user" if len(names) + found.more == 1 else "Descope users"
    return ": ".join(filter(None, (found.word, _listed(title, names, found.more) if names else "")))


def _listed(title: str, names: Sequence[str], more: int) -> str:
    """`also 123, 456 and 12 more`."""
    return f"{title} {', '.join(names)}" + (f" and {more:,} more" if more > 0 else "")
