"""Proof of field.patch, run in a copy that has it: Docebo's `second_name` is Descope's `middleName`."""

from __future__ import annotations

from typing import Any

from descope_sandbox import declare, running
from in_memory import PLATFORM, record
from wanted_and_held import policy

from migrator.config.schema import MappingConfig
from migrator.core.model import Ready, State, TargetUser
from migrator.core.reasons import Note
from migrator.descope.payload import create_body, patch_body
from migrator.descope.user import DescopeUser, parse_user
from migrator.docebo.record import BECOMES
from migrator.flow.plan.changes import find_changes
from migrator.normalize.mapping import Normalizer
from migrator.verify.compare import StoredFacts, compare_user

LOGIN = "u1@example.org"


def normalized(second_name: str) -> Ready:
    found = Normalizer(MappingConfig(), PLATFORM)(record(1) | {"second_name": second_name})
    assert isinstance(found, Ready)
    return found


def differing(wanted: TargetUser, there: DescopeUser) -> list[tuple[str, Any]]:
    return [(one.path, one.found) for one in compare_user(wanted, there, StoredFacts(State.CREATED), policy())]


def test_the_value_is_created_verified_and_patched_over_a_real_socket() -> None:
    """From the record into the create, and back by a patch after somebody changed it in Descope."""
    wanted = normalized("Mar&iacute;a ").target
    with running() as world:
        declare(world, doceboUserId=1, doceboPlatform=1, doceboUsername=1, freshlyMigrated=3)

        world.post("user/create/batch", {"users": [create_body(wanted)]})
        assert world.load(LOGIN)["middleName"] == "María"
        assert differing(wanted, parse_user(world.load(LOGIN))) == []

        world.patch("user/patch", {"loginId": LOGIN, "middleName": "Other"})
        changed = parse_user(world.load(LOGIN))
        assert differing(wanted, changed) == [("middleName", "Other")]
        patch = find_changes(wanted, changed, policy()).patch
        assert patch == {"middleName": "María"}

        world.patch("user/patch/batch", {"users": [patch_body(LOGIN, patch)]})
        assert differing(wanted, parse_user(world.load(LOGIN))) == []


def test_a_cut_value_is_told_and_the_field_report_says_where_it_goes() -> None:
    assert Note.NAME_CUT in normalized("x" * 255).notes
    assert BECOMES["second_name"] == "middleName"
