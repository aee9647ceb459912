"""The retry table, the bounds and the reading of `Retry-After`."""

from __future__ import annotations

from email.utils import formatdate

import pytest

from migrator.core.errors import (
    ApiError,
    BadAnswer,
    NoAnswer,
    NotSent,
    Redirected,
    Refused,
    ServerFailed,
    StopRun,
    Throttled,
    Untrusted,
)
from migrator.http.retry import Idempotence, RetryBudget, may_repeat, parse_retry_after

NOW = 1_800_000_000.0
ANY = (True, True, True)
NONE = (False, False, False)
UNLESS_UNSAFE = (True, True, False)


def throttled(retry_after: float | None) -> Throttled:
    return Throttled("x", retry_after=retry_after)


@pytest.mark.parametrize(
    ("error", "allowed"),
    [
        (NotSent("x"), ANY),
        (throttled(None), ANY),
        (NoAnswer("x"), UNLESS_UNSAFE),
        (ServerFailed("x", status=503), UNLESS_UNSAFE),
        (BadAnswer("x", status=200), UNLESS_UNSAFE),
        (Refused("x", status=400), NONE),
        (Refused("x", status=401), NONE),
        (Untrusted("x"), NONE),
        (Redirected("x", status=302), NONE),
        (ApiError("x"), NONE),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, ApiError) else "",
)
def test_the_retry_table_holds_for_every_kind_of_operation(error: ApiError, allowed: tuple[bool, bool, bool]) -> None:
    kinds = (Idempotence.READ, Idempotence.SAFE_WRITE, Idempotence.UNSAFE_WRITE)
    assert tuple(may_repeat(kind, error) for kind in kinds) == allowed
    assert tuple(RetryBudget("Descope", kind).after(error, 0).repeat for kind in kinds) == allowed


def test_n10_a_failing_call_is_tried_five_times() -> None:
    budget = RetryBudget("Docebo", Idempotence.READ)
    assert [budget.after(NoAnswer("x"), 0.1).repeat for _ in range(5)] == [True] * 4 + [False]


def test_waits_after_failures_double_from_one_second_to_thirty() -> None:
    longest = RetryBudget("Docebo", Idempotence.READ, attempts=9, roll=lambda: 1.0)
    shortest = RetryBudget("Docebo", Idempotence.READ, attempts=9, roll=lambda: 0.0)
    assert [longest.after(NoAnswer("x"), 0).wait for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    assert [shortest.after(NoAnswer("x"), 0).wait for _ in range(7)] == [0.5, 1, 2, 4, 8, 15, 15]


def test_i10_failures_end_after_300_seconds_even_with_attempts_left() -> None:
    budget = RetryBudget("Docebo", Idempotence.READ)
    assert budget.after(NoAnswer("x"), 150).repeat
    assert not budget.after(NoAnswer("x"), 150).repeat


def test_i10_ten_throttled_answers_end_a_call() -> None:
    budget = RetryBudget("Descope", Idempotence.UNSAFE_WRITE, default_throttle_wait=60)
    assert [budget.after(throttled(None), 0).repeat for _ in range(10)] == [True] * 9 + [False]


def test_i10_thirty_minutes_of_throttling_end_a_call() -> None:
    budget = RetryBudget("Descope", Idempotence.READ)
    assert [budget.after(throttled(900), 0).repeat for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize("roll", [0.0, 0.5, 1.0])
def test_d_an_hourly_window_is_waited_out_without_a_word_from_the_server(roll: float) -> None:
    budget = RetryBudget("Docebo", Idempotence.READ, throttle_window=3600, roll=lambda: roll)
    verdicts = [budget.after(throttled(None), 0.2) for _ in range(25)]
    patience = sum(verdict.wait for verdict in verdicts if verdict.repeat)
    assert 3600 * 1.1 < patience <= 3600 * 1.25
    assert sum(verdict.repeat for verdict in verdicts) < 20


def test_d_an_hourly_window_changes_nothing_for_a_wait_above_15_minutes() -> None:
    with pytest.raises(StopRun, match="16 min"):
        RetryBudget("Docebo", Idempotence.READ, throttle_window=3600).after(throttled(901), 0)


def test_throttling_does_not_use_up_the_patience_with_failures() -> None:
    budget = RetryBudget("Descope", Idempotence.READ)
    for _ in range(3):
        assert budget.after(throttled(500), 0).repeat
    assert [budget.after(NoAnswer("x"), 0).repeat for _ in range(5)] == [True] * 4 + [False]


@pytest.mark.parametrize("error", [NoAnswer("x"), throttled(1), NotSent("x")])
def test_an_override_of_one_attempt_forbids_every_repetition(error: ApiError) -> None:
    assert not RetryBudget("Descope", Idempotence.READ, attempts=1).after(error, 0).repeat


def test_n8_a_valid_retry_after_is_obeyed_exactly() -> None:
    assert [RetryBudget("Descope", Idempotence.READ).after(throttled(told), 0).wait for told in (1, 7, 900)] == [
        1,
        7,
        900,
    ]


def test_n8_retry_after_zero_does_not_become_a_hot_loop() -> None:
    budget = RetryBudget("Descope", Idempotence.READ, roll=lambda: 1.0)
    assert [budget.after(throttled(0), 0).wait for _ in range(3)] == [1, 2, 4]


@pytest.mark.parametrize(("told", "spoken"), [(900.1, "16 min"), (7200, "2 h 0 min"), (1e9, "277777 h 47 min")])
def test_n8_a_wait_above_15_minutes_stops_the_run_and_says_how_long(told: float, spoken: str) -> None:
    with pytest.raises(StopRun, match=spoken) as caught:
        RetryBudget("Descope", Idempotence.READ).after(throttled(told), 0)
    assert caught.value.exit_code == 4


def test_n9_without_retry_after_the_documented_window_is_waited() -> None:
    budget = RetryBudget("Descope", Idempotence.READ, default_throttle_wait=60)
    assert [budget.after(throttled(None), 0).wait for _ in range(3)] == [60, 60, 60]


def test_n9_without_any_documented_window_waits_grow_from_ten_seconds() -> None:
    low, high = (RetryBudget("Docebo", Idempotence.READ, roll=lambda roll=roll: roll) for roll in (0.0, 1.0))  # type: ignore[misc] # the default binds the loop's value
    assert [low.after(throttled(None), 0).wait for _ in range(7)] == [10, 20, 40, 80, 160, 300, 300]
    assert [high.after(throttled(None), 0).wait for _ in range(2)] == [12.5, 25]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("1", 1),
        (" 120 ", 120),
        ("1000000000", 1e9),
        ("9" * 5000, 1e9),
        (formatdate(NOW + 90, usegmt=True), 90),
        ("Fri, 15 Jan 2027 08:01:30 -0000", 90),
        ("Fri Jan 15 08:01:30 2027", 90),
        (formatdate(NOW - 90, usegmt=True), None),
        (None, None),
        ("", None),
        ("-1", None),
        ("+1", None),
        ("1.5", None),
        ("abc", None),
        ("NaN", None),
        ("٣", None),
        ("Fri, 99 Jan 2027 08:01:30 GMT", None),
        ("Fri, 15 Jan 99999999999 08:01:30 GMT", None),
    ],
)
def test_n8_retry_after_is_seconds_or_a_future_date_and_else_absent(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, NOW) == seconds
