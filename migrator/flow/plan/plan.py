"""Decide for every pending user, with nothing but reads (docs/architecture.md, "The flow")."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.checkpoint.users.collisions import colliding_users
from migrator.checkpoint.users.counts import count_users
from migrator.checkpoint.users.plans import (
    refuse_shared_targets,
    skip_all_but,
    store_actions,
    undecided_users,
    vanished_users,
)
from migrator.checkpoint.users.predictions import store_predictions
from migrator.checkpoint.users.reopening import reopen_users
from migrator.core.errors import ConfigError
from migrator.core.model import FRESHLY_MIGRATED, MARK_PLATFORM, MARK_USER, Decision, State
from migrator.descope.user import find_by_login
from migrator.flow.plan.collisions import set_losers_aside
from migrator.flow.plan.decide import decide, new_address, unless_taken
from migrator.flow.plan.plan_file import apply_plan
from migrator.flow.threads import run_in_threads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.checkpoint.users.plans import FormerUser, PlannedAction, QueuedUser
    from migrator.config.schema import Config
    from migrator.descope.reader import DescopeReader
    from migrator.descope.user import DescopeUser
    from migrator.flow.context import RunContext

_TEXT, _BOOLEAN = 1, 3  # docs/contract/descope.md 4.1


def missing_attributes(descope: DescopeReader, config: Config) -> tuple[dict[str, int], dict[str, int]]:
    """Custom attributes the project lacks, and all it will have, each with its type number.

    Raises:
        ConfigError: an attribute is there with another type, so that its values would be refused.
    """
    wanted = {MARK_USER: _TEXT, MARK_PLATFORM: _TEXT, FRESHLY_MIGRATED: _BOOLEAN}
    wanted |= dict.fromkeys(config.mapping.attributes, _TEXT)
    there = descope.attributes()
    wrong = sorted(name for name, number in wanted.items() if there.get(name, number) != number)
    if wrong:
        kind = "Boolean" if wanted[wrong[0]] == _BOOLEAN else "Text"
        raise ConfigError(
            f"Descope has the custom attribute {wrong[0]} with another type than the migrator sends.",
            fix=f"Define it as {kind} in the Descope console, or map to another name.",
        )
    return {name: number for name, number in wanted.items() if name not in there}, {**there, **wanted}


def make_plan(job: RunContext) -> None:
    """Mark collisions, apply the run's own filter, look everybody left up, store each decision."""
    job.events.stage("plan")
    checkpoint = job.checkpoint
    reopen_users(checkpoint, job.asked)
    set_losers_aside(checkpoint, colliding_users(checkpoint), job.config.policy)
    only_seen = job.first_sweep if job.options.search_text else None
    skip_all_but(checkpoint, limit=job.options.limit, seen_since=only_seen)
    look_up_users(job)
    refuse_shared_targets(checkpoint)
    if job.options.plan_file is not None:
        apply_plan(job, job.options.plan_file)
    store_predictions(checkpoint, bound=job.options.plan_file is not None)


def look_up_users(job: RunContext) -> None:
    """Decide for every undecided user, a hundred login ids at a time, several requests in flight."""
    total = count_users(job.checkpoint).states[State.PENDING]
    size = max(1, 100 // (1 + len(job.config.mapping.extra_login_ids)))
    after = ""
    decided = 0
    job.events.progress("plan", 0, total)

    def next_task() -> list[QueuedUser] | None:
        nonlocal after
        job.clock.check()
        users = undecided_users(job.checkpoint, after, size)
        if users:
            after = users[-1].user_id
        return users or None

    def done(planned: list[PlannedAction]) -> None:
        nonlocal decided
        store_actions(job.checkpoint, _know_who_is_gone(job, planned))
        decided += len(planned)
        job.events.progress("plan", decided, total)

    run_in_threads(job.config.run.concurrency, next_task, lambda users: decide_all(job, users), done)


def _know_who_is_gone(job: RunContext, planned: Sequence[PlannedAction]) -> list[PlannedAction]:
    """A login that belongs to a user whom Docebo has deleted since is another matter than one in use."""
    holders = [plan.holder for plan in planned if plan.holder]
    gone = vanished_users(job.checkpoint, holders) if holders else {}
    return [
        _taken_over(plan.if_holder_is_gone, gone[plan.holder])
        if plan.holder in gone and plan.if_holder_is_gone is not None
        else plan
        for plan in planned
    ]


def _taken_over(plan: PlannedAction, before: FormerUser) -> PlannedAction:
    """Who takes a user of ours over takes over what is known of it: it is as much ours as before."""
    if plan.decision != Decision.ADOPT:
        return plan
    return replace(plan, origin=before.origin, sent=before.sent, disabled_by_us=before.disabled_by_us)


def decide_all(job: RunContext, users: Sequence[QueuedUser]) -> list[PlannedAction]:
    """Look users up by id, login id and mark, and decide for each; talks to Descope only."""
    ids = [user.target_id for user in users if user.target_id is not None]
    known = {user.user_id: user for user in job.descope.load(ids)}
    found = _find(job, [user for user in users if not _is_at_home(user, known)])
    planned = []
    for user in users:
        matches = find_by_login(known.values(), user.target.all_login_ids) + found.get(user.user_id, [])
        planned.append(decide(user, matches, known.get(user.target_id or ""), job.rules))
    return _unless_addresses_are_taken(job, users, planned)


def _unless_addresses_are_taken(
    job: RunContext, users: Sequence[QueuedUser], planned: list[PlannedAction]
) -> list[PlannedAction]:
    """Descope refuses an address that is another user's login id, and a plan must foresee that."""
    addresses = [address for user, plan in zip(users, planned, strict=True) if (address := new_address(user, plan))]
    if not addresses:
        return planned
    holders = job.descope.search_logins(addresses)
    return [unless_taken(user, plan, holders) for user, plan in zip(users, planned, strict=True)]


def _find(job: RunContext, users: Sequence[QueuedUser]) -> dict[str, list[DescopeUser]]:
    """Docebo user id to everybody at Descope who has a login id of that user or carries its mark."""
    asked = [login_id for user in users for login_id in user.target.spellings]
    found = job.descope.search_logins(asked)
    unplaced = any(not find_by_login([one], asked) for one in found)
    # Without the attribute's definition nobody can carry the mark, and the question costs nothing.
    marked = []
    if users and job.undefined.keys().isdisjoint((MARK_PLATFORM, MARK_USER)):
        marked = job.descope.marked_as(job.platform, [user.user_id for user in users])
    matches = {}
    for user in users:
        theirs = find_by_login([*found, *marked], user.target.all_login_ids)
        theirs += [one for one in marked if one.mark() == (job.platform, user.user_id)]
        if unplaced:
            # The server takes some login id for another than we do: then each is asked for alone.
            theirs += filter(None, map(job.descope.by_login, user.target.all_login_ids))
        matches[user.user_id] = theirs
    return matches


def _is_at_home(user: QueuedUser, known: dict[str, DescopeUser]) -> bool:
    """Whether the user we know by id already answers to every login id, so that nobody else can."""
    there = known.get(user.target_id or "")
    return there is not None and all(there.answers_to(login_id) for login_id in user.target.all_login_ids)
