"""Leaving comes first: who is suspended in Docebo and set aside is disabled, and nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from in_memory import Descope, job
from read_back import person
from two_migrations import put, rows, states, target

from migrator.engine import leave
from migrator.engine.leave import disable_leavers
from migrator.errors import NoAnswer, Refused, StopRun
from migrator.fields import SentFields
from migrator.model import State

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.checkpoint.checkpoint import Checkpoint
    from migrator.descope.user import DescopeUser
    from migrator.engine.job import Job


def stop() -> None:
    raise StopRun("stop")


def patient(store: Checkpoint, folder: Path, *users: DescopeUser) -> tuple[Job, Descope]:
    descope = Descope(*users)
    return job(store, folder, descope=descope), descope


def leaver(store: Checkpoint, user_id: str, **columns: Any) -> None:
    row = {
        "state": State.CONFLICT, "reason": "duplicate_email", "target_id": f"U{user_id}", "source_status": "suspended",
        "sent_fields": SentFields.of(target(user_id)).to_json(),
    }  # fmt: skip
    put(store, user_id, **(row | columns))


def sent(store: Checkpoint, user_id: str) -> SentFields:
    fields = SentFields.from_json(rows(store)[user_id]["sent_fields"])
    assert fields is not None
    return fields


def statuses(descope: Descope) -> list[str]:
    return [user.status for user in descope.held]


def test_who_left_is_disabled_and_keeps_the_rest(store: Checkpoint, tmp_path: Path) -> None:
    leaver(store, "1")
    leaver(store, "2", source_status="active")
    work, descope = patient(store, tmp_path, person("1"), person("2"))

    disable_leavers(work)

    assert statuses(descope) == ["disabled", "enabled"]
    assert descope.names("load") == [("U1", False)]
    assert descope.names("patch") == [("u1@example.org",)]
    assert sent(store, "1") == SentFields.of(target("1")).with_status("disabled")
    assert states(store)["1"] == (State.CONFLICT, "duplicate_email")
    assert rows(store)["1"]["detail"] is None

    descope.asked.clear()
    disable_leavers(work)
    assert not descope.asked


def test_which_status_means_leaving_is_for_the_mapping_to_say(store: Checkpoint, tmp_path: Path) -> None:
    leaver(store, "1", source_status="expired")
    leaver(store, "2")
    work, descope = patient(store, tmp_path, person("1"), person("2"))
    status = {"active": "enabled", "suspended": "disabled", "expired": "enabled"}
    work = job(store, tmp_path, descope=descope, settings={"mapping": {"status": status}})

    disable_leavers(work)

    assert statuses(descope) == ["enabled", "disabled"]


@pytest.mark.parametrize(
    ("found", "becomes", "noted"),
    [
        ({"status": "invited"}, "disabled", True),
        ({"status": "disabled"}, "disabled", True),
        ({"status": "expired"}, "expired", True),
        ({"attributes": {}}, "enabled", False),
        ({"attributes": dict(target("7").attributes)}, "enabled", False),
    ],
    ids=["invited", "disabled already", "expired at Descope", "unmarked", "somebody else's"],
)
def test_only_who_is_ours_and_can_sign_in_is_disabled(
    store: Checkpoint, tmp_path: Path, found: dict[str, Any], becomes: str, noted: bool
) -> None:
    leaver(store, "1")
    work, descope = patient(store, tmp_path, person("1", **found))

    disable_leavers(work)

    assert statuses(descope) == [becomes]
    assert bool(descope.names("patch")) == (found == {"status": "invited"})
    assert sent(store, "1").had("status", "disabled") == noted


def test_who_is_not_there_is_not_noted(store: Checkpoint, tmp_path: Path) -> None:
    leaver(store, "1")
    work, descope = patient(store, tmp_path)

    disable_leavers(work)

    assert not sent(store, "1").had("status", "disabled")
    assert not descope.names("patch")


def test_a_user_without_login_ids_is_named_by_its_own_id(store: Checkpoint, tmp_path: Path) -> None:
    leaver(store, "1")
    work, descope = patient(store, tmp_path, person("1", login_ids=()))

    disable_leavers(work)

    assert descope.names("patch") == [("U1",)]
    assert statuses(descope) == ["disabled"]


def test_whom_descope_would_not_disable_is_named(store: Checkpoint, tmp_path: Path) -> None:
    for user_id in ("1", "2", "3"):
        leaver(store, user_id)
    work, descope = patient(store, tmp_path, *(person(user_id) for user_id in ("1", "2", "3")))
    descope.keeps = {"U2"}

    disable_leavers(work)

    assert [rows(store)[user_id]["detail"] for user_id in ("1", "2", "3")] == [None, "still_enabled", None]
    assert [sent(store, user_id).had("status", "disabled") for user_id in ("1", "2", "3")] == [True, False, True]


def test_a_refusal_is_narrowed_down_to_the_user_it_means(store: Checkpoint, tmp_path: Path) -> None:
    for user_id in ("1", "2", "3", "4", "5"):
        leaver(store, user_id)
    work, descope = patient(store, tmp_path, *(person(user_id) for user_id in ("1", "2", "3", "4", "5")))

    def refuse(patches: Any) -> None:
        if any(patch["loginId"].startswith("u4") for patch in patches):
            raise Refused("PATCH", status=400)

    descope.on_patch = refuse

    disable_leavers(work)

    assert statuses(descope) == ["disabled", "disabled", "disabled", "enabled", "disabled"]
    assert rows(store)["4"]["detail"] == "still_enabled"
    assert [len(names) for names in descope.names("patch")] == [5, 2, 3, 1, 2, 1, 1]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_that_is_not_about_users_stops_the_run(store: Checkpoint, tmp_path: Path, status: int) -> None:
    leaver(store, "1")
    work, descope = patient(store, tmp_path, person("1"))

    def refuse(_patches: Any) -> None:
        raise Refused("PATCH", status=status)

    descope.on_patch = refuse

    with pytest.raises(StopRun):
        disable_leavers(work)
    assert rows(store)["1"]["detail"] is None


def test_no_answer_stops_the_run(store: Checkpoint, tmp_path: Path) -> None:
    leaver(store, "1")
    work, descope = patient(store, tmp_path, person("1"))

    def silent(_patches: Any) -> None:
        raise NoAnswer("No answer from PATCH")

    descope.on_patch = silent

    with pytest.raises(StopRun) as caught:
        disable_leavers(work)
    assert caught.value.message == "No answer from PATCH."
    assert caught.value.fix == "Check that Descope can be reached, then run again: it is safe."


def test_leavers_are_disabled_page_by_page_until_the_run_is_told_to_stop(
    store: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leave, "AT_ONCE", 2)
    for user_id in ("1", "2", "3"):
        leaver(store, user_id)
    work, descope = patient(store, tmp_path, *(person(user_id) for user_id in ("1", "2", "3")))

    disable_leavers(work)
    assert [names[:-1] for names in descope.names("load")] == [("U1", "U2"), ("U3",)]

    leaver(store, "4")
    descope.asked.clear()
    work.clock.guard(stop)
    with pytest.raises(StopRun, match="stop"):
        disable_leavers(work)
    assert not descope.asked
