"""Whether one user has signed in, where the sources disagree, and what asking takes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from wanted_and_held import CITY, held

from migrator.config.servers import DescopeConfig
from migrator.flow.signed_in import Dispute, Sign, SignInClass, asking_cost, dispute_about, judge_sign_in, trail_cost
from migrator.flow.signs import SignsOfLife

if TYPE_CHECKING:
    from migrator.descope.user import DescopeUser

FOUND = held(CITY)
READ = SignsOfLife(history={}, trail_from=900.0, trail_until=2000.0)
CONFIG = DescopeConfig.model_validate({"project_id": "P2x", "management_key": "K2x"})


def classed(signs: SignsOfLife, found: DescopeUser | None = FOUND) -> tuple[SignInClass, Dispute | None]:
    """The class and the dispute."""
    kind, by = judge_sign_in(found, signs)
    return kind, dispute_about("U1", by, signs)


@pytest.mark.parametrize(
    ("history", "trail", "kind", "dispute"),
    [
        ({"U1": 1000.0}, {"U1": 1000.0}, SignInClass.SIGNED_IN, None),
        ({"U1": 1000.0}, {}, SignInClass.SIGNED_IN, Dispute.HISTORY_ALONE),
        ({"U1": 899.0}, {}, SignInClass.SIGNED_IN, None),  # before the trail begins
        ({"U1": 2001.0}, {}, SignInClass.SIGNED_IN, None),  # after it was read
        ({}, {"U1": 1000.0}, SignInClass.SIGNED_IN, Dispute.TRAIL_ALONE),
        ({}, {}, SignInClass.NOT_YET, None),
        ({"U2": 1000.0}, {"U2": 1000.0}, SignInClass.NOT_YET, None),
        (None, {"U1": 1000.0}, SignInClass.SIGNED_IN, None),
        (None, {}, SignInClass.UNKNOWN, None),
    ],
)
def test_history_and_trail_say_who_has_signed_in(
    history: dict[str, float] | None, trail: dict[str, float], kind: SignInClass, dispute: Dispute | None
) -> None:
    """Either is enough; without the history nobody is believed to have stayed away."""
    assert classed(replace(READ, history=history, trail=trail)) == (kind, dispute)


@pytest.mark.parametrize(
    "change", [{"has_credential": True}, *({"attributes": {"freshlyMigrated": value}} for value in ("false", False))]
)
def test_a_flag_alone_is_a_sign_whoever_refuses_to_tell(change: dict[str, Any]) -> None:
    """It is told as alone only where both of the others were asked."""
    used = replace(FOUND, **change)

    assert classed(READ, used) == (SignInClass.SIGNED_IN, Dispute.FLAG_ALONE)
    assert classed(SignsOfLife(history={}), used) == (SignInClass.SIGNED_IN, None)
    assert classed(SignsOfLife(), used) == (SignInClass.SIGNED_IN, None)


def test_a_history_without_a_trail_is_believed_and_disputed_by_nobody() -> None:
    assert classed(SignsOfLife(history={"U1": 1000.0})) == (SignInClass.SIGNED_IN, None)
    assert classed(SignsOfLife(history={})) == (SignInClass.NOT_YET, None)


def test_whoever_is_not_shown_is_gone_whatever_the_history_says() -> None:
    assert judge_sign_in(None, SignsOfLife(history={"U1": 1000.0})) == (SignInClass.GONE, set())


def test_every_source_that_shows_a_sign_in_is_named() -> None:
    both = replace(READ, history={"U1": 1000.0}, trail={"U1": 1000.0})

    assert judge_sign_in(replace(FOUND, has_credential=True), both)[1] == set(Sign)


def test_asking_takes_two_calls_for_each_hundred_users_below_the_limits() -> None:
    """A million users: 20,002 calls, and no sooner than the 100 loads a minute allow of which 95 are ours."""
    few, many = asking_cost(101, CONFIG), asking_cost(1_000_000, CONFIG)

    assert (few.calls, few.seconds[0]) == (6, 0.0)
    assert many.calls == 20_002
    assert 105 * 60 <= many.seconds[0] <= 107 * 60 < many.seconds[1]


def test_the_trail_takes_a_search_for_each_thousand_sign_ins_at_ten_a_minute() -> None:
    """Of which the program makes nine; nothing takes time where nothing is paced."""
    cost = trail_cost(40_001, CONFIG)
    free = CONFIG.model_copy(update={"rate_limits": {}})

    assert cost.calls == 41
    assert cost.seconds[0] == pytest.approx(4 * 60, rel=0.02)
    assert trail_cost(40_001, free).seconds[0] == 0.0
