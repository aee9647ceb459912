"""What a plan says beyond its counts, and how its prediction compares with the result."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from migrator.checkpoint.runs.actions import ADOPT, CREATE, DISABLE, NOTHING, UPDATE
from migrator.checkpoint.users.collisions import colliding_users, collision_groups
from migrator.checkpoint.users.counts import count_users
from migrator.checkpoint.users.predictions import compare_prediction, count_nothing_to_do
from migrator.checkpoint.users.sends import count_left
from migrator.core.grants import ROLES, TENANTS
from migrator.core.login_ids import same_login
from migrator.core.model import Decision, State
from migrator.flow.plan.estimate import estimate
from migrator.flow.plan.leavers import count_leavers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.flow.context import PlanContext
    from migrator.report.document import CollisionsDocument, GapDocument, PairDocument, PredictedState, RunExtras

PAIRS_SHOWN = 100


def planned_actions(context: PlanContext) -> dict[str, int]:
    """How many users would be sent now, by kind, and for how many there is nothing to do."""
    left = count_left(context.checkpoint)
    return {
        CREATE: left.get(Decision.CREATE, 0),
        UPDATE: left.get(Decision.UPDATE, 0),
        ADOPT: left.get(Decision.ADOPT, 0),
        DISABLE: 0 if context.options.plan_file is not None else count_leavers(context),
        NOTHING: count_nothing_to_do(context.checkpoint),
    }


def plan_extras(context: PlanContext, actions: Mapping[str, int]) -> RunExtras:
    """What a plan says beyond its counts: the cost of sending, and which users collide or look alike.

    Args:
        actions: the result of `planned_actions`.
    """
    # Only a plan's run is still to come; a run that asks has read everybody.
    known = count_users(context.checkpoint).found if context.options.dry_run else None
    members = context.member_calls
    extras: RunExtras = {
        "estimate": estimate(actions, context.config, known, members).document(),
        "leavers": actions[DISABLE],
        "collisions": _groups(context.checkpoint, look=False),
        "look_alikes": _groups(context.checkpoint, look=True),
        "decisions": dict(sorted(Counter(one.kind.value for one in context.choices.values()).items())),
    }
    if context.config.mapping.rules:
        lacking = context.missing
        extras["missing_grants"] = {TENANTS: list(lacking.tenants), ROLES: list(lacking.roles)}
        extras["member_calls"] = members
    return extras


def _groups(checkpoint: Checkpoint, *, look: bool) -> CollisionsDocument:
    """Groups of users who share a login, or whose login ids only look alike, and the first pairs of neighbours."""
    groups = pairs = 0
    first: list[PairDocument] = []
    for _, group in collision_groups(colliding_users(checkpoint, look=look)):
        before = pairs
        for one, two in pairwise(group):
            if look and (not (one.login_ids and two.login_ids) or same_login(one.login_ids[0], two.login_ids[0])):
                continue
            pairs += 1
            if pairs <= PAIRS_SHOWN:
                pair: PairDocument = {"docebo_user_ids": [one.user_id, two.user_id]}
                if not look:
                    pair["kind"] = "same" if one.login_ids == two.login_ids else "fold"
                first.append(pair)
        groups += pairs > before
    return {"groups": groups, "pairs": pairs, "first": first}


def prediction_document(context: PlanContext) -> RunExtras:
    """Predicted against actual counts per state, with each gap."""
    predicted, gaps = compare_prediction(context.checkpoint)
    actual = count_users(context.checkpoint).states
    states: dict[str, PredictedState] = {
        state.value: {"predicted": predicted[state], "actual": actual[state]}
        for state in State
        if predicted[state] or actual[state]
    }
    told: list[GapDocument] = [
        {"predicted": gap.predicted, "actual": gap.actual, "reason": gap.reason, "users": gap.users} for gap in gaps
    ]
    return {"prediction": {"gap": sum(gap.users for gap in gaps), "states": states, "gaps": told}}
