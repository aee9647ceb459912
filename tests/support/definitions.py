"""Definitions of custom attributes that somebody made in Descope before us."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from migrator.core.clock import Clock
from migrator.descope.attribute_value import AttributeDefinition
from migrator.descope.writer import DescopeWriter

if TYPE_CHECKING:
    from world import Place


def define(place: Place, name: str, kind: int, *options: str) -> None:
    """Define an attribute with that type's number, or define it anew."""
    with closing(DescopeWriter(place.config.descope, Clock())) as descope:
        descope.create_attributes({name: AttributeDefinition(kind, options)})
