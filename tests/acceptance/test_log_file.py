"""The log file of a night: everything an auditor asks for is in it, and nothing that names a person."""

from __future__ import annotations

import ast
import json
import re
import resource
import stat
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import oracle
import pytest
from terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world import Place

ROOT = Path(__file__).parents[2]
LEVELS = {"debug", "info", "warning", "error", "exception"}
# What no server can be made to bring about in a test of the command: tests of their own, or a bug.
RARE = {"sweeps_not_settled", "metrics_not_written", "sample_not_taken", "steering_not_read", "bug"}
STEERED = {"paused", "resumed", "steered"}  # by another command (`test_steering.py`)
RULED = {"members_read", "grants_created"}  # where the mapping has rules (`test_rules.py`)
SERVED = {  # by `migrator serve` (`test_serve.py`)
    "serving", "answered", "found_too_many", "look_up_failed", "sign_in_failed", "run_inside_failed", "draining",
}  # fmt: skip
UNDONE = {"undo_settled", "undo_ended"}  # see `test_the_log_says_what_an_undo_did_and_names_nobody`
ASKED = {"signed_in"}  # see `test_whose_profile_is_erased_keeps_the_last_access`
STAMP = re.compile(r"^\d{4}-\d\d-\d\dT", re.MULTILINE)


def logged(place: Place, name: str = "night.log") -> list[dict[str, Any]]:
    """The lines of the log file."""
    return [json.loads(line) for line in (place.folder / name).read_text(encoding="utf-8").splitlines()]


def of(lines: list[dict[str, Any]], event: str) -> list[dict[str, Any]]:
    """Those of one event."""
    return [line for line in lines if line["event"] == event]


def personal_data(place: Place) -> set[str]:
    """Names and addresses; short ones would be found by chance."""
    keys = ("email", "fullname", "username", "first_name", "last_name", "field_12")
    values = {str(user.get(key) or "") for user in place.sources() for key in keys}
    return {value for value in values if len(value) > 5}


@dataclass(frozen=True)
class Night:
    """The log of a night, and the Docebo ids of whom it brought to Descope."""

    lines: list[dict[str, Any]]
    arrived: set[str]
    project: str

    def of(self, event: str) -> list[dict[str, Any]]:
        """The lines of one event."""
        return of(self.lines, event)


_nights: list[Night] = []  # one is enough for all tests here, as it is only read


@pytest.fixture
def night(place: Place) -> Night:
    """All that can happen: a stop, a pause asked for, lost requests, a small limit, and proof at the end."""
    if not _nights:
        _nights.append(_live_through(place))
    return _nights[0]


def _live_through(place: Place) -> Night:
    place.sandbox.control.reset(users=60, difficult=0.1, strangers=3)
    place.sandbox.control.set_switches(descope={"batch_limit": 7})
    place.configure(docebo={"page_size": 20}, descope={"batch_size": 10, "settle_seconds": 1}, run={"concurrency": 1})
    forbidden = {"kind": "status", "path": "create/batch", "params": {"code": 403}}
    pause = {"kind": "status", "api": "docebo", "path": "/manage/v1/user$", "nth": 2}
    place.sandbox.control.set_faults(
        forbidden,
        pause | {"params": {"code": 429, "headers": {"Retry-After": "6"}}},
        {"kind": "status", "api": "docebo", "path": "/manage/v1/user$", "nth": 4, "params": {"code": 503}},
    )
    assert place.forked("run", "--yes", "--log-file", "night.log").code == 4
    place.sandbox.control.set_faults(
        {"kind": "close", "path": "create/batch", "nth": 4, "when": "after"},
        {"kind": "reset", "path": "create/batch", "nth": 6},
    )
    assert place.forked("run", "--yes", "-vv", "--log-file", "night.log").code == 3
    assert place.forked("verify", "-v", "--log-file", "night.log").code == 0
    marks = [(user.get("customAttributes") or {}).get("doceboUserId") for user in place.targets()]
    return Night(logged(place), {str(mark) for mark in marks if mark}, place.config.descope.project_id)


def events_in_code() -> Iterator[str]:
    """The names that the program's own log calls carry."""
    for path in (ROOT / "migrator").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = node.func.value if isinstance(node.func, ast.Attribute) else node.func
            direct = not isinstance(node.func, ast.Attribute) or node.func.attr in LEVELS
            if isinstance(called, ast.Name) and called.id in ("log", "_log") and direct:
                name = node.args[0]
                assert isinstance(name, ast.Constant), f"{path.name}:{node.lineno} makes up an event's name"
                yield str(name.value)


def test_nc21_the_table_of_events_is_the_code_s_and_a_night_s(night: Night) -> None:
    """docs/log.md lists the events that the code logs, with their levels, and a bad night brings about every one."""
    rows = re.findall(
        r"^\| `([^`]+)` \| (.*?) \|", (ROOT / "docs" / "log.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    table = dict(rows)

    assert len(table) == len(rows)
    assert set(events_in_code()) == set(table)
    everywhere = set(table) - RARE - STEERED - RULED - UNDONE - ASKED - SERVED
    assert {line["event"] for line in night.lines} == everywhere
    assert {line["event"] for line in night.lines if line["level"] not in table[line["event"]]} == set()


def test_nc21_the_log_tells_the_night_from_start_to_end(night: Night) -> None:
    """Who started what with which configuration, every stage, every batch's users, every stop, and the end."""
    starts, ends = night.of("started"), night.of("ended")
    assert [start["command"] for start in starts] == ["run", "run", "verify"]
    assert starts[0]["options"] == {"--yes": True, "--log-file": "night.log"}
    assert {start["version"] for start in starts} == {"0.1.0"}
    assert {start["python"] for start in starts} == {".".join(map(str, sys.version_info[:3]))}
    assert len({one["fingerprint"] for one in night.of("configured")}) == 1
    assert {one["project"] for one in night.of("configured")} == {night.project}
    assert [end["exit_code"] for end in ends] == [4, 3, 0]

    began = Counter(line["stage"] for line in night.of("stage_began"))
    assert began == Counter(line["stage"] for line in night.of("stage_ended"))
    assert {"check", "read", "plan", "send", "verify"} <= set(began)
    read = next(line for line in night.of("stage_ended") if line["stage"] == "read")
    assert (read["done"], read["total"], read["calls"]["docebo"] >= 6) == (60, 60, True)

    (stop,) = night.of("stopped")
    assert (stop["exit_code"], "create/batch" in stop["reason"]) == (4, True)
    assert stop["fix"]
    failed, final = night.of("run_ended")
    assert failed["outcome"] == "stopped"
    assert final["outcome"] == "needs_person"
    assert final["counts"]["found"] == 60
    assert final["calls"]["descope_writes"] > 0


def test_nc21_the_log_says_what_became_of_each_user(night: Night) -> None:
    """By the batches and what was settled, each user that is in Descope now was created, and nobody else."""
    last: dict[str, str] = {}
    for line in night.lines:
        if line["event"] in ("batch", "settled"):
            last |= line["outcomes"]

    assert {user_id for user_id, outcome in last.items() if outcome == "created"} == night.arrived
    assert not {"unanswered", "not_done"} & set(last.values())
    everything = [outcome for line in night.of("batch") for outcome in line["outcomes"].values()]
    assert {"created", "unanswered", "not_done"} <= set(everything)
    numbers = [line["number"] for line in night.of("batch")]
    second = numbers.index(1, 1)
    assert numbers == [*range(1, second + 1), *range(1, len(numbers) - second + 1)]


def test_nc21_the_log_says_who_was_waited_for_and_what_was_tried_again(night: Night) -> None:
    """The pause that Docebo asked for, with its seconds, and each try that went wrong."""
    assert {"Docebo" in one["why"] and 2 < one["seconds"] <= 6 for one in night.of("waiting")} == {True}
    tries = [(one["api"], one["status"], one["wait"] is not None) for one in night.of("call_failed")]
    assert ("Docebo", 429, True) in tries
    assert ("Docebo", 503, True) in tries
    assert ("Descope", 403, False) in tries
    assert ("Descope", None, False) in tries
    assert night.of("settle_wait")[0]["users"] > 0


def test_nc21_each_request_is_logged_with_v_and_never_its_query(night: Night) -> None:
    """-v adds method, path, status, milliseconds and try of every request; without it none is there."""
    pieces: list[list[dict[str, Any]]] = []
    for line in night.lines:
        if line["event"] == "started":
            pieces.append([])
        pieces[-1].append(line)
    quiet, everything, proof = (of(piece, "request") for piece in pieces)

    assert quiet == []
    assert proof
    (figures,) = of(pieces[1], "run_ended")
    # The titles of the fields are asked for when the figures are made already.
    assert len([one for one in everything if one["path"] != "/manage/v1/user_fields"]) == sum(
        figures["calls"][name] for name in ("docebo", "descope")
    )
    for request in everything:
        assert set(request) == {
            "timestamp", "level", "component", "event", "api", "method", "path", "status", "ms", "attempt",
        }  # fmt: skip
        assert "?" not in request["path"]


def test_nc21_no_secret_and_nobody_s_data_is_in_the_log(place: Place) -> None:
    """Not in a search for one person by address, and not with -vv: the text typed in shows as stars."""
    place.sandbox.control.reset(users=40, difficult=0.2, strangers=3)
    whom = next(str(user["email"]) for user in place.sources() if user.get("email"))

    one = place.forked("run", "--yes", "-vv", "--log-file", "night.log", "--search-text", whom)
    everybody = place.forked("run", "--yes", "-vv", "--log-file", "night.log")
    place.forked("verify", "-vv", "--log-file", "night.log")

    text = (place.folder / "night.log").read_text(encoding="utf-8")
    assert of(logged(place), "started")[0]["options"]["--search-text"] == "***"
    shown = text + one.err + everybody.err
    assert [word for word in (*personal_data(place), *oracle.SECRETS) if word in shown] == []
    assert stat.S_IMODE((place.folder / "night.log").stat().st_mode) == 0o600


def test_nc21_the_screen_stays_as_quiet_as_without_a_log_file(place: Place) -> None:
    """Without -v no line of the log is on the screen, whatever the file holds."""
    place.sandbox.control.reset(users=10, difficult=0)

    ended = place.forked("run", "--yes", "--log-file", "night.log")

    assert ended.code == 0
    assert STAMP.findall(ended.out + ended.err) == []
    assert len(logged(place)) > 10


def test_nc21_a_person_s_answer_is_logged(place: Place) -> None:
    """A no at the question stands in the log with the question, and as the reason why nothing was sent."""
    place.sandbox.control.reset(users=5, difficult=0)

    with Terminal(["run", "--log-file", "night.log"], place.folder) as terminal:
        terminal.until("Send this to Descope now?")
        terminal.type("n\n")
        terminal.ended()

    lines = logged(place)
    assert [(one["about"], one["asked"]) for one in of(lines, "question")] == [("plan", "person")]
    assert [(one["about"], one["answer"]) for one in of(lines, "answer")] == [("plan", "no")]
    assert of(lines, "batch") == []
    assert lines[-1]["event"] == "ended"


@pytest.mark.parametrize("command", [("run", "--yes"), ("status",), ("init", "new.yaml")], ids=" ".join)
@pytest.mark.parametrize("name", ["reports", "link.log", "no/such.log"])
def test_nc21_a_log_file_that_cannot_be_written_ends_the_command_before_it_begins(
    place: Place, command: tuple[str, ...], name: str
) -> None:
    """A folder, a link or a missing folder: exit 2 that names the file, and nothing was done."""
    (place.folder / "reports").mkdir()
    (place.folder / "link.log").symlink_to("elsewhere.log")
    before = sorted(place.folder.iterdir())

    ended = place.forked(*command, "--log-file", name)

    assert ended.code == 2
    assert name in ended.err
    assert "--log-file" in ended.err
    assert ended.out == ""
    assert sorted(place.folder.iterdir()) == before
    assert place.sandbox.control.journal() == []


LIMIT = 64 * 1024 * 1024


def test_nc21_a_full_disk_under_the_log_stops_nothing(place: Place) -> None:
    """Everybody is migrated although no line can be written; the screen says so once."""
    place.sandbox.control.reset(users=10, difficult=0)
    log = place.folder / "night.log"
    with log.open("wb") as file:
        file.truncate(LIMIT)  # a file without blocks, as long as a file may be for the command below

    ended = subprocess.run(
        [sys.executable, "-m", "migrator", "run", "--yes", "--log-file", "night.log"],
        cwd=place.folder, capture_output=True, text=True, check=False, timeout=240, stdin=subprocess.DEVNULL,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT)),
    )  # fmt: skip

    assert ended.returncode == 0, ended.stderr
    assert len(place.targets()) == 10
    assert log.stat().st_size == LIMIT
    assert ended.stderr.count("log_file_incomplete") == 1
    assert "night.log" in ended.stderr
