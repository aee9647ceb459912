"""Run the migrator in a forked child that dies at a chosen point, then see that a plain run mends everything."""

from __future__ import annotations

import csv
import gc
import json
import os
import random
import re
import signal
import sys
import threading
import traceback
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import crash_points
import oracle
import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from migrator.checkpoint.db.tables import metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from oracle import Before, Verdict
    from world import Place

    from migrator.core.clock import Clock

    Wrap = Callable[[pytest.MonkeyPatch, Callable[[str], None]], None]


@dataclass
class Fate:
    """The points a child came by, and whether it died at the last one."""

    points: list[str]
    killed: bool


def die_at(at: int, work: Callable[[], object], wrap: Wrap = crash_points.wrap, *, label: str | None = None) -> Fate:
    """Do `work` in a forked child that dies at point number `at`, of those with this label; 0 only names the points."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        # The child of a process with threads (xdist's) takes none of them along, and shares no lock with them.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os.close(reading)
        _live(crash_points.Countdown(at, writing, label), writing, work, wrap)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        points = pipe.read().splitlines()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, -signal.SIGKILL), "\n".join(points)
    return Fate(points, killed=code != 0)


def _live(countdown: crash_points.Countdown, writing: int, work: Callable[[], object], wrap: Wrap) -> None:
    code = 1
    # The collector would copy the parent's memory page by page, and what a dead child covered is lost.
    gc.freeze()
    sys.settrace(None)
    threading.settrace(None)
    try:
        wrap(pytest.MonkeyPatch(), countdown.point)
        work()
        code = 0
    except BaseException:  # noqa: BLE001 -- the child must not go on as a second pytest
        os.write(writing, traceback.format_exc().encode())
    finally:
        os._exit(code)


def forget(place: Place) -> None:
    """Empty the checkpoint and remove the reports."""
    for path in [*place.folder.glob("migrator.db*"), *(place.folder / "reports").glob("*")]:
        path.unlink()
    if database(place) == "PostgreSQL":
        url = place.checkpoint.replace("postgresql+psycopg://", "postgresql://")
        with psycopg.connect(url) as connection:
            if connection.execute("SELECT to_regclass('migration')").fetchone() != (None,):
                # Waits for the dead child's back end, which leaves as soon as it sees the closed socket.
                for table in reversed(metadata.sorted_tables):
                    connection.execute(SQL("DELETE FROM {}").format(Identifier(table.name)))


def database(place: Place) -> str:
    """The kind of checkpoint, for the figures."""
    return "PostgreSQL" if place.checkpoint.startswith("postgresql") else "SQLite"


def new_world(place: Place, **population: float) -> Before:
    """Other people, nothing migrated yet."""
    forget(place)
    place.sandbox.control.reset(**population)
    return oracle.before(place)


def first_run(place: Place) -> Before:
    """25 users, some of them difficult, some with a stranger on their address; nothing migrated yet."""
    start = new_world(place, users=25, strangers=2, difficult=0.12)
    # The harsher of two servers: it would let a repeated create overwrite somebody, and the judge would see it.
    place.sandbox.control.set_switches(descope={"existing_login": "overwrite"})
    return start


def mend(place: Place, start: Before, *, again: bool = False, clock: Clock | None = None) -> Verdict:
    """One plain run, behind which the judge is content; `again` has it ask for one more that changes nothing."""
    figures = place.migrate(clock)
    assert figures.error is None
    verdict = oracle.check(place, start, again=again)
    assert {state: number for state, number in figures.books.states.items() if number} == verdict.states
    assert reports_are_whole(place) == figures.needs_person
    return verdict


def reports_are_whole(place: Place) -> int:
    """Each report is complete in itself, or not there (docs/reliability.md C5); how many problems are listed."""
    for path in (place.folder / "reports").glob("[!.]*"):
        text = path.read_text()
        if path.suffix == ".json":
            counts = dict(json.loads(text)["counts"])
            assert counts.pop("found") == sum(counts.values())
        elif path.suffix == ".html":
            assert text.rstrip().endswith("</html>")
        else:
            assert text.startswith("docebo_user_id,")
            assert len({len(row) for row in rows_of(path)}) == 1
    problems = place.folder / "reports" / "problems.csv"
    return len(rows_of(problems)) - 1 if problems.exists() else 0


def rows_of(path: Path) -> list[list[str]]:
    """The rows of a CSV file, its heading first."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def every_point(place: Place, fresh: Callable[[Place], Before], *, step: int = 1) -> tuple[int, list[str]]:
    """Die at point 1, 2, 3 … until a run gets through; each time one plain run must mend everything.

    Args:
        step: try each point, or only each second, third …

    Returns:
        How many points were tried, and the names of all points.
    """
    tried = 0
    while True:
        fate = _trial(place, fresh, 1 + tried * step, again=True)
        if not fate.killed:
            return tried, fate.points
        tried += 1


def effect_of(point: str) -> str:
    """The effect that a point stands before or behind: a call, a transaction, a step of the reports."""
    return re.sub("^(send|answered|before|after) ", "", point)


def one_of_each(points: list[str], place: Place, *, begin: int = 0, end: int | None = None) -> list[int]:
    """The numbers of some of these points: one of each effect among those from `begin` to `end`.

    Which of an effect's points it is, chance decides, the same way each time. Of one that has points before and behind
    it, SQLite is tried on the one side and PostgreSQL on the other, so that both databases together show both.
    """
    found: dict[str, dict[str, list[int]]] = {}
    for number, point in list(enumerate(points, 1))[begin:end]:
        found.setdefault(effect_of(point), {}).setdefault(point, []).append(number)
    chosen = []
    for effect, sides in found.items():
        dice = random.Random(effect)
        turn = dice.randrange(2) + (database(place) == "PostgreSQL")
        chosen.append(dice.choice(list(sides.values())[turn % len(sides)]))
    return sorted(chosen)


def each_effect(
    place: Place, fresh: Callable[[Place], Before], *, known: Iterable[str] = (), step: int = 0, repetition: int = 1
) -> tuple[int, list[str]]:
    """Die at the first point, and once at each effect; each time one plain run must mend everything.

    Args:
        known: points whose effects another test tries.
        step: die at each n-th point as well, whatever its effect.
        repetition: run once more behind each trial, or only behind each second, third …

    Returns:
        How many points were tried, and the names of all points.
    """
    _trial(place, fresh, 1, again=True)  # a new PostgreSQL has no tables yet; `forget` lets them stay from here on
    fresh(place)
    points = die_at(0, place.migrate).points
    elsewhere = {effect_of(point) for point in known}
    chosen = {number for number in one_of_each(points, place) if effect_of(points[number - 1]) not in elsewhere}
    chosen |= set(range(step, len(points), step)) if step else set()
    for tried, number in enumerate(sorted(chosen)):
        label = points[number - 1]
        often = points[:number].count(label)
        # How often a run waits, and stores its pace, is not the same each time.
        if not _trial(place, fresh, often, again=tried % repetition == 0, label=label).killed:
            assert _trial(place, fresh, 1, again=False, label=label).killed
    return 1 + len(chosen), points


def _trial(
    place: Place, fresh: Callable[[Place], Before], number: int, *, again: bool, label: str | None = None
) -> Fate:
    start = fresh(place)
    fate = die_at(number, place.migrate, label=label)
    reports_are_whole(place)
    mend(place, start, again=again or not fate.killed)
    return fate
