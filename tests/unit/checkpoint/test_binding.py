"""What a checkpoint belongs to, and whom a new mapping or policy asks for again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from two_migrations import KEY

from migrator.checkpoint.binding import Binding, bind_servers, check_binding, confirm_binding
from migrator.checkpoint.db.tables import migration
from migrator.checkpoint.users.stored_user import AGAIN, REJUDGE
from migrator.core.errors import ConfigError

if TYPE_CHECKING:
    from migrator.checkpoint.db.checkpoint import Checkpoint

SECTION = '{"attributes":{"city":"field_4"},"login_id":"email"}'
BINDING = Binding("acme", "P2", "api", "mapping", "policy", SECTION)


def bind(store: Checkpoint, wanted: Binding = BINDING, *, remap: bool = False) -> int:
    return bind_servers(store, wanted, remap=remap)


def confirmed(store: Checkpoint, wanted: Binding = BINDING) -> None:
    bind(store, wanted)
    confirm_binding(store, wanted)


def bound(store: Checkpoint, key: str = KEY) -> dict[str, Any]:
    names = ("source", "project", "target_host", "mapping_fingerprint", "mapping_section", "policy_fingerprint")
    query = select(*(migration.c[name] for name in names)).where(migration.c.key == key)
    return dict(store.read(lambda c: c.execute(query).mappings().one()))


def test_b4_mapping_and_policy_are_bound_when_a_run_is_confirmed(store: Checkpoint) -> None:
    """Until then a run has bound what a plan binds: the servers it reads from."""
    servers = {"source": "acme", "project": "P2", "target_host": "api"}
    assert bind(store) == 0
    assert bound(store) == servers | {"mapping_fingerprint": None, "mapping_section": None, "policy_fingerprint": None}
    confirm_binding(store, BINDING)
    confirmed = servers | {"mapping_fingerprint": "mapping", "mapping_section": SECTION, "policy_fingerprint": "policy"}
    assert bound(store) == confirmed
    assert bind(store, replace(BINDING, mapping="other", mapping_section="{}", policy="other")) == REJUDGE
    assert bound(store) == confirmed


@pytest.mark.parametrize(
    ("changes", "remap", "expected"),
    [({}, False, 0), ({"policy": "new"}, False, REJUDGE), ({}, True, AGAIN), ({"policy": "new"}, True, AGAIN)],
)
def test_b4_what_is_to_be_opened_is_told_again_until_it_is_confirmed(
    store: Checkpoint, changes: dict[str, Any], remap: bool, expected: int
) -> None:
    """A run that died on its way leaves the change of policy to the next one."""
    confirmed(store)
    wanted = replace(BINDING, **changes)

    assert [bind(store, wanted, remap=remap), bind(store, wanted, remap=remap)] == [expected, expected]
    confirm_binding(store, wanted)

    assert bind(store, wanted) == 0


def test_a_checkpoint_that_belongs_to_nothing_yet_is_anybodys(store: Checkpoint) -> None:
    check_binding(store, BINDING, remap=False)
    bind(store)
    check_binding(store, replace(BINDING, mapping="other"), remap=False)
    confirm_binding(store, BINDING)
    check_binding(store, replace(BINDING, policy="other"), remap=False)


@pytest.mark.parametrize(
    ("changes", "said", "give"),
    [
        (
            {"source": "b.org"}, "Docebo platform acme, but the configuration says b.org",
            "If it is the same platform under another address, set docebo.platform: acme. Otherwise give",
        ),
        ({"project": "P3"}, "Descope project P2, but the configuration says P3", "Give"),
        ({"target_host": "eu"}, "Descope address api, but the configuration says eu", "Give"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("remap", [True, False])
def test_a_checkpoint_of_something_else_is_refused(
    store: Checkpoint, changes: dict[str, Any], said: str, give: str, remap: bool
) -> None:
    bind(store)

    with pytest.raises(ConfigError) as caught:
        check_binding(store, replace(BINDING, **changes), remap=remap)

    assert caught.value.message == f"The checkpoint {store.db.name} belongs to {said}."
    assert caught.value.fix == (
        f"{give} this migration a checkpoint.url of its own (or, on PostgreSQL, its own checkpoint.key)."
    )


def test_a_changed_mapping_is_refused_until_it_is_accepted(store: Checkpoint) -> None:
    confirmed(store)
    other = replace(BINDING, mapping="other", mapping_section=SECTION.replace("field_4", "field_44"))

    with pytest.raises(ConfigError) as caught:
        check_binding(store, other, remap=False)
    assert caught.value.message == (
        "The mapping section has changed since this migration began: mapping.attributes.city: field_4 -> field_44."
    )
    assert "`migrator run --remap`" in caught.value.fix
    assert "`migrator run --retry CODE`" in caught.value.fix

    check_binding(store, other, remap=True)
    assert bound(store)["mapping_fingerprint"] == "mapping"
