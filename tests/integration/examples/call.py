"""Proof of call.patch, run in a copy that has it: a leaver alone is disabled by `update/status`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from descope_sandbox import ANA, BEN, World, declare, running
from in_memory import PLATFORM, run_context
from two_migrations import open_store, put

from migrator.core.model import State
from migrator.descope.writer import DescopeWriter
from migrator.flow.send.leavers import disable_leavers
from migrator.sandbox.descope import MANAGEMENT_KEY, PROJECT_ID

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.checkpoint.db.checkpoint import Checkpoint


def leaver(world: World, store: Checkpoint, login_id: str, user_id: str) -> None:
    """A user who arrived, is suspended in Docebo now, and is set aside over an address."""
    mark = {"doceboUserId": user_id, "doceboPlatform": PLATFORM}
    made = world.make(login_id, status="enabled", customAttributes=mark)
    columns = {"state": State.CONFLICT, "reason": "duplicate_email", "source_status": "suspended"}
    put(store, user_id, target_id=made["userId"], **columns)


@pytest.mark.parametrize(("logins", "op"), [([ANA], "status"), ([ANA, BEN], "patch")])
def test_the_step_makes_the_call_over_a_real_socket(tmp_path: Path, logins: list[str], op: str) -> None:
    """One user by the new call, several by the old one; all are disabled by the real client."""
    with open_store(tmp_path) as store, running() as world:
        declare(world, doceboUserId=1, doceboPlatform=1)
        for number, login_id in enumerate(logins, 1):
            leaver(world, store, login_id, str(number))
        where = {"base_url": world.url, "project_id": PROJECT_ID, "management_key": MANAGEMENT_KEY}
        work = run_context(store, tmp_path, settings={"descope": where})
        descope = DescopeWriter(work.config.descope, work.clock)
        before = len(world.ops())

        disable_leavers(replace(work, descope=descope))
        descope.close()

        assert world.ops()[before:] == [op] * len(logins)
        assert [world.load(login_id)["status"] for login_id in logins] == ["disabled"] * len(logins)
