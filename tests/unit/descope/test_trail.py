"""What answers about sign-ins and audit records say."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pytest

from migrator.core.errors import StopRun
from migrator.descope.trail import audit_pages, is_whole, newest_of, parse_audits, parse_sign_ins


def test_pages_are_asked_for_one_after_the_other() -> None:
    """A thousand records each, times in milliseconds, from page 0."""
    first, second = islice(audit_pages(["LoginSucceed"], 1.5, 2.0), 2)

    assert first == {"actions": ["LoginSucceed"], "from": 1500, "to": 2000, "limit": 1000, "page": 0}
    assert second == {**first, "page": 1}


def test_records_are_taken_apart() -> None:
    """Milliseconds come as text; a total, too; a record may be about nobody."""
    answer = {
        "audits": [{"userId": "U1", "action": "LoginSucceed", "occurred": "1500"}, {"action": "X", "occurred": 0}]
    }

    assert parse_audits({**answer, "total": "7"}) == ([("U1", "LoginSucceed", 1.5), ("", "X", 0.0)], 7)
    assert parse_audits({"total": 0}) == ([], 0)


@pytest.mark.parametrize("answer", [{}, [], {"audits": [{}]}, {"audits": [{"action": "X", "occurred": "?"}]}])
def test_another_shape_is_no_answer(answer: Any) -> None:
    with pytest.raises((LookupError, TypeError, ValueError)):
        parse_audits(answer)


@pytest.mark.parametrize(
    ("shown", "found", "total", "whole"),
    [(1000, 1000, None, False), (0, 1000, None, True), (3, 3, 3, True), (3, 3, 9, False), (3, 3, None, False)],
)
def test_a_page_is_the_last_one_only_if_nothing_speaks_against_it(
    shown: int, found: int, total: int | None, whole: bool
) -> None:
    """A short page proves nothing: a server may show fewer than asked for."""
    assert is_whole(shown, found, total) is whole


def test_a_part_is_never_taken_for_all() -> None:
    with pytest.raises(StopRun, match="shows only 3"):
        is_whole(0, 3, 9)


def test_the_newest_sign_in_counts() -> None:
    answer = [{"userId": "U1", "loginTime": 5}, {"userId": "U2", "loginTime": "7"}, {"userId": "U1", "loginTime": 9}]

    assert newest_of(parse_sign_ins(answer)) == {"U1": 9.0, "U2": 7.0}
    with pytest.raises(TypeError):
        parse_sign_ins({"users": []})
