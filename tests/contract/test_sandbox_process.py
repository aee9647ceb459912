"""The sandbox starts, is steered and ends as its control API and command line promise."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
import requests
import yaml
from docebo_calls import TIMEOUT, Docebo, ids

from migrator.sandbox import people
from migrator.sandbox.process import PROJECT_ID, SandboxProcess

COMMAND = [sys.executable, "-m", "migrator.sandbox", "--users", "1"]

PARENT = """
import sys
from migrator.sandbox.process import SandboxProcess
with SandboxProcess(users=1) as sandbox:
    print(sandbox.docebo_url, flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_prints_one_line_and_ends_cleanly_when_told(number: signal.Signals) -> None:
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        urls = json.loads(process.stdout.readline())
        process.send_signal(number)
        rest, errors = process.communicate(timeout=TIMEOUT)

    assert set(urls) == {"docebo", "descope", "control"}
    assert all(url.startswith("http://127.0.0.1:") for url in urls.values())
    assert (process.returncode, rest, errors) == (0, b"", b"")


def test_it_ends_quietly_while_a_client_still_waits(http: requests.Session) -> None:
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        urls = json.loads(process.stdout.readline())
        http.put(urls["control"] + "/faults", json=[{"kind": "lost"}], timeout=TIMEOUT)
        with socket.create_connection(("127.0.0.1", urlsplit(urls["docebo"]).port or 0)) as client:
            client.sendall(b"GET /waiting HTTP/1.1\r\nHost: x\r\n\r\n")
            while not http.get(urls["control"] + "/journal", timeout=TIMEOUT).json():
                pass
            process.terminate()
            _, errors = process.communicate(timeout=TIMEOUT)

    assert (process.returncode, errors) == (0, b"")


def test_it_ends_when_its_parent_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        port = urlsplit(parent.stdout.readline().decode().strip()).port or 0
        with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as client:
            parent.kill()

            assert client.recv(1) == b""


def test_ports_can_be_chosen_and_a_taken_one_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run([*COMMAND, "--docebo-port", str(port)], capture_output=True, timeout=TIMEOUT, check=False)

    assert done.returncode != 0
    assert b"Address already in use" in done.stderr
    assert done.stdout == b""


def test_ten_thousand_people_are_made_and_served() -> None:
    with SandboxProcess(users=10_000) as sandbox, requests.Session() as http:
        http.trust_env = False
        pages = Docebo(sandbox.docebo_url, http).crawl(60, page_size=200)
        pid = sandbox.pid

    assert len(set(ids(*pages))) == 10_000
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_config_text_holds_the_sandbox_and_the_overrides(sandbox: SandboxProcess) -> None:
    config = yaml.safe_load(sandbox.config_text(docebo={"page_size": 50}, report={"dir": "out"}))

    assert config["docebo"]["base_url"] == sandbox.docebo_url
    assert config["descope"] | {"base_url": sandbox.descope_url} == config["descope"]
    assert (config["docebo"]["page_size"], config["report"]["dir"]) == (50, "out")
    assert len(PROJECT_ID) == 28


# ------ control


def test_reset_restores_people_switches_faults_and_journal(sandbox: SandboxProcess, docebo: Docebo) -> None:
    fresh = sandbox.control.switches()
    sandbox.control.set_switches(docebo={"links": "object"}, descope={"existing_login": "overwrite"})
    sandbox.control.set_faults({"kind": "status"})
    docebo.get_as("")

    sandbox.control.reset(users=30, seed=9, difficult=0.5, strangers=4, pending=1)

    assert sandbox.control.switches() == fresh
    assert sandbox.control.journal() == []
    assert docebo.data(get_total_count=1)["total_count"] == 30
    state = sandbox.control.state()
    assert state["docebo"]["users"] == [person.record for person in people.make(30, 9, 0.5)]
    taken = {login for user in state["descope"]["users"] for login in user["loginIds"]}
    emails = {user.get("email") for user in state["docebo"]["users"]}
    assert len(state["descope"]["users"]) == len(taken & emails) == 4


def test_wrong_switches_are_refused_and_change_nothing(sandbox: SandboxProcess) -> None:
    before = sandbox.control.switches()
    for wrong in ({"links": "perhaps"}, {"unheard_of": 1}, {"total_count": "zero", "count": "wrong"}):
        with pytest.raises(requests.HTTPError, match="422"):
            sandbox.control.set_switches(docebo=wrong)

    assert sandbox.control.switches() == before


def test_docebo_records_can_be_added_changed_and_deleted(sandbox: SandboxProcess, docebo: Docebo) -> None:
    sandbox.control.reset(users=3)
    odd = {"user_id": "77", "username": "zz", "first_name": "lone \ud800 surrogate"}

    sandbox.control.put_docebo_user(odd)
    sandbox.control.patch_docebo_user("77", email=None)
    gone = ids(docebo.data())[-1]
    sandbox.control.delete_docebo_user(gone)

    items = {str(item["user_id"]): item for item in docebo.data()["items"]}
    assert items["77"] == {**odd, "email": None}
    assert len(items) == 3
    assert gone not in items
    with pytest.raises(requests.HTTPError, match="404"):
        sandbox.control.delete_docebo_user(gone)
    with pytest.raises(requests.HTTPError, match="404"):
        sandbox.control.patch_docebo_user(gone, email="x")


def test_descope_users_can_be_planted_and_removed(sandbox: SandboxProcess) -> None:
    user_id = sandbox.control.put_descope_user({"loginIds": ["s@acme.example"], "email": "s@acme.example"})
    planted = sandbox.control.state()["descope"]["users"]
    sandbox.control.delete_descope_user(user_id)

    assert [user["userId"] for user in planted] == [user_id]
    assert sandbox.control.state()["descope"]["users"] == []


# ------ a directory that changes while it is read


def test_scripted_changes_come_before_the_request_they_name(sandbox: SandboxProcess, docebo: Docebo) -> None:
    order = ids(*docebo.crawl())
    new = people.person(123_456, 1).record
    sandbox.control.set_script(
        {"op": "delete", "before_request": 2, "user_id": order[0]},
        {"op": "insert", "before_request": 3, "record": new},
        {"op": "rename", "before_request": 3, "user_id": order[1], "username": "zzz"},
        {"op": "update", "before_request": 4, "user_id": order[2], "keys": {"status": "0"}},
    )

    pages = docebo.crawl()

    assert ids(pages[0]) == order[:50]
    assert order[50] not in ids(*pages)  # the deletion moved it to the page already read
    assert [page["total_count"] for page in pages] == [200, 199, 200, 200]
    assert ids(pages[3])[-1] == order[1]
    watched = sandbox.control.present_throughout()
    assert set(watched["user_ids"]) == set(order[1:])
    assert (watched["deleted"], watched["inserted"]) == ([order[0]], [new["user_id"]])
    assert watched["changed"] == [order[1], order[2]]


def test_churn_is_seeded_and_makes_a_single_sweep_miss_people(sandbox: SandboxProcess, docebo: Docebo) -> None:
    crawls, logs = [], []
    for _ in range(2):
        sandbox.control.reset(users=1000)
        docebo.forget_token()
        sandbox.control.set_churn(seed=4, deletes_per_page=3, inserts_per_page=1, renames_per_page=1, pages=15)
        crawls.append(ids(*docebo.crawl()))
        logs.append(sandbox.control.present_throughout())

    assert crawls[0] == crawls[1]
    assert logs[0] == logs[1]
    assert [len(logs[0][key]) for key in ("deleted", "inserted", "changed")] == [45, 15, 15]
    assert set(logs[0]["user_ids"]) - set(crawls[0])


def test_a_wrong_script_is_refused(sandbox: SandboxProcess) -> None:
    with pytest.raises(requests.HTTPError, match="422"):
        sandbox.control.set_script({"op": "explode", "before_request": 1})
