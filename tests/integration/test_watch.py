"""`status --watch` and `status --json`, beside a real run in another process that the sandbox slows down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deadline import until

from migrator.checkpoint.db.checkpoint import Checkpoint
from migrator.cli.commands.status import read_status
from migrator.core.clock import Clock
from migrator.core.errors import ConfigError

if TYPE_CHECKING:
    import subprocess

    from world import Place

    from migrator.report.eta import StageProgress

CREATE = r"create/batch$"


def slow(place: Place, seconds: float) -> None:
    """Every create of a hundred users takes so long, one after the other."""
    place.configure(run={"concurrency": 1})
    place.sandbox.control.set_faults({"kind": "slow", "path": CREATE, "params": {"seconds": seconds}})


def progress(place: Place) -> StageProgress | None:
    """What the checkpoint says of the run, read as `status` does; None while it says nothing."""
    config, clock = place.config, Clock()
    url, key = config.checkpoint.sqlalchemy_url, config.checkpoint.key
    try:
        checkpoint = Checkpoint(url, key, clock, upgrade=False, create=False)
    except ConfigError:
        return None  # no checkpoint yet
    try:
        return read_status(config, checkpoint).progress
    finally:
        checkpoint.db.close()


def sending(place: Place) -> dict[str, Any]:
    """`status --json` once the end of sending can be told."""

    def foreseeable() -> bool:
        now = progress(place)
        return now is not None and now.stage == "send" and now.eta is not None

    until(foreseeable)
    return place.forked("status", "--json").document


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    out, _ = process.communicate(timeout=120)
    return process.returncode, out


def test_watch_follows_a_run_to_its_end(place: Place) -> None:
    """From another shell: step, rate and a range for the end while it runs, the counts when it is over."""
    place.sandbox.control.reset(users=700, difficult=0)
    slow(place, 1)
    run = place.start("run", "--yes", "--json")
    until(lambda: progress(place))
    watch = place.start("status", "--watch", "--interval", "0.2")

    document = sending(place)
    now = document["progress"]

    assert document["outcome"] == "running"
    assert (now["stage"], now["total"], now["waiting"]) == ("send", 700, None)
    assert 0 < now["done"] <= 700
    # The sandbox lets nobody be faster, but of two moments one may be just before a batch, one just behind.
    assert 0 < now["rate"] <= 2 * 100
    low, high = now["eta_seconds"]
    assert 0 <= low <= high
    assert high >= (700 - now["done"]) / 200 - 0.1
    code, out = ended(watch)
    assert ended(run)[0] == 0
    assert code == 0
    lines = out.splitlines()
    assert [
        line for line in lines if "Sending to Descope: " in line and "users/s" in line and "this stage ends in" in line
    ]
    assert len(set(lines)) == len(lines)  # a line per change, not per look
    assert ": complete" in out
    assert "created          700" in out


def test_watch_with_json_gives_one_document_at_the_end(place: Place) -> None:
    """The lines go to stderr; stdout holds the last state as one JSON document, without progress."""
    place.sandbox.control.reset(users=200, difficult=0)
    slow(place, 1.5)
    run = place.start("run", "--yes")
    until(lambda: progress(place))

    watched = place.forked("status", "--watch", "--interval", "0.1", "--json")

    assert ended(run)[0] == 0
    assert watched.code == 0
    assert watched.document["outcome"] == "complete"
    assert watched.document["progress"] is None
    assert "running" in watched.err


def test_the_estimate_stays_right_after_a_resume(place: Place) -> None:
    """After a kill only the new run counts: its work is what was left, its speed is its own."""
    place.sandbox.control.reset(users=800, difficult=0)
    slow(place, 0.2)
    first = place.start("run", "--yes")
    until(lambda: len(place.targets()) >= 200)
    first.kill()
    first.communicate()
    between = place.forked("status", "--json").document
    so_far = len(place.sandbox.control.journal())
    slow(place, 2)

    second = place.start("run", "--yes")
    now = sending(place)["progress"]

    assert (between["outcome"], between["progress"]) == ("stopped", None)
    left = now["total"] - now["done"]
    low, high = now["eta_seconds"]
    assert low >= left / 100  # the first run's speed would say a fifth of this
    assert high >= left / 100 * 2 - 0.1
    place.sandbox.control.clear_faults()
    assert ended(second)[0] == 0
    creates = [effect for entry in place.journal("descope", so_far) for effect in entry["committed"]]
    assert now["total"] == len(creates) <= 600


def test_a_throttled_run_says_what_it_waits_for(place: Place) -> None:
    """While a 429 holds the run up, status names Descope and the seconds to go."""
    place.sandbox.control.reset(users=300, difficult=0)
    retry = {"kind": "status", "path": CREATE, "nth": 2, "params": {"code": 429, "headers": {"Retry-After": "5"}}}
    place.sandbox.control.set_faults(retry)
    run = place.start("run", "--yes")

    def waits() -> bool:
        now = progress(place)
        return now is not None and now.waiting is not None

    until(waits)
    now = place.forked("status", "--json").document["progress"]

    assert now["stage"] == "send"
    assert now["waiting"].startswith("Descope asked for a pause; goes on in ")
    assert ended(run)[0] == 0


def test_watch_ends_at_once_when_nothing_runs(place: Place) -> None:
    """Without a run there is nothing to wait for: the state is shown once."""
    place.sandbox.control.reset(users=10, difficult=0)
    place.migrate()

    watched = place.forked("status", "--watch")

    assert watched.code == 0
    assert watched.out.count("complete") == 1
