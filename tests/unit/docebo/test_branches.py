"""Which branch a rule's name means (docs/decisions/0027)."""

from __future__ import annotations

import pytest

from migrator.docebo.branches import Branch, find_branches

SALES = Branch("10", "SALES", "Sales")
NORTH = Branch("11", "NORTH", "Sales North")
LEGAL = Branch("20", "", "Legal")
TEN = Branch("30", "10", "Number ten")
TWIN = Branch("31", "NORTH", "North again")


def test_a_name_is_an_id_or_a_code_letter_by_letter() -> None:
    found = find_branches({"10", "NORTH", "20"}, [SALES, NORTH, LEGAL])

    assert found.ids == {"10": "10", "NORTH": "11", "20": "20"}
    assert found.wrong == {}


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("99", "no branch has this id or code"),
        ("", "no branch has this id or code"),
        ("sales", "no branch has this id or code (did you mean SALES?)"),
        ("Legal", "no branch has this id or code (did you mean 20?)"),
        ("Sales North", "no branch has this id or code (did you mean NORTH?)"),
        ("SALES ", "no branch has this id or code"),
        ("010", "no branch has this id or code"),
    ],
)
def test_a_name_that_no_branch_has_is_wrong_and_a_likely_one_is_named(name: str, wrong: str) -> None:
    found = find_branches({name, "11"}, [SALES, NORTH, LEGAL])

    assert (found.ids, found.wrong, set(found.missing)) == ({"11": "11"}, {name: wrong}, {name})


def test_a_name_that_several_branches_answer_to_is_wrong() -> None:
    found = find_branches({"10", "NORTH", "20"}, [SALES, NORTH, LEGAL, TEN, TWIN])

    assert found.ids == {"20": "20"}
    assert found.wrong == {
        "10": "the id of one branch and the code of another (30)",
        "NORTH": "the code of 2 branches (11, 31)",
    }
    assert found.missing == frozenset()


def test_a_branch_whose_code_is_its_own_id_is_that_branch() -> None:
    assert find_branches({"5"}, [Branch("5", "5", ""), Branch("6", "", "")]).ids == {"5": "5"}


def test_a_branch_shown_again_by_a_later_page_is_one_branch() -> None:
    assert find_branches({"NORTH"}, [NORTH, SALES, NORTH]).ids == {"NORTH": "11"}


def test_of_many_branches_with_one_code_the_first_ones_are_named() -> None:
    found = find_branches({"X"}, [Branch(str(number), "X", "") for number in (12, 9, 10, 11)])

    assert found.wrong == {"X": "the code of 4 branches (9, 10, 11, …)"}
