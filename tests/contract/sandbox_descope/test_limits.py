"""Rate limits, as docs/contract/descope.md says."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from descope_sandbox import World

CREATE, SEARCH, OTHER = "/v1/mgmt/user/create", "/v2/mgmt/user/search", "/v1/mgmt/user/update/status"


def count_until_throttled(world: World, path: str) -> int:
    for n in range(1000):
        if world.call("POST", path, {}, status=None).status_code == 429:
            return n
    pytest.fail("never throttled")


@pytest.mark.parametrize(
    ("path", "limit", "same_bucket", "free"),
    [
        (CREATE, 100, f"{CREATE}/batch", SEARCH),
        (SEARCH, 200, "/v1/mgmt/user/update", CREATE),
        (OTHER, 500, "/v1/mgmt/user/delete", CREATE),
        ("/v1/mgmt/users/load", 100, "/v1/mgmt/tenant/create", OTHER),
    ],
)
def test_the_documented_limits_hold_per_bucket(
    world: World, path: str, limit: int, same_bucket: str, free: str
) -> None:
    world.store.switches.rate_limits = "documented"
    assert count_until_throttled(world, path) == limit
    answer = world.call("POST", same_bucket, {}, status=429)
    assert answer.headers["Retry-After"] == "60"
    assert answer.json()["errorCode"] == "E130429"
    assert world.call("POST", free, {}, status=None).status_code != 429
    world.clock.now += 59.5
    assert world.call("POST", path, {}, status=429).headers["Retry-After"] == "1"
    world.clock.now += 0.5
    assert world.call("POST", path, {}, status=None).status_code != 429


def test_a_window_slides(world: World) -> None:
    switches = world.store.switches
    switches.rate_limits, switches.custom_limits = "custom", {"search": 2}
    switches.window_seconds, switches.backoff_seconds = 10, 30
    world.search()
    world.clock.now += 6
    world.search()
    world.clock.now += 4
    world.search()
    assert world.call("POST", SEARCH, {}, status=429).headers["Retry-After"] == "30"
    world.clock.now += 29
    world.call("POST", SEARCH, {}, status=429)
    world.clock.now += 1
    world.search()
    world.make()


def test_the_right_license_can_allow_more(world: World) -> None:
    switches = world.store.switches
    switches.rate_limits, switches.custom_limits, switches.licensed_factor = "custom", {"search": 1}, 2
    world.search()
    world.call("POST", SEARCH, {}, headers={"x-descope-license": "tier1"})
    world.call("POST", SEARCH, {}, status=429, headers={"x-descope-license": "tier1"})


def test_the_429_comes_in_every_form(world: World) -> None:
    switches = world.store.switches
    switches.rate_limits, switches.custom_limits = "custom", {"search": 0}
    switches.retry_after, switches.throttle_body = "date", "html"
    answer = world.call("POST", SEARCH, {}, status=429)
    told = parsedate_to_datetime(answer.headers["Retry-After"]).timestamp()
    assert 60 <= told - world.store.wall() <= 61
    assert answer.headers["content-type"].startswith("text/html")
    switches.retry_after, switches.throttle_body = "none", "empty"
    answer = world.call("POST", SEARCH, {}, status=429)
    assert ("Retry-After" in answer.headers, answer.content) == (False, b"")
