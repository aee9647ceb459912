"""What the commands print, where, and how much of it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import oracle
import pytest

if TYPE_CHECKING:
    from world import Place

PEOPLE = 250


def personal_data(place: Place) -> set[str]:
    """Names and addresses that must appear in no log; short ones would be found by chance."""
    keys = ("email", "fullname", "username", "last_name")
    values = {str(user.get(key) or "") for user in place.sources() for key in keys}
    return {value for value in values if len(value) > 5}


@pytest.mark.parametrize("command", [("plan",), ("run", "--yes"), ("status",), ("check",), ("db", "current")])
def test_json_is_one_document_alone_on_stdout(place: Place, command: tuple[str, ...]) -> None:
    """`--json` puts one JSON document on stdout, whatever the verbosity; everything else goes to stderr."""
    place.sandbox.control.reset(users=30, difficult=0.1)
    place.migrate(dry_run=True)

    ended = place.forked(*command, "--json", "-vv")

    assert ended.code in (0, 3)
    assert isinstance(json.loads(ended.out), dict)
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("command", ["run", "plan", "status"])
def test_json_has_the_documented_keys(place: Place, command: str) -> None:
    """The keys of README.md, "JSON", are there, with the right types, and the counts add up."""
    place.sandbox.control.reset(users=40, difficult=0.2, strangers=4)
    place.migrate(dry_run=True)

    document = place.forked(command, "--json", *(["--yes"] if command == "run" else [])).document

    platform = place.sandbox.docebo_url.removeprefix("http://")
    assert document["migration"] == {"source": platform, "project": place.config.descope.project_id}
    assert document["outcome"] == {"run": "needs_person", "plan": "dry_run", "status": "dry_run"}[command]
    counts = dict(document["counts"])
    assert set(counts) == {*oracle.STATES, "found", "pending"}
    assert counts.pop("found") == sum(counts.values()) == 40
    assert set(document["calls"]) == {"docebo", "descope", "descope_writes", "throttled"}
    assert document["seconds"] >= 0
    assert document["users_per_second"] >= 0
    reports = {Path(path).name: Path(path) for path in document["reports"]}
    assert {"summary.json", "problems.csv"} <= set(reports)
    assert all(path.is_file() for path in reports.values())
    assert json.loads(reports["summary.json"].read_text(encoding="utf-8"))["counts"]["found"] == 40


def test_progress_is_a_line_every_tenth_where_no_terminal_is(place: Place) -> None:
    """Reading, looking up and sending each say how far they are, in steps of 10 % and up to 100 %."""
    place.sandbox.control.reset(users=PEOPLE, difficult=0)
    place.configure(docebo={"page_size": 10}, descope={"batch_size": 10}, run={"concurrency": 1})

    ended = place.forked("run", "--yes")

    assert ended.code == 0
    for title in ("Reading Docebo", "Sending to Descope"):
        lines = [line for line in ended.err.splitlines() if line.startswith(f"{title}: ")]
        percents = [line.split(": ")[1].split(" %")[0] for line in lines]
        assert [int(percent) // 10 for percent in percents[:10]] == list(range(1, 11))
        assert f"{title}: 100 % ({PEOPLE} of {PEOPLE})" in lines
    assert "\x1b" not in ended.err


def test_quiet_says_one_line_when_all_is_well(place: Place) -> None:
    """-q leaves the result alone on stdout and stderr empty; the exit code and the reports tell the rest."""
    place.sandbox.control.reset(users=20, difficult=0)

    ended = place.forked("run", "--yes", "-q")

    assert (ended.code, ended.out, ended.err) == (0, "Complete: all 20 users are in Descope.\n", "")
    assert (place.folder / "reports" / "summary.json").exists()


def test_x4_the_log_file_is_private_json_lines_without_personal_data(place: Place) -> None:
    """--log-file is for its owner alone, each line is a JSON object, and nobody's data stands in it."""
    place.sandbox.control.reset(users=PEOPLE, difficult=0.1, strangers=5)
    rules = ({"kind": kind, "path": "create/batch", "nth": nth} for kind, nth in (("status", 1), ("html200", 2)))
    place.sandbox.control.set_faults(*rules)

    ended = place.forked("run", "--yes", "-vv", "--log-file", "run.log", "--log-format", "json")

    path = place.folder / "run.log"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text(encoding="utf-8")
    events = [json.loads(line) for line in text.splitlines()]
    assert {"call_failed"} <= {event["event"] for event in events}
    assert [word for word in (*personal_data(place), *oracle.SECRETS) if word in text + ended.err] == []


def test_exit_code_3_says_who_needs_a_person_and_allow_partial_makes_it_0(place: Place) -> None:
    """Users that need a person make the exit code 3; --allow-partial turns it into 0 and changes nothing else."""
    place.sandbox.control.reset(users=40, difficult=0.2)

    first = place.forked("run", "--yes")
    second = place.forked("run", "--yes", "--allow-partial")

    assert (first.code, second.code) == (3, 0)
    number = json.loads((place.folder / "reports" / "summary.json").read_text())["counts"]
    waiting = number["rejected"] + number["conflict"] + number["failed"]
    assert f"; {waiting} need your attention." in first.out
    assert f"; {waiting} need your attention." in second.out
    rows = (place.folder / "reports" / "problems.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == waiting + 1


def test_python_m_migrator_is_the_installed_command() -> None:
    """`python -m migrator` and `migrator` show the same help."""
    outputs = [
        subprocess.run([*words, "--help"], capture_output=True, text=True, check=True, timeout=60).stdout
        for words in ([sys.executable, "-m", "migrator"], [str(Path(sys.executable).with_name("migrator"))])
    ]

    assert outputs[0].replace("python -m migrator", "migrator") == outputs[1]
    assert "Move every user" in outputs[1]


def test_the_configuration_is_found_by_environment_variable(place: Place, tmp_path_factory: Any) -> None:
    """MIGRATOR_CONFIG names the file, and relative paths start from that file's folder, not from ours."""
    place.sandbox.control.reset(users=3, difficult=0)
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    environment = {**os.environ, "MIGRATOR_CONFIG": str(place.config_path)}

    ended = subprocess.run(
        [sys.executable, "-m", "migrator", "plan", "-q"], cwd=elsewhere, env=environment, check=False, timeout=60
    )

    assert ended.returncode == 0
    assert (place.folder / "migrator.db").exists()
    assert list(elsewhere.iterdir()) == []
