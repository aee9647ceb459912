"""Column `detail` if somebody in Descope blocks a user: a word, if there is one, and Descope user ids.

Shapes: "held_by_migrated_user", "U1 U2 +3", "wanted_twice U1"; codes, ids and counts only, never personal data.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import ColumnElement

# The login or the user may be released: the holder is another user of this migration, came only after the look-up, or
# would be adopted by several Docebo users.
HELD_BY_OURS, CAME_MEANWHILE, WANTED_TWICE = "held_by_migrated_user", "came_meanwhile", "wanted_twice"
MAY_LET_GO = (HELD_BY_OURS, CAME_MEANWHILE, WANTED_TWICE)
MOST_HOLDERS = 5
# Another server's ids may have any form; text of another form could be an address.
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Holders:
    """What `detail` says: a word of `MAY_LET_GO` or "", the Descope ids named, and how many more there are."""

    word: str
    ids: tuple[str, ...]
    more: int


def holders_text(word: str, ids: Iterable[str]) -> str | None:
    """The text of the column; None if there is nothing to say."""
    known = sorted({one for one in ids if _ID.fullmatch(one)})
    more = len(known) - MOST_HOLDERS
    return " ".join([*([word] if word else []), *known[:MOST_HOLDERS], *([f"+{more}"] if more > 0 else [])]) or None


def parse_holders(detail: str | None) -> Holders:
    """The inverse of `holders_text`."""
    words = (detail or "").split()
    word = words.pop(0) if words and words[0] in MAY_LET_GO else ""
    more = int(words.pop()) if words and words[-1].startswith("+") else 0
    return Holders(word, tuple(words), more)


def may_let_go(detail: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether the column begins with a word of `MAY_LET_GO`."""
    return or_(detail.in_(MAY_LET_GO), *(detail.startswith(f"{word} ", autoescape=True) for word in MAY_LET_GO))
