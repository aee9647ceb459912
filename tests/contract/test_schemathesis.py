"""Whatever is sent to it, the sandbox's Descope side answers as its OpenAPI file and the contract say.

schemathesis makes the requests, sound and spoiled ones, and judges the answers: no server error, no status that is
not documented, no body and no content type that differs from the document, nothing for a caller without the key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
import requests
import schemathesis
from descope_description import described
from hypothesis import given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from migrator.sandbox.descope import app
from migrator.sandbox.descope.search import Search
from migrator.sandbox.process import MANAGEMENT_KEY, PROJECT_ID, SandboxProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from descope_description import Schema
    from schemathesis import APIOperation, BaseSchema, Case, CheckFunction

EXAMPLES: Final = 20  # of each operation
OPERATIONS: Final = [(method, path) for path, (method, _, _) in app._endpoints(Search()).items()]
HEADERS: Final = {"Authorization": f"Bearer {PROJECT_ID}:{MANAGEMENT_KEY}"}

# Where an answer is not as in the file. docs/contract/descope.md 2: the Go SDK reads `modifiedTime`.
DEVIATIONS: Final[dict[tuple[str, str], Schema]] = {("ResponseUser", "modifiedTime"): {"type": "integer"}}
# 11.2: values of attributes may be shown as they are stored, or as the text that the file promises: a switch.
TYPED: Final[Schema] = {
    "type": "object",
    "additionalProperties": {
        "anyOf": [
            {"type": "string"},
            {"type": "number"},
            {"type": "boolean"},
            {"type": "array", "items": {"type": "string"}},
        ]
    },
}
BY_DEFAULT: Final = DEVIATIONS | {("ResponseUser", "customAttributes"): TYPED}

# Values of the project: requests of nothing but random text would find nobody.
LIKELY: Final = {
    "loginId": ["ana@example.org", "ben@example.org", "U2ana", "new@example.org", "next@example.org", "+15550123"],
    "newLoginId": ["ben@example.org", "new@example.org"],
    "email": ["ben@example.org", "new@example.org"],
    "phone": ["+15550100", "+1 555 0199 111"],
    "recoveryEmail": ["ben@example.org"],
    "recoveryPhone": ["+15550100"],
    "userId": ["U2ana", "U2ben"],
    "status": ["enabled", "disabled", "invited"],
    "attributeKey": ["colour", "size", "tags", "born"],
    "tenantId": ["T2one"],
    "name": ["Ana", "one"],
    "field": ["email", "loginIds", "createdTime"],
    "loginIds[*]": ["ana@example.org", "ben@example.org"],
    "userIds[*]": ["U2ana", "U2ben"],
    "statuses[*]": ["enabled", "disabled"],
    "roleNames[*]": ["Tenant Admin"],
    "tenantIds[*]": ["T2one"],
    "additionalIdentifiers[*]": ["second@example.org"],
    "names[*]": ["colour"],
    "selectedColumns[*]": ["loginIds", "customAttributes"],
}
LIKELY_VALUES: Final[dict[str, list[Any]]] = {
    "colour": ["red", ""],
    "size": [1, 2.5],
    "tags": [["a"], ["a", "b"]],
    "born": ["2026-01-31", 1_700_000_000],
}
PLACES: Final = ("", "users[*].", "userTenants[*].", "users[*].userTenants[*].", "sort[*].", "attributes[*].")
ATTRIBUTES: Final[list[Schema]] = [
    {"name": "colour", "type": 1},
    {"name": "size", "type": 2},
    {"name": "tags", "type": 5, "options": [{"value": "a"}, {"value": "b"}]},
    {"name": "born", "type": 6},
]


def _loaded(document: Schema) -> BaseSchema:
    often = {name: {"dictionary": name.removesuffix("[*]"), "probability": 0.9} for name in LIKELY}
    parameters = {f"body.{place}{name}": how for name, how in often.items() for place in PLACES}
    parameters |= {f"query.{name}": often[name] | {"probability": 0.5} for name in ("loginId", "userId")}
    config = {
        "dictionaries": {name.removesuffix("[*]"): {"values": values} for name, values in LIKELY.items()},
        "parameters": parameters,
        "generation": {"with-security-parameters": False},  # a check sends each request once more, without the key
    }
    return schemathesis.openapi.from_dict(document, config=schemathesis.Config.from_dict(config))


class Project:
    """A project with two users, the same one for each request.

    Args:
        process: the sandbox; nobody else uses it.
        session: sends the requests.
        switches: of the Descope side.
    """

    def __init__(self, process: SandboxProcess, session: requests.Session, **switches: str) -> None:
        self._process = process
        self._session = session
        self._switches = switches
        self._is_fresh = False

    def answers_as_described(self, case: Case[Any]) -> None:
        """Send the request and judge the answer."""
        if not self._is_fresh:
            self._begin_anew()
        answer = case.call(self._process.descope_url, self._session, HEADERS)
        self._is_fresh = case.method == "GET" or answer.status_code >= 400
        # The file requires no field, the server does, and refuses what makes no sense (5).
        excluded: list[CheckFunction] = [positive_data_acceptance]
        if _reads_as_nothing(answer.request.body):
            excluded.append(negative_data_rejection)
        case.validate_response(
            answer,
            excluded_checks=excluded,
            headers=HEADERS,
            transport_kwargs={"session": self._session, "base_url": self._process.descope_url},
        )

    def _begin_anew(self) -> None:
        control = self._process.control
        control.reset(users=0)
        control.set_switches(descope=self._switches)
        control.put_descope_user({"userId": "U2ana", "loginIds": ["ana@example.org"], "customAttributes": {"size": 1}})
        control.put_descope_user({"userId": "U2ben", "loginIds": ["ben@example.org", "+15550100"]})
        self._post("user/customattribute/create", {"attributes": ATTRIBUTES})
        self._post("tenant/create", {"id": "T2one", "name": "one"})

    def _post(self, path: str, body: Schema) -> None:
        url = f"{self._process.descope_url}/v1/mgmt/{path}"
        self._session.post(url, json=body, headers=HEADERS, timeout=20).raise_for_status()


def _reads_as_nothing(body: str | bytes | None) -> bool:
    """Whether protobuf's JSON takes something in the body for absent: the whole of it when it is blank, or a null."""
    return not body or not body.strip() or "null" in (body if isinstance(body, str) else body.decode(errors="replace"))


def _running(**switches: str) -> Iterator[Project]:
    with SandboxProcess(users=0) as process, requests.Session() as session:
        session.trust_env = False
        yield Project(process, session, **switches)


@pytest.fixture(scope="module")
def project() -> Iterator[Project]:
    yield from _running()


@pytest.fixture(scope="module")
def project_with_texts() -> Iterator[Project]:
    yield from _running(attribute_values="strings")


@pytest.fixture(scope="module")
def by_default() -> BaseSchema:
    return _loaded(described(BY_DEFAULT, LIKELY_VALUES))


@pytest.fixture(scope="module")
def as_in_the_file() -> BaseSchema:
    return _loaded(described(DEVIATIONS, LIKELY_VALUES))


def _judge(operation: APIOperation[Any, Any, Any, Any], examples: int, project: Project) -> None:
    @settings(max_examples=examples, derandomize=True, database=None)
    @given(st.one_of([operation.as_strategy(generation_mode=mode) for mode in GenerationMode]))
    def answers_as_described(case: Case[Any]) -> None:
        project.answers_as_described(case)

    answers_as_described()


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_answer_is_as_described(by_default: BaseSchema, project: Project, method: str, path: str) -> None:
    _judge(by_default[path][method], EXAMPLES, project)


@pytest.mark.soak
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_many_answers_are_as_described(by_default: BaseSchema, project: Project, method: str, path: str) -> None:
    _judge(by_default[path][method], 20 * EXAMPLES, project)


@pytest.mark.soak
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_attributes_as_text_are_as_in_the_file(
    as_in_the_file: BaseSchema, project_with_texts: Project, method: str, path: str
) -> None:
    _judge(as_in_the_file[path][method], 5 * EXAMPLES, project_with_texts)
