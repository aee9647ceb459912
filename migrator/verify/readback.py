"""Reads users back from Descope, a hundred per call, and sorts them into same, differs and missing."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from typing_extensions import TypedDict

from migrator.checkpoint.users.stored_user import RowVerdict
from migrator.core.model import MARK_USER, Json
from migrator.verify.claims import claims_seen
from migrator.verify.compare import FieldDifference, StoredFacts, compare_mark, compare_user

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.config.schema import Config
    from migrator.descope.reader import DescopeReader
    from migrator.descope.user import DescopeUser

USERS_PER_CALL = 100  # users/load (docs/contract/descope.md 3.10 and 10.2)
SAME, DIFFERS, MISSING, EXTRA = CLASSES = ("same", "differs", "missing", "extra")
# The field of a user whose profile was erased while it differed: which field it was is no longer known.
FORGOTTEN = "fields"


DifferenceDocument = TypedDict(
    "DifferenceDocument", {"docebo_user_id": str, "class": str, "field": str, "expected": Json, "found": Json}
)
"""A `Difference` in JSON, where its kind is called `class`."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of one user that is not as it must be; a missing or extra user differs in its `userId`."""

    docebo_user_id: str
    kind: str
    field: str
    # Personal data, which no log and no traceback may show.
    expected: Json = dataclasses.field(repr=False)
    found: Json = dataclasses.field(repr=False)

    def document(self) -> DifferenceDocument:
        """As JSON documents carry it."""
        return {
            "docebo_user_id": self.docebo_user_id,
            "class": self.kind,
            "field": self.field,
            "expected": self.expected,
            "found": self.found,
        }


@dataclass
class Readback:
    """The reading and judging that all verifications share; several calls in flight.

    Args:
        tell: called with every difference.
        edits: whether to report a field that was not sent because a person changed it in Descope.
    """

    config: Config
    descope: DescopeReader
    tell: Callable[[Difference], None]
    edits: bool = True
    classes: dict[str, int] = dataclasses.field(default_factory=lambda: dict.fromkeys(CLASSES, 0))

    def __enter__(self) -> Self:
        self._pool = ThreadPoolExecutor(self.config.run.concurrency, thread_name_prefix="verify")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    @property
    def at_once(self) -> int:
        """How many users to pass at a time, so that every worker has a call to make."""
        return USERS_PER_CALL * self.config.run.concurrency

    def look(self, users: Sequence[StoredUser]) -> dict[str, DescopeUser]:
        """What Descope shows of these users, by Docebo user id."""
        calls = [users[start : start + USERS_PER_CALL] for start in range(0, len(users), USERS_PER_CALL)]
        return {name: user for part in self._pool.map(self.look_once, calls) for name, user in part.items()}

    def look_once(self, users: Sequence[StoredUser], *, ask_alone: bool = True) -> dict[str, DescopeUser]:
        """The same in one call, for at most `USERS_PER_CALL` users.

        Args:
            ask_alone: ask for whoever the call leaves out by id.
        """
        ids = [one.target_id or "" for one in users]
        loaded = {user.user_id: user for user in self.descope.load(ids, ask_alone=ask_alone)}
        return {one.user_id: loaded[one.target_id] for one in users if one.target_id in loaded}

    def judge(
        self, users: Sequence[StoredUser], shown: Mapping[str, DescopeUser], hashes: Mapping[str, set[str]]
    ) -> dict[str, RowVerdict]:
        """Sort users into classes and report what is wrong; returns each user's new verdict for the checkpoint.

        A user without an entry is left as it was: its target is not what was sent.

        Args:
            hashes: the hashed login ids of users whose profile was erased: all that can be compared besides the mark.
        """
        verdicts: dict[str, RowVerdict] = {}
        for one in users:
            there = shown.get(one.user_id)
            fields = [] if there is None else self._fields(one, there, hashes.get(one.user_id, set()))
            if verdict := self._verdict(one, there, fields):
                verdicts[one.user_id] = verdict
            self._count(one, there, fields)
        return verdicts

    @staticmethod
    def claims(users: Sequence[StoredUser], shown: Mapping[str, DescopeUser]) -> dict[str, str | None]:
        """What Descope shows of each user's claims (`claims_seen`), for those it shows."""
        return {one.user_id: claims_seen(one, shown[one.user_id]) for one in users if one.user_id in shown}

    def _count(self, one: StoredUser, there: DescopeUser | None, fields: Sequence[FieldDifference]) -> None:
        if there is None:
            self.put(Difference(one.user_id, MISSING, "userId", one.target_id, None))
        elif fields:
            self.classes[DIFFERS] += 1
            for name in fields:
                self.tell(Difference(one.user_id, DIFFERS, name.name, name.expected, name.found))
        else:
            self.classes[SAME] += 1

    def _fields(self, user: StoredUser, there: DescopeUser, hashes: set[str]) -> list[FieldDifference]:
        if user.profile is None:
            fields = compare_mark(user.user_id, self.config.docebo.platform, hashes, there, user.username_hash)
        else:
            past = StoredFacts(user.state, user.origin, seen_right=user.seen_right or "status" in user.left)
            fields = compare_user(user.target, there, past, self.config.policy, self.config.mapping.attributes)
        if not self.edits:
            fields = [name for name in fields if name.path not in user.left]
        if user.profile is None and not fields and user.verdict == RowVerdict.DIFFERS:
            return [FieldDifference(FORGOTTEN, None, None)]
        return fields

    def _verdict(
        self, user: StoredUser, there: DescopeUser | None, fields: Sequence[FieldDifference]
    ) -> RowVerdict | None:
        if there is None:
            return RowVerdict.MISSING
        if user.stale:
            return None
        if fields:
            edited = user.seen_right or all(name.path in user.left for name in fields)
            return RowVerdict.EDITED if edited else RowVerdict.DIFFERS
        if user.profile is None:  # the mark alone never reverts what the fields have shown
            return user.verdict if user.seen_right else RowVerdict.MARK
        return RowVerdict.SAME

    def put(self, difference: Difference) -> None:
        """Count and report a user that is missing or extra."""
        self.classes[difference.kind] += 1
        self.tell(difference)

    def put_extra(self, user: DescopeUser, known: StoredUser | None) -> None:
        """A user that carries our mark, but that the checkpoint does not know as any Docebo user's Descope user."""
        user_id = str(user.attributes.get(MARK_USER) or "")
        self.put(Difference(user_id, EXTRA, "userId", known.target_id if known else None, user.user_id))
