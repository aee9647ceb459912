"""Sign-ins and audit records: how they are asked for, and what an answer says (docs/contract/descope.md 11.6). Pure."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, TypeAlias

from migrator.core.errors import StopRun

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migrator.core.model import Json

SIGNED_IN, CHANGED = "LoginSucceed", "UserModified"  # the actions of audit records
AUDIT_LIMIT = 10  # searches a minute
TRAIL_DAYS = 30
TRAIL_PAGE = 1000  # records
# A page's records, as Descope id, action and epoch second; and how many there are on all pages, None if it is not told.
Audits: TypeAlias = tuple[list[tuple[str, str, float]], int | None]


def audit_pages(actions: Sequence[str], since: float, until: float) -> Iterator[dict[str, Json]]:
    """The bodies that ask for one page after the other; times are epoch seconds."""
    asked = {"actions": list(actions), "from": int(since * 1000), "to": int(until * 1000), "limit": TRAIL_PAGE}
    return ({**asked, "page": number} for number in count())


def parse_audits(answer: Json) -> Audits:
    """The page in an answer.

    Raises:
        KeyError, TypeError, ValueError: the wrong shape.
    """
    # An empty list may be left out (protobuf JSON), but an object without either key is no answer.
    if "audits" not in answer and "total" not in answer:
        raise KeyError("audits")
    records = [
        (str(one.get("userId") or ""), str(one["action"]), float(one["occurred"]) / 1000)
        for one in answer.get("audits") or []
    ]
    total = answer.get("total")
    return records, None if total is None else int(total)


def is_whole(shown: int, found: int, total: int | None) -> bool:
    """Whether a page of `shown` records is the last one, with `found` on all pages so far.

    Raises:
        StopRun: fewer records were shown than counted: a part is never taken for all.
    """
    if not shown and total is not None and found < total:
        raise StopRun(
            f"Descope counts {total} audit records, but shows only {found}.",
            fix="Run again; if it happens again, ask Descope's support.",
        )
    # A server may show fewer on a page than we ask for: its total then says that there is more.
    return not shown or (shown < TRAIL_PAGE and total is not None and found >= total)


def parse_sign_ins(answer: Json) -> list[tuple[str, float]]:
    """Sign-ins as Descope id and epoch second.

    Raises:
        KeyError, TypeError, ValueError: the wrong shape.
    """
    if not isinstance(answer, list):
        raise TypeError("not a list of sign-ins")
    return [(str(one["userId"]), float(one["loginTime"])) for one in answer]


def newest_of(sign_ins: Sequence[tuple[str, float]]) -> dict[str, float]:
    """The newest sign-in of each user, by Descope id."""
    newest: dict[str, float] = {}
    for user_id, at in sign_ins:
        newest[user_id] = max(at, newest.get(user_id, at))
    return newest
