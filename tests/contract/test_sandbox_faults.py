"""Every kind of fault is seen by a client as what it is, and the journal tells what really happened."""

from __future__ import annotations

import json
import socket
import time
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from docebo_calls import LOGIN, TIMEOUT, Docebo

from migrator.sandbox.process import MANAGEMENT_KEY, PROJECT_ID, SandboxProcess

CREATE = "/v1/mgmt/user/create"
SESSION = "/manage/v1/user/session"


@pytest.fixture
def docebo(docebo: Docebo) -> Docebo:
    """A client that has its token already, so that no fault meets the token call."""
    docebo.get(SESSION)
    return docebo


def create(sandbox: SandboxProcess, http: requests.Session, login: str, seconds: float = TIMEOUT) -> requests.Response:
    return http.post(
        sandbox.descope_url + CREATE,
        json={"loginId": login, "email": login},
        headers={"Authorization": f"Bearer {PROJECT_ID}:{MANAGEMENT_KEY}"},
        timeout=seconds,
    )


def logins(sandbox: SandboxProcess) -> list[str]:
    return [login for user in sandbox.control.state()["descope"]["users"] for login in user["loginIds"]]


def test_the_journal_tells_what_was_attempted_committed_and_answered(
    sandbox: SandboxProcess, http: requests.Session
) -> None:
    create(sandbox, http, "a@acme.example")
    create(sandbox, http, "a@acme.example")

    first, second = sandbox.control.journal()

    assert (first["n"], first["api"], first["method"], first["path"]) == (1, "descope", "POST", CREATE)
    assert first["body"] == {"loginId": "a@acme.example", "email": "a@acme.example"}
    assert first["headers"]["content-type"] == "application/json"
    assert [effect["loginIds"] for effect in first["committed"]] == [["a@acme.example"]]
    assert (first["status"], second["status"] >= 400, second["committed"]) == (200, True, [])
    assert sandbox.control.journal(since=1) == [second]
    sandbox.control.clear_journal()
    assert sandbox.control.journal() == []


def test_the_journal_keeps_docebo_queries_and_forms(sandbox: SandboxProcess, docebo: Docebo) -> None:
    docebo.get(page=2)

    login, _session, listing = sandbox.control.journal()

    assert login["body"] == LOGIN
    assert (listing["query"], listing["body"], listing["committed"]) == ({"page": "2"}, None, [])


def test_a_request_whose_body_never_ends_is_not_worked_on(sandbox: SandboxProcess, http: requests.Session) -> None:
    target = urlsplit(sandbox.descope_url)
    head = f"POST {CREATE} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {PROJECT_ID}:{MANAGEMENT_KEY}\r\n"
    with socket.create_connection((target.hostname or "", target.port or 0), timeout=TIMEOUT) as client:
        client.sendall(head.encode() + b'Content-Length: 99\r\n\r\n{"loginId":"a@acme.example"}')
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""

    create(sandbox, http, "b@acme.example")

    assert logins(sandbox) == ["b@acme.example"]
    assert len(sandbox.control.journal()) == 1


BROKEN = [
    ({"kind": "reset"}, requests.ConnectionError, None),
    ({"kind": "reset", "when": "after"}, requests.ConnectionError, None),
    ({"kind": "close"}, requests.ConnectionError, None),
    ({"kind": "close", "when": "after"}, requests.ConnectionError, None),
    ({"kind": "cut_length"}, requests.exceptions.ChunkedEncodingError, 200),
    ({"kind": "cut_chunked"}, requests.exceptions.ChunkedEncodingError, 200),
]


@pytest.mark.parametrize(("rule", "error", "status"), BROKEN, ids=str)
def test_a_broken_connection_is_an_error_and_the_next_request_works(
    sandbox: SandboxProcess,
    http: requests.Session,
    rule: dict[str, Any],
    error: type[Exception],
    status: int | None,
) -> None:
    sandbox.control.set_faults({**rule, "api": "descope", "times": 1})

    with pytest.raises(error):
        create(sandbox, http, "a@acme.example")

    entry = sandbox.control.journal()[0]
    worked = rule.get("when") == "after" or rule["kind"].startswith("cut")
    assert (entry["fault"], entry["status"]) == (rule["kind"], status)
    assert bool(entry["committed"]) == worked
    assert logins(sandbox) == (["a@acme.example"] if worked else [])
    assert create(sandbox, http, "b@acme.example").status_code == 200


def test_a_reset_can_come_in_the_middle_of_the_answer(sandbox: SandboxProcess, docebo: Docebo) -> None:
    sandbox.control.set_faults({"kind": "reset", "when": "after", "params": {"sent": 2000}})

    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        docebo.get()

    assert sandbox.control.journal()[-1]["status"] == 200


def test_a_lost_answer_is_committed_and_never_comes(sandbox: SandboxProcess, http: requests.Session) -> None:
    sandbox.control.set_faults({"kind": "lost", "times": 1})

    with pytest.raises(requests.ReadTimeout):
        create(sandbox, http, "a@acme.example", seconds=0.3)

    entry = sandbox.control.journal()[0]
    assert (entry["status"], len(entry["committed"])) == (None, 1)
    assert logins(sandbox) == ["a@acme.example"]


def test_a_drip_is_slower_than_its_interval_times_its_bytes(sandbox: SandboxProcess, docebo: Docebo) -> None:
    sandbox.control.set_faults({"kind": "drip", "params": {"seconds": 0.002}})
    start = time.monotonic()

    answer = docebo.get(SESSION)

    assert answer.json()["data"]["user_level"] == "super_admin"
    assert time.monotonic() - start >= 0.002 * (len(answer.content) - 1)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_slow_answer_is_late_but_right(sandbox: SandboxProcess, docebo: Docebo, when: str) -> None:
    sandbox.control.set_faults({"kind": "slow", "when": when, "params": {"seconds": 0.2}})
    start = time.monotonic()

    assert docebo.get(SESSION).json()["data"]["id"] == 12345
    assert time.monotonic() - start >= 0.2


def test_a_huge_body_has_the_size_asked_for(sandbox: SandboxProcess, docebo: Docebo) -> None:
    sandbox.control.set_faults({"kind": "huge", "params": {"mib": 3}})

    answer = docebo.get(SESSION)

    assert len(answer.content) == 3 * 1024 * 1024
    assert isinstance(answer.json(), str)


def test_a_gzip_bomb_is_small_on_the_wire_only(sandbox: SandboxProcess, docebo: Docebo) -> None:
    sandbox.control.set_faults({"kind": "gzip_bomb", "params": {"mib": 20}})

    answer = docebo.get(SESSION)

    assert int(answer.headers["Content-Length"]) < 100_000
    assert len(answer.content) == 20 * 1024 * 1024


@pytest.mark.parametrize(("body", "content"), [("json", b"{"), ("html", b"<"), ("text", b"u"), ("empty", b"")])
def test_a_status_comes_with_the_body_and_headers_asked_for(
    sandbox: SandboxProcess, docebo: Docebo, body: str, content: bytes
) -> None:
    params = {"code": 503, "body": body, "headers": {"Retry-After": "7"}}
    sandbox.control.set_faults({"kind": "status", "params": params})

    answer = docebo.get(SESSION)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
    assert answer.content[:1] == content


def test_a_status_of_no_register_and_own_content_can_be_sent(sandbox: SandboxProcess, docebo: Docebo) -> None:
    sandbox.control.set_faults({"kind": "status", "params": {"code": 522, "content": {"x": 1}}})

    answer = docebo.get(SESSION)

    assert (answer.status_code, answer.json()) == (522, {"x": 1})


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_status_before_the_work_prevents_it_and_after_hides_it(
    sandbox: SandboxProcess, http: requests.Session, when: str
) -> None:
    sandbox.control.set_faults({"kind": "status", "when": when, "params": {"code": 500}})

    assert create(sandbox, http, "a@acme.example").status_code == 500
    assert len(logins(sandbox)) == (when == "after")


@pytest.mark.parametrize(
    ("rule", "start"),
    [
        ({"kind": "html200"}, b"<!doctype"),
        ({"kind": "empty200"}, b""),
        ({"kind": "wrong_shape"}, b"[]"),
        ({"kind": "wrong_shape", "params": {"text": "null"}}, b"null"),
        ({"kind": "wrong_shape", "params": {"text": '"text"'}}, b'"text"'),
    ],
    ids=str,
)
def test_a_200_can_hold_something_else(
    sandbox: SandboxProcess, docebo: Docebo, rule: dict[str, Any], start: bytes
) -> None:
    sandbox.control.set_faults(rule)

    answer = docebo.get(SESSION)

    assert answer.status_code == 200
    assert answer.content.startswith(start)
    assert bool(answer.content) == bool(start)


def test_deep_json_is_deeper_than_the_parser_goes(sandbox: SandboxProcess, docebo: Docebo) -> None:
    sandbox.control.set_faults({"kind": "deep_json"})

    with pytest.raises(RecursionError):
        docebo.get(SESSION).json()


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_points_where_it_is_told(sandbox: SandboxProcess, docebo: Docebo, code: int) -> None:
    params = {"code": code, "location": "http://127.0.0.2:9/x"}
    sandbox.control.set_faults({"kind": "redirect", "params": params})

    answer = docebo.get(SESSION)

    assert (answer.status_code, answer.headers["Location"]) == (code, "http://127.0.0.2:9/x")


def test_cut_json_has_a_fitting_length_but_no_end(sandbox: SandboxProcess, docebo: Docebo) -> None:
    sandbox.control.set_faults({"kind": "cut_json"})

    with pytest.raises(requests.JSONDecodeError):
        docebo.get().json()


def test_json_can_be_cut_and_stay_valid(sandbox: SandboxProcess, docebo: Docebo) -> None:
    sandbox.control.set_faults({"kind": "cut_json", "params": {"valid": True, "keep": 0.25}})

    data = docebo.data(get_total_count=1)

    assert (len(data["items"]), data["count"], data["total_count"]) == (50, 200, 200)


@pytest.mark.parametrize(
    ("path", "how", "expected"),
    [
        ("data.has_more_data", "missing", "absent"),
        ("data.has_more_data", "null", None),
        ("data.has_more_data", "wrong_type", "yes"),
        ("data.count", "wrong_type", ["seven"]),
        ("data.items", "wrong_type", {}),
        ("data.items.0.user_id", "missing", "absent"),
        ("data", "wrong_type", []),
        ("version", "null", None),
    ],
)
def test_a_field_can_be_missing_null_or_of_another_type(
    sandbox: SandboxProcess, docebo: Docebo, path: str, how: str, expected: Any
) -> None:
    sandbox.control.set_faults({"kind": "drop_field", "params": {"path": path, "how": how}})

    value: Any = docebo.get().json()
    *parents, last = path.split(".")
    for part in parents:
        value = value[int(part)] if isinstance(value, list) else value[part]

    assert value.get(last, "absent") == expected


def test_duplicate_keys_make_the_last_one_win(sandbox: SandboxProcess, docebo: Docebo) -> None:
    sandbox.control.set_faults({"kind": "duplicate_keys"})

    pairs = json.loads(docebo.get(SESSION).content, object_pairs_hook=list)

    assert [key for key, _ in pairs] == ["data", "version", "_links", "data"]
    assert pairs[-1][1] is None


def test_revoked_tokens_are_refused_and_new_ones_work(sandbox: SandboxProcess, docebo: Docebo) -> None:
    sandbox.control.set_faults({"kind": "revoke_tokens", "path": "user$", "nth": 2})

    assert [docebo.get(page=page).status_code for page in (1, 2, 3)] == [200, 401, 401]
    fresh = docebo.token(data=LOGIN).json()["access_token"]
    assert docebo.get_as(f"Bearer {fresh}").status_code == 200
