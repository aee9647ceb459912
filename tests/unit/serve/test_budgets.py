"""How many look-ups sign-ins may cost, and what is remembered of them."""

from __future__ import annotations

import pytest

from migrator.flow.sign_in.answer import SignInAnswer, SignInOutcome
from migrator.flow.sign_in.sign_ins import NoRoom
from migrator.serve.budgets import PER_EXECUTION, LookUpBudgets, Remembered

ABSENT = SignInAnswer(SignInOutcome.ABSENT)


class Time:
    """Seconds that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def used_up(budgets: LookUpBudgets, address: str, execution: str) -> float:
    with pytest.raises(NoRoom) as told:
        budgets.charge(address, execution)
    return told.value.seconds


def test_all_together_have_no_more_than_the_whole() -> None:
    """However many addresses and executions there are; behind an hour there is room again."""
    time = Time()
    budgets = LookUpBudgets(10, time)
    for number in range(10):
        budgets.charge(f"10.0.0.{number}", str(number))
    assert used_up(budgets, "10.0.1.1", "new") == 3600
    time.now += 3600
    budgets.charge("10.0.1.1", "new")


def test_one_address_has_half_and_leaves_the_rest_to_others() -> None:
    """A crowd behind one address cannot use up everything; of a single look-up, one has it."""
    budgets = LookUpBudgets(10, Time())
    for number in range(5):
        budgets.charge("10.0.0.1", str(number))
    assert used_up(budgets, "10.0.0.1", "new") == 3600
    budgets.charge("10.0.0.2", "new")
    LookUpBudgets(1, Time()).charge("10.0.0.1", "1")


def test_one_execution_has_five_in_ten_minutes() -> None:
    """Whatever address it comes from; what is refused is not counted."""
    time = Time()
    budgets = LookUpBudgets(100, time)
    for number in range(PER_EXECUTION):
        budgets.charge(f"10.0.0.{number}", "same")
        time.now += 60
    for _ in range(100):
        assert used_up(budgets, "10.0.0.9", "same") == 300
    time.now += 300
    budgets.charge("10.0.0.9", "same")
    for number in range(40):
        budgets.charge("10.0.0.9", str(number))


def test_memory_is_bounded_by_the_budget() -> None:
    """Whoever was looked up an hour ago, and whoever was refused, leaves nothing behind."""
    time = Time()
    budgets = LookUpBudgets(4, time)
    for _ in range(50):
        for number in range(4):
            budgets.charge(f"10.0.0.{number}", f"{time.now} {number}")
        for number in range(100):
            used_up(budgets, f"10.1.0.{number}", f"refused {number}")
        time.now += 3600
    assert len(budgets._parts) <= 16


def test_an_answer_is_remembered_for_ten_minutes() -> None:
    """Of the name alone; what is old is forgotten with the next one."""
    time = Time()
    remembered = Remembered(time)
    remembered.add("nobody", ABSENT)
    assert remembered.get("nobody") is ABSENT
    assert remembered.get("somebody") is None
    time.now += 599
    assert remembered.get("nobody") is ABSENT
    time.now += 2
    assert remembered.get("nobody") is None
    remembered.add("other", ABSENT)
    assert len(remembered._answers) == 1
