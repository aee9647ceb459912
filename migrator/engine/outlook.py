"""What a plan says beyond its counts, and how its prediction fared."""

from __future__ import annotations

from dataclasses import asdict
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from migrator.checkpoint import books, clashes, foreseen
from migrator.engine.estimate import estimate
from migrator.model import State

if TYPE_CHECKING:
    from migrator.checkpoint.books import Books
    from migrator.engine.job import Job

PAIRS_SHOWN = 100


def plan_extras(job: Job, predicted: Books) -> dict[str, Any]:
    """What a plan says beyond its counts: the cost of sending, and who collides or looks alike."""
    pairs = [
        {"docebo_user_ids": [one.user_id, two.user_id], "kind": "same" if one.login_ids == two.login_ids else "fold"}
        for group in clashes.collisions(job.checkpoint)
        for one, two in pairwise(group)
    ]
    alike = [
        {"docebo_user_ids": [one.user_id, two.user_id]}
        for group in clashes.look_alikes(job.checkpoint)
        for one, two in pairwise(group)
    ]
    return {
        "estimate": estimate(predicted, job.config).document(),
        "collisions": {"pairs": len(pairs), "first": pairs[:PAIRS_SHOWN]},
        "look_alikes": {"pairs": len(alike), "first": alike[:PAIRS_SHOWN]},
    }


def prediction(job: Job) -> dict[str, Any]:
    """Predicted against actual per state, each gap named; what was read back of what this run sent."""
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
    } | ({"verify": {"classes": job.verified}} if job.verified else {})
