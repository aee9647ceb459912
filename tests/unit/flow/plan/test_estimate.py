"""How long the limits make a first migration last, by arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from config_files import load_with

from migrator.checkpoint.runs.actions import ACTION_KINDS, CREATE
from migrator.flow.plan.estimate import (
    AT_LEAST,
    AT_MOST,
    estimate,
    estimate_migration,
    paced_seconds,
    read_seconds,
    sending_side,
    whole_run,
)
from migrator.http.pace import Limit, least_seconds

if TYPE_CHECKING:
    from pathlib import Path


def stages(folder: Path, users: int, **sections: Any) -> dict[str, tuple[int, float]]:
    """Calls and minutes of each step."""
    return {
        one.name: (one.calls, one.minutes) for one in estimate_migration(users, load_with(folder, **sections)).stages
    }


def test_a_small_platform_waits_for_no_limit(tmp_path: Path) -> None:
    assert stages(tmp_path, 2000) == {
        "read": (10, 0.0), "read_again": (10, 0.0), "plan": (20, 0.0), "send": (20, 0.0), "verify": (20, 0.0)
    }  # fmt: skip


def test_a_second_reading_waits_for_what_the_first_one_used(tmp_path: Path) -> None:
    """950 of the 1,000 calls of an hour go at once; the next ones wait until that hour is over."""
    found = stages(tmp_path, 100_000)

    assert (found["read"], found["read_again"]) == ((500, 0.0), (500, 60.6))


def test_one_reading_costs_one(tmp_path: Path) -> None:
    assert "read_again" not in stages(tmp_path, 100_000, docebo={"sweeps": "single"})


def test_no_limit_makes_nobody_wait_and_is_not_named(tmp_path: Path) -> None:
    config = load_with(tmp_path, docebo={"calls_per_hour": 0}, descope={"rate_limits": "none"})

    assert {(one.minutes, one.limit) for one in estimate_migration(10**6, config).stages} == {(0.0, None)}


def test_batches_pages_and_login_ids_as_the_configuration_has_them(tmp_path: Path) -> None:
    sections = {
        "docebo": {"page_size": 50},
        "descope": {"batch_size": 10},
        "mapping": {"extra_login_ids": ["username"]},
    }

    calls = {name: number for name, (number, _) in stages(tmp_path, 1000, **sections).items()}

    assert calls == {"read": 20, "read_again": 20, "plan": 20, "send": 100, "verify": 10}


@pytest.mark.parametrize(("calls", "windows"), [(0, 0), (1, 0), (95, 0), (96, 1), (190, 1), (191, 2)], ids=str)
def test_a_windows_worth_goes_at_once_and_the_next_after_the_window(calls: int, windows: int) -> None:
    assert least_seconds(calls, Limit(100, 60.0)) == pytest.approx(windows * 60.6)


def test_a_whole_run_is_the_first_sweep_and_the_longer_of_what_follows() -> None:
    """The one switch between a run that sends beside its confirming sweep and one that goes step by step."""
    assert (whole_run(10, 60, 25), whole_run(10, 20, 25)) == (70, 35)
    assert whole_run(10, 60, 25, side_by_side=False) == 95


def test_the_steps_of_the_sending_side_add_up() -> None:
    """Looking up and sending follow each other, whatever limits they have; at best, reading back goes on beside."""
    steps = [(1000, Limit(200, 60)), (1000, Limit(100, 60)), (1000, Limit(500, 60))]

    assert sending_side(steps, AT_LEAST, 4) == pytest.approx((5 + 10) * 60.6)
    unlimited: list[tuple[int, Limit | None]] = [(1000, None)] * 3
    assert sending_side(unlimited, AT_MOST, 4) == pytest.approx(3000 / 4)


@pytest.mark.parametrize("users", [1, 2000, 10_000, 94_000, 100_000, 1_000_000])
def test_the_range_begins_with_what_the_limits_demand(tmp_path: Path, users: int) -> None:
    found = estimate_migration(users, load_with(tmp_path))
    document = found.document()

    assert found.seconds[0] < found.seconds[1]
    assert document["minutes"] == document["range_minutes"][0]


def test_what_is_left_to_others_takes_longer(tmp_path: Path) -> None:
    """140,000 users are 700 pages, more than 70 % of the 950 of an hour; 90 batches fit into 95, not into 66."""
    config = load_with(tmp_path)
    actions = dict.fromkeys(ACTION_KINDS, 0) | {CREATE: 9_000}

    read = [read_seconds(140_000, one, AT_LEAST)[0] for one in (config, config.leaving(0.3))]
    create = [estimate(actions, one).minutes["create"] for one in (config, config.leaving(0.3))]

    assert (read, create) == ([0, pytest.approx(3636)], [0.0, 1.0])


def test_slow_answers_hide_behind_a_limit() -> None:
    """95 calls of half a second are over long before the next window: only the last window's calls count."""
    limit = Limit(100, 60)

    assert paced_seconds(200, limit, AT_LEAST, 0.5) == pytest.approx(2 * 60.6 + 10 * 0.5)
    assert paced_seconds(200, limit, AT_LEAST, 2.0) == 400
    assert paced_seconds(0, limit, AT_MOST) == 0


def test_a_plan_tells_of_sending_and_of_the_run_that_will_do_it(tmp_path: Path) -> None:
    """The run reads everybody once more; a run that asks has done so."""
    actions = dict.fromkeys(ACTION_KINDS, 0) | {CREATE: 20_000}
    config = load_with(tmp_path)

    asked = estimate(actions, config).document()
    planned = estimate(actions, config, known=200_000).document()

    assert asked["calls"] == {"create": 200, "search": 0, "general": 200}
    assert (asked["range_minutes"][0], asked["total_minutes"]) == (2.0, 2.0)  # creating; reading back goes on beside it
    assert "run_range_minutes" not in asked
    least, most = planned["run_range_minutes"]
    assert least == pytest.approx(60.6 + 2.0 + 1.0, abs=0.2)  # 1,000 pages, then 20,000 users to look up, too
    assert most > least


def test_nothing_to_send_takes_no_time(tmp_path: Path) -> None:
    document = estimate(dict.fromkeys(ACTION_KINDS, 0), load_with(tmp_path)).document()

    assert document["range_minutes"] == [0, 0]
