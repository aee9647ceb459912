"""`migrator verify`: everybody, or a sample of them, and users with our mark that the checkpoint does not know."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from migrator.checkpoint.users.verdicts import (
    arrived_pages,
    count_arrived,
    known_users,
    login_hashes,
    store_verdicts,
)
from migrator.core.model import MARK_PLATFORM, MARK_USER, State
from migrator.verify.confidence import LEVEL, draw_sample, most_wrong
from migrator.verify.erased import match_erased, read_docebo
from migrator.verify.readback import CLASSES, EXTRA, SAME, Difference, DifferenceDocument, Readback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.config.schema import Config
    from migrator.descope.reader import DescopeReader
    from migrator.descope.user import DescopeUser
    from migrator.docebo.client import DoceboClient
    from migrator.normalize.mapping import Normalizer


@dataclass(frozen=True, slots=True)
class SampleSize:
    """How many users to draw, and with which seed."""

    size: int
    seed: int


class ErasedDocument(TypedDict):
    """Users whose personal data was erased (`VerifyReport`)."""

    reread: int
    changed_at_source: int
    by_mark: int


class SampleDocument(TypedDict):
    """A sample, and what it says of everybody: with `confidence`, a share, at most `most_wrong` users are wrong."""

    size: int
    seed: int
    confidence: float
    most_wrong: int
    most_wrong_percent: float


class VerifyDocument(TypedDict):
    """A `VerifyReport` in JSON: users by class in `classes`; `sample` is None where everybody was read back."""

    classes: dict[str, int]
    differences: list[DifferenceDocument]
    checked: int
    arrived: int
    stored: bool
    erased: ErasedDocument
    sample: SampleDocument | None


@dataclass(slots=True)
class VerifyReport:
    """What a verification found.

    `arrived` is how many users are in Descope according to the checkpoint; `reread` of those checked were built again
    from Docebo, `changed` of these have changed there since they were sent, and of `by_mark` only mark and
    login ids could be compared. `stored` is whether the checkpoint now holds what was seen of each user.
    """

    arrived: int
    sample: SampleSize | None
    classes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CLASSES, 0))
    differences: list[Difference] = field(default_factory=list)
    reread: int = 0
    changed: int = 0
    by_mark: int = 0
    stored: bool = True

    @property
    def checked(self) -> int:
        """How many users were read back."""
        return sum(number for name, number in self.classes.items() if name != EXTRA)

    @property
    def wrong(self) -> int:
        """How many of these are not the same."""
        return self.checked - self.classes[SAME]

    @property
    def clean(self) -> bool:
        """Whether everything is as it must be."""
        return not (self.wrong or self.classes[EXTRA])

    @property
    def most_wrong(self) -> int:
        """How many of all users who arrived may be wrong, judging by those checked."""
        return most_wrong(self.arrived, self.checked, self.wrong)

    def document(self) -> VerifyDocument:
        """What it says in `migrator verify --json`."""
        return {
            "classes": self.classes,
            "differences": [difference.document() for difference in self.differences],
            "checked": self.checked,
            "arrived": self.arrived,
            "stored": self.stored,
            "erased": {"reread": self.reread, "changed_at_source": self.changed, "by_mark": self.by_mark},
            "sample": {
                "size": self.sample.size,
                "seed": self.sample.seed,
                "confidence": LEVEL,
                "most_wrong": self.most_wrong,
                "most_wrong_percent": round(100 * self.most_wrong / self.arrived, 4) if self.arrived else 0.0,
            }
            if self.sample
            else None,
        }


def verify_all(
    checkpoint: Checkpoint,
    descope: DescopeReader,
    config: Config,
    source: tuple[DoceboClient, Callable[[], Normalizer]],
    *,
    sample: SampleSize | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> VerifyReport:
    """Compare every user who is in Descope according to the checkpoint, field by field, and store what was seen.

    Nothing is stored while a run is in progress; its own reading back counts.

    Args:
        source: used only if personal data was erased; the targets are then built again from it, by a normalizer that
            is asked for once, and may cost calls of its own.
        sample: draw only this many users; then users unknown to the checkpoint are not looked for.
        progress: gets how many of how many users are checked.
    """
    verdict = VerifyReport(count_arrived(checkpoint), sample)
    whole = _Whole(checkpoint, verdict)
    with Readback(config, descope, verdict.differences.append, classes=verdict.classes) as readback:

        def check(known: list[StoredUser]) -> None:
            whole.check(readback, known)
            progress(verdict.checked, whole.todo)

        erased_ones = 0
        for page in whole.users(readback.at_once):
            check([user for user in page if user.profile is not None])
            erased_ones += sum(1 for user in page if user.profile is None)
        if erased_ones:
            _check_erased(whole, erased_ones, readback, source, progress)
        if sample is None:
            for user, known in _unknown(checkpoint, descope, config):
                readback.put_extra(user, known)
    return verdict


class _Whole:
    """The users to check: everybody who arrived, or those drawn."""

    def __init__(self, checkpoint: Checkpoint, verdict: VerifyReport) -> None:
        self.checkpoint = checkpoint
        self.verdict = verdict
        self._drawn: set[str] | None = None
        self.todo = verdict.arrived
        if verdict.sample is not None:
            ids = (user.user_id for page in arrived_pages(checkpoint) for user in page)
            self._drawn = draw_sample(ids, verdict.sample.size, verdict.sample.seed)
            self.todo = len(self._drawn)

    def check(
        self, readback: Readback, users: Sequence[StoredUser], stored: Mapping[str, StoredUser] | None = None
    ) -> None:
        """Read users back and store what is new about them.

        Args:
            stored: each of them as it is stored, where `users` have another target.
        """
        shown = readback.look(users)
        verdicts = readback.judge(users, shown, login_hashes(self.checkpoint, users))
        claims = readback.claims(users, shown)
        rows = users if stored is None else [stored[user.user_id] for user in users]
        self.verdict.stored &= store_verdicts(self.checkpoint, rows, verdicts, claims)

    def wants(self, user: StoredUser) -> bool:
        """Whether to check this user."""
        return self._drawn is None or user.user_id in self._drawn

    def users(self, size: int) -> Iterator[list[StoredUser]]:
        """Everybody to check, page by page."""
        for page in arrived_pages(self.checkpoint, size=size):
            yield [user for user in page if self.wants(user)]


def _check_erased(
    whole: _Whole,
    number: int,
    readback: Readback,
    source: tuple[DoceboClient, Callable[[], Normalizer]],
    progress: Callable[[int, int], None],
) -> None:
    docebo, normalizer = source
    checkpoint, verdict = whole.checkpoint, whole.verdict
    docebo.check_session()
    normalize = normalizer()
    done: set[str] = set()
    for people in read_docebo(docebo, normalize):
        known = known_users(checkpoint, [one.user_id for one in people])
        users = match_erased(people, {name: user for name, user in known.items() if whole.wants(user)})
        whole.check(readback, users, known)
        done |= {one.user_id for one in users}
        verdict.reread += len(users)
        verdict.changed += sum(one.stale for one in users)
        progress(verdict.checked, whole.todo)
    if len(done) == number:
        return
    for page in whole.users(readback.at_once):
        rest = [user for user in page if user.profile is None and user.user_id not in done]
        whole.check(readback, rest)
        verdict.by_mark += len(rest)
        progress(verdict.checked, whole.todo)


def _unknown(
    checkpoint: Checkpoint, descope: DescopeReader, config: Config
) -> Iterator[tuple[DescopeUser, StoredUser | None]]:
    """Users with our mark that the checkpoint does not know, or knows as another Descope user."""
    if MARK_PLATFORM not in descope.attributes():
        return  # no user can carry it, and a search for it may be refused
    for users in _hundreds(descope.marked(config.docebo.platform)):
        known = known_users(checkpoint, [str(user.attributes.get(MARK_USER)) for user in users])
        for user in users:
            row = known.get(str(user.attributes.get(MARK_USER)))
            under_way = row is not None and row.state == State.SENDING and row.target_id is None
            if not under_way and (row is None or row.target_id != user.user_id):
                yield user, row


def _hundreds(users: Iterator[DescopeUser]) -> Iterator[list[DescopeUser]]:
    batch: list[DescopeUser] = []
    for user in users:
        batch.append(user)
        if len(batch) == 100:  # noqa: PLR2004 -- one question to the checkpoint for each page of the search
            yield batch
            batch = []
    if batch:
        yield batch
