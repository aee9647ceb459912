"""How long a report on 100,000 users takes, every third of them on the list: python tests/bench/bench_report.py."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from sqlalchemy import insert
from stored import holding

from migrator.checkpoint.db.tables import sample, source_user
from migrator.checkpoint.runs.progress import ProgressPoint
from migrator.checkpoint.users.counts import count_users
from migrator.config.schema import MappingConfig
from migrator.core.model import State, canonical_json
from migrator.report.coverage.collect import collect_coverage
from migrator.report.files import REPORT_NAMES, write_reports
from migrator.report.summary import RunFigures
from migrator.sandbox import people

REASONS = ("no_email", "duplicate_email", "login_taken")


@click.command()
@click.option("--users", default=100_000, show_default=True)
def main(users: int) -> None:
    """Fill a checkpoint, build the report from it, tell the seconds and the sizes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with holding(folder, []) as checkpoint:
            rows = [_row(number, person.record) for number, person in enumerate(people.make(users, 1, 0.02))]
            moments = [ProgressPoint(at, "send", at * 9, users, at, at // 50) for at in range(users // 9)]
            line = [{"migration": "default", "run": 1, **_columns(moment)} for moment in moments]
            for table, values in ((source_user, rows), (sample, line)):
                checkpoint.write(lambda c, table=table, values=values: c.execute(insert(table), values))  # type: ignore[misc]
            started = time.process_time()
            found = collect_coverage(checkpoint, MappingConfig(), {}, predicted=False)
            looked = time.process_time()
            figures = RunFigures("acme.docebosaas.com", "P2", "needs_person", count_users(checkpoint))
            write_reports(folder, figures.document(), found, checkpoint, MappingConfig())
            done = time.process_time()
        sizes = ", ".join(f"{file} {(folder / file).stat().st_size / 1e6:.1f} MB" for file in REPORT_NAMES)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    spent = f"{done - started:.1f} s of one processor (x-ray {looked - started:.1f} s)"
    click.echo(f"{users:,} users: {spent}; {sizes}; peak {peak:.0f} MiB, the made-up people included")


def _columns(moment: ProgressPoint) -> dict[str, object]:
    return {name: getattr(moment, name) for name in ProgressPoint.__slots__}


def _row(number: int, record: dict[str, object]) -> dict[str, object]:
    bad = number % 3 == 0
    return {
        "migration": "default", "user_id": str(number), "seen_sweep": 1, "note_codes": "", "target_hash": "",
        "attempts": 0,
        "state": State.CONFLICT if bad else State.CREATED, "reason": REASONS[number % 9 // 3] if bad else None,
        "source_status": "active", "raw": canonical_json(record), "sent_hash": None if bad else "",
        "target_id": None if bad else f"U{number}",
    }  # fmt: skip


if __name__ == "__main__":
    main()
