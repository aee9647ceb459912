"""Values at the edge of what JSON can say are refused, or taken, but never break the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from descope_sandbox import ANA, BEN, declare

if TYPE_CHECKING:
    from descope_sandbox import World

HUGE = 10**400  # more than a double holds
DIGITS = "9" * 5000  # more than Python reads as a number


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("user/search", {"limit": 2**31}),
        ("user/search", {"fromCreatedTime": DIGITS}),
        ("user/search", {"toModifiedTime": HUGE}),
        ("user/search", {"fromCreatedTime": "٣"}),
        ("audit/search", {"from": HUGE}),
        ("audit/search", {"to": DIGITS}),
        ("audit/search", {"limit": -1}),
        ("audit/search", {"page": -1}),
        ("user/create/batch", {"users": [{"loginId": ANA, "createdTime": 2**31}]}),
    ],
)
def test_a_number_out_of_range_is_refused(world: World, path: str, body: Any) -> None:
    world.post(path, body, status=400)


@pytest.mark.parametrize(
    "raw", [b'{"loginId":"ana@example.org","customAttributes":{"size":1e400}}', '{"loginId":"ana"}'.encode("utf-16")]
)
def test_what_protobuf_does_not_read_is_refused(world: World, raw: bytes) -> None:
    declare(world, size=2)
    answer = world.session.post(f"{world.url}/v1/mgmt/user/create", data=raw, headers=world.headers, timeout=20)
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "E011001")


def test_an_option_without_a_value_fits_the_empty_text_only(world: World) -> None:
    world.post("user/customattribute/create", {"attributes": [{"name": "pick", "type": 4, "options": [{}]}]})
    world.post("user/create", {"loginId": ANA, "customAttributes": {"pick": "x"}}, status=400)
    assert world.make(ANA, customAttributes={"pick": ""})["customAttributes"] == {"pick": ""}


def test_a_date_before_the_first_year_in_utc_is_refused(world: World) -> None:
    declare(world, born=6)
    world.store.switches.dates_shown = "date_time"
    world.post("user/create", {"loginId": ANA, "customAttributes": {"born": "0001-01-01T00:00+14:00"}}, status=400)


def test_a_failed_user_shows_no_password(world: World) -> None:
    world.make(BEN)
    answer = world.post("user/create/batch", {"users": [{"loginId": BEN, "password": "made-up-1"}]})
    (failed,) = answer["failedUsers"]
    assert failed["user"]["password"] is False
