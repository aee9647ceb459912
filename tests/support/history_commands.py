"""Commands of a history, run inside this process, and all that can be seen of what they did."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner
from crash_trials import die_at
from history_words import Mapping
from oracle import read_rows
from runs import go
from schemas import checked
from sqlalchemy import create_engine, insert, select
from virtual_clock import At, VirtualClock

from migrator.checkpoint.db.checkpoint import Checkpoint
from migrator.checkpoint.db.tables import metadata
from migrator.cli.main import main
from migrator.core.clock import Clock
from migrator.flow.options import RunOptions

if TYPE_CHECKING:
    from pathlib import Path

    from history_world import Account, World
    from world import Place

RETRIES = "retry" in RunOptions.__dataclass_fields__
Rows = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Policy:
    """The part of the configuration that says what to do in doubt."""

    existing: str = "conflict"
    duplicate_email: str = "conflict"
    active_only: bool = False

    @property
    def include(self) -> tuple[str, ...]:
        """Whose status is wanted."""
        return ("active",) if self.active_only else ("active", "suspended", "expired")

    @property
    def section(self) -> dict[str, Any]:
        """The section of the configuration."""
        return {
            "existing": self.existing,
            "duplicate_email": self.duplicate_email,
            "include": list(self.include),
        }


@dataclass
class Book:
    """One checkpoint: where it is, and what the judge knows about what was sent from it.

    `delivered` holds for each person and field the values that may be the last ones sent; what is not there is
    not known. If it is `bound` it is to one of `mappings`; whether a plan binds is left open.
    """

    url: str
    delivered: dict[str, dict[str, set[Any]]] = field(default_factory=dict)
    mappings: list[Mapping] = field(default_factory=list)
    stops: int = 0  # runs in a row that ended with 4
    restored: int = 0
    bound: bool = False

    @property
    def name(self) -> str:
        """The checkpoint, another one after each time it was restored."""
        return f"{self.url} {self.restored}"


@dataclass
class Done:
    """A command that was given, the world before and after it, and what it said."""

    command: str
    book: Book
    mapping: Mapping
    policy: Policy
    before: dict[str, Account]
    rows_before: Rows
    accept: bool = False
    remap: bool = False
    retry: tuple[str, ...] = ()
    narrow: bool = False
    bound: bool = False
    midway: bool = False  # the world changed meanwhile, or rights or answers went wrong
    code: int | None = None  # None: killed
    error: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    after: dict[str, Account] = field(default_factory=dict)
    rows: Rows = field(default_factory=dict)
    journal: list[dict[str, Any]] = field(default_factory=list)
    differing: set[str] = field(default_factory=set)
    classes: dict[str, int] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)

    @property
    def anew(self) -> bool:
        """Whether a person asked for somebody to be judged anew."""
        return self.remap or bool(self.retry)

    @property
    def whole(self) -> bool:
        """Whether it was a run that got through, for everybody, in a world that kept still."""
        return self.command == "run" and self.code in (0, 3) and not self.narrow and not self.midway


class Moment(At, VirtualClock):
    """Free waits, and something that happens right before the n-th request."""


class Shelf:
    """The checkpoints of a history: two of them, emptied, copied and put back."""

    def __init__(self, place: Place, urls: tuple[str, str]) -> None:
        self.place = place
        self._empty = ""
        self.urls = urls

    def empty(self) -> None:
        """Begin with new checkpoints."""
        for path in [
            *self.place.folder.glob("*.db*"),
            *self.place.folder.glob("reports*/*"),
            *self.place.folder.glob("*.jsonl"),
        ]:
            if path.name != "empty.sqlite":
                path.unlink()
        for url in self.urls:
            if not url.startswith("sqlite"):
                self._make(url)
                _write_tables(url, {})
                continue
            template = self.place.folder / "empty.sqlite"
            if not template.exists():
                self._make("sqlite:///empty.sqlite")
            shutil.copy(template, self._file(url))

    def copy(self, url: str) -> Any:
        """The checkpoint's content."""
        if url.startswith("sqlite"):
            file = self._file(url)
            return {
                path.name: path.read_bytes() for path in file.parent.glob(f"{file.name}*") if "-shm" not in path.name
            }
        return _read_tables(url)

    def put_back(self, url: str, content: Any) -> None:
        """The checkpoint as it was."""
        if not url.startswith("sqlite"):
            _write_tables(url, content)
            return
        file = self._file(url)
        for path in file.parent.glob(f"{file.name}*"):
            path.unlink()
        for name, raw in content.items():
            (file.parent / name).write_bytes(raw)

    def _make(self, url: str) -> None:
        config = replace_url(self.place, url)
        Checkpoint(config.sqlalchemy_url, "default", Clock(), upgrade=True).db.close()

    def _file(self, url: str) -> Path:
        return self.place.folder / url.removeprefix("sqlite:///")


def replace_url(place: Place, url: str) -> Any:
    """The checkpoint's section of the configuration, for another checkpoint."""
    place.checkpoint = url
    place.configure()
    return place.config.checkpoint


def _read_tables(url: str) -> dict[str, list[dict[str, Any]]]:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = {
            table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in metadata.sorted_tables
        }
    engine.dispose()
    return found


def _write_tables(url: str, content: dict[str, list[dict[str, Any]]]) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
        for table in metadata.sorted_tables:
            if content.get(table.name):
                connection.execute(insert(table), content[table.name])
    engine.dispose()


class Commands:
    """The person at the keyboard: one checkpoint in use, a configuration, and the commands."""

    def __init__(self, world: World, shelf: Shelf) -> None:
        self.world = world
        self.place = world.place
        self.shelf = shelf
        self.books = [Book(url) for url in shelf.urls]
        self.book = self.books[0]
        self.mapping = Mapping()
        self.policy = Policy()
        self.plan_file: Path | None = None
        self._plans = 0
        self._written = 0
        self._seen = 0  # entries of the journal
        self.backup: tuple[Book, Any, dict[str, Any]] | None = None
        self.configure()

    def configure(self, **sections: dict[str, Any]) -> None:
        """Write the configuration."""
        self.place.checkpoint = self.book.url
        number = self.books.index(self.book)
        self.place.configure(
            mapping=self.mapping.section, policy=self.policy.section, report={"dir": f"reports{number}"}, **sections
        )

    def set_policy(self, **values: Any) -> None:
        """Another policy."""
        self.policy = replace(self.policy, **values)
        self.configure()
        self.world.tell(f"policy {values}")

    def set_mapping(self, **values: Any) -> None:
        """Another mapping; the next run needs --remap."""
        self.mapping = replace(self.mapping, **values)
        self.configure()
        self.world.tell(f"mapping {values}")

    def other_checkpoint(self) -> None:
        """Go on with the other checkpoint."""
        self.book = self.books[1 - self.books.index(self.book)]
        self.configure()
        self.world.story.append(f"checkpoint {'AB'[self.books.index(self.book)]}")

    def back_up(self) -> None:
        """Copy the checkpoint away."""
        known = {
            user_id: {name: set(one) for name, one in sent.items()} for user_id, sent in self.book.delivered.items()
        }
        self.backup = (
            self.book,
            self.shelf.copy(self.book.url),
            {"delivered": known, "mappings": list(self.book.mappings), "bound": self.book.bound},
        )
        self.world.story.append("back up")

    def restore(self) -> None:
        """Put the copy back; everything since is forgotten."""
        if self.backup is None:
            return
        book, content, known = self.backup
        self.shelf.put_back(book.url, content)
        book.delivered = {
            user_id: {n: set(one) for n, one in sent.items()} for user_id, sent in known["delivered"].items()
        }
        book.mappings, book.bound, book.stops = list(known["mappings"]), known["bound"], 0
        book.restored += 1
        self.world.tick += 1
        self.world.story.append("restore")

    @property
    def needs_remap(self) -> bool:
        """Whether the checkpoint may be bound to another mapping."""
        return any(one.section != self.mapping.section for one in self.book.mappings)

    # --- commands -----------------------------------------------------------------------------

    def run(self, *, command: str = "run", **options: Any) -> Done:
        """A run or a plan."""
        narrow = any(options.get(key) for key in ("limit", "search_text", "plan_file"))
        done = self._begin(
            command, narrow=narrow, accept=options.get("accept_shrink", False), remap=options.get("remap", False)
        )
        done.retry = options.get("retry", ())
        clock = options.pop("clock", None)
        done.midway, done.bound = clock is not None, bool(options.get("plan_file"))
        self._go(done, clock, command=command, dry_run=command == "plan", **options)
        return self._end(done)

    def plan_to_file(self, **options: Any) -> Done:
        """A plan that a run can be bound to."""
        self._plans += 1
        path = self.place.folder / f"plan{self._plans}.jsonl"
        done = self.run(command="plan", plan_out=path, **options)
        self.plan_file = path if path.exists() else None
        return done

    def killed_run(self, at: int, **options: Any) -> Done:
        """A run that dies by SIGKILL at its n-th effect."""
        done = self._begin("run", accept=options.get("accept_shrink", False))
        fate = die_at(at, lambda: go(self.place, command="run", **options))
        done.command = "killed" if fate.killed else "maybe"
        return self._end(done)

    def verify(self) -> Done:
        """The command `verify`."""
        done = self._begin("verify")
        ended = CliRunner().invoke(main, ["verify", "--json", "--config", str(self.place.config_path)])
        done.code, done.error = ended.exit_code, ended.stderr
        if ended.stdout.startswith("{"):
            done.document = checked(json.loads(ended.stdout))
            done.classes = done.document.get("classes", {})
        return self._end(done)

    def _go(self, done: Done, clock: Clock | None, **options: Any) -> None:
        try:
            ended = go(self.place, clock, **options)
        except Exception as error:  # noqa: BLE001 -- the command line would call it a bug and exit with 1
            done.code, done.error = 1, f"{type(error).__name__}: {error}"
            return
        done.code, done.counts = ended.code, ended.counts
        done.error = ended.error.message if ended.error else ""

    def _begin(self, command: str, **what: Any) -> Done:
        self._written = path.stat().st_mtime_ns if (path := self._differences()).exists() else 0
        return Done(command, self.book, self.mapping, self.policy, self.world.accounts(), self.read_rows(), **what)

    def _end(self, done: Done) -> Done:
        done.after, done.rows = self.world.accounts(), self.read_rows()
        done.journal = self.place.sandbox.control.journal(self._seen)
        self._seen += len(done.journal)
        path = self._differences()
        if path.exists() and path.stat().st_mtime_ns != self._written:
            with path.open(encoding="utf-8-sig", newline="") as file:
                done.differing = {row["docebo_user_id"] for row in csv.DictReader(file)}
        self.world.story.append(f"{done.command} {_shown(done)}-> {done.code} {done.counts or ''}")
        return done

    def _differences(self) -> Path:
        return self.place.folder / f"reports{self.books.index(self.book)}" / "differences.csv"

    def read_rows(self) -> Rows:
        """The checkpoint's rows by user id."""
        return read_rows(self.book.url, self.place)


def _shown(done: Done) -> str:
    words = [word for word in ("accept", "remap", "narrow", "midway") if getattr(done, word)]
    return "".join(f"{word} " for word in (*words, *done.retry))
