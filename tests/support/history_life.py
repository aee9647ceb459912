"""One history: both worlds, the commands, and the judge behind each of them."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, Any

import history_rules  # noqa: F401 -- adds its rules to the judge
import structlog
from history_commands import RETRIES, Commands, Done, Moment, Shelf
from history_judge import Judge
from history_world import World
from virtual_clock import VirtualClock
from world import Place

from migrator.checkpoint.db.database import Database
from migrator.cli.commands import verify
from migrator.config import schema as configuration

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest
    from sqlalchemy import URL, Engine

    from migrator.config.schema import Config

PATIENCE = 6  # runs in a row that may stop, whomever Descope dislikes
_engines: dict[URL, Engine] = {}
_made = Database._engine


def _engine(made_for: Database, url: URL) -> Engine:
    """The checkpoint's engine, with the SQL it has compiled."""
    if url not in _engines:
        _engines[url] = _made(made_for, url)
    return _engines[url]


@functools.lru_cache(maxsize=64)
def _read(_text: str, path: Path) -> Config:
    return configuration.load_config(path, {})


def _config(place: Place) -> Config:
    """The configuration, read once for each content of the file."""
    return _read(place.config_path.read_text(encoding="utf-8"), place.config_path)


def hurry(patch: pytest.MonkeyPatch) -> None:
    """What a history of ten runs need not do again and again: open files, parse YAML, write a log, wait."""
    patch.setattr(Database, "_engine", _engine)
    patch.setattr(Place, "config", property(_config))
    patch.setattr(verify, "Clock", VirtualClock)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def shelf_of(place: Place, urls: tuple[str, str] = ("sqlite:///one.db", "sqlite:///two.db")) -> Shelf:
    """Two checkpoints, and a configuration that takes several pages and batches for a few people."""
    place.configure(run={"concurrency": 1}, docebo={"page_size": 4}, descope={"batch_size": 3})
    return Shelf(place, urls)


class Life:
    """A new life of both worlds; every command is judged."""

    def __init__(self, shelf: Shelf, **mapping: Any) -> None:
        self.place = shelf.place
        self.place.sandbox.control.reset(users=0, strangers=0, pending=0)
        shelf.empty()
        self.world = World(self.place)
        self.judge = Judge(self.world)
        self.commands = Commands(self.world, shelf)
        self.commands.set_mapping(**mapping)

    def judged(self, done: Done) -> Done:
        """What was done, when the judge is content."""
        self.judge.check(done)
        return done

    def run(self, **options: Any) -> Done:
        """A run."""
        return self.judged(self.commands.run(**options))

    def run_until(self, at: int, what: Callable[[], object], **options: Any) -> Done:
        """A run during which something happens, right before its n-th request."""
        return self.run(clock=Moment(at, what), **options)

    def killed_run(self, at: int, **options: Any) -> Done:
        """A run that dies at its n-th effect."""
        return self.judged(self.commands.killed_run(at, **options))

    def run_twice(self, **options: Any) -> Done:
        """A run and its repetition."""
        self.run(**options)
        return self.run(**{**options, "remap": False})

    def plan(self, **options: Any) -> Done:
        """A plan."""
        return self.judged(self.commands.run(command="plan", **options))

    def plan_and_run(self, **options: Any) -> Done:
        """A plan and the run it speaks of."""
        self.plan(**options)
        return self.run(**options)

    def verify(self) -> Done:
        """A verification."""
        return self.judged(self.commands.verify())

    def end(self) -> None:
        """Everything is given back; then a run, its repetition and a verification agree."""
        self.world.give_rights_back()
        if self.world.spoilt:
            self.world.spoil()
        for _ in range(PATIENCE):
            if self.run(accept_shrink=True, remap=self.commands.needs_remap).code != 4:
                break
            if RETRIES and self.verify().classes.get("missing"):
                self.run(accept_shrink=True, retry=("missing",))
        for _ in range(PATIENCE):
            done = self.run_twice(accept_shrink=True)
            if done.before == done.after:
                break
        self.verify()
