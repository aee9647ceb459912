"""Leaving comes first: who is suspended in Docebo and set aside is disabled, and nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from in_memory import Descope, run_context
from read_back import person
from sqlalchemy import update
from two_migrations import KEY, put, rows, states, target

from migrator.checkpoint.db.tables import source_user
from migrator.checkpoint.users.leavers import count_still_enabled
from migrator.core.errors import NoAnswer, Refused, StopRun
from migrator.core.fields import SentFields
from migrator.core.model import State
from migrator.flow.plan import leavers
from migrator.flow.plan.leavers import count_leavers
from migrator.flow.send.leavers import disable_leavers

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.descope.user import DescopeUser
    from migrator.flow.context import RunContext

OURS = source_user.c.migration == KEY


def stop() -> None:
    raise StopRun("stop")


def patient(store: Checkpoint, folder: Path, *users: DescopeUser) -> tuple[RunContext, Descope]:
    descope = Descope(*users)
    return run_context(store, folder, descope=descope), descope


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


def noted(store: Checkpoint, user_id: str) -> tuple[int | None, int | None]:
    """Whether it is noted as still enabled, and as disabled by us."""
    row = rows(store)[user_id]
    return row["still_enabled"], row["disabled_by_us"]


def statuses(descope: Descope) -> list[str]:
    return [user.status for user in descope.held]


def test_who_left_is_disabled_and_keeps_the_rest(store: Checkpoint, tmp_path: Path) -> None:
    leaver(store, "1")
    leaver(store, "2", source_status="active")
    work, descope = patient(store, tmp_path, person("1"), person("2"))

    disable_leavers(work)

    assert statuses(descope) == ["disabled", "enabled"]
    assert descope.names("load") == [("U1", True)]
    assert descope.names("patch") == [("u1@example.org",)]
    assert sent(store, "1") == SentFields.of(target("1")).with_status("disabled")
    assert states(store)["1"] == (State.CONFLICT, "duplicate_email")
    assert noted(store, "1") == (None, 1)
    assert noted(store, "2") == (None, None)

    descope.asked.clear()
    disable_leavers(work)
    assert not descope.asked


def test_which_status_means_leaving_is_for_the_mapping_to_say(store: Checkpoint, tmp_path: Path) -> None:
    leaver(store, "1", source_status="expired")
    leaver(store, "2")
    work, descope = patient(store, tmp_path, person("1"), person("2"))
    status = {"active": "enabled", "suspended": "disabled", "expired": "enabled"}
    work = run_context(store, tmp_path, descope=descope, settings={"mapping": {"status": status}})

    disable_leavers(work)

    assert statuses(descope) == ["enabled", "disabled"]


@pytest.mark.parametrize(
    ("found", "becomes", "notes"),
    [
        ({"status": "invited"}, "disabled", (None, 1)),
        ({"status": "disabled"}, "disabled", (None, None)),
        ({"status": "expired"}, "expired", (None, None)),
        ({"attributes": {}}, "enabled", (1, 0)),
        ({"attributes": dict(target("7").attributes)}, "enabled", (None, None)),
    ],
    ids=["invited", "disabled already", "expired at Descope", "unmarked", "somebody else's"],
)
def test_only_who_is_ours_and_can_sign_in_is_disabled(
    store: Checkpoint, tmp_path: Path, found: dict[str, Any], becomes: str, notes: tuple[int | None, int | None]
) -> None:
    """Whom somebody else disabled is not noted as disabled by us, and who lost its mark is noted as still enabled."""
    leaver(store, "1")
    work, descope = patient(store, tmp_path, person("1", **found))
    number = count_leavers(work)

    disable_leavers(work)

    assert statuses(descope) == [becomes]
    assert len(descope.names("patch")) == number == (found == {"status": "invited"})
    assert sent(store, "1").had("status", "disabled") == bool(number)
    assert noted(store, "1") == notes


@pytest.mark.parametrize("columns", [{"origin": "linked"}, {"state": State.VANISHED}, {"target_id": None}], ids=str)
def test_who_is_not_ours_to_disable_is_left_alone(store: Checkpoint, tmp_path: Path, columns: dict[str, Any]) -> None:
    leaver(store, "1", **columns)
    work, descope = patient(store, tmp_path, person("1"))

    disable_leavers(work)

    assert count_leavers(work) == 0
    assert not descope.asked
    assert noted(store, "1") == (None, None)


@pytest.mark.parametrize("update", [{"status": "fill_if_empty"}, {"default": "target_wins"}], ids=str)
def test_a_policy_that_leaves_the_status_alone_disables_nobody(
    store: Checkpoint, tmp_path: Path, update: dict[str, str]
) -> None:
    leaver(store, "1")
    descope = Descope(person("1"))
    work = run_context(store, tmp_path, descope=descope, settings={"policy": {"update": update}})

    disable_leavers(work)

    assert count_leavers(work) == 0
    assert not descope.asked


def test_a_plan_counts_leavers_and_changes_nothing(store: Checkpoint, tmp_path: Path) -> None:
    for user_id in ("1", "2"):
        leaver(store, user_id)
    work, descope = patient(store, tmp_path, person("1"), person("2"))
    before = rows(store)

    assert count_leavers(work) == 2

    assert not descope.names("patch")
    assert rows(store) == before


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

    assert [noted(store, user_id) for user_id in ("1", "2", "3")] == [(None, 1), (1, 0), (None, 1)]
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
    assert [noted(store, user_id) for user_id in ("3", "4", "5")] == [(None, 1), (1, 0), (None, 1)]
    assert [len(names) for names in descope.names("patch")] == [5, 1, 1, 1, 1, 1]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_that_is_not_about_users_stops_the_run(store: Checkpoint, tmp_path: Path, status: int) -> None:
    leaver(store, "1")
    work, descope = patient(store, tmp_path, person("1"))

    def refuse(_patches: Any) -> None:
        raise Refused("PATCH", status=status)

    descope.on_patch = refuse

    with pytest.raises(StopRun):
        disable_leavers(work)
    assert rows(store)["1"]["still_enabled"] is None


def test_after_three_requests_without_an_answer_whoever_is_left_is_noted_as_still_enabled(
    store: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run goes on, for leavers are not what it was started for."""
    monkeypatch.setattr(leavers, "_AT_ONCE", 4)
    everybody = ("1", "2", "3", "4", "5")
    for user_id in everybody:
        leaver(store, user_id)
    work, descope = patient(store, tmp_path, *(person(user_id) for user_id in everybody))

    def silent(_patches: Any) -> None:
        raise NoAnswer("No answer from PATCH")

    descope.on_patch = silent

    disable_leavers(work)

    assert [len(names) for names in descope.names("patch")] == [4, 1, 1]
    assert [noted(store, user_id)[0] for user_id in everybody] == [1] * 5
    assert not any(sent(store, user_id).had("status", "disabled") for user_id in everybody)


def test_whom_a_batch_without_an_answer_holds_up_is_disabled_alone(store: Checkpoint, tmp_path: Path) -> None:
    for user_id in ("1", "2", "3"):
        leaver(store, user_id)
    work, descope = patient(store, tmp_path, *(person(user_id) for user_id in ("1", "2", "3")))

    def choke(patches: Any) -> None:
        if any(patch["loginId"].startswith("u2") for patch in patches):
            raise NoAnswer("No answer from PATCH")

    descope.on_patch = choke

    disable_leavers(work)

    assert statuses(descope) == ["disabled", "enabled", "disabled"]
    assert [noted(store, user_id)[0] for user_id in ("1", "2", "3")] == [None, 1, None]


def test_that_it_is_us_is_noted_before_the_request(store: Checkpoint, tmp_path: Path) -> None:
    """A run that is killed behind the request could not tell any more who disabled the user."""
    leaver(store, "1")
    work, descope = patient(store, tmp_path, person("1"))
    before: list[tuple[int | None, int | None]] = []
    descope.on_patch = lambda _patches: before.append(noted(store, "1"))

    disable_leavers(work)

    assert before == [(None, 1)]


def test_b13_whom_a_request_without_an_answer_may_have_disabled_counts_as_disabled_by_us(
    store: Checkpoint, tmp_path: Path
) -> None:
    """The answer was lost behind the change: the next run finds the user disabled and still knows that it was us."""
    leaver(store, "1")
    work, descope = patient(store, tmp_path, person("1"))

    def lose(_patches: Any) -> None:
        descope.held = [person("1", status="disabled")]
        raise NoAnswer("No answer from PATCH")

    descope.on_patch = lose

    disable_leavers(work)
    assert noted(store, "1") == (1, 1)
    disable_leavers(work)

    assert noted(store, "1") == (None, 1)
    assert len(descope.names("patch")) == 1


@pytest.mark.parametrize("change", ["disabled by somebody else", "deleted", "active again"])
def test_b13_nobody_stays_noted_as_still_enabled_once_that_is_over(
    store: Checkpoint, tmp_path: Path, change: str
) -> None:
    """The note makes a run end with code 3, and nothing else would ever take it away."""
    leaver(store, "1", state=State.SKIPPED, reason="limit")
    work, descope = patient(store, tmp_path, person("1"))
    descope.keeps = {"U1"}
    disable_leavers(work)
    assert count_still_enabled(store) == 1

    if change == "active again":
        store.write(lambda c: c.execute(update(source_user).where(OURS).values(source_status="active")))
    else:
        descope.held = [person("1", status="disabled")] if change == "disabled by somebody else" else []
    disable_leavers(work)

    assert count_still_enabled(store) == 0


def test_leavers_are_disabled_page_by_page_until_the_run_is_told_to_stop(
    store: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leavers, "_AT_ONCE", 2)
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
