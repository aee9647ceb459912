"""How fast `migrator serve` answers, beside its own /healthz: python tests/bench/bench_serve.py."""

from __future__ import annotations

import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

import click

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from world import Place

from migrator.sandbox.process import SandboxProcess

if TYPE_CHECKING:
    from collections.abc import Sequence

TOKEN = "made-up-token-of-the-bench"
BUDGET = 300  # look-ups an hour


class Told(NamedTuple):
    """One answer: its seconds from the connection on, the status, and the outcome."""

    seconds: float
    status: int
    outcome: str


def asking(login: str, number: int) -> bytes:
    """The bytes of one request about a login."""
    body = json.dumps({"login": login, "execution_id": str(number)}).encode()
    head = f"POST /v1/jit/resolve HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def ask(host: str, port: int, request: bytes) -> Told:
    """Send one request over a connection of its own."""
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    body = json.loads(answer.partition(b"\r\n\r\n")[2])
    return Told(time.perf_counter() - began, int(answer.split()[1]), body.get("outcome", ""))


async def ask_all(host: str, port: int, requests: Sequence[bytes], rate: float) -> list[Told]:
    """Send so many requests a second; 0 for all at once."""
    began, tasks = time.perf_counter(), []
    for number, request in enumerate(requests):
        if rate:
            await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        tasks.append(asyncio.create_task(ask(host, port, request)))
    return await asyncio.gather(*tasks)


def show(what: str, told: Sequence[Told]) -> float:
    """Print the times of some answers; the 95th percentile in milliseconds."""
    times = sorted(1000 * one.seconds for one in told)
    p50, p95 = times[len(times) // 2], times[int(0.95 * len(times))]
    kinds = ", ".join(f"{n:,} {status} {kind}".strip() for (_, status, kind), n in _kinds(told).items())
    click.echo(f"{what:<34} p50 {p50:7.1f} ms  p95 {p95:7.1f} ms  longest {times[-1]:7.1f} ms  {kinds}")
    return p95


def _kinds(told: Sequence[Told]) -> Counter[Told]:
    return Counter(one._replace(seconds=0.0) for one in told)


@click.command()
@click.option("--users", default=2000, show_default=True)
@click.option("--rate", default=200.0, show_default=True, help="Requests a second.")
@click.option("--postgres", help="A checkpoint URL instead of SQLite.")
def main(users: int, rate: float, postgres: str | None) -> None:
    """Migrate some people, then let known ones, one newcomer and a crowd of strangers ask."""
    with tempfile.TemporaryDirectory() as name, SandboxProcess(users=users, difficult=0) as sandbox:
        place = Place(Path(name), sandbox, postgres or "sqlite:///migrator.db")
        place.command("run", "--yes", "-q")
        serve = {"listen": "127.0.0.1:0", "metrics_listen": "127.0.0.1:0", "token": TOKEN}
        place.configure(serve={**serve, "docebo_calls_per_hour": BUDGET})
        server = place.start("serve")
        line = server.stdout.readline() if server.stdout else ""
        address = urlsplit(line.split()[2].rstrip(";"))
        host, port = address.hostname or "", address.port or 0

        def told(requests: Sequence[bytes], rate: float) -> list[Told]:
            return asyncio.run(ask_all(host, port, requests, rate))

        people = [user["email"] for user in place.sources()]
        known = [asking(random.choice(people), number) for number in range(15 * int(rate))]
        bare = b"GET /healthz HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"
        floor = show("/healthz", told([bare] * len(known), rate))
        p95 = show("known people", told(known, rate))
        nina = {"user_id": "900001", "username": "nina", "email": "nina@example.org", "fullname": "Nina", "status": "1"}
        sandbox.control.put_docebo_user(nina)
        show("one newcomer, 1,000 at once", told([asking("nina@example.org", n) for n in range(1000)], 0))
        before = len(place.journal("docebo"))
        show("10,000 strangers", told([asking(f"nobody{n}@example.org", n) for n in range(10_000)], 5 * rate))
        calls = len(place.journal("docebo")) - before
        show("known people behind them", told(known, rate))
        server.terminate()
        server.communicate(timeout=60)
        place.end_all()
    click.echo(f"known people: {p95 / floor:.1f} times /healthz; the strangers cost {calls} calls of {BUDGET} an hour")


if __name__ == "__main__":
    main()
