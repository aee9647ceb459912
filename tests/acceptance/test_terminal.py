"""What a person sees on a terminal: one live region, questions that can be read, waits with their reasons."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from deadline import until
from terminal import Terminal

from migrator.checkpoint.db.checkpoint import Checkpoint
from migrator.checkpoint.runs.runs import begin_run, store_summary
from migrator.core.clock import Clock
from migrator.core.model import RunOutcome
from migrator.core.reasons import Reason

if TYPE_CHECKING:
    from world import Place

CTRL_C = "\x03"
CREATE = r"create/batch$"
QUESTION = "Send this to Descope now? [y/N]:"


def pause(path: str, seconds: int, nth: int = 1) -> dict[str, Any]:
    """A 429 that asks for a pause."""
    params = {"code": 429, "headers": {"Retry-After": str(seconds)}}
    return {"kind": "status", "path": path, "nth": nth, "params": params}


def colours(terminal: Terminal) -> list[bytes]:
    """Every sequence that sets a colour."""
    return re.findall(rb"\x1b\[[0-9;]*m", terminal.raw)


def steady(text: str) -> str:
    """The text without the figures that two looks may see differently."""
    return re.sub(r"\d+ (s off|GiB)", r"N \1", text)


# --- the question ---------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [80, 120])
def test_nc8_the_question_can_be_read_with_the_plan_above_it(place: Place, columns: int) -> None:
    """The choices are shown, a wrong answer is asked again, the whole plan stays, and nothing moves below."""
    place.sandbox.control.reset(users=30, difficult=0.2)

    with Terminal(["run"], place.folder, columns=columns) as terminal:
        terminal.until(QUESTION)
        terminal.type("maybe\r")
        text = terminal.until(lambda text: text.count(QUESTION) == 2)
        assert [line for line in text.splitlines() if line.startswith("  known")] == ["  known             30"]
        assert "Error: Please answer y or n." in text
        assert "Looking up" not in text
        assert text.endswith(QUESTION)
        terminal.type("y\r")
        assert terminal.ended() == 3
        text = terminal.text

    assert text.index("sending takes ") < text.index("  known") < text.index(QUESTION) < text.index("4 of 5")
    assert text.count(f"{QUESTION} y\n") == 1


def test_nc8_the_canary_says_how_it_fared_and_asks(place: Place) -> None:
    """Its result stands above the question, whose default is shown."""
    place.sandbox.control.reset(users=30, difficult=0)

    with Terminal(["run", "--canary", "5"], place.folder) as terminal:
        terminal.until(QUESTION)
        terminal.type("y\r")
        text = terminal.until("Go on with everybody else? [Y/n]:")
        terminal.type("\r")
        assert terminal.ended() == 0

    assert "The canary: 5 users sent and read back, 0 of them went wrong." in text
    assert "✓ 4 of 7  Sent the canary: 5 users in" in text
    assert "✓ 6 of 7  Sent to Descope: 25 users in" in terminal.text


def test_nc9_ctrl_c_at_the_question_means_no_at_once(place: Place) -> None:
    """Nothing is sent, it says so, and the exit code is 130 without another key."""
    place.sandbox.control.reset(users=30, difficult=0)

    with Terminal(["run"], place.folder) as terminal:
        terminal.until(QUESTION)
        terminal.type(CTRL_C)
        assert terminal.ended() == 130
        text = terminal.text

    assert "Nothing was sent: you pressed Ctrl-C." in text
    assert "Sending" not in text
    assert place.targets() == []
    assert place.forked("status", "--json").document["outcome"] == "interrupted"


def test_nc9_an_input_that_ends_at_the_question_means_no(place: Place) -> None:
    """Ctrl-D is no as well."""
    place.sandbox.control.reset(users=5, difficult=0)

    with Terminal(["run"], place.folder) as terminal:
        terminal.until(QUESTION)
        terminal.type("\x04")
        assert terminal.ended() == 130
        assert "Nothing was sent: the input ended before you answered." in terminal.text

    assert place.targets() == []


# --- nothing tears the region -----------------------------------------------------------------------


@pytest.mark.parametrize("options", [[], ["-v"], ["-v", "--log-format", "json"]])
def test_nc11_log_lines_and_retries_leave_no_torn_bars(place: Place, options: list[str]) -> None:
    """No bar is left behind whatever is logged; log lines are for -v and the log file, and then they are whole."""
    place.sandbox.control.reset(users=300, difficult=0)
    failing = {"kind": "status", "path": r"manage/v1/user$", "nth": 2, "params": {"code": 503}}
    place.sandbox.control.set_faults(failing, pause(r"user/search$", 6), {**failing, "path": r"users/load$", "nth": 1})

    with Terminal(["run", "--yes", *options], place.folder, columns=600) as terminal:
        assert terminal.ended() == 0
        text = terminal.text

    assert "━" not in text
    assert "so far" not in text
    logged = [line for line in text.splitlines() if "call_failed" in line]
    assert len(logged) == (3 if options else 0)
    if len(options) > 1:
        assert {json.loads(line)["event"] for line in logged} == {"call_failed"}


# --- pace, end, waits -----------------------------------------------------------------------------


def test_nc12_the_region_shows_share_pace_end_and_why_it_waits(place: Place) -> None:
    """In a pause that Descope asked for: who, why, how long; how far, how fast, and when it ends."""
    place.sandbox.control.reset(users=300, difficult=0)
    place.configure(run={"concurrency": 1})
    place.sandbox.control.set_faults(pause(CREATE, 100, nth=2))

    with Terminal(["run", "--yes"], place.folder, columns=80) as terminal:
        terminal.until("Descope asked for a pause of 100 s; ")
        text = terminal.until(lambda text: "This stage ends in" in text and "users/s" in text)
        terminal.type(CTRL_C)
        assert terminal.ended() == 130

    bar = next(line for line in text.splitlines() if "━" in line)
    assert bar.startswith("4 of 5  Sending to Descope")
    assert bar.endswith("100 of 300  33 %")
    assert ", the run in " in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_nc14_no_step_ends_before_the_wait_it_is_in(place: Place) -> None:
    """The end that `status` tells has the wait in it, and is the one on the run's own screen."""
    place.sandbox.control.reset(users=300, difficult=0)
    place.configure(run={"concurrency": 1})
    place.sandbox.control.set_faults(pause(CREATE, 100, nth=2))

    with Terminal(["run", "--yes"], place.folder) as terminal:
        terminal.until("This stage ends in")
        now = place.forked("status", "--json").document["progress"]
        line = place.forked("status").out.splitlines()[0]
        terminal.type(CTRL_C)
        terminal.ended()

    left = int(now["waiting"].removeprefix("Descope asked for a pause; goes on in ").removesuffix(" s"))
    assert left <= now["eta_seconds"][0] <= now["eta_seconds"][1]
    assert "Sending to Descope: 100 of 300 (33 %)" in line
    assert "this stage ends in" in line
    assert "Waiting: Descope asked for a pause; goes on in " in line


def test_nc12_a_pipe_gets_one_line_per_wait(place: Place) -> None:
    """However many workers wait together; and why a server is asked again, in plain words."""
    place.sandbox.control.reset(users=800, difficult=0)
    failing = {"kind": "status", "path": r"manage/v1/user$", "times": 4, "params": {"code": 503}}
    place.sandbox.control.set_faults(pause(r"user/search$", 6), failing)

    ended = place.command("run", "--yes")

    assert ended.code == 0
    assert ended.err.count("Descope asked for a pause of 6 s.\n") == 1
    assert re.search(r"^Docebo answered with an error \(HTTP 503\): next try in \d s\.$", ended.err, re.MULTILINE)
    assert "call_failed" not in ended.err


def test_nc12_a_wait_before_the_first_stage_is_told_too(place: Place) -> None:
    """While both sides are checked a pause has its reason as well."""
    place.sandbox.control.reset(users=5, difficult=0)
    place.sandbox.control.set_faults(pause(r"user/session$", 6))

    with Terminal(["plan"], place.folder) as terminal:
        text = terminal.until("Docebo asked for a pause of 6 s")
        assert terminal.ended() == 0

    assert "1 of 3  Checking both sides" in text


def test_nc12_a_limit_is_named(place: Place) -> None:
    """Keeping below a documented limit is a wait that says which limit."""
    place.sandbox.control.reset(users=80, difficult=0)
    limits = {"create": 2, "search": 200, "user": 500}
    place.configure(descope={"batch_size": 20, "rate_limits": limits})

    with Terminal(["run", "--yes"], place.folder) as terminal:
        text = terminal.until("Staying below Descope's limit of 2 create calls a minute: ")
        terminal.type(CTRL_C)
        assert terminal.ended() == 130

    assert "4 of 5  Sending to Descope" in text


# --- stages that end --------------------------------------------------------------------------------


def test_nc13_each_stage_ends_with_its_count_and_time(place: Place) -> None:
    """Stages are numbered, get a tick, and leave one plain line each; a second reading says why.

    With a limit the list is confirmed before anybody is planned.
    """
    place.sandbox.control.reset(users=120, difficult=0)
    users = [r"✓ 2 of 5  Read Docebo: 120 users in \d:\d\d, in 2 readings"]
    users += [rf"✓ {n} of 5  {done}: 120 users in \d:\d\d" for n, done in enumerate(
        ("Searched Descope", "Sent to Descope", "Read back from Descope"), start=3
    )]  # fmt: skip

    with Terminal(["run", "--yes", "--limit", "120"], place.folder) as terminal:
        assert terminal.ended() == 0
        lines = [line for line in terminal.text.splitlines() if " of 5 " in line]
    place.sandbox.control.reset(users=120, difficult=0)
    (place.folder / "migrator.db").unlink()
    piped = place.command("run", "--yes", "--limit", "120").err

    for pattern, line in zip([r"✓ 1 of 5  Checked both sides in \d:\d\d", *users], lines, strict=True):
        assert re.fullmatch(pattern, line)
        assert re.search(f"^{pattern}$", piped, re.MULTILINE)
    assert "2 of 5  Reading Docebo ...\n" in piped
    assert "Reading Docebo once more, until a whole reading shows nobody new ...\n" in piped


def test_nc13_unanswered_requests_are_a_stage_of_their_own(place: Place) -> None:
    """After a run that was killed the next one counts settling among its stages."""
    place.sandbox.control.reset(users=20, difficult=0)
    place.sandbox.control.set_faults({"kind": "lost", "path": CREATE})
    first = place.start("run", "--yes", "--json")
    until(lambda: [entry for entry in place.journal() if entry["fault"] == "lost"])
    first.kill()
    first.communicate()
    place.sandbox.control.clear_faults()

    with Terminal(["run", "--yes"], place.folder) as terminal:
        assert terminal.ended() == 0
        text = terminal.text

    assert "✓ 2 of 6  Settled unanswered requests" in text
    assert "✓ 6 of 6  Read back from Descope: 20 users" in text


def test_nc13_a_stage_that_was_cut_short_has_no_tick(place: Place) -> None:
    """It says how far it came."""
    place.sandbox.control.reset(users=300, difficult=0)
    place.configure(run={"concurrency": 1})
    place.sandbox.control.set_faults(pause(CREATE, 100, nth=2))

    with Terminal(["run", "--yes"], place.folder) as terminal:
        terminal.until("Descope asked for a pause of 100 s; ")
        terminal.type(CTRL_C)
        terminal.ended()

    assert re.search(r"^4 of 5  Sending to Descope: stopped at 100 of 300 users after", terminal.text, re.MULTILINE)


# --- after Ctrl-C -----------------------------------------------------------------------------------


def test_nc15_ctrl_c_says_what_is_finished_and_how_to_leave_at_once(place: Place) -> None:
    """The number of requests in flight is named; a second Ctrl-C leaves, and gives the terminal back."""
    place.sandbox.control.reset(users=60, difficult=0)
    place.configure(descope={"batch_size": 10}, run={"concurrency": 4})
    place.sandbox.control.set_faults({"kind": "lost", "path": CREATE})

    with Terminal(["run", "--yes"], place.folder) as terminal:
        terminal.until(lambda _text: len([entry for entry in place.journal() if entry["fault"] == "lost"]) == 4)
        terminal.type(CTRL_C)
        terminal.until("Finishing 4 requests in flight; press Ctrl-C again to quit at once.")
        terminal.type(CTRL_C)
        assert terminal.ended() == 130

    assert "Stopped at once; run again to continue." in terminal.text
    assert terminal.raw.rfind(b"\x1b[?25h") > terminal.raw.rfind(b"\x1b[?25l")  # the cursor is visible again


# --- reasons, colour, watching ----------------------------------------------------------------------


@pytest.mark.parametrize("columns", [80, 120])
def test_nc16_reasons_are_wrapped_between_words_each_with_its_fix_once(place: Place, columns: int) -> None:
    """Nobody reads a broken word; the plan shows the reasons, the end their fixes as well."""
    place.sandbox.control.reset(users=200, difficult=0.3)

    with Terminal(["run", "--yes"], place.folder, columns=columns, lines=100) as terminal:
        assert terminal.ended() == 3
        text = terminal.text
    reasons = place.forked("status", "--json").document["reasons"]

    words = " ".join(text.split())
    assert all(len(line) < columns for line in text.splitlines() if line.startswith("     "))
    for code in reasons:
        assert words.count(f"{code}: {Reason[code.upper()].meaning}") == 2
        assert words.count(f"{code}: {Reason[code.upper()].meaning} Fix: {Reason[code.upper()].fix}") == 1
    shown = [line.split()[1].removesuffix(":") for line in text.splitlines() if re.match(r" +\d+ \w+: ", line)]
    half = shown[: len(reasons)]
    conflicts = [code for code in half if Reason[code.upper()].state == "conflict"]
    assert half[: len(conflicts)] == sorted(conflicts, key=lambda code: (-reasons[code], code))
    assert shown == half * 2


def test_nc16_colour_has_a_meaning_and_can_be_switched_off(place: Place) -> None:
    """Green is good, red is wrong, magenta wants care; the words are the same without, and in pipes there is none."""
    place.sandbox.control.reset(users=30, difficult=0.2)
    texts = []
    for environment in ({}, {"NO_COLOR": "1"}, {"TERM": "dumb"}):
        with Terminal(["check"], place.folder, columns=250, environment=environment) as terminal:
            assert terminal.ended() == 0
            texts.append(steady(terminal.text))
            assert (b"\x1b[32m" in terminal.raw) == (not environment)
            assert bool(colours(terminal)) == (not environment)
    piped = steady(place.forked("check").out).split()
    assert [text.split() for text in texts] == [piped] * 3

    with Terminal(["run", "--yes"], place.folder) as terminal:
        assert terminal.ended() == 3
        assert b"\x1b[35m\x1b[1mFinished: " in terminal.raw
        assert b"\x1b[32m\xe2\x9c\x93\x1b[0m 1 of 5" in terminal.raw
    place.configure(docebo={"client_secret": "wrong"})
    with Terminal(["check"], place.folder) as terminal:
        assert terminal.ended() == 2
        assert b"\x1b[31m\x1b[1mFAIL\x1b[0m docebo: " in terminal.raw
    with Terminal(["plan"], place.folder, environment={"TERM": "dumb"}) as terminal:
        assert terminal.ended() == 2
        assert "1 of 3  Checking both sides ..." in terminal.text
        assert b"\x1b" not in terminal.raw


def test_nc16_watching_waits_for_the_run_that_begins_and_shows_one_line(place: Place) -> None:
    """While a run holds the lease and has told nothing yet, `status --watch` stays, in one line, until it ends."""
    place.sandbox.control.reset(users=5, difficult=0)
    place.migrate()
    config, clock = place.config, Clock()
    checkpoint = Checkpoint(config.checkpoint.sqlalchemy_url, config.checkpoint.key, clock, upgrade=False)

    with Terminal(["status", "--watch", "--interval", "0.1"], place.folder, columns=200) as terminal:
        with checkpoint:
            terminal.until("running (starting or finishing)")
            number = begin_run(checkpoint, "run")
            terminal.until(lambda text: text.endswith(": running"))
            assert len(terminal.text.splitlines()) == 1
            store_summary(checkpoint, number, {}, RunOutcome.COMPLETE)
        assert terminal.ended() == 0

    assert terminal.text.splitlines()[0].endswith(": complete")
