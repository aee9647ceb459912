"""What a plan says beyond its counts, and how its prediction fared."""

from __future__ import annotations

from dataclasses import asdict
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from migrator.checkpoint import books, clashes, foreseen, sends, tally
from migrator.engine.estimate import estimate
from migrator.engine.leave import leavers_to_disable
from migrator.model import Decision, State
from migrator.normalize.identity import same_login

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from migrator.checkpoint.clashes import Member
    from migrator.engine.job import Job

PAIRS_SHOWN = 100


def planned_actions(job: Job) -> dict[str, int]:
    """How many users would be sent now, by kind, and for how many there is nothing to do."""
    left = sends.left(job.checkpoint)
    return {
        tally.CREATE: left.get(Decision.CREATE, 0),
        tally.UPDATE: left.get(Decision.UPDATE, 0),
        tally.ADOPT: left.get(Decision.ADOPT, 0),
        tally.DISABLE: 0 if job.options.plan_file is not None else leavers_to_disable(job),
        tally.NOTHING: foreseen.nothing_to_do(job.checkpoint),
    }


def plan_extras(job: Job, actions: Mapping[str, int]) -> dict[str, Any]:
    """What a plan says beyond its counts: the cost of sending, and who collides or looks alike.

    Args:
        actions: what `planned_actions` found.
    """
    pairs, shown = _pairs(
        ({"kind": "same" if one.login_ids == two.login_ids else "fold"}, one, two)
        for one, two in _neighbours(clashes.colliding(job.checkpoint))
    )
    alike, shown_alike = _pairs(
        ({}, one, two)
        for one, two in _neighbours(clashes.colliding(job.checkpoint, look=True))
        if one.login_ids and two.login_ids and not same_login(one.login_ids[0], two.login_ids[0])
    )
    return {
        "estimate": estimate(actions, job.config).document(),
        "leavers": actions[tally.DISABLE],
        "collisions": {"pairs": pairs, "first": shown},
        "look_alikes": {"pairs": alike, "first": shown_alike},
    }


def _neighbours(members: Iterator[Member]) -> Iterator[tuple[Member, Member]]:
    """Each member of a group with the one behind it."""
    return (pair for _, group in clashes.groups(members) for pair in pairwise(group))


def _pairs(found: Iterator[tuple[dict[str, str], Member, Member]]) -> tuple[int, list[dict[str, Any]]]:
    """How many pairs there are, and the first ones as documents."""
    first: list[dict[str, Any]] = []
    number = 0
    for number, (what, one, two) in enumerate(found, start=1):
        if number <= PAIRS_SHOWN:
            first.append({"docebo_user_ids": [one.user_id, two.user_id], **what})
    return number, first


def prediction(job: Job) -> dict[str, Any]:
    """Predicted against actual per state, each gap named."""
    predicted, gaps = foreseen.compare(job.checkpoint)
    actual = books.count(job.checkpoint).states
    states = {
        state.value: {"predicted": predicted[state], "actual": actual[state]}
        for state in State
        if predicted[state] or actual[state]
    }
    return {
        "prediction": {
            "gap": sum(gap.users for gap in gaps),
            "states": states,
            "gaps": [asdict(gap) for gap in gaps],
        }
    }
