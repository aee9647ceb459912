"""What a checkpoint belongs to, and whom a new mapping or policy asks for again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from two_migrations import KEY, put, rows

from migrator.checkpoint import binding
from migrator.checkpoint.checkpoint import Binding
from migrator.checkpoint.plans import AGAIN
from migrator.checkpoint.reopening import REJUDGE
from migrator.checkpoint.tables import migration
from migrator.errors import ConfigError
from migrator.model import State

if TYPE_CHECKING:
    from migrator.checkpoint.checkpoint import Checkpoint

BINDING = Binding("acme", "P2", "api", "mapping", "policy")


def bind(store: Checkpoint, wanted: Binding = BINDING, *, remap: bool = False, looking: bool = False) -> int:
    return binding.bind(store, wanted, remap=remap, looking=looking)


def bound(store: Checkpoint, key: str = KEY) -> dict[str, Any]:
    names = ("source", "project", "target_host", "mapping", "policy")
    query = select(*(migration.c[name] for name in names)).where(migration.c.key == key)
    return dict(store.read(lambda c: c.execute(query).mappings().one()))


def asked(store: Checkpoint) -> dict[str, int | None]:
    return {user_id: row["retry"] for user_id, row in rows(store).items()}


def test_a_run_binds_everything_and_a_plan_the_servers_alone(store: Checkpoint) -> None:
    assert bind(store, looking=True) == 0
    servers = {"source": "acme", "project": "P2", "target_host": "api"}
    assert bound(store) == servers | {"mapping": None, "policy": None}
    assert bind(store) == 0
    assert bound(store) == servers | {"mapping": "mapping", "policy": "policy"}
    assert bind(store, replace(BINDING, mapping="other", policy="other"), looking=True) == REJUDGE
    assert bound(store)["mapping"] == "mapping"


def users(store: Checkpoint) -> None:
    put(store, "1", state=State.CONFLICT, reason="login_taken")
    put(store, "2", state=State.FAILED, reason="refused")
    put(store, "3", state=State.FAILED, reason="refused", retry=AGAIN)
    put(store, "4", state=State.CREATED)
    put(store, "5")


@pytest.mark.parametrize(
    ("changes", "remap", "expected"),
    [({}, False, 0), ({"policy": "new"}, False, REJUDGE), ({}, True, AGAIN), ({"policy": "new"}, True, AGAIN)],
)
@pytest.mark.parametrize("looking", [True, False])
def test_whom_a_run_has_to_open_is_noted_with_the_binding_and_a_plan_is_told(
    store: Checkpoint, changes: dict[str, Any], remap: bool, expected: int, looking: bool
) -> None:
    """Who was asked for by a person stays so, whatever the policy."""
    bind(store)
    users(store)

    assert bind(store, replace(BINDING, **changes), remap=remap, looking=looking) == expected

    noted = (expected or None) if not looking else None
    assert asked(store) == {"1": noted, "2": noted, "3": AGAIN, "4": None, "5": None}
    assert bound(store)["policy"] == ("policy" if looking else changes.get("policy", "policy"))


def test_a_checkpoint_that_belongs_to_nothing_yet_is_anybodys(store: Checkpoint) -> None:
    binding.check(store, BINDING, remap=False)
    bind(store, looking=True)
    binding.check(store, replace(BINDING, mapping="other"), remap=False)
    bind(store)
    binding.check(store, replace(BINDING, policy="other"), remap=False)


@pytest.mark.parametrize(
    ("changes", "said", "give"),
    [
        (
            {"source": "b.org"}, "Docebo platform acme, the configuration says b.org",
            "If it is the same platform under another address, set docebo.platform: acme. Otherwise give",
        ),
        ({"project": "P3"}, "Descope project P2, the configuration says P3", "Give"),
        ({"target_host": "eu"}, "Descope address api, the configuration says eu", "Give"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("remap", [True, False])
def test_a_checkpoint_of_something_else_is_refused(
    store: Checkpoint, changes: dict[str, Any], said: str, give: str, remap: bool
) -> None:
    bind(store)

    with pytest.raises(ConfigError) as caught:
        binding.check(store, replace(BINDING, **changes), remap=remap)

    assert caught.value.message == f"The checkpoint {store.db.name} belongs to {said}."
    assert caught.value.fix == (
        f"{give} this migration a checkpoint.url of its own (or, on PostgreSQL, its own checkpoint.key)."
    )


def test_a_changed_mapping_is_refused_until_it_is_accepted(store: Checkpoint) -> None:
    bind(store)
    other = replace(BINDING, mapping="other")

    with pytest.raises(ConfigError) as caught:
        binding.check(store, other, remap=False)
    assert caught.value.message == "The mapping section was changed since this migration began."
    assert caught.value.fix == "Restore it, or accept that users are planned again with the new one: --remap."

    binding.check(store, other, remap=True)
    assert bound(store)["mapping"] == "mapping"
