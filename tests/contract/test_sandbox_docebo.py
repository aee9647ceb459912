"""The sandbox's token endpoint and rights do what docs/contract/docebo.md 1 says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from docebo_calls import LOGIN, TIMEOUT, USER, Docebo

from migrator.sandbox.process import CLIENT_ID, CLIENT_SECRET, SandboxProcess

if TYPE_CHECKING:
    import requests

PERSON_ONLY = {key: value for key, value in LOGIN.items() if not key.startswith("client")}


@pytest.mark.parametrize("encoding", ["data", "json", "files"], ids=["form", "json", "multipart"])
@pytest.mark.parametrize("place", ["body", "basic"])
def test_a_token_is_given_for_every_encoding_and_place_of_the_credentials(
    docebo: Docebo, encoding: str, place: str
) -> None:
    fields: Any = LOGIN if place == "body" else PERSON_ONLY
    if encoding == "files":
        fields = {key: (None, value) for key, value in fields.items()}
    auth = (CLIENT_ID, CLIENT_SECRET) if place == "basic" else None

    answer = docebo.token(**{encoding: fields}, auth=auth)

    assert answer.status_code == 200
    body = answer.json()
    assert re.fullmatch("[0-9a-f]{40}", body["access_token"])
    assert re.fullmatch("[0-9a-f]{40}", body["refresh_token"])
    assert (body["expires_in"], body["token_type"], body["scope"]) == (3600, "Bearer", "api")


def test_client_credentials_give_a_token_without_a_refresh_token(docebo: Docebo) -> None:
    answer = docebo.token(data=LOGIN | {"grant_type": "client_credentials"})

    assert answer.status_code == 200
    assert "refresh_token" not in answer.json()


@pytest.mark.parametrize("answers", ["new", "none"])
def test_a_refresh_token_gives_a_new_access_token(sandbox: SandboxProcess, docebo: Docebo, answers: str) -> None:
    sandbox.control.set_switches(docebo={"refresh_answers": answers})
    first = docebo.token(data=LOGIN).json()

    second = docebo.token(data=LOGIN | {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}).json()

    assert second["access_token"] != first["access_token"]
    assert ("refresh_token" in second) == (answers == "new")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"password": "wrong"}, 401, "invalid_grant"),
        ({"password": ""}, 400, "invalid_request"),
        ({"client_secret": "wrong"}, 400, "invalid_client"),
        ({"client_id": "nobody"}, 400, "invalid_client"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"grant_type": "magic"}, 400, "unsupported_grant_type"),
        ({"scope": "root"}, 400, "invalid_scope"),
        ({"grant_type": "refresh_token"}, 400, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "0" * 40}, 400, "invalid_grant"),
    ],
)
def test_every_mistake_has_the_error_of_the_contract(
    docebo: Docebo, change: dict[str, str], status: int, code: str
) -> None:
    answer = docebo.token(data=LOGIN | change)

    assert (answer.status_code, answer.json()["error"]) == (status, code)


def test_a_grant_that_is_not_ticked_is_refused(sandbox: SandboxProcess, docebo: Docebo) -> None:
    sandbox.control.set_switches(docebo={"clients": {CLIENT_ID: ["client_credentials"]}})

    assert docebo.token(data=LOGIN).json()["error"] == "unauthorized_client"


def test_the_status_of_a_wrong_password_can_be_400(sandbox: SandboxProcess, docebo: Docebo) -> None:
    sandbox.control.set_switches(docebo={"wrong_password_status": 400})

    assert docebo.token(data=LOGIN | {"password": "wrong"}).status_code == 400


def test_the_token_endpoint_refuses_get(docebo: Docebo) -> None:
    assert docebo.get_as("", "/oauth2/token").status_code == 405


def test_a_token_of_no_lifetime_is_expired_at_once(sandbox: SandboxProcess, docebo: Docebo) -> None:
    sandbox.control.set_switches(docebo={"token_lifetime": 0, "refresh_lifetime": 0})
    issued = docebo.token(data=LOGIN).json()

    refused = docebo.token(data=LOGIN | {"grant_type": "refresh_token", "refresh_token": issued["refresh_token"]})

    assert issued["expires_in"] == 0
    assert refused.json()["error"] == "invalid_grant"
    assert docebo.get_as(f"Bearer {issued['access_token']}").status_code == 401


@pytest.mark.parametrize(("style", "key"), [("oauth", "error_description"), ("platform", "message"), ("empty", None)])
@pytest.mark.parametrize("authorization", ["", "Bearer 0", "Basic Og=="])
def test_without_a_valid_token_the_answer_is_401_in_the_chosen_style(
    sandbox: SandboxProcess, docebo: Docebo, style: str, key: str | None, authorization: str
) -> None:
    sandbox.control.set_switches(docebo={"unauthorized_body": style})
    for path in ("/manage/v1/user/session", USER, "/manage/v1/user_fields"):
        answer = docebo.get_as(authorization, path)

        assert answer.status_code == 401
        assert (key in answer.json()) if key else answer.content == b""


@pytest.mark.parametrize(("level", "status", "seen"), [("super_admin", 200, 200), ("admin", 200, 3), ("user", 403, 0)])
def test_the_list_follows_the_rights_of_the_session(
    sandbox: SandboxProcess, docebo: Docebo, level: str, status: int, seen: int
) -> None:
    sandbox.control.set_switches(docebo={"session_level": level})

    answer = docebo.get(get_total_count=1)

    assert docebo.get("/manage/v1/user/session").json()["data"]["user_level"] == level
    assert answer.status_code == status
    assert answer.json().get("data", {}).get("total_count", 0) == seen


def test_the_list_may_crash_for_client_credentials(sandbox: SandboxProcess, docebo: Docebo) -> None:
    sandbox.control.set_switches(docebo={"client_credentials_list": "crashes"})
    issued = docebo.token(data=LOGIN | {"grant_type": "client_credentials"}).json()

    answer = docebo.get_as(f"Bearer {issued['access_token']}")

    assert (answer.status_code, answer.content) == (500, b"")
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("body", ["json", "html", "empty"])
@pytest.mark.parametrize("header", ["none", "seconds", "date"])
def test_one_call_over_the_limit_is_429_in_the_chosen_form(
    sandbox: SandboxProcess, docebo: Docebo, body: str, header: str
) -> None:
    sandbox.control.set_switches(docebo={"rate_calls": 3, "rate_window": 60, "rate_body": body, "rate_header": header})
    statuses = [docebo.get_as("").status_code for _ in range(3)]

    answer = docebo.token(data=LOGIN)

    assert statuses == [401, 401, 401]
    assert answer.status_code == 429
    form = {"none": None, "seconds": r"(59|60)", "date": r"\w{3}, \d\d \w{3} \d{4} [\d:]+ GMT"}[header]
    told = answer.headers.get("Retry-After")
    assert told is None if form is None else re.fullmatch(form, told or "")
    assert answer.content[:1] == {"json": b"{", "html": b"<", "empty": b""}[body]


def test_calls_leave_the_window_of_the_limit(sandbox: SandboxProcess, docebo: Docebo) -> None:
    """With a window shorter than a round trip no call is ever refused."""
    sandbox.control.set_switches(docebo={"rate_calls": 1, "rate_window": 1e-9})

    assert [docebo.get_as("").status_code for _ in range(3)] == [401, 401, 401]


@pytest.mark.parametrize("path", ["/manage/v1/users", "/api/v1/manage/v1/user", "/"])
def test_paths_of_the_known_mistakes_are_404_with_the_platform_body(docebo: Docebo, path: str) -> None:
    answer = docebo.get(path)

    assert answer.status_code == 404
    assert answer.json()["message"] == ["Page not found."]


def test_answers_carry_the_platform_headers_and_cookies(docebo: Docebo) -> None:
    answer = docebo.get()

    assert answer.headers["Server"] == "openresty"
    assert answer.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert answer.headers["X-Docebo-Api-Version"] == "1.0.0"
    assert {cookie.name for cookie in answer.cookies} == {"docebo_session", "backend"}


def test_additional_fields_come_as_a_list_with_titles_and_as_a_bare_array(docebo: Docebo) -> None:
    listed = docebo.get("/manage/v1/user_fields", page_size=2, get_total_count=1).json()["data"]
    array = docebo.get("/manage/v1/user_fields", as_array=1).json()["data"]

    assert [item["title"] for item in listed["items"]] == ["City", "Note"]
    assert (listed["has_more_data"], listed["total_count"]) == (True, 3)
    assert [(field["id"], field["title"]) for field in array] == [("4", "City"), ("9", "Note"), ("12", "Phone")]
    assert "Milan" in [option["label"] for option in array[0]["options"]]


def test_a_wrong_method_on_a_known_path_is_405(docebo: Docebo, http: requests.Session) -> None:
    answer = http.put(docebo.url + USER, timeout=TIMEOUT)

    assert (answer.status_code, answer.json()["status"]) == (405, 405)
