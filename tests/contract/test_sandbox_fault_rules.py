"""A fault rule meets just the requests it names, and a wrong rule is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from docebo_calls import Docebo

    from migrator.sandbox.process import SandboxProcess

SESSION = "/manage/v1/user/session"


@pytest.fixture
def docebo(docebo: Docebo) -> Docebo:
    """A client that has its token already, so that no fault meets the token call."""
    docebo.get(SESSION)
    return docebo


@pytest.mark.parametrize(
    ("rule", "hit"),
    [
        ({}, [1, 2, 3, 4, 5, 6]),
        ({"times": 2}, [1, 2]),
        ({"nth": 3}, [3]),
        ({"nth": 3, "times": 2}, [3, 4]),
        ({"every": 2}, [2, 4, 6]),
        ({"every": 2, "times": 1}, [2]),
        ({"probability": 0}, []),
        ({"probability": 1, "times": 3}, [1, 2, 3]),
        ({"method": "post"}, []),
        ({"api": "descope"}, []),
        ({"path": "user_fields"}, []),
        ({"path": "/session$", "api": "docebo", "method": "GET", "nth": 5}, [5]),
    ],
    ids=str,
)
def test_a_rule_meets_just_the_requests_it_names(
    sandbox: SandboxProcess, docebo: Docebo, rule: dict[str, Any], hit: list[int]
) -> None:
    sandbox.control.set_faults({"kind": "status", **rule})

    statuses = [docebo.get(SESSION).status_code for _ in range(6)]

    assert [place for place, status in enumerate(statuses, 1) if status == 500] == hit


def test_seeded_chance_is_repeatable(sandbox: SandboxProcess, docebo: Docebo) -> None:
    rounds = []
    for _ in range(2):
        sandbox.control.set_faults({"kind": "status", "probability": 0.5, "seed": 3})
        rounds.append([docebo.get(SESSION).status_code for _ in range(20)])

    assert rounds[0] == rounds[1]
    assert set(rounds[0]) == {200, 500}


def test_the_first_rule_that_fires_acts_and_deleting_the_rules_ends_it(sandbox: SandboxProcess, docebo: Docebo) -> None:
    sandbox.control.set_faults(
        {"kind": "status", "nth": 1, "params": {"code": 503}}, {"kind": "status", "params": {"code": 502}}
    )

    assert [docebo.get(SESSION).status_code for _ in range(2)] == [503, 502]
    sandbox.control.clear_faults()
    assert docebo.get(SESSION).status_code == 200


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "unheard_of"},
        {"kind": "status", "params": {"colour": "red"}},
        {"kind": "redirect"},
        {"kind": "cut_length", "when": "before"},
        {"kind": "revoke_tokens", "when": "after"},
        {"kind": "status", "nth": 1, "every": 2},
        {"kind": "status", "path": "("},
        {"kind": "status", "unknown": 1},
    ],
    ids=str,
)
def test_a_wrong_rule_is_refused(sandbox: SandboxProcess, rule: dict[str, Any]) -> None:
    with pytest.raises(requests.HTTPError, match="422"):
        sandbox.control.set_faults(rule)
