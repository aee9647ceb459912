"""The branches that rules name, found in the flattened tree (docs/contract/docebo.md 5, docs/decisions/0027)."""

from __future__ import annotations

from collections import defaultdict
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from migrator.core.errors import BadAnswer, Refused, StopRun
from migrator.docebo.client import BRANCHES_PATH, unreadable
from migrator.docebo.paging import Reading
from migrator.log.redact import visible

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from migrator.core.model import Json
    from migrator.docebo.client import DoceboClient

_WHAT = "Branches"


class Branch(NamedTuple):
    """A branch of the tree; `code` is "" where it has none."""

    id: str
    code: str
    title: str


class FoundBranches(NamedTuple):
    """The ids of named branches by name, and of the names that are no branch's, what is wrong with each.

    `missing` are those of the wrong ones that nothing at all was found for.
    """

    ids: dict[str, str]
    wrong: dict[str, str]
    missing: frozenset[str]


def find_branches(names: Collection[str], branches: Iterable[Branch]) -> FoundBranches:
    """Find each name as the id or the code of a branch, letter by letter. Pure.

    A name that several branches answer to is wrong: a rule must not depend on which of them is meant.
    """
    by_id: dict[str, Branch] = {}
    by_code: defaultdict[str, set[str]] = defaultdict(set)
    near: dict[str, Branch] = {}
    wanted, folded = set(names), {name.casefold() for name in names}
    for branch in branches:
        if branch.id in wanted:
            by_id[branch.id] = branch
        if branch.code and branch.code in wanted:
            by_code[branch.code].add(branch.id)
        near.update((text.casefold(), branch) for text in branch[1:] if text and text.casefold() in folded)
    ids, wrong, missing = {}, {}, set()
    for name in wanted:
        own = {name} & by_id.keys()
        found = own | by_code[name]
        if len(found) == 1:
            ids[name] = found.pop()
        elif own:
            wrong[name] = f"the id of one branch and the code of another ({_listed(found - own)})"
        elif found:
            wrong[name] = f"the code of {len(found)} branches ({_listed(found)})"
        else:
            missing.add(name)
            wrong[name] = f"no branch has this id or code{_meant(near.get(name.casefold()))}"
    return FoundBranches(ids, wrong, frozenset(missing))


def look_up_branches(client: DoceboClient, names: Collection[str]) -> FoundBranches:
    """Read the flattened tree and find these names in it; makes no call when there are none.

    A branch may have moved between two pages: before a name is said to be no branch's, the tree is read once more.

    Raises:
        StopRun: the tree cannot be read, does not end, or is shorter than Docebo's own count and lacks a name.
    """
    if not names:
        return FoundBranches({}, {}, frozenset())
    shown: dict[str, Branch] = {}
    for _ in range(2):
        reading = Reading(what=_WHAT)
        for page in _pages(client, reading):
            shown.update((branch.id, branch) for branch in page)
        found = find_branches(names, shown.values())
        if not found.missing or (reading.page == 1 and reading.whole):
            return found
    if not reading.whole:
        raise StopRun(
            f"Failed Getting {_WHAT}: Docebo counts more branches than its pages show,"
            f" and {len(found.missing)} of those that the rules name were not on them.",
            fix="Run again later; if it happens again, ask Docebo's support why branches are hidden.",
        )
    return found


def branches_gone(client: DoceboClient, ids: Collection[str]) -> frozenset[str]:
    """Which of these branches the tree has no longer; it is read as far as needed.

    Raises:
        StopRun: the tree cannot be read.
    """
    gone = set(ids)
    for _ in range(2):
        reading = Reading(what=_WHAT)
        for page in _pages(client, reading):
            gone -= {branch.id for branch in page}
            if not gone:
                return frozenset()
    return frozenset(gone)


def _pages(client: DoceboClient, reading: Reading) -> Iterator[list[Branch]]:
    """The tree once through."""
    seen: set[str] = set()
    with closing(client.pages_of(BRANCHES_PATH, {"flattened": "true"}, _WHAT)) as pages:
        try:
            for page in pages:
                branches = [_branch(item) for item in page.items]
                fresh = {branch.id for branch in branches} - seen
                seen |= fresh
                yield branches
                if reading.is_last(page, len(fresh)):
                    return
        except Refused as error:
            raise unreadable(error, _WHAT) from None


def _branch(item: Json) -> Branch:
    key = item.get("id") if isinstance(item, dict) else None
    if isinstance(key, bool) or not isinstance(key, int | str):
        raise unreadable(BadAnswer("Docebo shows a branch without an id"), _WHAT)
    code, title = (_text(item.get(name)) for name in ("code", "title"))
    return Branch(str(key), code, title)


def _text(value: Json) -> str:
    return str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""


def _listed(ids: Iterable[str]) -> str:
    shown = sorted(ids, key=lambda key: (len(key), key))
    return ", ".join([*shown[:3], "…"] if len(shown) > 3 else shown)  # noqa: PLR2004 -- enough to look at


def _meant(branch: Branch | None) -> str:
    """A branch with this title, or with this code in other letter case."""
    return f" (did you mean {visible(branch.code or branch.id)}?)" if branch else ""
