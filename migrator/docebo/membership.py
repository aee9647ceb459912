"""The members of branches and groups that rules name, each list whole (docs/decisions/0027)."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.core.errors import BadAnswer, ConfigError, Refused, StopRun
from migrator.docebo.branches import branches_gone, look_up_branches
from migrator.docebo.client import BY_USERNAME, COUNTED, GROUP_ID, USERS_PATH, unreadable
from migrator.docebo.paging import Reading
from migrator.docebo.record import DoceboField
from migrator.log.redact import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterable, Mapping

    from migrator.core.member_lists import MemberList
    from migrator.core.model import Json
    from migrator.docebo.client import DoceboClient, Page

MOST_READINGS = 10  # of a list that changes while it is read
EQUAL_READINGS = 3  # in a row; a list that is not whole then will not be
LONGEST_NAME = 60
_GROUP_PATHS = ("/manage/v1/group/{}/members", "/audiences/v1/audience/{}/members")
_NOT_FOUND = 404


class UnknownMemberLists(ConfigError):
    """Rules name branches or groups that cannot be meant; `wrong` says of each what is wrong, as "no such group"."""

    def __init__(self, wrong: Mapping[MemberList, str]) -> None:
        self.wrong = dict(wrong)
        told = "; ".join(f"{_title(one)}: {what}" for one, what in sorted(self.wrong.items()))
        super().__init__(
            f"Branches or groups that rules name cannot be found: {told}.",
            fix="Name a branch by its id or code, and a group by its id.",
        )


@dataclass(frozen=True, slots=True)
class _Shown:
    """What one reading of a list showed.

    `rows` is the number of rows on all pages, `counts` are the totals that the pages tell, `all_pages` says that as
    many pages were turned as counted.
    """

    members: frozenset[str]
    rows: int
    counts: frozenset[int]
    all_pages: bool

    @property
    def whole(self) -> bool:
        """Whether nobody can have moved between pages unseen: as many as counted on each page, and nobody twice."""
        return self.counts == {len(self.members)} and self.rows == len(self.members)

    @property
    def whole_but_uncounted(self) -> bool:
        """Whether nothing speaks against it but that Docebo counts nothing."""
        return not self.counts and self.all_pages and self.rows == len(self.members)

    @property
    def described(self) -> str:
        """What it showed, in words."""
        twice = self.rows - len(self.members)
        counted = " to ".join(f"{count:,}" for count in sorted(self.counts)[:: max(1, len(self.counts) - 1)])
        return (
            f"{len(self.members):,} members"
            + (f", {twice:,} of them twice" if twice else "")
            + (f", where Docebo counts {counted}" if counted else "")
        )


def _title(one: MemberList) -> str:
    """The list as people call it, as in "branch NORTH"."""
    name = visible(one.name)
    return f"{one.kind} {name if len(name) <= LONGEST_NAME else f'{name[: LONGEST_NAME - 1]}…'}"


def read_members(
    client: DoceboClient,
    lists: Collection[MemberList],
    key: Callable[[Json], str],
    *,
    accept_short: bool = False,
    check_rights: bool = True,
    progress: Callable[[int], None] = lambda _shown: None,
) -> dict[MemberList, frozenset[str]]:
    """Read who is in each of these branches and groups.

    A list counts when one reading shows as many members as Docebo counts, by the same count on every page, and nobody
    twice. Where Docebo counts nothing, two readings in a row must show the same members, and nobody twice.

    Args:
        key: what a member is known by, from a record that has at least its `user_id`.
        accept_short: also take two equal readings in a row that show fewer members than counted.
        check_rights: ask for the session when all is read, as lists of a power user are silently partial. Leave it
            out only where the session is asked for later, before anything is sent.
        progress: gets how many members the lists have shown so far.

    Raises:
        UnknownMemberLists: a name is no branch's or group's, or that of several branches; all names at once.
        StopRun: a page cannot be read, a list is never whole, or the session's rights ended: a part of a list never
            counts as the list.
    """
    reader = _MembershipReader(client, key, progress, accept_short=accept_short)
    members = reader.read(lists)
    if check_rights and lists:
        reader.check_rights()
    return members


def check_lists(client: DoceboClient, lists: Collection[MemberList], key: Callable[[Json], str]) -> None:
    """Only whether Docebo has each of these branches and groups: the tree, and a page of each group.

    Raises:
        UnknownMemberLists, StopRun: as `read_members`.
    """
    _MembershipReader(client, key, lambda _shown: None, accept_short=True, names_only=True).find(lists)


class _MembershipReader:
    def __init__(
        self,
        client: DoceboClient,
        key: Callable[[Json], str],
        progress: Callable[[int], None],
        *,
        accept_short: bool,
        names_only: bool = False,
    ) -> None:
        self._client = client
        self._key = key
        self._progress = progress
        self._shown = 0  # by the lists that were read
        self._accept_short = accept_short
        self._names_only = names_only
        self._wrong: dict[MemberList, str] = {}

    def read(self, lists: Iterable[MemberList]) -> dict[MemberList, frozenset[str]]:
        """The members of all lists; every wrong name is found before a branch's members are read."""
        members, ids = self.find(lists)
        return members | self._branches(ids)

    def find(self, lists: Iterable[MemberList]) -> tuple[dict[MemberList, frozenset[str]], dict[MemberList, str]]:
        """The members of the groups, and the ids of the branches."""
        ordered = sorted(set(lists))
        branches = [one for one in ordered if one.kind == "branch"]
        found = look_up_branches(self._client, {one.name for one in branches})
        self._wrong = {one: found.wrong[one.name] for one in branches if one.name in found.wrong}
        members = {one: self._group(one) for one in ordered if one.kind == "group"}
        self._refuse_wrong()
        return members, {one: found.ids[one.name] for one in branches}

    def check_rights(self) -> None:
        """Check again who we are (docs/contract/docebo.md 1.7)."""
        try:
            self._client.check_session()
        except ConfigError as error:
            raise StopRun(
                f"The Docebo user lost its rights while branches and groups were being read. {error.message}",
                fix="Make the user of docebo.username (or of the OAuth app) a superadmin again, then run again.",
            ) from None

    def _refuse_wrong(self) -> None:
        if self._wrong:
            self.check_rights()
            raise UnknownMemberLists(self._wrong)

    def _group(self, one: MemberList) -> frozenset[str]:
        """A group's members, by whichever service has it; nobody if none has, which is noted.

        When a name is wrong already, or only names are asked about, all that matters is whether it exists.
        """
        if not GROUP_ID.fullmatch(one.name):
            self._wrong[one] = "no id of a group, which has letters, digits, - and _ only"
            return frozenset()
        for path in _GROUP_PATHS:
            try:
                if self._wrong or self._names_only:
                    with closing(self._pages(path.format(one.name), COUNTED, one)) as pages:
                        next(pages)
                    return frozenset()
                return self._whole(one, path.format(one.name), COUNTED)
            except Refused as error:
                if error.status != _NOT_FOUND:
                    raise unreadable(error, _members_of(one)) from None
        self._wrong[one] = "no group has this id"
        return frozenset()

    def _branches(self, ids: Mapping[MemberList, str]) -> dict[MemberList, frozenset[str]]:
        """Each branch's members; a branch under two names is read once.

        A branch without members may have been deleted since the tree was read, as may one that Docebo refuses.
        """
        read: dict[tuple[str, bool], frozenset[str]] = {}
        refusals: dict[str, StopRun] = {}
        for one, branch_id in ids.items():
            if (branch_id, one.descendants) in read:
                continue
            params = {**BY_USERNAME, "branch_id": branch_id, "selection_status": "2" if one.descendants else "1"}
            try:
                members = self._whole(one, USERS_PATH, params)
            except Refused as error:
                refusals[branch_id] = unreadable(error, _members_of(one))
                members = frozenset()
            read[branch_id, one.descendants] = members
        doubtful = {branch_id for (branch_id, _), members in read.items() if not members}
        gone = branches_gone(self._client, doubtful) if doubtful else frozenset()
        self._wrong = {one: "deleted a moment ago" for one, branch_id in ids.items() if branch_id in gone}
        self._refuse_wrong()
        for refusal in refusals.values():
            raise refusal
        return {one: read[branch_id, one.descendants] for one, branch_id in ids.items()}

    def _whole(self, one: MemberList, path: str, params: Mapping[str, str]) -> frozenset[str]:
        """Read a list until a reading counts.

        Raises:
            Refused: Docebo says that there is no such list, or no longer.
        """
        members = self._settled(one, path, params)
        self._shown += len(members)
        return members

    def _settled(self, one: MemberList, path: str, params: Mapping[str, str]) -> frozenset[str]:
        before, equal = 0, 0
        for _ in range(MOST_READINGS):
            shown = self._read(one, path, params)
            if shown.whole:
                return shown.members
            # The hash, as two readings of a very large list would take twice the memory.
            now = hash(shown.members)
            before, equal = now, equal + 1 if equal and now == before else 1
            if equal > 1 and (self._accept_short or shown.whole_but_uncounted):
                return shown.members
            if equal == EQUAL_READINGS:
                break
        self.check_rights()
        raise StopRun(
            f"Failed Getting {_members_of(one)}: no reading was whole. The last one showed {shown.described}.",
            fix="Run again when fewer people join and leave; a part of a list is never taken for the whole."
            " If you know why some are hidden, run with --accept-short-list.",
        )

    def _read(self, one: MemberList, path: str, params: Mapping[str, str]) -> _Shown:
        """One reading, from the first page to the last."""
        members: set[str] = set()
        counts: set[int] = set()
        rows = 0
        reading = Reading(what=_members_of(one))
        with closing(self._pages(path, params, one)) as pages:
            for page in pages:
                known = len(members)
                members.update(self._key(_with_user_id(item, one)) for item in page.items)
                rows += len(page.items)
                if page.total is not None:
                    counts.add(page.total)
                self._progress(self._shown + len(members))
                if reading.is_last(page, len(members) - known):
                    break
        return _Shown(frozenset(members), rows, frozenset(counts), reading.whole)

    def _pages(self, path: str, params: Mapping[str, str], one: MemberList) -> Generator[Page]:
        return self._client.pages_of(path, params, _members_of(one))


def _members_of(one: MemberList) -> str:
    return f"Members of {_title(one)}"


def _with_user_id(item: Json, one: MemberList) -> Json:
    """A member as a record; members of groups may have their id under another name (docs/contract/docebo.md 6)."""
    if isinstance(item, dict) and (one.kind == "branch" or DoceboField.USER_ID in item):
        return item
    if isinstance(item, dict) and "id" in item:
        return {**item, DoceboField.USER_ID.value: item["id"]}
    raise unreadable(BadAnswer("Docebo shows a member without an id"), _members_of(one))
