"""What a mistake is answered with: one message that names what is wrong and where, through the installed command."""

from __future__ import annotations

import json
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from definitions import define
from raw_server import Server, silent
from self_signed import certificate
from sqlalchemy import create_engine, update
from stored_tables import everything

from migrator.checkpoint.db.tables import migration

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from raw_server import Reply
    from world import Ended, Place

NOWHERE = "https://acme.docebosaas.invalid"
OTHER_ROWS = ["limits", "clock", "database", "report", "disk"]


@pytest.fixture
def no_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no name resolve in forks of this process, so that no test depends on somebody's network."""

    def refuse(host: str, *_args: object, **_options: object) -> Any:
        if host == "127.0.0.1":
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, _args[0]))]
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@contextmanager
def server(*replies: Reply, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server of our own, closed at the end."""
    server = Server(*replies, tls=tls)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def closed_port() -> Iterator[int]:
    """A port that is taken, but where nobody listens: connections are refused."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield unused.getsockname()[1]


def line_of(place: Place, key: str, section: str) -> int:
    """The line of the configuration file that sets a key."""
    lines = place.config_path.read_text(encoding="utf-8").splitlines()
    start = lines.index(f"{section}:")
    return next(n for n, text in enumerate(lines[start:], start + 1) if text.strip().startswith(f"{key}:"))


def rows(ended: Ended) -> dict[str, dict[str, Any]]:
    """The lines of `check --json` by name."""
    return {row["name"]: row for row in ended.document["checks"]}


@pytest.mark.usefixtures("no_names")
def test_m2_a_docebo_host_whose_name_does_not_resolve_is_named(place: Place) -> None:
    """A typo in the host is answered with the host, the cause, and the line to look at; every command says the same."""
    place.configure(docebo={"base_url": NOWHERE})
    said = "Failed Getting Users: Docebo cannot be reached: acme.docebosaas.invalid: the name does not resolve."
    where = f"Check docebo.base_url (config.yaml, line {line_of(place, 'base_url', 'docebo')})."

    ended = place.forked("check", "--json")

    assert ended.code == 2
    assert rows(ended)["docebo"]["text"] == said
    assert where in rows(ended)["docebo"]["fix"]
    assert set(OTHER_ROWS) < set(rows(ended))


def test_m2_a_run_names_the_refused_connection(place: Place) -> None:
    """A run keeps its long patience, but says host, port and cause in the end."""
    with closed_port() as port:
        place.configure(docebo={"base_url": f"http://127.0.0.1:{port}"})

        ended = place.forked("run", "--yes")

    assert ended.code == 4
    assert f"Docebo cannot be reached: 127.0.0.1:{port}: the connection was refused." in ended.err
    assert f"docebo.base_url (config.yaml, line {line_of(place, 'base_url', 'docebo')})" in ended.err
    assert "Docebo cannot be reached (the connection was refused): next try in " in ended.err


def test_m2_a_certificate_that_nobody_vouches_for_is_told_from_a_refused_connection(
    place: Place, tmp_path: Path
) -> None:
    """A self-signed certificate is named as such, and the proxy that may be behind it."""
    context, _ = certificate(tmp_path)
    with server(b"", tls=context) as docebo:
        place.configure(docebo={"base_url": f"https://127.0.0.1:{docebo.port}"})
        ended = place.forked("check", "--json")

    assert rows(ended)["docebo"]["text"].endswith("its certificate is from an unknown authority.")
    assert "proxy" in rows(ended)["docebo"]["fix"]


def test_m2_check_tries_a_refused_connection_twice_and_prints_no_log_line(place: Place) -> None:
    """Of a host that is away `check` makes one line, and `-v` shows that it gave up after two tries."""
    with closed_port() as port:
        place.configure(docebo={"base_url": f"http://127.0.0.1:{port}"})
        plain = place.forked("check")
        verbose = place.forked("check", "-v")

    assert plain.err == ""
    assert [line for line in plain.out.splitlines() if line.startswith("FAIL")] == [
        f"FAIL docebo: Failed Getting Users: Docebo cannot be reached: 127.0.0.1:{port}: the connection was refused."
    ]
    tries = [line for line in verbose.err.splitlines() if "call_failed" in line and "api=Docebo" in line]
    assert len(tries) == 2
    assert 'cause="the connection was refused"' in tries[0]


def test_m2_check_asks_a_host_that_hangs_only_once(place: Place) -> None:
    """Who accepts and never answers is waited for once, and every other line is still printed."""
    with server(silent) as docebo:
        place.configure(docebo={"base_url": f"http://127.0.0.1:{docebo.port}"})
        ended = place.forked("check", "--json")

        assert docebo.connections == 1
    assert rows(ended)["docebo"]["text"].endswith(
        f"no complete answer from 127.0.0.1:{docebo.port}: the connection timed out."
    )
    assert set(OTHER_ROWS) < set(rows(ended))


@pytest.mark.usefixtures("no_names")
def test_m2_a_time_that_nobody_told_is_no_ok(place: Place) -> None:
    """With both servers away the clock is unknown, which is a warning."""
    place.configure(docebo={"base_url": NOWHERE}, descope={"base_url": NOWHERE})

    ended = place.forked("check")

    assert "warn clock: unknown: neither server gave its time" in ended.out
    assert "ok   clock" not in ended.out


@pytest.mark.usefixtures("no_names")
@pytest.mark.parametrize(
    ("project_id", "address", "how"),
    [
        # 32 characters or more carry a region after the first letter.
        ("Peuc1" + "x" * 28, "api.euc1.descope.com", "is derived from the region in it"),
        ("P2" + "x" * 25, "api.descope.com", "is used for every id that names no region"),
    ],
)
def test_m3_the_address_that_was_derived_from_the_project_is_shown(
    place: Place, project_id: str, address: str, how: str
) -> None:
    """Without descope.base_url the message names the address and what it was derived from."""
    place.configure(descope={"project_id": project_id, "base_url": None})
    line = line_of(place, "project_id", "descope")

    ended = place.forked("check", "--json")

    text, fix = rows(ended)["descope"]["text"], rows(ended)["descope"]["fix"]
    assert text.startswith(f"Descope cannot be reached: {address}: ")
    assert f"Check descope.project_id (config.yaml, line {line}): the address https://{address} {how}." in fix


def test_m4_a_swapped_project_id_and_key_are_found_before_any_call(place: Place) -> None:
    """Both keys are named with their lines, and nothing is sent."""
    place.configure(descope={"project_id": "K2planted0815", "management_key": "P2planted4711"})
    project, key = (line_of(place, name, "descope") for name in ("project_id", "management_key"))

    ended = place.forked("check")

    assert ended.code == 2
    swapped = "project id and management key are swapped: an id begins with P, a key with K"
    assert f"config.yaml line {project}: descope.project_id: {swapped}" in ended.err
    assert f"config.yaml line {key}: descope.management_key: {swapped}" in ended.err
    assert "planted" not in ended.out + ended.err
    assert place.sandbox.control.journal() == []


def test_m4_a_key_in_both_places_is_found_too(place: Place) -> None:
    """A management key as the project id alone is one mistake."""
    place.configure(descope={"project_id": "K2planted0815"})

    ended = place.forked("plan")

    assert ended.code == 2
    assert "descope.project_id: this is a management key; a project id begins with P" in ended.err
    assert place.sandbox.control.journal() == []


@pytest.mark.parametrize("command", ["check", "plan"])
def test_m5_a_refused_key_may_belong_to_another_project(place: Place, command: str) -> None:
    """The answer does not say which it is, so the message names the project and every possibility."""
    place.configure(descope={"project_id": "P2another0000000000000000000"})
    where = f"descope.project_id (config.yaml, line {line_of(place, 'project_id', 'descope')})"

    ended = place.forked(command)

    assert ended.code == 2
    assert (
        "Descope refused the management key for project P2another0000000000000000000:"
        " the key is wrong or has expired, or it belongs to another project"
    ) in ended.out + ended.err
    assert where in ended.out + ended.err


@pytest.mark.parametrize("words", [("version",), ("-V",), ("version", "--json")], ids=" ".join)
def test_m8_version_is_a_word(place: Place, words: tuple[str, ...]) -> None:
    """Whoever writes it as a word or a letter gets the version."""
    assert place.forked(*words) == place.forked("--version")
    assert place.forked(*words).code == 0


@pytest.mark.parametrize("words", [(), ("run",), ("db", "upgrade")], ids=" ".join)
def test_m8_help_is_a_word(place: Place, words: tuple[str, ...]) -> None:
    """`migrator help run` is `migrator run --help`."""
    helped = place.forked("help", *words)

    assert helped.code == 0
    assert helped == place.forked(*words, "--help")
    assert helped.out.startswith(f"Usage: {' '.join(('migrator', *words))} ")


def test_m8_a_word_that_means_nothing_is_answered_with_the_next_best(place: Place) -> None:
    """The suggestion for unknown commands stays, after `help` too."""
    for words in (("chekc",), ("help", "chekc")):
        ended = place.forked(*words)
        assert ended.code == 2
        assert "Did you mean 'check'?" in ended.err


@pytest.mark.parametrize("command", [("run", "--yes"), ("plan",), ("verify",)], ids=" ".join)
def test_m6_a_changed_mapping_is_named_key_by_key(any_place: Place, command: tuple[str, ...]) -> None:
    """Who changed the mapping reads which key, from what to what, and both ways out."""
    place = any_place
    place.configure(mapping={"attributes": {"city": "field_4"}})
    place.sandbox.control.reset(users=3, difficult=0)
    place.migrate()
    place.configure(mapping={"attributes": {"city": "field_9"}, "phone_region": "DE"})

    ended = place.forked(*command)

    assert ended.code == 2
    assert (
        "Error: The mapping section has changed since this migration began: mapping.attributes.city: field_4 ->"
        " field_9; mapping.phone_region: not set -> DE.\n"
    ) in ended.err
    assert "`migrator run --remap`" in ended.err
    assert "`migrator run --retry CODE`" in ended.err


def test_m6_a_checkpoint_of_an_older_version_says_that_the_mapping_was_changed(place: Place) -> None:
    """Where the old values were not kept, the message goes without them; the next run keeps them."""
    place.sandbox.control.reset(users=3, difficult=0)
    place.migrate()
    forget_section(place)
    place.configure(mapping={"phone_region": "DE"})
    refused = place.forked("run", "--yes")
    place.configure(mapping={"phone_region": None})
    place.migrate()
    place.configure(mapping={"phone_region": "DE"})
    named = place.forked("run", "--yes")

    assert "Error: The mapping section has changed since this migration began.\n" in refused.err
    assert "began: mapping.phone_region: not set -> DE.\n" in named.err


def forget_section(place: Place) -> None:
    """Leave the checkpoint as a version that kept no mapping section would."""
    engine = create_engine(place.config.checkpoint.sqlalchemy_url)
    with engine.begin() as connection:
        connection.execute(update(migration).values(mapping_section=None))
    engine.dispose()


def edit(path: Path, number: int, old: str, new: str) -> None:
    """Change one line of a file, as somebody with an editor would."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    assert old in lines[number - 1]
    lines[number - 1] = lines[number - 1].replace(old, new, 1)
    path.write_text("".join(lines), encoding="utf-8")


@pytest.mark.parametrize(
    ("number", "old", "new"), [(3, '"create"', '"update"'), (1, '"plan"', '"plan", "note": "checked by Jo"')]
)
def test_m7_an_edited_line_of_a_plan_is_named_and_nothing_is_changed(
    place: Place, number: int, old: str, new: str
) -> None:
    """The message says that the line was edited, not that the user changed; no request but reads, no write."""
    place.sandbox.control.reset(users=5, difficult=0)
    place.forked("plan", "--out", "plan.jsonl")
    edit(place.folder / "plan.jsonl", number, old, new)
    before = everything(place)

    ended = place.forked("run", "--yes", "--plan", "plan.jsonl")

    assert ended.code == 2
    assert f"Error: Line {number} of plan.jsonl was edited: plans must not be edited by hand.\n" in ended.err
    assert "Fix: Make a new one: `migrator plan --out FILE`.\n" in ended.err
    assert everything(place) == before
    assert place.targets() == []


def test_m7_a_plan_of_the_version_before_is_taken(place: Place) -> None:
    """Plans without seals are older, not edited."""
    place.sandbox.control.reset(users=5, difficult=0)
    place.forked("plan", "--out", "plan.jsonl")
    path = place.folder / "plan.jsonl"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for line in lines:
        del line["seal"]
    lines[0]["version"] = 1
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")

    ended = place.forked("run", "--yes", "--plan", "plan.jsonl", "--json")

    assert ended.code == 0
    assert ended.document["counts"]["created"] == 5


def test_m7_a_plan_of_a_later_version_is_refused(place: Place) -> None:
    """What a later version wrote may mean something else."""
    place.sandbox.control.reset(users=5, difficult=0)
    place.forked("plan", "--out", "plan.jsonl")
    edit(place.folder / "plan.jsonl", 1, '"version": 2', '"version": 3')

    ended = place.forked("run", "--yes", "--plan", "plan.jsonl")

    assert ended.code == 2
    assert "was made by another version of the migrator" in ended.err
    assert place.targets() == []


def wrong_type(place: Place) -> None:
    """A mapped attribute is a number at Descope."""
    place.configure(mapping={"attributes": {"age": "field_9"}})
    define(place, "age", 2)


# How to spoil a place that has been migrated, and what the message must name.
REFUSED: dict[str, tuple[Callable[[Place], Any], tuple[str, ...], str]] = {
    "key": (lambda place: place.configure(descope={"management_key": "K2other"}), (), "management key"),
    "login": (lambda place: place.configure(docebo={"password": "other"}), (), "Failed to Authenticate"),
    "power user": (
        lambda place: place.sandbox.control.set_switches(docebo={"session_level": "admin"}), (), "not super_admin",
    ),
    "mapping": (lambda place: place.configure(mapping={"phone_region": "DE"}), (), "mapping.phone_region"),
    "type": (wrong_type, ("--remap",), "custom attribute age"),
    "plan of another mapping": (
        lambda place: place.configure(mapping={"phone_region": "DE"}), ("--remap", "--plan", "plan.jsonl"),
        "was made for another mapping",
    ),
    "plan that is none": (
        lambda place: (place.folder / "plan.jsonl").write_text("{}\n", encoding="utf-8"), ("--plan", "plan.jsonl"),
        "not a line of a plan",
    ),
    "field": (
        lambda place: place.configure(mapping={"phone_field": "Mobile"}), ("--remap",), "phone_field: Mobile: no such",
    ),
    "no plan": (lambda _place: None, ("--plan", "none.jsonl"), "none.jsonl"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("command", "name"),
    [(command, name) for command in ("run", "plan") for name in REFUSED if command == "run" or "plan" not in name],
)
def test_m12_what_ends_with_2_has_changed_nothing(place: Place, command: str, name: str) -> None:
    """Whatever is asked for besides (retry, remap, a plan's file), a refusal leaves every table as it was."""
    spoil, options, says = REFUSED[name]
    place.sandbox.control.reset(users=12, strangers=2, difficult=0.3)
    place.forked("plan", "--out", "plan.jsonl")
    place.forked("run", "--yes")
    spoil(place)
    before = everything(place)
    so_far = len(place.sandbox.control.journal())
    asked = ("run", "--yes", "--retry", "all") if command == "run" else ("plan",)

    ended = place.forked(*asked, *options)

    assert ended.code == 2
    assert says in ended.err
    assert everything(place) == before
    assert [entry for entry in place.journal(since=so_far) if entry["committed"]] == []
    assert before["source_user"]
