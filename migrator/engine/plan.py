"""Decide for every pending user, with nothing but reads (design section 2, step 4)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.checkpoint import books, clashes, foreseen, marks, plans
from migrator.descope import user as descope_user
from migrator.engine import planfile
from migrator.engine.collide import losers
from migrator.engine.decide import decide
from migrator.engine.parallel import pump
from migrator.errors import ConfigError
from migrator.model import FRESHLY_MIGRATED, MARK_PLATFORM, MARK_USER, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.checkpoint.plans import Candidate, Planned
    from migrator.config import Config
    from migrator.descope.client import DescopeReader
    from migrator.descope.user import DescopeUser
    from migrator.engine.job import Job

TEXT, BOOLEAN = 1, 3  # contract descope 4.1
MARKS_AT_ONCE = 500


def missing_attributes(descope: DescopeReader, config: Config) -> dict[str, int]:
    """Custom attributes the project lacks, with the type number to define them with.

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
    return {name: number for name, number in wanted.items() if name not in there}


def plan(job: Job) -> None:
    """Mark collisions, apply the run's own filter, look everybody left up, store each decision."""
    job.events.stage("plan")
    checkpoint = job.checkpoint
    plans.reopen(checkpoint, everybody=job.policy_changed or job.options.remap)
    aside = losers(clashes.collisions(checkpoint), job.config.policy)
    for reason in sorted(set(aside.values())):
        users = [user_id for user_id, why in aside.items() if why == reason]
        plans.set_aside(checkpoint, users, State.CONFLICT, reason)
    only_seen = job.first_sweep if job.options.search_text else None
    plans.keep_only(checkpoint, limit=job.options.limit, seen_since=only_seen)
    _read_marks(job)
    look_up(job)
    if job.options.plan_file is not None:
        planfile.apply(job, job.options.plan_file)
    foreseen.predict(checkpoint, bound=job.options.plan_file is not None)
    if not job.options.dry_run:
        plans.settle_without_sending(checkpoint)


def _read_marks(job: Job) -> None:
    """Once per checkpoint: who already carries our mark, from a checkpoint that was lost (matrix L5)."""
    if marks.are_read(job.checkpoint):
        return
    found: list[tuple[str, str]] = []
    # Without the attribute's definition nobody can carry the mark, and the question costs nothing.
    if MARK_PLATFORM not in job.undefined:
        for user in job.descope.marked(job.platform):
            found.append((str(user.attributes[MARK_USER]), user.user_id))
            if len(found) == MARKS_AT_ONCE:
                marks.store(job.checkpoint, found, last=False)
                found = []
    marks.store(job.checkpoint, found, last=True)


def look_up(job: Job) -> None:
    """Decide for every undecided user, a hundred login ids at a time, several requests in flight."""
    total = books.count(job.checkpoint).states[State.PENDING]
    size = max(1, 100 // (1 + len(job.config.mapping.extra_login_ids)))
    after = ""
    decided = 0

    def next_task() -> list[Candidate] | None:
        nonlocal after
        job.clock.check()
        users = plans.undecided(job.checkpoint, after, size)
        if users:
            after = users[-1].user_id
        return _with_marks(job, users) or None

    def done(planned: list[Planned]) -> None:
        nonlocal decided
        plans.store(job.checkpoint, planned)
        decided += len(planned)
        job.events.progress("plan", decided, total)

    pump(job.config.run.concurrency, next_task, lambda users: decide_all(job, users), done)


def _with_marks(job: Job, users: list[Candidate]) -> list[Candidate]:
    """Give users the Descope ids that carried their mark before this checkpoint was begun."""
    known = marks.of(job.checkpoint, [user.user_id for user in users if user.target_id is None])
    return [
        replace(user, target_id=known[user.user_id][0], also=tuple(known[user.user_id][1:]))
        if user.user_id in known
        else user
        for user in users
    ]


def decide_all(job: Job, users: Sequence[Candidate]) -> list[Planned]:
    """Look users up and decide for each; talks to Descope only."""
    ids = [id_ for user in users if user.target_id is not None for id_ in (user.target_id, *user.also)]
    known = {user.user_id: user for user in job.descope.load(ids)}
    asked = [login_id for user in users if not _is_at_home(user, known) for login_id in user.target.all_login_ids]
    found = [*job.descope.search_logins(asked), *known.values()]
    policy = job.config.policy
    planned = []
    for user in users:
        matches = descope_user.find(found, user.target.all_login_ids)
        matches += [known[id_] for id_ in user.also if id_ in known and known[id_] not in matches]
        now = known.get(user.target_id or "")
        planned.append(decide(user.target, matches, now, policy, known_id=user.target_id))
    return planned


def _is_at_home(user: Candidate, known: dict[str, DescopeUser]) -> bool:
    """Whether the user we know by id already answers to every login id, so that nobody else can."""
    there = known.get(user.target_id or "")
    return there is not None and all(there.answers_to(login_id) for login_id in user.target.all_login_ids)
