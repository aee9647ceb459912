"""What a batch answer says about each user asked for: by login id, never by position (matrix N13)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.descope.user import DescopeUser, parse_users

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.model import Json

_CODE = re.compile(r"\bE\d{6}\b")


@dataclass(frozen=True, slots=True)
class Failure:
    """An entry of `failedUsers`; `login_ids` may be empty: the user there can be null or partial (contract 3.3)."""

    login_ids: tuple[str, ...]
    code: str


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """A 200 of create/batch or patch/batch: it says nothing yet about any single user."""

    done: tuple[DescopeUser, ...]
    failed: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class Matched:
    """What the answer says about one login id.

    `user` and `failure` may both be there, or neither: then nobody knows before reading back.
    """

    user: DescopeUser | None
    failure: Failure | None


def parse_batch(answer: Json, key: str) -> BatchAnswer:
    """Take a batch answer apart; `key` names its list of successes.

    Raises:
        KeyError, TypeError, ValueError: neither list is there, or one has the wrong shape.
    """
    if key not in answer and "failedUsers" not in answer:
        raise KeyError(key)
    failed = answer.get("failedUsers") or []
    if not isinstance(failed, list):
        raise TypeError("failedUsers has the wrong type")
    return BatchAnswer(tuple(parse_users(answer.get(key))), tuple(_failure(entry) for entry in failed))


def _failure(entry: Json) -> Failure:
    user = entry.get("user")
    names: list[str] = []
    if isinstance(user, dict):
        listed = user.get("loginIds")
        names += [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []
        names += [user[key] for key in ("loginId", "identifier", "email") if isinstance(user.get(key), str)]
    # Only the code is kept: the text may carry the user's own data.
    code = _CODE.search(str(entry.get("failure", "")))
    return Failure(tuple(name for name in names if name), code.group() if code else "")


def match(answer: BatchAnswer, login_ids: Sequence[str]) -> dict[str, Matched]:
    """Find each requested primary login id in the answer.

    Null entries of `failedUsers` belong to whoever was asked for and is in neither list; they stay
    unmatched here, and reading back decides.
    """
    done = {own.casefold(): user for user in answer.done for own in user.login_ids}
    failed = {name.casefold(): failure for failure in answer.failed for name in failure.login_ids}
    return {login_id: Matched(done.get(login_id.casefold()), failed.get(login_id.casefold())) for login_id in login_ids}


def nameless(answer: BatchAnswer, silent: int) -> str | None:
    """The code of the failures without a name, if they can only mean the `silent` users in neither list."""
    codes = [failure.code for failure in answer.failed if not failure.login_ids]
    return codes[0] if codes and len(codes) == silent else None
