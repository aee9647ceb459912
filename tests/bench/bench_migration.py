"""How fast whole migrations are beside a bare loop and the limits: python tests/bench/bench_migration.py --users 10000.

The program itself runs, as a process, against `tests/support/lean_server.py`; its CPU and memory are what the system
says of that process. `--record` renews the table and the plot of docs/performance.md; `make bench` does that.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import psycopg
import requests

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from bench_record import Figures, record, table
from config_files import load_with
from lean_server import LeanServer
from world import Postgres

from migrator.flow.plan.estimate import estimate_migration
from migrator.sandbox.process import MANAGEMENT_KEY, PROJECT_ID, config_text

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
_SAMPLE_SECONDS = 3.0  # of the bare loop, whose whole time is extrapolated
_KILL_AT = 0.9
_SETTLE = 1  # seconds; as documented, a minute would be most of a resumed run's time


@dataclass(frozen=True, slots=True)
class Spent:
    """One command: seconds, CPU seconds, the peak of its memory in MiB, and the document it printed."""

    seconds: float
    cpu: float
    peak: float
    document: dict[str, Any]


class Place:
    """A folder with a configuration for one server and one empty checkpoint."""

    def __init__(self, folder: Path, server: LeanServer, checkpoint: str) -> None:
        self._folder = folder
        self._server = server
        self._checkpoint = checkpoint
        text = config_text(server.url, server.url, checkpoint={"url": checkpoint}, descope={"settle_seconds": _SETTLE})
        (folder / "config.yaml").write_text(text, encoding="utf-8")

    def start(self) -> subprocess.Popen[bytes]:
        """Start `migrator run`."""
        command = [sys.executable, "-m", "migrator", "run", "--yes", "--json"]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        with (self._folder / "out.json").open("wb") as out, (self._folder / "err.txt").open("wb") as err:
            return subprocess.Popen(
                command, cwd=self._folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environment
            )

    def run(self) -> Spent:
        """A whole `migrator run`.

        Raises:
            RuntimeError: it did not end well.
        """
        began = time.perf_counter()
        process = self.start()
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError((self._folder / "err.txt").read_text(encoding="utf-8"))
        document = json.loads((self._folder / "out.json").read_text(encoding="utf-8"))
        return Spent(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, document)

    def run_until_killed(self, created: int) -> None:
        """Start a run, and kill it when Descope holds this many users."""
        process = self.start()
        while process.poll() is None and self._server.stats()["created"] < created:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.02)
        process.kill()
        process.wait()

    def size(self) -> int:
        """Bytes of the checkpoint."""
        if self._checkpoint.startswith("sqlite"):
            return sum(path.stat().st_size for path in self._folder.glob("migrator.db*"))
        with psycopg.connect(self._checkpoint.replace("+psycopg", "")) as connection:
            row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        return int(row[0]) if row else 0


def bare_rate(url: str) -> float:
    """Users a second of a loop that creates one user a call and remembers nothing, by a sample."""
    header = {"Authorization": f"Bearer {PROJECT_ID}:{MANAGEMENT_KEY}"}
    made, began = 0, time.perf_counter()
    with requests.Session() as session:
        while time.perf_counter() - began < _SAMPLE_SECONDS:
            login_id = f"bare{made}@example.org"
            user = {"loginId": login_id, "email": login_id, "name": "Ana Rossi", "status": "enabled"}
            session.post(f"{url}/v1/mgmt/user/create", json=user, headers=header).raise_for_status()
            made += 1
    return made / (time.perf_counter() - began)


def limit_rate(users: int) -> float | None:
    """Users a second that the documented limits allow at most; None where so few users meet none."""
    with tempfile.TemporaryDirectory() as folder:
        least, _ = estimate_migration(users, load_with(Path(folder))).seconds
    return round(users / least, 1) if least else None


def measure(users: int, delay: float, database: str, url: str) -> Figures:
    """Migrate everybody, run again with nothing to do, and resume a killed run; `url` gives a checkpoint."""
    with tempfile.TemporaryDirectory() as name, LeanServer(users, delay) as server:
        place = Place(Path(name), server, url)
        empty = place.size()
        first = place.run()
        grown = place.size() - empty
        served = server.stats()["cpu"]
        again = place.run()
    calls = sum(first.document["calls"][api] for api in ("docebo", "descope"))
    return Figures(
        users=users,
        delay_ms=round(1000 * delay),
        database=database,
        seconds=round(first.seconds, 1),
        users_per_second=round(users / first.seconds),
        cpu_per_1000=round(1000 * first.cpu / users, 3),
        server_cpu_per_1000=round(1000 * served / users, 3),
        calls_per_1000=round(1000 * calls / users, 1),
        peak_mib=round(first.peak),
        bytes_per_user=round(grown / users),
        again_seconds=round(again.seconds, 1),
        again_descope_calls=again.document["calls"]["descope"],
    )


def resume_seconds(users: int, delay: float, url: str) -> float:
    """Seconds of the run that follows one killed when nine tenths of the users were at Descope."""
    with tempfile.TemporaryDirectory() as name, LeanServer(users, delay) as server:
        place = Place(Path(name), server, url)
        place.run_until_killed(int(_KILL_AT * users))
        return place.run().seconds


@contextlib.contextmanager
def _databases(names: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Name to a function that gives the URL of an empty checkpoint."""
    with contextlib.ExitStack() as stack:
        made: dict[str, Any] = {}
        if "sqlite" in names:
            made["sqlite"] = lambda: "sqlite:///migrator.db"
        if "postgresql" in names:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            made["postgresql"] = stack.enter_context(Postgres(folder)).new_database
        yield made


@click.command()
@click.option("--users", "sizes", type=click.IntRange(min=100), multiple=True, default=(10_000,), show_default=True)
@click.option("--delay", "delays", type=click.FloatRange(min=0), multiple=True, default=(0, 100), show_default=True,
              help="Milliseconds that each answer takes.")  # fmt: skip
@click.option("--database", "databases", type=click.Choice(["sqlite", "postgresql"]), multiple=True,
              default=("sqlite", "postgresql"))  # fmt: skip
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Also write the figures to this file.")
@click.option("--record", "keep", is_flag=True, help="Renew docs/performance.md, its plot and docs/benchmarks.json.")
def main(
    sizes: tuple[int, ...], delays: tuple[float, ...], databases: tuple[str, ...], json_path: Path | None, keep: bool
) -> None:
    """Measure, print the table, and keep it if asked."""
    found: list[Figures] = []
    load = round(os.getloadavg()[0], 1)  # of others: on a busy machine the figures say little
    with _databases(databases) as urls:
        for delay in (milliseconds / 1000 for milliseconds in delays):
            with LeanServer(1, delay) as server:
                bare = round(bare_rate(server.url), 1)
            for users in sizes:
                for database, new_url in urls.items():
                    figures = measure(users, delay, database, new_url())
                    figures.bare_users_per_second = bare
                    figures.limit_users_per_second = limit_rate(users)
                    figures.resume_seconds = round(resume_seconds(users, delay, new_url()), 1)
                    found.append(figures)
                    click.echo(f"measured {users:,} users, {1000 * delay:.0f} ms, {database}", err=True)
    document = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "load": load,
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "figures": [asdict(one) for one in found],
    }
    click.echo(table(found))
    if json_path is not None:
        json_path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    if keep:
        record(ROOT / "docs", document, found)


if __name__ == "__main__":
    main()
