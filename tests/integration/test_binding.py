"""A checkpoint belongs to one platform, one project and one mapping (docs/reliability.md D7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import oracle
import pytest
from runs import go

from migrator.core.errors import ConfigError

if TYPE_CHECKING:
    from world import Place


def test_d7_a_changed_mapping_is_refused_until_accepted(any_place: Place) -> None:
    """Nothing is asked or changed without --remap; with it everybody is planned again by the new mapping."""
    any_place.sandbox.control.reset(users=10, difficult=0)
    go(any_place)
    any_place.configure(mapping={"attributes": {"city": "field_4"}})
    rows = oracle.read_rows(any_place.checkpoint, any_place)
    requests = len(any_place.sandbox.control.journal())

    refused = any_place.forked("run", "--yes")

    assert refused.code == ConfigError.exit_code
    assert "--remap" in refused.err
    assert len(any_place.sandbox.control.journal()) == requests
    assert oracle.read_rows(any_place.checkpoint, any_place) == rows
    start = oracle.before(any_place)
    assert go(any_place, remap=True).counts == {"found": 10, "updated": 10}
    verdict = oracle.check(any_place, start)
    assert {user["customAttributes"]["city"] for user in verdict.targets.values()} == {
        str(user["field_4"]) for user in any_place.sources()
    }
    assert go(any_place).counts == {"found": 10, "updated": 10}


@pytest.mark.parametrize("section", ["docebo", "descope"])
def test_d7_a_checkpoint_of_another_migration_is_refused(any_place: Place, section: str) -> None:
    """Another Docebo host or another Descope project needs a checkpoint of its own; --remap does not help."""
    any_place.sandbox.control.reset(users=3, difficult=0)
    go(any_place)
    other = {"docebo": {"base_url": "http://localhost:9"}, "descope": {"project_id": "P2" + "x" * 25}}
    any_place.configure(**{section: other[section]})
    requests = len(any_place.sandbox.control.journal())

    for remap in (False, True):
        ended = go(any_place, remap=remap)
        assert ended.code == ConfigError.exit_code
        assert ended.error is not None
        assert "checkpoint.url" in ended.error.fix
    assert len(any_place.sandbox.control.journal()) == requests
