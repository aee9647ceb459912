"""Custom attributes that a project lacks, or has with another type."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from in_memory import Descope, run_context

from migrator.core.errors import ConfigError
from migrator.descope.attribute_value import AttributeDefinition, AttributeType
from migrator.flow.plan.project_attributes import find_attributes

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.flow.context import RunContext


TYPED = {
    "city": "field_4",
    "hired": {"field": "field_9", "type": "date"},
    "shift": {"field": "field_5", "type": "single_select", "options": ["Day", "Night"]},
}


def work_with(store: Checkpoint, folder: Path, descope: Descope) -> RunContext:
    """A run with a text, a date and a select attribute."""
    return run_context(store, folder, descope=descope, settings={"mapping": {"attributes": TYPED}})


def test_what_the_project_lacks_is_named_with_its_type(store: Checkpoint, tmp_path: Path) -> None:
    descope = Descope()
    descope.types = {"doceboUserId": 1, "theirs": 2}

    found = find_attributes(descope, work_with(store, tmp_path, descope).config)

    assert found.missing == {
        "doceboPlatform": AttributeDefinition(AttributeType.TEXT),
        "doceboUsername": AttributeDefinition(AttributeType.TEXT),
        "freshlyMigrated": AttributeDefinition(AttributeType.BOOLEAN),
        "city": AttributeDefinition(AttributeType.TEXT),
        "hired": AttributeDefinition(AttributeType.DATE),
        "shift": AttributeDefinition(AttributeType.SINGLE_SELECT, ("Day", "Night")),
    }
    assert found.types == {"doceboUserId": 1, "theirs": 2, **{name: one.kind for name, one in found.missing.items()}}


@pytest.mark.parametrize(
    ("types", "message", "fix"),
    [
        (
            {"city": 2, "hired": 1},
            "The custom attribute city is number in Descope, but text in mapping.attributes.city (",
            "Give it the same type in both: change mapping.attributes.city (",
        ),
        ({"hired": 0}, "The custom attribute hired is of an unknown type in Descope, but date in ", "Give it"),
        (
            {"freshlyMigrated": 1},
            "The custom attribute freshlyMigrated is text in Descope, but the migrator needs boolean.",
            "Delete it in the Descope console, or define it there as boolean.",
        ),
        (
            {"doceboUserId": 3, "doceboPlatform": 3},
            "The custom attribute doceboPlatform is boolean in Descope, but the migrator needs text.",
            "Delete it in the Descope console, or define it there as text.",
        ),
    ],
)
def test_an_attribute_of_another_type_is_refused(
    store: Checkpoint, tmp_path: Path, types: dict[str, int], message: str, fix: str
) -> None:
    """Its values would be refused, or change every user's: the error says both types and where ours is written."""
    descope = Descope()
    descope.types |= types
    work = work_with(store, tmp_path, descope)

    with pytest.raises(ConfigError) as caught:
        find_attributes(descope, work.config)

    assert caught.value.message.startswith(message)
    assert (caught.value.fix or "").startswith(fix)


def test_a_select_without_an_option_of_ours_is_refused(store: Checkpoint, tmp_path: Path) -> None:
    """A value of it would be refused; options that only Descope has disturb nobody."""
    descope = Descope()
    descope.types |= {"shift": 4}
    descope.options = {"shift": ("Night", "Late")}
    work = work_with(store, tmp_path, descope)

    with pytest.raises(ConfigError, match=r"attribute shift in Descope lacks options that .+ names: Day\.$"):
        find_attributes(descope, work.config)

    descope.options = {"shift": ("Night", "Late", "Day")}
    assert "shift" not in find_attributes(descope, work.config).missing
