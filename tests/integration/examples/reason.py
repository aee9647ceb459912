"""Proof of reason.patch, run in a copy that has it: the plan finds `address_removed`, and every list knows it."""

from __future__ import annotations

import subprocess
import sys

from stored_users import waiting
from wanted_and_held import MARK, WANTED, held, policy

from migrator.checkpoint.users.stored_user import StoredUser
from migrator.core.model import Decision, State
from migrator.core.reasons import known_reason
from migrator.flow.plan.decide import DecisionRules, decide
from migrator.report.lists.detail_text import detail_text

CODE = "address_removed"


def test_the_plan_finds_the_reason_where_it_applies_and_nowhere_else() -> None:
    signed_in = MARK | {"freshlyMigrated": False}
    emptied, usual = held(attributes=signed_in, email=""), held(attributes=signed_in)
    plans = [decide(waiting(WANTED), [one], None, DecisionRules(policy())) for one in (emptied, usual, held(email=""))]

    assert [(plan.decision, plan.reason) for plan in plans] == [
        (Decision.CONFLICT, CODE), (Decision.UNCHANGED, None), (Decision.UPDATE, None),
    ]  # fmt: skip


def test_the_reason_is_listed_with_its_state_and_names_the_user() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "migrator.core.reason_page"], capture_output=True, check=True, encoding="utf-8"
    ).stdout
    reason = known_reason(CODE)

    assert reason is not None
    assert reason.state == State.CONFLICT
    assert f"\n| `{CODE}` | conflict | {reason.meaning} | {reason.fix} | no |\n" in printed
    problem = StoredUser("1", State.CONFLICT, "hash", reason=CODE, target_id="U1")
    assert detail_text(problem, (), {}) == "Descope user U1"
