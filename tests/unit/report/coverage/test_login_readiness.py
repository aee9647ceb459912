"""Login readiness: who will be able to sign in, and what keeps the others from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from stored import holding, move, people

from migrator.checkpoint.users.erasure import erase_profiles
from migrator.config.schema import MappingConfig
from migrator.core.model import ARRIVED_STATES, State
from migrator.report.coverage.login_readiness import login_readiness

if TYPE_CHECKING:
    from pathlib import Path

CASES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any], str]] = {
    "arrived": ({}, {}, {"state": State.CREATED}, ""),
    "updated": ({}, {}, {"state": State.UPDATED}, ""),
    "suspended": ({}, {"status": "0"}, {"state": State.CREATED}, "disabled"),
    "suspended, but mapped to enabled": (
        {"status": {"suspended": "enabled"}}, {"status": "0"}, {"state": State.CREATED}, ""
    ),
    "expired": ({}, {"expired": True}, {"state": State.UNCHANGED}, "disabled"),
    "unverified": ({}, {"email_validation_status": "0"}, {"state": State.CREATED}, "verify_first"),
    "made up": (
        {"missing_email": "synthesize", "synthesize_domain": "example.org"}, {"email": ""},
        {"state": State.CREATED}, "email_synthesized",
    ),
    "unverified, with a phone": (
        {"phone_field": "field_12"},
        {"email_validation_status": "0", "field_12": "+393123456789"},
        {"state": State.CREATED},
        "",
    ),
    "rejected": ({}, {"email": ""}, {}, "no_email"),
    "conflict": ({}, {}, {"state": State.CONFLICT, "reason": "login_taken"}, "login_taken"),
    "failed": ({}, {}, {"state": State.FAILED, "reason": "gave_up"}, "gave_up"),
    "gone": ({}, {}, {"state": State.VANISHED, "reason": "not_in_docebo"}, "not_in_docebo"),
    "not sent": ({}, {}, {}, "pending"),
    "there, with a change to come": ({}, {}, {"target_id": "U3", "sent_hash": "h"}, ""),
    "there, with a change in conflict": (
        {}, {}, {"state": State.CONFLICT, "reason": "login_taken", "target_id": "U3", "sent_hash": "h"}, "",
    ),
    "there, with a change that failed": (
        {}, {}, {"state": State.FAILED, "reason": "refused", "target_id": "U3", "sent_hash": "h"}, "",
    ),
    "deleted in Descope": (
        {}, {}, {"state": State.CONFLICT, "reason": "deleted_at_descope", "target_id": "U3", "sent_hash": "h"},
        "deleted_at_descope",
    ),
    "found missing": ({}, {}, {"state": State.CREATED, "verdict": "missing"}, "missing"),
    "found differing": ({}, {}, {"state": State.CREATED, "verdict": "differs"}, ""),
    "missing, and to be sent again": ({}, {}, {"decision": "create", "verdict": "missing"}, "pending"),
}  # fmt: skip


@pytest.mark.parametrize(("mapping", "record", "row", "expected"), CASES.values(), ids=CASES)
def test_what_keeps_a_user_from_signing_in(
    tmp_path: Path, mapping: dict[str, Any], record: dict[str, Any], row: dict[str, Any], expected: str
) -> None:
    """One user of each kind beside two who can sign in; the numbers add up, also when profiles are erased.

    Nobody is kept out by an address that the documented flow verifies at the first sign-in; these are told apart.
    """
    records = people(3)
    records[2] |= record
    with holding(tmp_path, records, mapping) as checkpoint:
        move(checkpoint, ["1", "2"], state=State.CREATED)
        if row:
            move(checkpoint, ["3"], **row)
        config = MappingConfig.model_validate(mapping)
        before = login_readiness(checkpoint, config, predicted=False)
        erase_profiles(checkpoint, (*ARRIVED_STATES, State.VANISHED))
        after = login_readiness(checkpoint, config, predicted=False)

    assert before == after
    first = expected == "verify_first"
    ready = 3 if first or not expected else 2
    assert before == {
        "found": 3, "ready": ready, "verify_first": int(first), "blocked": {} if ready == 3 else {expected: 1},
    }  # fmt: skip


def test_a_plan_counts_whom_it_would_bring(tmp_path: Path) -> None:
    """Planned users count as arrived in a prediction, foreseen conflicts as what keeps them out."""
    with holding(tmp_path, people(3)) as checkpoint:
        move(checkpoint, ["1", "2"], decision="create")
        move(checkpoint, ["3"], decision="conflict", reason="login_taken")

        predicted = login_readiness(checkpoint, MappingConfig(), predicted=True)
        now = login_readiness(checkpoint, MappingConfig(), predicted=False)

    assert predicted == {"found": 3, "ready": 2, "verify_first": 0, "blocked": {"login_taken": 1}}
    assert now == {"found": 3, "ready": 0, "verify_first": 0, "blocked": {"pending": 3}}
