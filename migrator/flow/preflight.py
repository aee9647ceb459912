"""What must be right before anything is read or sent (docs/architecture.md, "The flow", step 1)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migrator.checkpoint.binding import bind_servers, check_binding, is_trial_mapping
from migrator.checkpoint.users.choices import load_choices, open_chosen
from migrator.checkpoint.users.reopening import rejudge_given, restore_unconfirmed
from migrator.checkpoint.users.sends import in_flight_pages
from migrator.checkpoint.users.verdicts import request_retry
from migrator.core.choices import chosen_login_ids, in_force
from migrator.core.errors import ConfigError
from migrator.core.grants import ROLE_NAMES, ROLES, TENANTS, USER_TENANTS
from migrator.docebo.mapped_fields import ask_docebo, missing_fields_error
from migrator.docebo.token import LoginRefused
from migrator.flow.opening import wanted_binding
from migrator.flow.plan.decisions_file import read_decisions
from migrator.flow.plan.plan_file import check_plan
from migrator.flow.plan.project_attributes import find_attributes
from migrator.flow.plan.project_grants import find_missing_grants, missing_error, missing_text
from migrator.flow.read.members import rule_members
from migrator.log.setup import get_logger
from migrator.normalize.mapping import Normalizer
from migrator.report.stages import stages_to_come

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.checkpoint.binding import Binding
    from migrator.core.choices import UserChoice
    from migrator.flow.context import MissingGrants, PlanContext

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CheckedRun:
    """What preflight found: what to bind the run to, what to plan again, whether the mapping is new.

    `chosen` is what the decisions file changes.
    """

    context: PlanContext
    wanted: Binding
    replan: int
    is_trial: bool
    chosen: Mapping[str, UserChoice | None]


def preflight(context: PlanContext) -> CheckedRun:
    """Check everything that must be right before anything is read or sent.

    Raises:
        ConfigError: says what is wrong, where, and how to fix it; nothing was changed.
    """
    config, options, checkpoint = context.config, context.options, context.checkpoint
    wanted = wanted_binding(config)
    check_binding(checkpoint, wanted, remap=options.remap)
    context.events.steps(_steps(context))
    context.events.stage("check")
    try:
        context.docebo.check_session()
    except LoginRefused as error:
        raise ConfigError(error.message, fix=error.fix) from None
    context.descope.choose_license()
    attributes = find_attributes(context.descope, config)
    missing = _find_missing(context)
    if options.plan_file is not None:
        check_plan(context, options.plan_file)
    _check_fields(context)
    restore_unconfirmed(checkpoint)
    stored = load_choices(checkpoint)
    chosen = {} if options.decisions is None else read_decisions(context, options.decisions, stored)
    is_trial = is_trial_mapping(checkpoint, wanted)
    replan = bind_servers(checkpoint, wanted, remap=options.remap)
    if replan:
        update = config.policy.update
        taken_back = ((TENANTS, USER_TENANTS), (ROLES, ROLE_NAMES))
        rejudge_given(checkpoint, [field for rule, field in taken_back if update.get(rule) == "source_wins"])
    if options.retry:
        request_retry(checkpoint, options.retry)
    open_chosen(checkpoint, chosen)
    choices = in_force(stored, chosen)
    ready = replace(context, attributes=attributes, choices=choices, missing=missing)
    return CheckedRun(ready, wanted, replan, is_trial, chosen)


def with_members(context: PlanContext) -> PlanContext:
    """The same with who is in which branch and group: whoever is normalized from here on gets what the rules give.

    Raises:
        ConfigError: a rule names a branch or group that Docebo does not have.
    """
    config, options, before = context.config, context.options, context.docebo.calls
    if config.mapping.member_lists:
        context.events.stage("members")
    members = rule_members(
        context.docebo,
        config,
        accept_short=options.accept_short_list,
        # Behind the last sweep the rights are checked anyway, but not where only some users are read.
        check_rights=bool(options.search_text),
        progress=lambda shown: context.events.progress("members", shown, None),
    )
    normalize = Normalizer(config.mapping, config.docebo.platform, chosen_login_ids(context.choices), members)
    counts = {one: len(members[one]) for one in config.mapping.member_lists}
    if counts:
        _log.info("members_read", lists=len(counts), members=sum(counts.values()))
    return replace(context, normalize=normalize, member_calls=context.docebo.calls - before, member_counts=counts)


def _steps(context: PlanContext) -> list[str]:
    return stages_to_come(
        members=bool(context.config.mapping.member_lists),
        settles=any(in_flight_pages(context.checkpoint, 1, context.lane)),
        sends=not context.options.dry_run,
        canary=context.options.canary is not None,
        verifies=context.options.verify,
    )


def _find_missing(context: PlanContext) -> MissingGrants:
    """The tenants and roles that must be created first; a run that was not told to create them sends nothing."""
    missing = find_missing_grants(context.descope, context.config)
    if missing and not context.options.dry_run:
        if not context.options.create_missing:
            raise missing_error(missing, context.config)
        context.events.notice(f"This run will create {missing_text(missing)} in Descope.")
    return missing


def _check_fields(context: PlanContext) -> None:
    """Refuse a mapping of fields that nobody has, before thousands of users silently lose them."""
    unknown = ask_docebo(context.docebo, context.config.mapping)
    if unknown.missing:
        raise missing_fields_error(unknown, context.config)
    if unknown.unseen:
        context.events.notice(f"The mapping may be wrong: {unknown.describe_unseen()}.")
