"""How commands end when somebody kills them, closes their terminal, or reads no further."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import oracle
import pytest
from deadline import until
from terminal import Terminal
from watching import Watched
from world import Ended

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from world import Place

PATIENCE = 60.0
CREATE = "user/create/batch$"
SEARCH, USER = "/v2/mgmt/user/search", "/v1/mgmt/user"
SLOW = {"kind": "slow", "path": CREATE, "nth": 2, "params": {"seconds": 2}}
LOST = {"kind": "lost", "path": CREATE, "every": 1, "when": "before"}
MIGRATOR = (sys.executable, "-m", "migrator")


def met(kind: str, times: int = 1) -> Callable[[list[dict[str, Any]]], bool]:
    """The moment at which so many requests have met a fault of this kind."""
    return lambda entries: sum(entry["fault"] == kind for entry in entries) >= times


def people(place: Place, number: int = 30) -> oracle.Before:
    """So many people for batches of ten, one after the other."""
    place.configure(descope={"batch_size": 10}, run={"concurrency": 1})
    place.sandbox.control.reset(users=number, difficult=0)
    return oracle.before(place)


def arrived(place: Place, start: oracle.Before, number: int) -> None:
    """Everybody is there once, and the checkpoint knows it."""
    assert oracle.check(place, start).states == {"created": number}
    status = place.forked("status", "--json").document
    assert (status["outcome"], status["counts"]["pending"]) == ("complete", 0)


def started(place: Place, *arguments: str, ignore: Sequence[signal.Signals] = (), **streams: Any) -> Any:
    """The installed command, its output and errors in one pipe unless said otherwise."""
    process = subprocess.Popen(
        [*MIGRATOR, *arguments],
        cwd=place.folder,
        preexec_fn=lambda: [signal.signal(number, signal.SIG_IGN) for number in ignore],  # noqa: PLW1509 -- no thread is at work in between
        **({"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT} | streams),
    )
    place.started.append(process)
    return process


def unread(place: Place, *arguments: str) -> Ended:
    """A command whose stdout nobody reads; its stderr is read."""
    read, write = os.pipe()
    os.close(read)
    process = started(place, *arguments, stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    _, err = process.communicate(timeout=PATIENCE)
    return Ended(process.returncode, "", err.decode())


# --- killed ----------------------------------------------------------------------------------------


def killed(place: Place) -> oracle.Before:
    """A run that was killed with 300 users in flight, none of whom Descope has seen."""
    place.configure(run={"concurrency": 3})
    place.sandbox.control.reset(users=300, difficult=0)
    start = oracle.before(place)
    place.sandbox.control.set_faults(LOST)
    with Watched(place) as running:
        assert running.until_seen(met("lost", 3))
    place.sandbox.control.clear_faults()
    return start


def test_nc17_the_run_after_a_kill_settles_by_the_hundred(place: Place) -> None:
    """300 users in flight cost searches by the hundred, and one request each right before they are sent again."""
    start = killed(place)
    place.configure(descope={"settle_seconds": 5})
    place.sandbox.control.clear_journal()

    again = place.forked("run", "--yes")

    assert again.code == 0, again.err
    assert (
        "300 users were being sent when the last run ended."
        " Descope may still create them, so nothing is sent again for up to 5 s.\n"
    ) in again.err
    assert "300 users are not in Descope yet; nothing is sent again for up to 5 s.\n" in again.err
    assert " 0 s" not in again.err
    calls = [entry["path"] for entry in place.journal()]
    before = calls[: next(n for n, path in enumerate(calls) if path.endswith("create/batch"))]
    assert before.count(USER) == 300
    assert before.count(SEARCH) <= 30  # six for a look, and six more to plan them again
    oracle.check(place, start)


def test_nc17_status_says_what_a_settling_run_waits_for(place: Place) -> None:
    """From another shell too, one sees for whom, why and how long nothing is sent."""
    killed(place)
    place.configure(descope={"settle_seconds": 600})

    with Watched(place) as running:
        running.until_said("so nothing is sent again for up to 600 s.")

        def waiting() -> str:
            progress = place.forked("status", "--json").document["progress"]
            return str(progress["waiting"] or "") if progress else ""

        assert "300 users " in until(waiting)
        assert re.search(r"nothing is sent again for up to [1-9]\d* s", until(waiting))
        running.send(signal.SIGINT)
        assert running.ended(PATIENCE).code == 130


def test_nc17_a_lease_that_is_held_says_when_it_ends(place: Place) -> None:
    """Whoever finds another run in progress learns what to do if that one is dead: here, run again at once."""
    people(place)
    place.sandbox.control.set_faults(LOST)
    with Watched(place) as running:
        assert running.until_seen(met("lost"))

        second = place.forked("run", "--yes")

    assert second.code == 5
    assert "Another run is in progress on this checkpoint" in second.err
    assert "If that process is killed, run again: the next run takes over at once." in second.err


# --- a closed terminal -----------------------------------------------------------------------------


def test_nc18_a_closed_terminal_ends_the_run_in_order(place: Place) -> None:
    """The request in flight is finished and stored, the reports are written, and the exit code is 129."""
    start = people(place)
    place.sandbox.control.set_faults(SLOW)

    with Terminal(["run", "--yes"], place.folder) as terminal:
        terminal.until(lambda _text: met("slow")(place.journal()))
        terminal.hang_up()
        code = terminal.process.wait(PATIENCE)

    assert code == 129
    assert place.forked("status", "--json").document["outcome"] == "interrupted"
    assert "sending" not in {row["state"] for row in oracle.read_rows(place.checkpoint, place).values()}
    assert {"summary.json", "problems.csv", "report.html"} <= {
        path.name for path in (place.folder / "reports").iterdir()
    }
    oracle.check(place, start, whole=False)
    assert place.forked("run", "--yes").code == 0
    arrived(place, start, 30)


def test_nc18_a_terminal_that_is_closed_at_the_question_means_no(place: Place) -> None:
    """Nobody is there to say yes: nothing is sent, and it is no bug."""
    people(place)

    with Terminal(["run"], place.folder) as terminal:
        terminal.until("Send this to Descope now?")
        terminal.hang_up()
        code = terminal.process.wait(PATIENCE)

    assert code == 129
    assert place.targets() == []


def test_nc18_one_closed_terminal_may_send_several_hang_ups(place: Place) -> None:
    """Kernel, shell and log-out each send a SIGHUP; together they are one request to stop."""
    people(place)
    place.sandbox.control.set_faults(SLOW)

    with Watched(place) as running:
        assert running.until_seen(met("slow"))
        running.send(signal.SIGHUP)
        running.until_said("quit")
        running.send(signal.SIGHUP)
        ended = running.ended(PATIENCE)

    assert ended.code == 129
    assert ended.document["outcome"] == "interrupted"
    assert ended.document["counts"]["created"] == 20


def test_nc18_another_signal_after_a_hang_up_leaves_at_once(place: Place) -> None:
    """Whoever wants the process gone need not wait for an answer that never comes."""
    people(place)
    place.sandbox.control.set_faults(LOST)

    with Watched(place) as running:
        assert running.until_seen(met("lost"))
        running.send(signal.SIGHUP)
        running.until_said("quit")
        running.send(signal.SIGTERM)
        ended = running.ended(PATIENCE)

    assert ended.code == 143
    assert ended.out == ""


def test_nc18_nohup_stays_nohup(place: Place) -> None:
    """A run that was started to outlive its terminal does."""
    start = people(place)
    place.sandbox.control.set_faults(SLOW)

    with started(place, "run", "--yes", ignore=[signal.SIGHUP]) as process:
        until(lambda: met("slow")(place.journal()))
        process.send_signal(signal.SIGHUP)
        process.communicate(timeout=PATIENCE)

    assert process.returncode == 0
    arrived(place, start, 30)


def test_nc18_a_terminal_that_vanishes_without_a_signal_ends_only_the_output(place: Place) -> None:
    """Every further word meets an error, and the run goes on to its end."""
    start = people(place)
    place.sandbox.control.set_faults(SLOW)
    master, slave = pty.openpty()
    process = started(place, "run", "--yes", stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)
    until(lambda: met("slow")(place.journal()))
    os.close(master)

    assert process.wait(PATIENCE) == 0
    arrived(place, start, 30)


# --- a closed pipe ---------------------------------------------------------------------------------


def test_nc19_a_reader_that_has_enough_ends_no_run(place: Place) -> None:
    """`migrator run --yes 2>&1 | head -1`, or a `tee` that dies: the run goes on to its end."""
    start = people(place)
    place.sandbox.control.set_faults(SLOW)

    process = started(place, "run", "--yes")
    assert process.stdout.readline() != b""
    process.stdout.close()

    assert process.wait(PATIENCE) == 0
    arrived(place, start, 30)


@pytest.mark.parametrize("arguments", [("run", "--yes", "--json"), ("run", "--yes", "-v", "--log-format", "json")])
def test_nc19_nobody_reads_a_word_of_it(place: Place, arguments: tuple[str, ...]) -> None:
    """Pipes that are closed from the start, or standard streams that were never there, change no exit code."""
    people(place)
    place.sandbox.control.put_docebo_user({**place.sources()[0], "user_id": "900", "email": "nobody"})

    for _ in range(2):
        read, write = os.pipe()
        os.close(read)
        process = started(place, *arguments, stdout=write, stderr=write)
        os.close(write)
        assert process.wait(PATIENCE) == 3  # as with somebody who reads
    closed = subprocess.run(
        ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *MIGRATOR, *arguments], cwd=place.folder, check=False, timeout=60
    )

    assert closed.returncode == 3
    assert len(place.targets()) == 30


@pytest.mark.parametrize(
    "arguments",
    [
        ("status",), ("status", "--json"), ("status", "--watch"), ("plan", "--json"), ("verify",), ("report",),
        ("check",), ("--help",), ("run", "--help"), ("--version",), ("db", "current"),
    ],
)  # fmt: skip
def test_m9_a_closed_pipe_is_no_bug(place: Place, arguments: tuple[str, ...]) -> None:
    """`migrator status | head -1` ends quietly, with the exit code that the command has anyway."""
    people(place, 10)
    place.migrate()

    ended = unread(place, *arguments)

    assert ended.code == 0
    assert [line for line in ended.err.splitlines() if "rror" in line or "bug" in line or "Traceback" in line] == []


def test_nc19_watching_ends_when_nobody_reads(place: Place) -> None:
    """`status --watch | head -1` does not stay behind until the run ends."""
    people(place)
    place.sandbox.control.set_faults(LOST)

    with Watched(place) as running:
        assert running.until_seen(met("lost"))
        watch = started(place, "status", "--watch", "--interval", "0.1")
        assert watch.stdout.readline() != b""
        watch.stdout.close()
        assert watch.wait(PATIENCE) == 0
        assert running.process.poll() is None


@pytest.mark.parametrize("arguments", [("run", "--yes"), ("run", "--yes", "--json")])
def test_nc19_a_full_disk_behind_stdout_is_told_and_ends_no_run(place: Place, arguments: tuple[str, ...]) -> None:
    """The run goes on to its end, then says that its result could not be written, and the exit code is not 0."""
    start = people(place)

    with Path("/dev/full").open("wb") as full:
        process = started(place, *arguments, stdout=full, stderr=subprocess.PIPE)
        _, err = process.communicate(timeout=PATIENCE)

    assert process.returncode == 4
    assert b"Error: The output could not be written: No space left on device.\nFix: Free space" in err
    assert b"bug" not in err
    arrived(place, start, 30)


# --- quiet -----------------------------------------------------------------------------------------


def test_m13_quiet_tells_the_result_in_one_line(place: Place) -> None:
    """-q of plan, run, status and verify prints how it ended, and nothing else."""
    place.sandbox.control.reset(users=20, difficult=0)
    where = f"{place.config.docebo.platform} -> {place.config.descope.project_id}"

    for arguments, line in (
        (("plan",), "A run would create 20. Plan only: nothing was written to Descope."),
        (("run", "--yes"), "Complete: all 20 users are in Descope."),
        (("status",), f"{where}: Complete: all 20 users are in Descope."),
        (("verify",), "Verified TIME UTC: all 20 users read back, no differences."),
        (("verify", "--sample", "5"), "Verified TIME UTC: a sample of 5 users read back, no differences."),
    ):
        ended = place.forked(*arguments, "-q")
        out = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "TIME", ended.out)
        assert (ended.code, out, ended.err) == (0, f"{line}\n", "")


def test_m13_quiet_still_tells_what_is_wrong(place: Place) -> None:
    """Users who need a person and differences have their line too, and an error is an error."""
    people(place, 10)
    place.sandbox.control.put_docebo_user({**place.sources()[0], "user_id": "900", "email": "nobody"})

    run = place.forked("run", "--yes", "-q")
    status = place.forked("status", "-q")
    place.sandbox.control.set_faults(
        {"kind": "status", "path": "/manage/v1/user$", "every": 1, "params": {"code": 404}}
    )
    stopped = place.forked("run", "--yes", "-q")

    assert (run.code, run.out.count("\n"), run.err) == (3, 1, "")
    assert status.out.endswith("users are in Descope; 1 needs your attention.\n")
    assert stopped.code == 4
    assert stopped.out.count("\n") == 1
    assert stopped.err.startswith("Error: ")
