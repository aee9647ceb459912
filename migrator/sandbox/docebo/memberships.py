"""The platform's branches and groups, and who is in which (docs/contract/docebo.md 5 and 6)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Kind: TypeAlias = Literal["branch", "group"]


class Branch(BaseModel):
    """A node of the tree of branches; without `parent` it stands directly below the root."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(pattern="^[0-9]+$")
    title: str = ""
    code: str | None = None
    parent: str | None = None


class Group(BaseModel):
    """A group, or audience as the newer service calls it."""

    model_config = ConfigDict(extra="forbid")

    id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A branch with its place in the nested set: its level, and its left and right number."""

    branch: Branch
    level: int
    left: int
    right: int


class Memberships:
    """Branches and groups by id, and the ids of their members; whoever is no user is shown to nobody."""

    def __init__(self) -> None:
        self.branches: dict[str, Branch] = {}
        self.groups: dict[str, Group] = {}
        self._members: defaultdict[tuple[Kind, str], set[str]] = defaultdict(set)

    def put_branch(self, branch: Branch, members: Iterable[str] = ()) -> None:
        """Add a branch, or replace it and its members whole.

        Raises:
            ValueError: its parent is not there, or is the branch itself or below it.
        """
        if branch.parent is not None and branch.parent not in self.branches:
            raise ValueError(f"no branch {branch.parent}")
        if branch.id in self.branches and branch.parent in self.below(branch.id):
            raise ValueError(f"branch {branch.parent} is below branch {branch.id}")
        self.branches[branch.id] = branch
        self._members["branch", branch.id] = set(members)

    def put_group(self, group: Group, members: Iterable[str] = ()) -> None:
        """Add a group, or replace it and its members whole."""
        self.groups[group.id] = group
        self._members["group", group.id] = set(members)

    def remove(self, kind: Kind, key: str) -> bool:
        """Delete a group, or a branch with those below it; False when there is none."""
        if kind == "group":
            self._members.pop((kind, key), None)
            return self.groups.pop(key, None) is not None
        if key not in self.branches:
            return False
        for below in self.below(key):
            del self.branches[below]
            self._members.pop((kind, below), None)
        return True

    def join(self, kind: Kind, key: str, user_id: str) -> None:
        """Put a user in."""
        self._members[kind, key].add(user_id)

    def leave(self, kind: Kind, key: str, user_id: str) -> None:
        """Take a user out, who may not have been in."""
        self._members[kind, key].discard(user_id)

    def members(self, kind: Kind, key: str, *, descendants: bool = False) -> set[str]:
        """Ids of the members; with `descendants` also of those in the branches below."""
        keys = self.below(key) if descendants else {key}
        return set().union(*(self._members[kind, one] for one in keys))

    def below(self, key: str) -> set[str]:
        """The ids of a branch and of all branches below it."""
        children = self._children()
        found, left = {key}, [key]
        while left:
            below = [branch.id for branch in children[left.pop()]]
            found.update(below)
            left += below
        return found

    def nodes(self) -> list[Node]:
        """All branches, each before those below it."""
        return sorted(_walk(self._children(), None, 1, 1), key=lambda node: node.left)

    def dump(self, kind: Kind) -> list[dict[str, Any]]:
        """All of one kind, each with its members."""
        held = self.branches if kind == "branch" else self.groups
        return [one.model_dump() | {"members": sorted(self._members[kind, key])} for key, one in held.items()]

    def _children(self) -> defaultdict[str | None, list[Branch]]:
        """The branches directly below each."""
        children: defaultdict[str | None, list[Branch]] = defaultdict(list)
        for branch in self.branches.values():
            children[branch.parent].append(branch)
        return children


def _walk(children: defaultdict[str | None, list[Branch]], key: str | None, level: int, left: int) -> Iterator[Node]:
    """The branches below one whose left number is `left`."""
    number = left
    for branch in children[key]:
        right = first = number + 1
        for node in _walk(children, branch.id, level + 1, first):
            right = max(right, node.right)
            yield node
        number = right + 1
        yield Node(branch, level, first, number)
