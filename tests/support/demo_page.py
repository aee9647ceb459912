"""A made-up migration's report, the same bytes every time: 2,000 users, 54 of them on the list, four runs."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, insert, update

from migrator.checkpoint.db.checkpoint import Checkpoint
from migrator.checkpoint.db.tables import run, sample, source_user
from migrator.checkpoint.runs.progress import ProgressPoint
from migrator.checkpoint.runs.runs import store_summary
from migrator.checkpoint.users.collisions import colliding_users
from migrator.checkpoint.users.counts import count_users
from migrator.checkpoint.users.sweeps import begin_sweep, store_page
from migrator.config.schema import MappingConfig, PolicyConfig
from migrator.core.clock import Clock
from migrator.core.model import State, canonical_json, text_hash
from migrator.flow.plan.collisions import set_losers_aside
from migrator.normalize.mapping import Normalizer
from migrator.report.coverage.collect import collect_coverage
from migrator.report.files import PAGE_NAME, prepare_folder, write_reports
from migrator.report.summary import RunFigures
from migrator.sandbox import people

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_795_000_000.0
HOST = "acme.docebosaas.com"
USERS, STRANGERS = 2000, 20
TITLES = {"field_4": "City", "field_9": "Shift", "field_12": "Phone"}
ACTIONS = {"create": 1946, "update": 0, "adopt": 0, "disable": 0, "nothing": 0}
# Seconds before NOW, how long, how it ended, what it sent, and why it stopped.
RUNS: tuple[tuple[str, int, int, str, dict[str, int], str], ...] = (
    ("plan", 90_000, 11, "dry_run", {}, ""),
    ("run", 86_400, 95, "stopped", ACTIONS | {"create": 700}, "Descope asked for a pause of more than 10 minutes."),
    ("run", 85_000, 141, "needs_person", ACTIONS | {"create": 1244}, ""),
    ("run", 300, 41, "needs_person", ACTIONS | {"create": 2, "nothing": 1944}, ""),
)


class DemoClock(Clock):
    """A wall clock that stands at `NOW`."""

    def time(self) -> float:
        """Always the same moment."""
        return NOW


def write_demo(folder: Path) -> Path:
    """Write all report files of the migration into a folder; returns the page."""
    folder.mkdir(parents=True, exist_ok=True)
    mapping = MappingConfig.model_validate({"phone_field": "field_12", "attributes": {"city": "field_4"}})
    url = URL.create("sqlite", database=str(folder / "migrator.db"))
    with Checkpoint(url, "default", DemoClock(), upgrade=True) as checkpoint:
        _people(checkpoint, mapping)
        _runs(checkpoint)
        found = collect_coverage(checkpoint, mapping, TITLES, predicted=False)
        figures = RunFigures(HOST, "P2demo0000000000000000000000", "needs_person", count_users(checkpoint))
        figures.calls = {"docebo": 31, "descope": 118, "descope_writes": 22, "throttled": 2}
        figures.seconds = 41.0
        _prove(figures)
        document = figures.document()
        store_summary(checkpoint, len(RUNS), document, None)
        prepare_folder(folder / "reports")
        write_reports(folder / "reports", document, found, checkpoint, mapping)
    return folder / "reports" / PAGE_NAME


def _people(checkpoint: Checkpoint, mapping: MappingConfig) -> None:
    normalize = Normalizer(mapping, HOST)
    made = people.make(USERS, 1, 0.05)
    for index, one in enumerate(made):  # every machine has the letters of addresses
        first, last = people.person(index, 1).record["email"].partition("@")[0].rstrip("0123456789").split(".")
        one.record.update(first_name=first.title(), last_name=last.title())
    records = [replace(normalize(one.record), raw=canonical_json(one.record)) for one in made]
    store_page(checkpoint, begin_sweep(checkpoint), records, ("active", "suspended", "expired"))
    taken = [one.user_id for one in made if one.kind == "ordinary"][:STRANGERS]
    for user_id in taken:
        stranger = {"state": State.CONFLICT, "reason": "login_taken", "detail": f"U2{text_hash(user_id)[:25]}"}
        _set(checkpoint, source_user.c.user_id == user_id, **stranger)
    set_losers_aside(checkpoint, colliding_users(checkpoint), PolicyConfig())
    arrived = source_user.c.state == State.PENDING
    _set(
        checkpoint,
        arrived,
        state=State.CREATED,
        target_id="U" + source_user.c.user_id,
        sent_hash=source_user.c.target_hash,
    )


def _set(checkpoint: Checkpoint, which: Any, **values: Any) -> None:
    checkpoint.write(lambda c: c.execute(update(source_user).where(which).values(**values)))


def _runs(checkpoint: Checkpoint) -> None:
    counts = {"rejected": 16, "conflict": 38, "failed": 0}
    rows: list[dict[str, Any]] = []
    for number, (command, ago, took, outcome, sent, why) in enumerate(RUNS, start=1):
        summary: dict[str, Any] = {"counts": counts, "calls": {"descope_writes": 0}, "actions": sent}
        summary |= {"error": {"message": why}} if why else {}
        began = NOW - ago
        rows.append(
            {"migration": checkpoint.key, "number": number, "command": command, "started_at": began}
            | {"finished_at": began + took, "outcome": outcome, "summary": json.dumps(summary)}
        )
    moments = [ProgressPoint(NOW - 300 + at, "read", at * 250, USERS) for at in range(9)]
    moments += [ProgressPoint(NOW - 292 + at, "plan", at * 160, USERS, at, at // 10) for at in range(1, 13)]
    pause = "Descope asked for a pause; goes on in 9 s"
    moments += [
        ProgressPoint(NOW - 280 + at, "send", min(2, at // 9), 2, at, 2, pause if at < 9 else None)
        for at in range(1, 20)
    ]
    line = [
        {"migration": checkpoint.key, "run": len(RUNS)} | {name: getattr(one, name) for name in ProgressPoint.__slots__}
        for one in moments
    ]
    checkpoint.write(lambda c: c.execute(insert(run), rows))
    checkpoint.write(lambda c: c.execute(insert(sample), line))


def _prove(figures: RunFigures) -> None:
    figures.actions = ACTIONS | {"create": 2, "nothing": 1944}
    figures.extra["prediction"] = {
        "gap": 2,
        "states": {"created": {"predicted": 1948, "actual": 1946}, "conflict": {"predicted": 36, "actual": 38}},
        "gaps": [{"predicted": "created", "actual": "conflict", "reason": "login_taken", "users": 2}],
    }
    figures.verify = {
        "classes": {"same": 1946, "differs": 0, "missing": 0, "extra": 0},
        "read": 1946, "at": "2026-11-18T11:02:00Z", "scope": "all",
    }  # fmt: skip
