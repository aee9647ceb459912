"""The lists of members that a rule can ask for: a branch or a group of Docebo (docs/decisions/0027). Pure."""

from __future__ import annotations

from typing import Literal, NamedTuple


class MemberList(NamedTuple):
    """A branch by its id or code, or a group by its id; `descendants` takes the branches below it, too."""

    kind: Literal["branch", "group"]
    name: str
    descendants: bool = False
