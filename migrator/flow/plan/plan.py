"""Decide for every pending user, with reads only (docs/architecture.md, "The flow")."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from migrator.checkpoint.users.collisions import colliding_users
from migrator.checkpoint.users.counts import count_users
from migrator.checkpoint.users.plans import (
    refuse_shared_targets,
    skip_all_but,
    store_actions,
    undecided_pages,
    vanished_users,
)
from migrator.checkpoint.users.predictions import store_predictions
from migrator.checkpoint.users.reopening import reopen_users
from migrator.core.choices import Choice, users_chosen
from migrator.core.model import Decision, State
from migrator.descope.user import find_by_login
from migrator.flow.plan.collisions import set_losers_aside
from migrator.flow.plan.decide import decide, new_address, unless_taken
from migrator.flow.plan.plan_file import apply_plan
from migrator.flow.threads import run_in_threads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.checkpoint.users.plans import PlannedAction
    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.config.schema import Config
    from migrator.descope.reader import DescopeReader
    from migrator.descope.user import DescopeUser
    from migrator.flow.context import PlanContext, ProjectAttributes
    from migrator.flow.plan.decide import DecisionRules


class LooksUp(Protocol):
    """What looking users up and deciding for them needs; a `PlanContext` has it."""

    @property
    def descope(self) -> DescopeReader:
        """Where users are looked up."""
        ...

    @property
    def attributes(self) -> ProjectAttributes:
        """The custom attributes of the project."""
        ...

    @property
    def platform(self) -> str:
        """The Docebo platform, as named in the mark."""
        ...

    @property
    def rules(self) -> DecisionRules:
        """What decides besides the two users."""
        ...


def make_plan(context: PlanContext, *, first_sweep: int, replan: int = 0, once_more: bool = False) -> None:
    """Set collisions aside, apply the run's own filter, look up everybody left, store each decision.

    Args:
        first_sweep: the first sweep of the reading before.
        replan: what to plan again (`bind_servers`).
        once_more: a confirming sweep found users after the plan was made, whose decisions stay.
    """
    context.events.stage("plan")
    checkpoint = context.checkpoint
    reopen_users(checkpoint, replan, keep_decisions=once_more)
    chosen = users_chosen(context.choices, Choice.KEEP, Choice.LINK)
    set_losers_aside(checkpoint, colliding_users(checkpoint), context.config.policy, chosen)
    only_seen = first_sweep if context.options.search_text else None
    skip_all_but(checkpoint, limit=context.options.limit, seen_since=only_seen)
    look_up_users(context)
    refuse_shared_targets(checkpoint)
    if context.options.plan_file is not None:
        apply_plan(context, context.options.plan_file)
    store_predictions(checkpoint, bound=context.options.plan_file is not None, once_more=once_more)


def users_per_search(config: Config) -> int:
    """How many users fit into one search, which takes a hundred login ids."""
    return max(1, 100 // (1 + len(config.mapping.extra_login_ids)))


def look_up_users(context: PlanContext) -> None:
    """Decide for every undecided user, a hundred login ids at a time, several requests in flight."""
    total = count_users(context.checkpoint).states[State.PENDING]
    left = undecided_pages(context.checkpoint, users_per_search(context.config))
    decided = 0
    context.events.progress("plan", 0, total)

    def next_task() -> list[StoredUser] | None:
        context.clock.check()
        return next(left, None)

    def done(planned: list[PlannedAction]) -> None:
        nonlocal decided
        store_actions(context.checkpoint, know_who_is_gone(context, planned))
        decided += len(planned)
        context.events.progress("plan", decided, total)

    run_in_threads(context.at_once, next_task, lambda users: decide_all(context, users), done)


def know_who_is_gone(context: PlanContext, planned: Sequence[PlannedAction]) -> list[PlannedAction]:
    """Decide differently if Docebo has since deleted the user who holds the login."""
    holders = [plan.holder for plan in planned if plan.holder]
    gone = vanished_users(context.checkpoint, holders) if holders else {}
    return [
        _taken_over(plan.if_holder_is_gone, gone[plan.holder])
        if plan.holder in gone and plan.if_holder_is_gone is not None
        else plan
        for plan in planned
    ]


def _taken_over(plan: PlannedAction, before: StoredUser) -> PlannedAction:
    """A user that takes over one of ours inherits what is known about it: it is as much ours as before."""
    if plan.decision != Decision.ADOPT:
        return plan
    return replace(plan, origin=before.origin, sent=before.sent, disabled_by_us=before.disabled_by_us)


def decide_all(context: LooksUp, users: Sequence[StoredUser]) -> list[PlannedAction]:
    """Look users up by id, login id and mark, and decide for each; talks to Descope only."""
    ids = [user.descope_id for user in users if user.descope_id is not None]
    known = {user.user_id: user for user in context.descope.load(ids)}
    found = _find(context, [user for user in users if not _is_at_home(user, known)])
    planned = []
    for user in users:
        matches = find_by_login(known.values(), user.target.all_login_ids) + found.get(user.user_id, [])
        planned.append(decide(user, matches, known.get(user.descope_id or ""), context.rules))
    return _unless_addresses_are_taken(context, users, planned)


def _unless_addresses_are_taken(
    context: LooksUp, users: Sequence[StoredUser], planned: list[PlannedAction]
) -> list[PlannedAction]:
    """Descope refuses an address that is another user's login id, and the plan must predict that."""
    addresses = [address for user, plan in zip(users, planned, strict=True) if (address := new_address(user, plan))]
    if not addresses:
        return planned
    holders = context.descope.search_logins(addresses)
    return [unless_taken(user, plan, holders) for user, plan in zip(users, planned, strict=True)]


def _find(context: LooksUp, users: Sequence[StoredUser]) -> dict[str, list[DescopeUser]]:
    """Docebo user id to all Descope users that have a login id of that user or carry its mark."""
    asked = [login_id for user in users for login_id in user.target.spellings]
    found = context.descope.search_logins(asked)
    unplaced = any(not find_by_login([one], asked) for one in found)
    marked = []
    if users and context.attributes.can_hold_marks:
        marked = context.descope.marked_as(context.platform, [user.user_id for user in users])
    matches = {}
    for user in users:
        theirs = find_by_login([*found, *marked], user.target.all_login_ids)
        theirs += [one for one in marked if one.mark() == (context.platform, user.user_id)]
        if unplaced:
            # The server equates some login ids that we do not: look up each one alone.
            theirs += filter(None, map(context.descope.by_login, user.target.all_login_ids))
        matches[user.user_id] = theirs
    return matches


def _is_at_home(user: StoredUser, known: dict[str, DescopeUser]) -> bool:
    """Whether the user known by id already has every login id, so that nobody else can have one."""
    there = known.get(user.descope_id or "")
    return there is not None and all(there.answers_to(login_id) for login_id in user.target.all_login_ids)
