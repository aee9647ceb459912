"""Which custom attributes a project has, which it lacks, and whether those it has can take what is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from migrator.core.errors import ConfigError
from migrator.core.model import DOCEBO_USERNAME, FRESHLY_MIGRATED, MARK_PLATFORM, MARK_USER
from migrator.descope.attribute_value import AttributeDefinition, AttributeType
from migrator.flow.context import ProjectAttributes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.config.schema import Config, MappingConfig
    from migrator.descope.reader import DescopeReader

MOST_OPTIONS = 5  # named in an error
_OURS: Final[Mapping[str, AttributeDefinition]] = {
    MARK_USER: AttributeDefinition(AttributeType.TEXT),
    MARK_PLATFORM: AttributeDefinition(AttributeType.TEXT),
    DOCEBO_USERNAME: AttributeDefinition(AttributeType.TEXT),
    FRESHLY_MIGRATED: AttributeDefinition(AttributeType.BOOLEAN),
}


def find_attributes(descope: DescopeReader, config: Config) -> ProjectAttributes:
    """The custom attributes that the project has, and those it lacks.

    Raises:
        ConfigError: an attribute exists with another type or without an option, so that its values would be refused.
    """
    needed = needed_attributes(config.mapping)
    defined = descope.attributes()
    for name in sorted(needed.keys() & defined.keys()):
        _check(name, needed[name], defined[name], config)
    missing = {name: one for name, one in needed.items() if name not in defined}
    return ProjectAttributes({name: one.kind for name, one in {**defined, **needed}.items()}, missing)


def needed_attributes(mapping: MappingConfig) -> dict[str, AttributeDefinition]:
    """The definitions without which nobody can be sent: ours and those of the mapping."""
    mapped = {
        name: AttributeDefinition(AttributeType[one.type.upper()], one.options)
        for name, one in mapping.attributes.items()
    }
    return {**_OURS, **mapped}


def _check(name: str, wanted: AttributeDefinition, found: AttributeDefinition, config: Config) -> None:
    place = config.place_of(f"mapping.attributes.{name}")
    if found.kind != wanted.kind and name in _OURS:
        raise ConfigError(
            f"The custom attribute {name} is {found.type_name} in Descope, but the migrator needs {wanted.type_name}.",
            fix=f"Delete it in the Descope console, or define it there as {wanted.type_name}.",
        )
    if found.kind != wanted.kind:
        raise ConfigError(
            f"The custom attribute {name} is {found.type_name} in Descope, but {wanted.type_name} in {place}.",
            fix=f"Give it the same type in both: change {place}, or define it in the Descope console as"
            f" {wanted.type_name}; or map to another attribute name.",
        )
    lacking = [one for one in wanted.options if one not in found.options]
    if lacking:
        more = f" and {len(lacking) - MOST_OPTIONS} more" if len(lacking) > MOST_OPTIONS else ""
        raise ConfigError(
            f"The custom attribute {name} in Descope lacks options that {place} names:"
            f" {', '.join(lacking[:MOST_OPTIONS])}{more}.",
            fix="Add them in the Descope console, each with this text as its value, or take them out of the mapping.",
        )
