"""What is wrong before anything is sent: one clear message, the exit code of the table, nothing changed.

Each case runs the command the way a script does (`run --yes --json`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import oracle
import pytest
from runs import go

if TYPE_CHECKING:
    from collections.abc import Callable

    from world import Ended, Place

CANARY = "planted-Canary-0815"
CLOSED = "http://127.0.0.1:1"  # a port nobody listens on


@dataclass(frozen=True)
class Case:
    """How to spoil a place, the exit code to expect, and what the message must name."""

    spoil: Callable[[Place], Any]
    code: int
    names: tuple[str, ...]
    arguments: tuple[str, ...] = ()


def configure(**sections: dict[str, Any]) -> Callable[[Place], None]:
    """Spoil the configuration by values."""
    return lambda place: place.configure(**sections)


def write(text: str, instead_of: str = "") -> Callable[[Place], None]:
    """Spoil the configuration file's text; without `instead_of` at its end."""

    def spoil(place: Place) -> None:
        before = place.config_path.read_text(encoding="utf-8")
        assert instead_of in before
        after = before.replace(instead_of, text, 1) if instead_of else before + text
        place.config_path.write_text(after, encoding="utf-8")

    return spoil


def after_a_run(spoil: Callable[[Place], Any]) -> Callable[[Place], None]:
    """Spoil a place whose checkpoint already belongs to a migration."""

    def run_and_spoil(place: Place) -> None:
        assert place.forked("run", "--yes", "-q").code == 0
        spoil(place)

    return run_and_spoil


def other_host(place: Place) -> None:
    """The same server under another name is another platform to us."""
    place.configure(docebo={"base_url": place.sandbox.docebo_url.replace("127.0.0.1", "localhost")})


def foreign_database(place: Place) -> None:
    """A file that is no database stands where the checkpoint should be."""
    (place.folder / "migrator.db").write_text("My notes\n" * 500, encoding="utf-8")


def forbid_the_key(place: Place) -> None:
    """The key is known, but may not do this."""
    place.sandbox.control.set_faults({"kind": "status", "api": "descope", "params": {"code": 403}})


CASES = {
    "wrong password": Case(
        configure(docebo={"password": CANARY}), 2, ("Failed to Authenticate", "docebo.client_id", "password")
    ),
    "wrong client secret": Case(
        configure(docebo={"client_secret": CANARY}), 2, ("Failed to Authenticate", "client_secret")
    ),
    "wrong management key": Case(
        configure(descope={"management_key": CANARY}), 2, ("management key", "descope.management_key")
    ),
    "management key without rights": Case(forbid_the_key, 2, ("management key", "permitted")),
    "power user": Case(
        lambda place: place.sandbox.control.set_switches(docebo={"session_level": "admin"}),
        2,
        ("super_admin", "docebo.username"),
    ),
    "unreachable Docebo": Case(
        configure(docebo={"base_url": CLOSED}),
        4,
        ("Failed Getting Users: Docebo cannot be reached: 127.0.0.1:1: the connection was refused", "docebo.base_url"),
    ),
    "no configuration": Case(lambda place: place.config_path.unlink(), 2, ("config.yaml", "migrator init")),
    "bad YAML": Case(write("\ndocebo: [\n"), 2, ("config.yaml", "line")),
    "duplicate key": Case(write("\nrun: {concurrency: 2}\n"), 2, ("config.yaml", "run", "line")),
    "unknown key": Case(configure(run={"speed": 3}), 2, ("run.speed", "concurrency", "line")),
    "plain http": Case(configure(docebo={"base_url": "http://acme.example"}), 2, ("docebo.base_url", "https")),
    "missing variable": Case(configure(docebo={"password": "${NOT_SET_ANYWHERE}"}), 2, ("NOT_SET_ANYWHERE", "line")),
    "checkpoint folder missing": Case(
        configure(checkpoint={"url": "sqlite:///not/there/migrator.db"}), 2, ("not/there", "mkdir")
    ),
    # Not even root may write there.
    "checkpoint folder not writable": Case(
        configure(checkpoint={"url": "sqlite:////proc/migrator.db"}), 2, ("/proc/migrator.db", "checkpoint.url")
    ),
    "checkpoint of another program": Case(foreign_database, 2, ("migrator.db", "checkpoint.url")),
    "checkpoint of another project": Case(
        after_a_run(configure(descope={"project_id": "P2another00000000000000000000"})),
        2,
        ("Descope project", "P2another", "checkpoint.url"),
    ),
    "checkpoint of another platform": Case(after_a_run(other_host), 2, ("Docebo platform", "localhost")),
    "changed mapping": Case(
        after_a_run(configure(mapping={"login_id": "username"})), 2, ("mapping", "has changed", "--remap")
    ),
    "report folder is a file": Case(
        lambda place: (place.folder / "reports").write_text("", encoding="utf-8"), 2, ("reports", "report.dir")
    ),
    "log file in a missing folder": Case(
        lambda _place: None, 2, ("nowhere/x.log", "--log-file"), ("--log-file", "nowhere/x.log")
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_an_error_before_the_start(place: Place, case: Case) -> None:
    """One message with what, where and how to fix it; the right exit code; no traceback, no secret, no change."""
    place.sandbox.control.reset(users=3, difficult=0)
    case.spoil(place)
    so_far = len(place.sandbox.control.journal())

    ended = place.forked("run", "--yes", "--json", *case.arguments)

    assert ended.code == case.code, ended.err
    error = ended.document["error"]
    if case.code == 2:
        assert ended.document == {"schema": "error/1", "error": error}
    else:  # a run that stopped tells what a run tells
        assert (ended.document["outcome"], ended.document["counts"]["found"]) == ("stopped", 0)
    assert error["exit_code"] == case.code
    assert error["fix"]
    for name in case.names:
        assert name in f"{error['message']} {error['fix']}"
    assert ended.err.count("Error: ") == ended.err.count("Fix: ") == 1
    assert error["message"] in ended.err
    assert error["fix"] in ended.err
    judge_output(ended)
    assert [entry for entry in place.journal(since=so_far) if entry["committed"]] == []


def judge_output(ended: Ended) -> None:
    """No traceback and no secret, whatever happened."""
    shown = ended.out + ended.err
    assert "Traceback" not in shown
    assert not re.search(r'File ".*", line', shown)
    assert [secret for secret in (*oracle.SECRETS, CANARY) if secret in shown] == []


def test_an_unreachable_descope_is_told_apart(place: Place) -> None:
    """The message names the server that is not there, whichever of the two it is."""
    place.sandbox.control.reset(users=3, difficult=0)
    place.configure(descope={"base_url": CLOSED})

    ended = go(place)

    assert ended.code == 4
    assert ended.error is not None
    assert ended.error.message == "Descope cannot be reached: 127.0.0.1:1: the connection was refused."
    assert "Check descope.base_url (" in ended.error.fix
    assert [entry for entry in place.journal() if entry["committed"]] == []


@pytest.mark.parametrize("name", ["wrong password", "wrong management key", "unknown key"])
def test_a_plan_fails_like_a_run(place: Place, name: str) -> None:
    """`plan` gives the same message and exit code, on stderr alone when no JSON is asked for."""
    CASES[name].spoil(place)

    ended = place.forked("plan")

    assert ended.code == CASES[name].code
    assert ended.out == ""
    assert ended.err.count("Error: ") == 1
    judge_output(ended)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("status",), "migrator run"),
        (("db", "current"), "migrator run"),
        (("run",), "--yes"),
        (("run", "--limit", "0", "--yes"), "--limit"),
        (("run", "--dry-run", "--canary", "5"), "sends nothing"),
        (("run", "--dry-run", "--max-error-rate", "0"), "sends nothing"),
        (("nonsense",), "No such command"),
        (("run", "--nonsense"), "No such option"),
    ],
    ids=" ".join,
)
def test_usage_errors(place: Place, arguments: tuple[str, ...], says: str) -> None:
    """Nothing there to show, nobody there to ask, or a word that does not exist: 2, with what to do instead."""
    ended = place.forked(*arguments)

    assert ended.code == 2
    assert says in ended.err
    assert ended.out == ""
    judge_output(ended)
    assert place.sandbox.control.journal() == []
    assert not Path(place.folder / "migrator.db").exists()


def test_a_changed_mapping_is_taken_with_remap(place: Place) -> None:
    """The way out that the message names works: users are planned again with the new mapping."""
    place.sandbox.control.reset(users=3, difficult=0)
    place.migrate()
    place.configure(mapping={"attributes": {"language": "lang_code"}})

    ended = place.forked("run", "--yes", "--json", "--remap")

    assert ended.code == 0, ended.err
    assert ended.document["counts"]["updated"] == 3
    assert all(user["customAttributes"]["language"] for user in place.targets())
