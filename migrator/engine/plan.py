"""Decide for every pending user, with nothing but reads (design section 2, step 4)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.checkpoint import books, clashes, foreseen, plans, reopening
from migrator.descope import user as descope_user
from migrator.engine import planfile
from migrator.engine.collide import set_aside
from migrator.engine.decide import decide, new_address, unless_taken
from migrator.engine.parallel import pump
from migrator.errors import ConfigError
from migrator.model import FRESHLY_MIGRATED, MARK_PLATFORM, MARK_USER, Decision, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.checkpoint.plans import Before, Candidate, Planned
    from migrator.config import Config
    from migrator.descope.reader import DescopeReader
    from migrator.descope.user import DescopeUser
    from migrator.engine.job import Job

TEXT, BOOLEAN = 1, 3  # contract descope 4.1


def missing_attributes(descope: DescopeReader, config: Config) -> tuple[dict[str, int], dict[str, int]]:
    """Custom attributes the project lacks, and all it will have, each with its type number.

    Raises:
        ConfigError: an attribute is there with another type, so that its values would be refused.
    """
    wanted = {MARK_USER: TEXT, MARK_PLATFORM: TEXT, FRESHLY_MIGRATED: BOOLEAN}
    wanted |= dict.fromkeys(config.mapping.attributes, TEXT)
    there = descope.attributes()
    wrong = sorted(name for name, number in wanted.items() if there.get(name, number) != number)
    if wrong:
        kind = "Boolean" if wanted[wrong[0]] == BOOLEAN else "Text"
        raise ConfigError(
            f"Descope has the custom attribute {wrong[0]} with another type than the migrator sends.",
            fix=f"Define it as {kind} in the Descope console, or map to another name.",
        )
    return {name: number for name, number in wanted.items() if name not in there}, {**there, **wanted}


def plan(job: Job) -> None:
    """Mark collisions, apply the run's own filter, look everybody left up, store each decision."""
    job.events.stage("plan")
    checkpoint = job.checkpoint
    reopening.reopen(checkpoint, job.asked)
    set_aside(checkpoint, clashes.colliding(checkpoint), job.config.policy)
    only_seen = job.first_sweep if job.options.search_text else None
    plans.keep_only(checkpoint, limit=job.options.limit, seen_since=only_seen)
    look_up(job)
    plans.part_shared_targets(checkpoint)
    if job.options.plan_file is not None:
        planfile.apply(job, job.options.plan_file)
    foreseen.predict(checkpoint, bound=job.options.plan_file is not None)


def look_up(job: Job) -> None:
    """Decide for every undecided user, a hundred login ids at a time, several requests in flight."""
    total = books.count(job.checkpoint).states[State.PENDING]
    size = max(1, 100 // (1 + len(job.config.mapping.extra_login_ids)))
    after = ""
    decided = 0
    job.events.progress("plan", 0, total)

    def next_task() -> list[Candidate] | None:
        nonlocal after
        job.clock.check()
        users = plans.undecided(job.checkpoint, after, size)
        if users:
            after = users[-1].user_id
        return users or None

    def done(planned: list[Planned]) -> None:
        nonlocal decided
        plans.store(job.checkpoint, _know_who_is_gone(job, planned))
        decided += len(planned)
        job.events.progress("plan", decided, total)

    pump(job.config.run.concurrency, next_task, lambda users: decide_all(job, users), done)


def _know_who_is_gone(job: Job, planned: Sequence[Planned]) -> list[Planned]:
    """A login that belongs to a user whom Docebo has deleted since is another matter than one in use."""
    holders = [plan.holder for plan in planned if plan.holder]
    gone = plans.vanished(job.checkpoint, holders) if holders else {}
    return [
        _taken_over(plan.if_holder_is_gone, gone[plan.holder])
        if plan.holder in gone and plan.if_holder_is_gone is not None
        else plan
        for plan in planned
    ]


def _taken_over(plan: Planned, before: Before) -> Planned:
    """Who takes a user of ours over takes over what is known of it: it is as much ours as before."""
    if plan.decision != Decision.ADOPT:
        return plan
    return replace(plan, origin=before.origin, sent=before.sent, disabled_by_us=before.disabled_by_us)


def decide_all(job: Job, users: Sequence[Candidate]) -> list[Planned]:
    """Look users up by id, login id and mark, and decide for each; talks to Descope only."""
    ids = [user.target_id for user in users if user.target_id is not None]
    known = {user.user_id: user for user in job.descope.load(ids)}
    found = _find(job, [user for user in users if not _is_at_home(user, known)])
    planned = []
    for user in users:
        matches = descope_user.find(known.values(), user.target.all_login_ids) + found.get(user.user_id, [])
        planned.append(decide(user, matches, known.get(user.target_id or ""), job.rules))
    return _unless_addresses_are_taken(job, users, planned)


def _unless_addresses_are_taken(job: Job, users: Sequence[Candidate], planned: list[Planned]) -> list[Planned]:
    """Descope refuses an address that is another user's login id, and a plan must foresee that."""
    addresses = [address for user, plan in zip(users, planned, strict=True) if (address := new_address(user, plan))]
    if not addresses:
        return planned
    holders = job.descope.search_logins(addresses)
    return [unless_taken(user, plan, holders) for user, plan in zip(users, planned, strict=True)]


def _find(job: Job, users: Sequence[Candidate]) -> dict[str, list[DescopeUser]]:
    """Docebo user id to everybody at Descope who has a login id of that user or carries its mark."""
    asked = [login_id for user in users for login_id in user.target.spellings]
    found = job.descope.search_logins(asked)
    unplaced = any(not descope_user.find([one], asked) for one in found)
    # Without the attribute's definition nobody can carry the mark, and the question costs nothing.
    marked = []
    if users and job.undefined.keys().isdisjoint((MARK_PLATFORM, MARK_USER)):
        marked = job.descope.marked_as(job.platform, [user.user_id for user in users])
    matches = {}
    for user in users:
        theirs = descope_user.find([*found, *marked], user.target.all_login_ids)
        theirs += [one for one in marked if one.mark() == (job.platform, user.user_id)]
        if unplaced:
            # The server takes some login id for another than we do: then each is asked for alone.
            theirs += filter(None, map(job.descope.by_login, user.target.all_login_ids))
        matches[user.user_id] = theirs
    return matches


def _is_at_home(user: Candidate, known: dict[str, DescopeUser]) -> bool:
    """Whether the user we know by id already answers to every login id, so that nobody else can."""
    there = known.get(user.target_id or "")
    return there is not None and all(there.answers_to(login_id) for login_id in user.target.all_login_ids)
