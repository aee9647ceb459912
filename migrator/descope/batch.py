"""What a batch answer says about each user asked for: by login id, never by position (docs/reliability.md N13)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.core.login_ids import login_key
from migrator.descope.user import DescopeUser, parse_users

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from migrator.core.model import Json

_CODE = re.compile(r"\bE\d{6}\b")


@dataclass(frozen=True, slots=True)
class Failure:
    """An entry of `failedUsers`, whose user can be null or partial (docs/contract/descope.md 3.3)."""

    login_ids: tuple[str, ...]
    code: str
    email: str = ""


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """A 200 of create/batch or patch/batch: it says nothing yet about any single user."""

    done: tuple[DescopeUser, ...]
    failed: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class MatchedUser:
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
    email = user.get("email") if isinstance(user, dict) else None
    if isinstance(user, dict):
        listed = user.get("loginIds")
        names += [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []
        names += [user[key] for key in ("loginId", "identifier") if isinstance(user.get(key), str)]
    # Only the code is kept: the text may carry the user's own data.
    code = _CODE.search(str(entry.get("failure", "")))
    names = [name for name in names if name]
    return Failure(tuple(names), code.group() if code else "", email if isinstance(email, str) else "")


def match_answers(answer: BatchAnswer, login_ids: Sequence[str], emails: Sequence[str] = ()) -> dict[str, MatchedUser]:
    """Find each requested primary login id in the answer.

    A failure that names no login id asked for is known by its e-mail, if one user alone was sent with it. One that
    names nobody belongs to somebody in neither list; it stays unmatched here (see `nameless`).

    Args:
        emails: the e-mail that was sent with each login id, "" for none; left out, the login ids stand for them.
    """
    done = {login_key(own): user for user in answer.done for own in user.login_ids}
    asked = set(map(login_key, login_ids))
    by_email = _alone(emails or login_ids, login_ids)
    failed: dict[str, Failure] = {}
    for failure in answer.failed:
        named = [key for key in map(login_key, failure.login_ids) if key in asked]
        failed |= dict.fromkeys(named or by_email.get(failure.email.casefold(), []), failure)
    return {one: MatchedUser(done.get(login_key(one)), failed.get(login_key(one))) for one in login_ids}


def _alone(emails: Sequence[str], login_ids: Sequence[str]) -> dict[str, list[str]]:
    """E-mail to login key, without the e-mails that several users share."""
    users: dict[str, list[str]] = {}
    for email, login_id in zip(emails, login_ids, strict=True):
        users.setdefault(email.casefold(), []).append(login_key(login_id))
    return {email: logins for email, logins in users.items() if email and len(logins) == 1}


def nameless_code(answer: BatchAnswer, silent: int, matched: Mapping[str, MatchedUser]) -> str | None:
    """The code of the failures that were matched with nobody, if they can only mean the `silent` in neither list."""
    asked = set(map(login_key, matched))
    known = {id(one.failure) for one in matched.values()}
    codes = [
        failure.code
        for failure in answer.failed
        if id(failure) not in known and asked.isdisjoint(map(login_key, failure.login_ids))
    ]
    return codes[0] if codes and len(codes) == silent else None
