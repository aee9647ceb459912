"""Which tenants and roles rules give that the project lacks, and creating them (docs/decisions/0027)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.core.errors import ConfigError, Refused, StopRun
from migrator.core.grants import Grant
from migrator.descope.refusals import REFUSED_KEY, key_refused
from migrator.flow.context import MissingGrants
from migrator.log.setup import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from migrator.config.schema import Config, MappingConfig
    from migrator.descope.reader import DescopeReader
    from migrator.descope.writer import DescopeWriter

_log = get_logger(__name__)

MOST_NAMED = 10  # tenants or roles in a message


def find_missing_grants(descope: DescopeReader, config: Config) -> MissingGrants:
    """What the rules give and the project does not define; without rules, nothing is asked.

    Raises:
        ConfigError: a tenant is called by its name instead of its id, or the key may not read.
    """
    wanted = config.mapping.grants
    if not wanted:
        return MissingGrants()
    tenants = {one.tenant for one in wanted if one.tenant}
    there = descope.tenants() if tenants else {}
    missing = tuple(sorted(tenants - there.keys()))
    _refuse_names(missing, there, config)
    roles = descope.roles() if any(one.role for one in wanted) else set()
    undefined = {one.role for one in wanted if one.role and not {one, Grant("", one.role)} & roles}
    return MissingGrants(missing, tuple(sorted(undefined)))


def _refuse_names(missing: Sequence[str], there: dict[str, str], config: Config) -> None:
    """A tenant that is made by an id which is another one's name would be the wrong one."""
    ids = {name: tenant_id for tenant_id, name in there.items()}
    named = [one for one in missing if one in ids]
    if named:
        raise ConfigError(
            f"Rules give tenants by their names, not by their ids: {', '.join(named[:MOST_NAMED])}.",
            fix=f"Write the id: {'; '.join(f'{ids[one]} at {_places(config, one)}' for one in named[:MOST_NAMED])}.",
        )


def missing_text(missing: MissingGrants) -> str:
    """What is missing, as in `the tenants acme, beta and the role Learner`."""
    return " and ".join(filter(None, (_named("tenant", missing.tenants), _named("role", missing.roles))))


def _named(kind: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"the {kind}{'s' if len(names) > 1 else ''} {', '.join(names[:MOST_NAMED])}{more}"


def missing_error(missing: MissingGrants, config: Config) -> ConfigError:
    """The error about tenants and roles that the project does not have."""
    places = dict.fromkeys(_places(config, one) for one in (*missing.tenants, *missing.roles))
    return ConfigError(
        f"Rules give what Descope does not have: {missing_text(missing)}.",
        fix=f"Correct {', '.join(list(places)[:MOST_NAMED])} (a tenant is named by its id); or create them in the"
        " Descope console; or let `migrator run --create-missing` create them.",
    )


def _places(config: Config, name: str) -> str:
    """Where the rules first name this tenant or role."""
    return next(config.place_of(key) for key in _keys(config.mapping, name))


def _keys(mapping: MappingConfig, name: str) -> Iterator[str]:
    for key, rule in mapping.keyed_rules():
        if getattr(rule, "tenant", None) == name:
            yield f"mapping.{key}.tenant"
        if name in rule.roles:
            yield f"mapping.{key}.roles"


def create_missing(descope: DescopeWriter, config: Config, missing: MissingGrants) -> None:
    """Create tenants and roles, each once; what somebody else has created meanwhile is as good.

    Raises:
        ConfigError: the key may not create any.
        StopRun: Descope refuses one.
    """
    for tenant in missing.tenants:
        try:
            descope.create_tenant(tenant)
        except Refused as error:
            if tenant in find_missing_grants(descope, config).tenants:
                raise _not_created(f"tenant {tenant}", _places(config, tenant), error, config) from None
    for role in missing.roles:
        try:
            descope.create_role(role)
        except Refused as error:
            if role in find_missing_grants(descope, config).roles:
                raise _not_created(f"role {role}", _places(config, role), error, config) from None
    _log.info("grants_created", tenants=list(missing.tenants), roles=list(missing.roles))


def _not_created(what: str, place: str, error: Refused, config: Config) -> ConfigError | StopRun:
    if error.status in REFUSED_KEY:
        return key_refused(config.descope, error)
    return StopRun(
        f"Descope refused to create the {what} ({error}).",
        fix=f"Create it in the Descope console, or correct {place}; then run again.",
    )
