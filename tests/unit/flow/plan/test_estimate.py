"""How long the limits make a first migration last, by arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from config_files import load_with

from migrator.flow.plan.estimate import estimate_migration
from migrator.http.pace import Limit, least_seconds

if TYPE_CHECKING:
    from pathlib import Path


def stages(folder: Path, users: int, **sections: Any) -> dict[str, tuple[int, float]]:
    """Calls and minutes of each step."""
    return {one.name: (one.calls, one.minutes) for one in estimate_migration(users, load_with(folder, **sections))}


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

    assert {(one.minutes, one.limit) for one in estimate_migration(10**6, config)} == {(0.0, None)}


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
