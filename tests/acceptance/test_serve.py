"""`migrator serve` as a command: when it starts, what it stops others from doing, what it tells, and how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
from typing import TYPE_CHECKING, Any

import oracle
import pytest
from deadline import until
from prometheus_client.parser import text_string_to_metric_families
from self_signed import certificate
from serving import (
    AT_ONCE,
    HOST,
    PATH,
    SECTION,
    TOKEN,
    Serving,
    created,
    looked_up,
    mark,
    migrate_few,
    person,
    question,
    run_rows,
    slow_list,
)

if TYPE_CHECKING:
    from world import Ended, Place


@pytest.fixture
def migrated(any_place: Place) -> Place:
    """A migration of four people, confirmed and run."""
    return migrate_few(any_place)


@pytest.fixture
def migrated_here(place: Place) -> Place:
    """The same, with SQLite alone."""
    return migrate_few(place)


# --- starting --------------------------------------------------------------------------------------


def test_it_serves_until_it_is_told_to_stop(migrated_here: Place) -> None:
    """The first line names both addresses; `runs` has a row for it; a signal ends it with 0."""
    with Serving(migrated_here) as server:
        assert server.resolve("known1@example.org").outcome == "ready"
        row = run_rows(migrated_here)[-1]
        server.stop()
        ended = server.ended()

    assert ended.code == 0
    assert "Error" not in ended.err
    port, metrics = server.address[1], server.metrics[1]
    line = f"Serving on http://{HOST}:{port}; metrics on http://{HOST}:{metrics}/metrics."
    assert ended.out.splitlines()[0] == line
    assert (row["command"], row["finished"]) == ("serve", None)
    assert run_rows(migrated_here)[-1]["finished"] is not None
    assert [row["command"] for row in run_rows(migrated_here)] == ["run", "serve"]


def test_with_json_one_document_at_the_end_is_all_of_stdout(migrated_here: Place) -> None:
    """And where it listens stands on stderr; Ctrl-C ends it as well."""
    with Serving(migrated_here, ("--json",)) as server:
        assert server.resolve("known1@example.org").outcome == "ready"
        server.stop(signal.SIGINT)
        ended = server.ended()

    assert ended.code == 0
    assert ended.document.keys()
    assert "known1" not in ended.out


def _refusal(place: Place, *options: str, env: dict[str, str] | None = None) -> Ended:
    """How it ends where it must not start; nothing is changed and no port is opened for that."""
    ended = place.command("serve", *options, env=env) if env else place.forked("serve", *options)
    assert (ended.code, ended.out) == (2, ""), ended.err
    assert "Fix: " in ended.err
    return ended


def test_it_needs_a_migration_that_was_confirmed(place: Place) -> None:
    """On no checkpoint, and after a plan alone, it says which command comes first; nothing is sent, none is counted."""
    place.sandbox.control.reset(users=3, difficult=0, strangers=0)
    place.configure(serve=SECTION)
    assert "`migrator run`" in " ".join(_refusal(place).err.split())
    assert place.forked("plan").code == 0

    assert "`migrator run`" in " ".join(_refusal(place).err.split())
    assert place.targets() == []
    assert place.forked("run", "--yes").code == 0
    with Serving(place):
        pass


def test_a_changed_mapping_is_refused(migrated_here: Place) -> None:
    """As `run` refuses it."""
    migrated_here.configure(mapping={"extra_login_ids": ["username"]})
    assert "mapping" in _refusal(migrated_here).err


def test_a_changed_policy_waits_for_a_run_that_somebody_confirms(migrated_here: Place) -> None:
    """Nobody has seen a plan by it: whoever sets it to link strangers is asked by a run, not surprised by a sign-in."""
    migrated_here.configure(policy={"existing": "link"})
    assert "The policy section has changed" in " ".join(_refusal(migrated_here).err.split())
    assert migrated_here.forked("run", "--yes").code == 0
    with Serving(migrated_here):
        pass


@pytest.mark.parametrize(
    ("section", "told"),
    [
        (None, "serve"),
        ({}, "token"),
        ({"token": "fifteen-signs--"}, "serve.token"),
        ({"token": "a token with a line\nend in it"}, "serve.token"),
        ({"token": "ein-schlüssel-für-alles"}, "serve.token"),
        ({"token": "${MIGRATOR_SERVE_TOKEN}"}, "MIGRATOR_SERVE_TOKEN"),
        ({"token": TOKEN, "listen": "8484"}, "serve.listen"),
        ({"token": TOKEN, "listen": "127.0.0.1:65536"}, "serve.listen"),
        ({"token": TOKEN, "listen": "127.0.0.1:http"}, "serve.listen"),
        ({"token": TOKEN, "metrics_listen": "nowhere"}, "serve.metrics_listen"),
        ({"token": TOKEN, "docebo_calls_per_hour": 0}, "serve.docebo_calls_per_hour"),
        ({"token": TOKEN, "docebo_calls_per_hour": -1}, "serve.docebo_calls_per_hour"),
        ({"token": TOKEN, "port": 1}, "serve.port"),
    ],
)
def test_a_wrong_section_is_named(place: Place, section: dict[str, Any] | None, told: str) -> None:
    """Exit 2 with the key, and never the token."""
    place.settings.pop("serve", None)
    place.configure(**({} if section is None else {"serve": section}))

    ended = _refusal(place)

    assert told in " ".join(ended.err.split())
    token = (section or {}).get("token", "")
    assert not token or "$" in token or token not in ended.err
    assert place.sandbox.control.journal() == []


def test_other_commands_need_neither_the_section_nor_its_variable(place: Place) -> None:
    """They work where the variable is not set."""
    place.sandbox.control.reset(users=2, difficult=0, strangers=0)
    place.configure(serve={"token": "${MIGRATOR_SERVE_TOKEN}"})

    assert [place.forked(*words).code for words in (("plan",), ("run", "--yes"), ("status",), ("verify",))] == [0] * 4
    env = {"MIGRATOR_SERVE_TOKEN": "a-token-from-the-environment"}
    place.configure(serve={"listen": f"{HOST}:0", "metrics_listen": f"{HOST}:0"})
    with Serving(place, section={"token": "${MIGRATOR_SERVE_TOKEN}"}, env=env) as server:
        wrong = server.call("POST", PATH, question("nobody"), {"Authorization": f"Bearer {TOKEN}"})
        right = server.call("POST", PATH, b"", {"Authorization": "Bearer a-token-from-the-environment"})
    assert (wrong.status, right.status) == (401, 400)


def test_a_port_that_is_taken_is_named(migrated_here: Place) -> None:
    """Exit 2, and the lease is free again."""
    with socket.create_server((HOST, 0)) as taken:
        for key in ("listen", "metrics_listen"):
            migrated_here.configure(serve={**SECTION, key: f"{HOST}:{taken.getsockname()[1]}"})
            assert f"serve.{key}" in _refusal(migrated_here).err
    assert migrated_here.forked("run", "--yes").code == 0


@pytest.mark.parametrize("missing", ["starlette", "uvicorn"])
def test_without_its_extra_it_says_what_to_install(place: Place, missing: str) -> None:
    """Exit 2 with the line for pip."""
    stub = place.folder / "stub"
    stub.mkdir()
    (stub / "sitecustomize.py").write_text(f"import sys\nsys.modules[{missing!r}] = None\n")
    place.configure(serve=SECTION)
    path = os.pathsep.join(filter(None, [str(stub), os.environ.get("PYTHONPATH", "")]))

    ended = _refusal(place, env=os.environ | {"PYTHONPATH": path})

    assert re.search(r"pip install .*\[serve\]", " ".join(ended.err.split()))


def test_the_certificate_and_its_key_go_together(migrated_here: Place) -> None:
    """With both it speaks TLS; one alone, or a file that is none, is exit 2."""
    _, trusted = certificate(migrated_here.folder)
    key = str(migrated_here.folder / "key.pem")
    alone = [migrated_here.forked("serve", *words) for words in (("--tls-cert", trusted), ("--tls-key", key))]
    assert [(ended.code, ended.out) for ended in alone] == [(2, "")] * 2
    _refusal(migrated_here, "--tls-cert", key, "--tls-key", trusted)
    client = ssl.create_default_context(cafile=trusted)

    with Serving(migrated_here, ("--tls-cert", trusted, "--tls-key", key), tls=client) as server:
        assert server.scheme == "https"
        assert server.resolve("known1@example.org").outcome == "ready"


def test_help_tells_what_it_needs_and_how_it_ends(place: Place) -> None:
    """An example, every option of its own, and each exit code."""
    text = " ".join(place.forked("serve", "--help").out.split())

    for option in ("--with-run", "--run-every HOURS", "--tls-cert", "--tls-key"):
        assert option in text
    example, _, rest = text.partition("Exit codes: ")
    assert "Example: migrator serve" in example
    for code in ("0 ", "2 ", "5 "):
        assert code in rest.partition("Options:")[0]


# --- the lease -------------------------------------------------------------------------------------


def test_a_run_beside_it_exits_5_and_names_the_server(migrated: Place) -> None:
    """And so does a second server; `status` and `runs` look all the same; it is not disturbed."""
    with Serving(migrated) as server:
        beside = [migrated.forked(*words) for words in (("run", "--yes"), ("plan",), ("serve",))]
        looking = [migrated.forked(word).code for word in ("status", "runs", "report")]

        assert [ended.code for ended in beside] == [5, 5, 5]
        for ended in beside:
            assert "`migrator serve`" in " ".join(ended.err.split())
            assert f"process {server.pid}" in " ".join(ended.err.split())
        assert looking == [0, 0, 0]
        assert server.resolve("known1@example.org").outcome == "ready"
        server.stop()
        assert server.ended().code == 0
    assert migrated.forked("run", "--yes").code == 0  # the lease is free


def test_it_does_not_start_beside_a_run(migrated_here: Place) -> None:
    """Exit 5 at once, and the run goes on."""
    place = migrated_here
    place.sandbox.control.set_faults(slow_list(nth=1))
    run = place.start("run", "--yes")
    until(lambda: any(one["fault"] for one in place.journal("docebo")))
    run.send_signal(signal.SIGSTOP)  # it holds the lease for as long as we like

    ended = place.forked("serve")

    run.send_signal(signal.SIGCONT)
    assert (ended.code, ended.out) == (5, "")
    assert f"process {run.pid}" in " ".join(ended.err.split())
    assert run.wait(30) == 0


# --- a run inside ----------------------------------------------------------------------------------


def test_a_run_inside_brings_everybody_while_people_sign_in(migrated: Place) -> None:
    """At the start, with a row of its own; whoever asks meanwhile comes just in time; nobody is doubled."""
    place = migrated
    start = oracle.before(place)
    newcomers = [person(place, f"later{number:02}") for number in range(30)]
    place.sandbox.control.patch_docebo_user(str(of_name(place, "known1")["user_id"]), status="0")
    place.configure(docebo={"page_size": 10})
    since = mark(place)
    place.sandbox.control.set_faults(slow_list(nth=2, times=2))
    with Serving(place, ("--with-run",)) as server:
        early = [server.settled(newcomers[number]["email"]) for number in (3, 17, 29)]
        beside = place.forked("run", "--yes")
        until(lambda: [row["command"] for row in run_rows(place)] == ["run", "serve", "run"])
        until(lambda: run_rows(place)[-1]["finished"], 60)

        assert {reply.outcome for reply in early} == {"ready"}
        assert beside.code == 5
        assert created(place, since) == {record["email"]: 1 for record in newcomers}
        assert run_rows(place)[-1]["outcome"] == "complete"
        since = mark(place)
        assert server.resolve("later11@example.org").outcome == "ready"
        assert server.resolve("known1@example.org").outcome == "refused"  # suspended since the first run
        assert looked_up(place, since) == []
        server.stop()
        ended = server.ended()
    assert ended.code == 0, ended.err
    assert oracle.check(place, start, again=True).states == {"created": 33, "updated": 1}


def of_name(place: Place, name: str) -> dict[str, Any]:
    """The record whose user name begins so."""
    return next(record for record in place.sources() if record["username"] == f"{name}.user")


# --- health, numbers, log --------------------------------------------------------------------------


def test_health_needs_no_token_and_the_numbers_have_a_port_of_their_own(migrated_here: Place) -> None:
    """Neither port answers for the other; the numbers move, and nobody is in them."""
    with Serving(migrated_here) as server:
        health = server.call("GET", "/healthz")
        before = server.call("GET", "/metrics", metrics=True)
        for login in ("known1@example.org", "nobody@example.org"):
            server.resolve(login)
        after = server.call("GET", "/metrics", metrics=True)
        crossed = [server.call("GET", "/metrics"), server.call("POST", PATH, question("x"), metrics=True)]

    assert (health.status, health.document, health.seconds < AT_ONCE) == (200, {"status": "ok"}, True)
    assert (before.status, after.status) == (200, 200)
    families = list(text_string_to_metric_families(after.body.decode()))
    assert all(family.name.startswith("migrator") and family.documentation for family in families)
    assert before.body != after.body
    assert "example.org" not in after.body.decode()
    assert [reply.status for reply in crossed] == [404, 404]


def test_nothing_personal_is_in_output_or_log(migrated_here: Place) -> None:
    """With -vv: no login that was asked for, no name, no address, no id of anybody, no token, in three places."""
    place = migrated_here
    record = person(place, "private")
    logins = ["known1@example.org", "private@example.org", "known2.user", "nobody-there@example.org", "private"]
    with Serving(place, ("-vv", "--log-file", "serve.log", "--log-format", "json")) as server:
        for login in logins:
            server.settled(login)
        server.call("POST", PATH, b'{"login": "known3@example.org", "execution_id": ', {}).check()
        server.post(b'{"login": "known3@example.org", "execution_id": 1}')
        server.call("GET", "/?login=known3@example.org")
        server.stop()
        ended = server.ended()

    log = (place.folder / "serve.log").read_text(encoding="utf-8")
    everything = ended.out + ended.err + log
    people = [*place.sources(), record]
    words = {str(one[key]) for one in people for key in ("email", "username", "fullname", "first_name", "last_name")}
    words |= {*logins, "known3", "nobody-there", TOKEN}
    assert [word for word in words if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", everything)] == []
    # What was sent for whom stands in the log by Docebo id, as of every run; of a request nothing does.
    lines = [json.loads(line) for line in log.splitlines()]
    rest = json.dumps([line for line in lines if line["event"] not in ("batch", "settled")])
    ids = {str(one["user_id"]) for one in people} | {one["userId"] for one in place.targets()}
    assert [one for one in ids if one in rest] == []
    asked = [line for line in lines if line.get("outcome") in ("ready", "absent")]
    assert len(asked) >= len(logins)
