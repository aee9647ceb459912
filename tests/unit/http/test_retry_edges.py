"""The exact bounds of waiting, and times told in other zones."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import TYPE_CHECKING

import pytest

from migrator.core.errors import NoAnswer, StopRun, Throttled
from migrator.http.retry import BRIEF, Idempotence, RetryBudget, parse_retry_after

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = 1_800_000_000.0


@pytest.fixture
def _far_from_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("_far_from_utc")
@pytest.mark.parametrize(
    "date", ["Fri, 15 Jan 2027 08:01:30 -0000", "Fri, 15 Jan 2027 10:01:30 +0200", "Fri, 15 Jan 2027 08:01:30 GMT"]
)
def test_n8_a_date_means_the_same_moment_wherever_the_machine_stands(date: str) -> None:
    assert parse_retry_after(date, NOW) == 90


@pytest.mark.parametrize(("now", "seconds"), [(NOW, 0), (NOW - 0.5, 0.5), (NOW + 0.5, None)])
def test_n8_a_date_is_taken_down_to_this_very_moment(now: float, seconds: float | None) -> None:
    assert parse_retry_after(formatdate(NOW, usegmt=True), now) == seconds


@pytest.mark.parametrize(("took", "repeat"), [(299.0, True), (299.5, False)])
def test_i10_exactly_300_seconds_of_failing_are_still_allowed(took: float, *, repeat: bool) -> None:
    assert RetryBudget("Docebo", Idempotence.READ, roll=lambda: 1.0).after(NoAnswer("x"), took).repeat is repeat


def test_n8_a_wait_that_is_too_long_says_how_long_and_what_to_do() -> None:
    with pytest.raises(StopRun) as caught:
        RetryBudget("Descope", Idempotence.READ).after(Throttled("x", retry_after=901), 0)

    assert str(caught.value) == "Descope asks for a pause of 16 min (HTTP 429)."
    assert caught.value.fix == "Run again after that time; it continues where it stopped."


def test_a_person_who_waits_is_not_stopped_by_a_long_pause_and_does_not_wait_for_it() -> None:
    """The pause is in the verdict, so that the pacer hears of it."""
    verdict = RetryBudget("Docebo", Idempotence.READ, patience=BRIEF).after(Throttled("x", retry_after=3000), 0)

    assert (verdict.repeat, verdict.wait) == (False, 3000)
