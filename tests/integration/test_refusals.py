"""Refusals of the caller and of its pace, in whole runs (docs/reliability.md N6 to N9)."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import oracle
import pytest
from runs import ATTRIBUTES, CREATE, LIST, SEARCH, TOKEN, calls, go, small
from virtual_clock import VirtualClock

from migrator.core.clock import Clock

if TYPE_CHECKING:
    from world import Place


@pytest.mark.grid
@pytest.mark.parametrize("body", ["oauth", "platform", "empty"])
@pytest.mark.parametrize("page", [1, 2, 3, 5])
def test_n6_a_token_that_ends_mid_run_is_renewed_once(place: Place, page: int, body: str) -> None:
    """Whichever page meets the 401: one refresh, the same page again, and nobody notices."""
    start = small(place)
    place.sandbox.control.set_switches(docebo={"unauthorized_body": body})
    place.sandbox.control.set_faults({"kind": "revoke_tokens", "path": f"{LIST}$", "nth": page})

    assert go(place).code == 0

    oracle.check(place, start)
    assert [entry["body"]["grant_type"] for entry in calls(place, TOKEN)] == ["password", "refresh_token"]
    assert [entry["status"] for entry in calls(place, LIST)].count(401) in (1, 2)  # two pages are on their way


def test_n6_a_second_401_ends_the_run(place: Place) -> None:
    """A new token that is refused as well is not renewed again: exit 4, and the next run completes it."""
    start = small(place)
    place.configure(docebo={"concurrency": 1})  # each of two readers may ask for a new one
    place.sandbox.control.set_faults({"kind": "revoke_tokens", "path": f"{LIST}$", "nth": 2, "times": 1000})

    run = go(place)

    assert run.code == 4
    assert "Failed to Authenticate" in str(run.error)
    assert len(calls(place, TOKEN)) == 2
    place.sandbox.control.clear_faults()
    assert go(place).code == 0
    oracle.check(place, start)


@pytest.mark.parametrize("code", [401, 403, 404, 405])
def test_n7_a_refusal_of_the_caller_mid_run_is_no_failure_of_users(place: Place, code: int) -> None:
    """A key that is refused while sending fails no user: exit 4 after a few calls, and the next run completes it."""
    start = small(place)
    place.sandbox.control.set_faults(
        {"kind": "status", "path": CREATE, "nth": 2, "times": 1000, "params": {"code": code}}
    )

    run = go(place)

    assert run.code == 4
    assert "failed" not in run.counts
    assert len(calls(place, CREATE)) <= 5
    place.sandbox.control.clear_faults()
    assert go(place).counts == {"found": 20, "created": 20}
    oracle.check(place, start)


@pytest.mark.parametrize(("path", "code"), [(ATTRIBUTES, 401), (ATTRIBUTES, 403), (TOKEN, 400), (TOKEN, 401)])
def test_n6_credentials_refused_at_the_start_are_a_matter_of_configuration(place: Place, path: str, code: int) -> None:
    """Exit 2, nothing read and nothing sent."""
    start = small(place)
    place.sandbox.control.set_faults({"kind": "status", "path": f"{path}$", "every": 1, "params": {"code": code}})

    assert go(place).code == 2

    assert calls(place, LIST) == []
    assert oracle.check(place, start, whole=False).writes == 0


def in_seven_seconds() -> str:
    return formatdate(time.time() + 7, usegmt=True)


WAITS: list[tuple[str | None, tuple[float, float] | None]] = [
    ("7", (6.9, 7)),
    ("date", (5, 8)),
    ("899", (898, 899)),
    (None, None),
    ("-5", None),
    ("abc", None),
    ("", None),
    ("1.5", None),
    (formatdate(0, usegmt=True), None),
]


@pytest.mark.grid
@pytest.mark.parametrize(("path", "default"), [(LIST, (9.9, 12.5)), (SEARCH, (59.9, 60)), (CREATE, (59.9, 60))])
@pytest.mark.parametrize(("told", "wait"), WAITS, ids=str)
def test_n8_n9_a_429_is_waited_out_as_told(
    place: Place, path: str, default: tuple[float, float], told: str | None, wait: tuple[float, float] | None
) -> None:
    """Whole seconds and dates are obeyed, everything else means the API's own window; then all goes on."""
    start = small(place)
    place.configure(run={"concurrency": 1})
    header = in_seven_seconds() if told == "date" else told
    params: dict[str, Any] = {"code": 429, "headers": {} if header is None else {"Retry-After": header}}
    place.sandbox.control.set_faults({"kind": "status", "path": f"{path}$", "nth": 1, "params": params})
    clock = VirtualClock()

    assert go(place, clock).code == 0

    low, high = wait or default
    assert low <= sum(clock.waits) <= high
    oracle.check(place, start)


@pytest.mark.grid
@pytest.mark.parametrize("path", [LIST, SEARCH, CREATE])
@pytest.mark.parametrize("told", ["901", "1000000000", "9" * 40])
def test_n8_a_wait_of_more_than_15_minutes_ends_the_run(place: Place, path: str, told: str) -> None:
    """Exit 4 at once, without waiting; the next run completes it."""
    start = small(place)
    params = {"code": 429, "headers": {"Retry-After": told}}
    place.sandbox.control.set_faults({"kind": "status", "path": f"{path}$", "nth": 1, "params": params})
    clock = VirtualClock()

    assert go(place, clock).code == 4

    assert clock.waits == []
    assert go(place).code == 0
    oracle.check(place, start)


@pytest.mark.parametrize(
    ("path", "answers", "seconds"), [(LIST, 20, 1.25 * 3600), (SEARCH, 10, 1800), (CREATE, 10, 1800)]
)
def test_n8_n9_a_server_that_never_has_time_ends_the_run(place: Place, path: str, answers: int, seconds: float) -> None:
    """So many 429s in a row for one call, so many seconds: exit 4, nobody failed, and the next run completes it."""
    start = small(place)
    place.configure(run={"concurrency": 1})
    place.sandbox.control.set_faults({"kind": "status", "path": f"{path}$", "every": 1, "params": {"code": 429}})
    clock = VirtualClock()

    run = go(place, clock)

    assert (run.code, run.counts.get("failed")) == (4, None)
    assert len(calls(place, path)) <= answers
    assert sum(clock.waits) <= seconds
    place.sandbox.control.clear_faults()
    assert go(place).counts == {"found": 20, "created": 20}
    oracle.check(place, start)


@pytest.mark.parametrize("form", ["seconds", "date"])
@pytest.mark.parametrize("concurrency", [1, 4])
def test_n8_no_request_comes_earlier_than_told(place: Place, form: str, concurrency: int) -> None:
    """In real time, against a server that counts: after a 429 nothing arrives before its back-off is over."""
    start = small(place, 20)
    place.configure(run={"concurrency": concurrency})
    place.sandbox.control.set_switches(
        descope={
            "rate_limits": "custom",
            "custom_limits": {"create": 2},
            "window_seconds": 1,
            "backoff_seconds": 1,
            "retry_after": form,
        }
    )

    assert go(place, Clock()).code == 0

    oracle.check(place, start)
    entries = place.journal("descope")
    refused = [entry["at"] for entry in entries if entry["status"] == 429]
    assert refused
    # What was on its way together with the refused one may arrive within a moment of it.
    early = [e for e in entries for at in refused if at + 0.25 < e["at"] < at + 0.95]
    assert early == []
