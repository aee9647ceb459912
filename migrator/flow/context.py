"""What every step of a plan or a run works with. `run.py` creates it once; no step changes it."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from migrator.core.choices import chosen_links
from migrator.core.model import MARK_PLATFORM, MARK_USER
from migrator.flow.plan.decide import DecisionRules
from migrator.flow.send.error_budget import ErrorBudget

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.config.schema import Config
    from migrator.core.choices import UserChoice
    from migrator.core.clock import Clock
    from migrator.core.member_lists import MemberList
    from migrator.core.model import Lane
    from migrator.descope.attribute_value import AttributeDefinition
    from migrator.descope.reader import DescopeReader
    from migrator.descope.writer import DescopeWriter
    from migrator.docebo.client import DoceboClient
    from migrator.flow.logbook import BatchLog
    from migrator.flow.options import Questions, RunEvents, RunOptions
    from migrator.flow.steering import Steering
    from migrator.normalize.mapping import Normalizer


@dataclass(frozen=True, slots=True)
class ProjectAttributes:
    """Custom attributes of the project.

    `types` are the type numbers of all; `missing` are those that must be defined before the first user is sent.
    """

    types: Mapping[str, int] = field(default_factory=dict)
    missing: Mapping[str, AttributeDefinition] = field(default_factory=dict)

    @property
    def can_hold_marks(self) -> bool:
        """Whether any user can carry a mark: without the attribute's definition none can."""
        return self.missing.keys().isdisjoint((MARK_PLATFORM, MARK_USER))


@dataclass(frozen=True, slots=True)
class MissingGrants:
    """What rules give and the project does not define: ids of tenants, and names of roles."""

    tenants: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.tenants or self.roles)


@dataclass(frozen=True, slots=True)
class PlanContext:
    """One plan or run of one migration, with read-only access to the destination.

    `config` is as it was read; `steering.config` has what was set since. `choices` are the decisions of people in
    force, by Docebo user id; `missing` is what must be created before the first user is sent,
    `member_calls` how many Docebo calls the members of branches and groups took, and `member_counts` how many each has.
    `lane` is whose requests it sends and settles; None if nobody else sends in this process. `alone` is held while
    users are disabled who have left, and while others are brought in: never both at once for one user.
    """

    config: Config
    options: RunOptions
    clock: Clock
    events: RunEvents
    questions: Questions
    steering: Steering
    checkpoint: Checkpoint
    docebo: DoceboClient
    descope: DescopeReader
    normalize: Normalizer
    attributes: ProjectAttributes
    choices: Mapping[str, UserChoice] = field(default_factory=dict, kw_only=True)
    missing: MissingGrants = field(default_factory=MissingGrants, kw_only=True)
    member_calls: int = field(default=0, kw_only=True)
    member_counts: Mapping[MemberList, int] = field(default_factory=dict, kw_only=True)
    lane: Lane | None = field(default=None, kw_only=True)
    alone: AbstractContextManager[object] = field(default_factory=nullcontext, kw_only=True)

    @property
    def platform(self) -> str:
        """The Docebo platform, as named in the mark."""
        return self.config.docebo.platform

    def at_once(self) -> int:
        """How many batches may be in flight now."""
        return self.steering.config.run.concurrency

    @property
    def rules(self) -> DecisionRules:
        """What decides besides the two users."""
        return DecisionRules(self.config.policy, self.attributes.types, chosen_links(self.choices))


@dataclass(frozen=True, slots=True)
class RunContext(PlanContext):
    """The same with write access to the destination, the error budget, and the log of its batches."""

    descope: DescopeWriter
    budget: ErrorBudget
    batch_log: BatchLog


def run_context(context: PlanContext, descope: DescopeWriter, batch_log: BatchLog) -> RunContext:
    """The same run, now with write access."""
    options, config = context.options, context.config
    budget = ErrorBudget(options.max_errors or config.run.max_errors, options.max_error_rate)
    plan = {one.name: getattr(context, one.name) for one in fields(context) if one.name != "descope"}
    return RunContext(**plan, descope=descope, budget=budget, batch_log=batch_log)
