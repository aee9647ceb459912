"""Docebo and Descope as lists in memory, for tests of what one step decides; whole runs use real sockets."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any

from config_files import load_with
from virtual_clock import VirtualClock

from migrator.descope.attribute_value import AttributeDefinition
from migrator.descope.batch import BatchAnswer
from migrator.descope.user import DescopeUser, find_by_login
from migrator.descope.writer import DescopeWriter
from migrator.docebo.client import DoceboClient, Page
from migrator.flow.context import ProjectAttributes, RunContext
from migrator.flow.logbook import BatchLog
from migrator.flow.options import Questions, RunEvents, RunOptions
from migrator.flow.send.error_budget import ErrorBudget
from migrator.flow.steering import Steering
from migrator.normalize.mapping import Normalizer

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
    from pathlib import Path

    from migrator.checkpoint.db.checkpoint import Checkpoint

PLATFORM = "acme.docebosaas.com"


def record(number: int) -> dict[str, Any]:
    """A plain person at Docebo."""
    return {"user_id": str(number), "username": f"u{number}", "email": f"u{number}@example.org", "status": "1"}


def page(numbers: Iterable[int], *, more: bool = False, total: int | None = None, pages: int | None = None) -> Page:
    """One page of the list; a short one unless there is more."""
    return Page([record(number) for number in numbers], more, total, pages, more)


class Docebo(DoceboClient):
    """Hands out these pages one after the other, the last one for ever."""

    def __init__(self, *pages: Page) -> None:
        self._shown = list(pages)
        self.asked: list[tuple[int, str]] = []
        self.sessions = 0
        self.ends_with: Exception | None = None  # of the session

    def users(self, page: int, search_text: str) -> Page:
        """The next page."""
        self.asked.append((page, search_text))
        return self._shown.pop(0) if len(self._shown) > 1 else self._shown[0]

    def pages(self, search_text: str = "") -> Generator[Page]:
        """One after the other."""
        return (self.users(number, search_text) for number in count(1))

    def check_session(self) -> None:
        """Whether the rights still hold."""
        self.sessions += 1
        if self.ends_with is not None:
            raise self.ends_with


class Descope(DescopeWriter):
    """Users in a list; `asked` notes every call, `unlisted` are found alone only, `late` by nobody before a wait."""

    def __init__(self, *users: DescopeUser) -> None:
        self.held = list(users)
        self.types: dict[str, int] = {"doceboUserId": 1, "doceboPlatform": 1, "freshlyMigrated": 3}
        self.options: dict[str, tuple[str, ...]] = {}  # of select attributes
        self.unlisted: set[str] = set()
        self.asked: list[tuple[Any, ...]] = []
        self.on_patch: Callable[[Sequence[Any]], None] = lambda _users: None
        self.keeps: set[str] = set()  # Descope ids that a patch leaves as they are

    def _listed(self) -> list[DescopeUser]:
        return [user for user in self.held if user.user_id not in self.unlisted]

    @property
    def server_time(self) -> float | None:
        """No answer tells it."""
        return None

    def attributes(self) -> dict[str, AttributeDefinition]:
        """The definitions."""
        return {name: AttributeDefinition(number, self.options.get(name, ())) for name, number in self.types.items()}

    def load(self, user_ids: Sequence[str], *, ask_alone: bool = True) -> list[DescopeUser]:
        """Those with these ids."""
        self.asked.append(("load", *user_ids, ask_alone))
        users = self.held if ask_alone else self._listed()
        return [user for user in users if user.user_id in user_ids]

    def search_logins(self, login_ids: Sequence[str]) -> list[DescopeUser]:
        """Those with any of these login ids; the server knows more spellings than we do."""
        self.asked.append(("search", *login_ids))
        return [user for user in self._listed() if set(user.login_ids) & set(login_ids)]

    def marked(self, platform: str) -> Iterator[DescopeUser]:
        """Those with this platform's mark."""
        self.asked.append(("marked", platform))
        return (user for user in self._listed() if (user.mark() or ("",))[0] == platform)

    def marked_as(self, platform: str, user_ids: Sequence[str]) -> list[DescopeUser]:
        """Those with one of these marks."""
        self.asked.append(("marked_as", platform, *user_ids))
        wanted = {(platform, user_id) for user_id in user_ids}
        return [user for user in self._listed() if user.mark() in wanted]

    def by_login(self, login_id: str) -> DescopeUser | None:
        """The one with this login id."""
        self.asked.append(("by_login", login_id))
        return next(iter(find_by_login(self.held, [login_id])), None)

    def by_id(self, user_id: str) -> DescopeUser | None:
        """The one with this id."""
        self.asked.append(("by_id", user_id))
        return next((user for user in self.held if user.user_id == user_id), None)

    def patch(self, patches: Sequence[Any]) -> BatchAnswer:
        """Set the status, which is all that tests ask for."""
        self.asked.append(("patch", *(patch["loginId"] for patch in patches)))
        self.on_patch(patches)
        wanted = {patch["loginId"]: patch["status"] for patch in patches}

        def patched(user: DescopeUser) -> DescopeUser:
            named = next((wanted[one] for one in (*user.login_ids, user.user_id) if one in wanted), user.status)
            return user if user.user_id in self.keeps else replace(user, status=named)

        concerned = {user.user_id for user in self.held if {*user.login_ids, user.user_id} & wanted.keys()}
        self.held = [patched(user) for user in self.held]
        return BatchAnswer(tuple(user for user in self.held if user.user_id in concerned), ())

    def names(self, kind: str) -> list[tuple[Any, ...]]:
        """What calls of one kind asked for."""
        return [call[1:] for call in self.asked if call[0] == kind]


@dataclass
class Told(RunEvents):
    """Everything a step tells, in order."""

    all: list[tuple[Any, ...]] = field(default_factory=list)

    def stage(self, name: str) -> None:
        """Note it."""
        self.all.append(("stage", name))

    def progress(self, stage: str, done: int, total: int | None) -> None:
        """Note it."""
        self.all.append((stage, done, total))

    def notice(self, text: str) -> None:
        """Note it."""
        self.all.append(("notice", text))


def run_context(
    store: Checkpoint,
    folder: Path,
    docebo: Docebo | None = None,
    descope: Descope | None = None,
    *,
    settings: dict[str, dict[str, Any]] | None = None,
    missing: dict[str, AttributeDefinition] | None = None,
    **options: Any,
) -> RunContext:
    """What a run works with, on these; one worker, so that the order of its calls is known.

    Args:
        missing: attributes that the project lacks.
    """
    config = load_with(folder, **({"run": {"concurrency": 1}} | (settings or {})))
    clock, events = VirtualClock(), Told()
    questions = Questions(clock)
    return RunContext(
        config=config,
        options=RunOptions(**options),
        clock=clock,
        events=events,
        questions=questions,
        steering=Steering(config, clock, store, (), events, questions),
        checkpoint=store,
        docebo=docebo or Docebo(page([])),
        descope=descope or Descope(),
        normalize=Normalizer(config.mapping, config.docebo.platform),
        attributes=ProjectAttributes({}, missing or {}),
        budget=ErrorBudget(),
        batch_log=BatchLog(),
    )


def told(context: RunContext) -> list[tuple[Any, ...]]:
    """What was told so far."""
    assert isinstance(context.events, Told)
    return context.events.all
