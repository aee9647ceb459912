"""Custom attributes that a project lacks, or has with another type."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from in_memory import Descope, run_context

from migrator.core.errors import ConfigError
from migrator.flow.plan.plan import find_attributes

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.checkpoint.db.checkpoint import Checkpoint


def test_what_the_project_lacks_is_named_with_its_type(store: Checkpoint, tmp_path: Path) -> None:
    descope = Descope()
    descope.types = {"doceboUserId": 1, "theirs": 2}
    work = run_context(store, tmp_path, descope=descope, settings={"mapping": {"attributes": {"city": "field_4"}}})

    found = find_attributes(descope, work.config)

    assert found.missing == {"doceboPlatform": 1, "freshlyMigrated": 3, "city": 1}
    assert found.types == {"doceboUserId": 1, "theirs": 2, **found.missing}


@pytest.mark.parametrize(
    ("types", "named", "kind"),
    [
        ({"city": 2}, "city", "Text"),
        ({"freshlyMigrated": 1}, "freshlyMigrated", "Boolean"),
        ({"doceboUserId": 3, "doceboPlatform": 3}, "doceboPlatform", "Text"),
    ],
)
def test_an_attribute_of_another_type_is_refused(
    store: Checkpoint, tmp_path: Path, types: dict[str, int], named: str, kind: str
) -> None:
    """Its values would be refused, or change every user's."""
    descope = Descope()
    descope.types |= types
    work = run_context(store, tmp_path, descope=descope, settings={"mapping": {"attributes": {"city": "field_4"}}})

    with pytest.raises(ConfigError) as caught:
        find_attributes(descope, work.config)

    assert caught.value.message == (
        f"The custom attribute {named} in Descope does not have the type that the migrator sends."
    )
    assert caught.value.fix == f"Define it as {kind} in the Descope console, or map to another attribute name."
