"""What is asked of Descope for each user before a decision, and what a plan does with the answers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from in_memory import PLATFORM, Descope, run_context, told
from read_back import person
from two_migrations import put, rows, share_login, states, target

from migrator.checkpoint.users.holders import HELD_BY_OURS
from migrator.checkpoint.users.plans import undecided_pages
from migrator.checkpoint.users.reopening import keep_opened, restore_unconfirmed
from migrator.checkpoint.users.stored_user import AGAIN
from migrator.core.errors import StopRun
from migrator.core.fields import SentFields
from migrator.core.model import Decision, State
from migrator.descope.attribute_value import AttributeDefinition
from migrator.flow.plan import plan as planning
from migrator.flow.plan.plan import decide_all, look_up_users, make_plan

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.checkpoint.users.plans import PlannedAction
    from migrator.descope.user import DescopeUser
    from migrator.flow.context import RunContext


def stranger(user_id: str, **changes: Any) -> DescopeUser:
    """Somebody else who has that user's login id."""
    return person(user_id, **({"user_id": f"S{user_id}", "attributes": {}} | changes))


def decided(store: Checkpoint, work: RunContext) -> dict[str, PlannedAction]:
    (users,) = undecided_pages(store, 100)
    return {one.user_id: one for one in decide_all(work, users)}


# --- whom Descope is asked for -------------------------------------------------------------------


def test_a_new_user_is_looked_for_by_login_id_and_mark_in_one_call_each(store: Checkpoint, tmp_path: Path) -> None:
    put(store, "1")
    put(store, "2")
    descope = Descope()

    assert {one.decision for one in decided(store, run_context(store, tmp_path, descope=descope)).values()} == {
        Decision.CREATE
    }
    assert descope.asked == [
        ("load", True),
        ("search", "u1@example.org", "u2@example.org"),
        ("marked_as", PLATFORM, "1", "2"),
    ]


def test_a_login_id_is_asked_for_as_docebo_spells_it_too(store: Checkpoint, tmp_path: Path) -> None:
    put(store, "1", profile=target("1", spelled="U1@Example.org", extra_login_ids=("u1",)).to_json())
    descope = Descope()

    decided(store, run_context(store, tmp_path, descope=descope))

    assert set(descope.names("search")[0]) >= {"u1@example.org", "U1@Example.org", "u1"}


def test_a_user_known_by_id_who_answers_to_every_login_id_is_not_searched(store: Checkpoint, tmp_path: Path) -> None:
    put(store, "1", target_id="U1")
    descope = Descope(person("1"))

    found = decided(store, run_context(store, tmp_path, descope=descope))

    assert (found["1"].decision, found["1"].target_id) == (Decision.UNCHANGED, "U1")
    assert descope.asked == [("load", "U1", True), ("search",)]


@pytest.mark.parametrize("there", [True, False], ids=["has one of two", "is gone"])
def test_a_user_known_by_id_who_does_not_is_searched_alone(store: Checkpoint, tmp_path: Path, there: bool) -> None:
    put(store, "1", target_id="U1")
    put(store, "2", target_id="U2", profile=target("2", extra_login_ids=("two",)).to_json())
    descope = Descope(person("1"), *([person("2")] if there else []))

    decided(store, run_context(store, tmp_path, descope=descope))

    assert [one for one in descope.names("search")[0] if "1" in one] == []
    assert "two" in descope.names("search")[0]
    assert descope.names("marked_as") == [(PLATFORM, "2")]


def test_without_the_marks_definition_nobody_is_asked_for_by_it(store: Checkpoint, tmp_path: Path) -> None:
    put(store, "1")
    descope = Descope()
    work = run_context(store, tmp_path, descope=descope, missing={"doceboPlatform": AttributeDefinition(1)})

    assert decided(store, work)["1"].decision == Decision.CREATE
    assert not descope.names("marked_as")


def test_a_user_is_found_by_its_mark_alone(store: Checkpoint, tmp_path: Path) -> None:
    """Its address was changed at Descope: it is the same user, and nobody else is."""
    put(store, "1")
    put(store, "2")
    moved = person("1", login_ids=("other@example.org",), email="other@example.org")

    found = decided(store, run_context(store, tmp_path, descope=Descope(moved)))

    assert (found["1"].decision, found["1"].target_id) == (Decision.UPDATE, "U1")
    assert found["2"].decision == Decision.CREATE


def test_a_user_is_found_by_its_login_id_although_the_mark_names_another(store: Checkpoint, tmp_path: Path) -> None:
    put(store, "1")
    found = decided(store, run_context(store, tmp_path, descope=Descope(stranger("1"))))

    assert (found["1"].decision, found["1"].reason, found["1"].detail) == ("conflict", "login_taken", "S1")


def test_who_answers_to_the_login_of_somebody_known_is_found_among_the_known(store: Checkpoint, tmp_path: Path) -> None:
    """User 2 moves to a login id that user 1 of the same page has, whom no search needs to find."""
    put(store, "1", target_id="U1")
    put(store, "2", target_id="U2", profile=replace(target("2"), login_id="u1@example.org").to_json())
    descope = Descope(person("1"), person("2"))
    descope.unlisted = {"U1"}

    found = decided(store, run_context(store, tmp_path, descope=descope))

    assert (found["2"].reason, found["2"].holder) == ("login_taken", None)


def test_a_user_known_by_id_that_lost_its_mark_is_told_from_a_stranger(store: Checkpoint, tmp_path: Path) -> None:
    put(store, "1", target_id="U1")
    found = decided(store, run_context(store, tmp_path, descope=Descope(person("1", attributes={}))))

    assert found["1"].reason == "mark_lost"


def test_a_login_id_the_server_understands_otherwise_is_asked_for_alone(store: Checkpoint, tmp_path: Path) -> None:
    """The search shows somebody who has none of the login ids by our rules: each is asked for alone then."""
    put(store, "1")

    class Otherwise(Descope):
        def search_logins(self, login_ids: Any) -> list[DescopeUser]:
            super().search_logins(login_ids)
            return [stranger("7")]

    descope = Otherwise(person("1", attributes={}))

    assert decided(store, run_context(store, tmp_path, descope=descope))["1"].reason == "login_taken"
    assert descope.names("by_login") == [("u1@example.org",)]


def test_nobody_is_asked_for_alone_where_the_search_is_understood(store: Checkpoint, tmp_path: Path) -> None:
    put(store, "1")
    descope = Descope(stranger("1"))

    decided(store, run_context(store, tmp_path, descope=descope))

    assert not descope.names("by_login")


# --- page after page -----------------------------------------------------------------------------


@pytest.mark.parametrize(("extra", "calls"), [([], [100, 20]), (["username"], [50, 50, 20])])
def test_a_search_names_a_hundred_login_ids_at_most(
    store: Checkpoint, tmp_path: Path, extra: list[str], calls: list[int]
) -> None:
    for number in range(100, 220):
        put(store, str(number))
    descope = Descope()
    work = run_context(store, tmp_path, descope=descope, settings={"mapping": {"extra_login_ids": extra}})

    look_up_users(work)

    assert [len(asked) for asked in descope.names("search")] == calls
    sums = [sum(calls[: number + 1]) for number in range(len(calls))]
    assert told(work) == [("plan", done, 120) for done in (0, *sums)]
    assert {row["decision"] for row in rows(store).values()} == {Decision.CREATE}


def test_a_run_that_is_told_to_stop_looks_nobody_up(store: Checkpoint, tmp_path: Path) -> None:
    put(store, "1")
    work = run_context(store, tmp_path)

    def stop() -> None:
        raise StopRun("stop")

    work.clock.guard(stop)

    with pytest.raises(StopRun, match="stop"):
        look_up_users(work)
    assert not work.descope.asked  # type: ignore[attr-defined]


@pytest.mark.parametrize(("state", "reason"), [(State.VANISHED, "recreated"), (State.CREATED, "login_taken")])
def test_the_holder_of_a_login_counts_only_while_docebo_has_it(
    store: Checkpoint, tmp_path: Path, state: State, reason: str
) -> None:
    put(store, "1")
    put(store, "9", state=state, target_id="U9")
    holder = person("9", login_ids=("u1@example.org",))

    look_up_users(run_context(store, tmp_path, descope=Descope(holder)))

    assert (rows(store)["1"]["reason"], rows(store)["1"]["decision"]) == (reason, "conflict")
    assert rows(store)["1"]["detail"] == ("U9" if reason == "recreated" else f"{HELD_BY_OURS} U9")


def test_who_takes_a_user_over_takes_over_what_is_known_of_it(store: Checkpoint, tmp_path: Path) -> None:
    """Deleted in Docebo and made anew: the account stays as much ours as before."""
    before = SentFields.of(target("9"))
    put(store, "1")
    put(
        store, "9", state=State.VANISHED, target_id="U9", origin="created", sent_fields=before.to_json(),
        disabled_by_us=1,
    )  # fmt: skip
    holder = person("9", login_ids=("u1@example.org",))

    look_up_users(run_context(store, tmp_path, descope=Descope(holder), settings={"policy": {"existing": "link"}}))

    row = rows(store)["1"]
    assert (row["decision"], row["adopt_id"], row["target_id"]) == (Decision.ADOPT, "U9", None)
    assert (row["origin"], row["sent_fields"], row["disabled_by_us"]) == ("created", before.to_json(), 1)


@pytest.mark.parametrize("lacking", ["doceboPlatform", "doceboUserId"])
def test_half_the_marks_definition_is_none(store: Checkpoint, tmp_path: Path, lacking: str) -> None:
    put(store, "1")
    descope = Descope()
    work = run_context(store, tmp_path, descope=descope, missing={lacking: AttributeDefinition(1)})

    decided(store, work)

    assert not descope.names("marked_as")


# --- the whole plan ------------------------------------------------------------------------------


def collide(store: Checkpoint) -> None:
    share_login(store, "key", "1", "2")


def everybody(store: Checkpoint) -> None:
    """1 and 2 collide, 3 is new, 4 is as it should be, 5's login is a stranger's, 6 is new."""
    for user_id in ("1", "2", "3", "4", "5", "6"):
        put(store, user_id, seen_sweep=4 if user_id == "6" else 5, **({"target_id": "U4"} if user_id == "4" else {}))
    collide(store)


HELD = (person("4"), stranger("5"))


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_collision_is_set_aside_at_once_and_the_rest_is_only_decided(
    store: Checkpoint, tmp_path: Path, dry_run: bool
) -> None:
    everybody(store)
    work = run_context(store, tmp_path, descope=Descope(*HELD), dry_run=dry_run)

    make_plan(work, first_sweep=0)

    aside = (State.CONFLICT, "duplicate_login")
    assert states(store) == {
        "1": aside, "2": aside, "3": (State.PENDING, None), "4": (State.PENDING, None),
        "5": (State.PENDING, "login_taken"), "6": (State.PENDING, None),
    }  # fmt: skip
    assert {user_id: row["decision"] for user_id, row in rows(store).items() if user_id > "2"} == {
        "3": Decision.CREATE, "4": Decision.UNCHANGED, "5": "conflict", "6": Decision.CREATE,
    }  # fmt: skip
    assert told(work) == [("stage", "plan"), ("plan", 0, 4), ("plan", 4, 4)]


@pytest.mark.parametrize(("options", "left_out"), [({"limit": 2}, {"5", "6"}), ({"search_text": "x"}, {"6"})])
def test_a_runs_own_filter_leaves_users_out_before_they_are_looked_up(
    store: Checkpoint, tmp_path: Path, options: dict[str, Any], left_out: set[str]
) -> None:
    everybody(store)
    descope = Descope(*HELD)
    work = run_context(store, tmp_path, descope=descope, **options)

    make_plan(work, first_sweep=5)

    assert {user_id for user_id, (state, _) in states(store).items() if state == State.SKIPPED} == left_out
    assert "u6@example.org" not in descope.names("search")[0]


def test_a_sweep_without_a_search_leaves_nobody_out(store: Checkpoint, tmp_path: Path) -> None:
    everybody(store)
    work = run_context(store, tmp_path, descope=Descope(*HELD))

    make_plan(work, first_sweep=5)

    assert states(store)["6"] == (State.PENDING, None)


def test_the_policy_says_which_of_several_goes_on(store: Checkpoint, tmp_path: Path) -> None:
    put(store, "1", source_created="2021")
    same = replace(target("2"), login_id="u1@example.org", email="u1@example.org")
    put(store, "2", profile=same.to_json(), source_created="2020")
    collide(store)

    make_plan(run_context(store, tmp_path, settings={"policy": {"duplicate_email": "oldest"}}), first_sweep=0)

    assert states(store) == {"1": (State.CONFLICT, "duplicate_email"), "2": (State.PENDING, None)}


def failed(store: Checkpoint) -> None:
    put(store, "1", state=State.FAILED, reason="refused")


@pytest.mark.parametrize("dry_run", [True, False])
def test_what_the_policy_asks_for_is_opened_and_can_be_closed_again(
    store: Checkpoint, tmp_path: Path, dry_run: bool
) -> None:
    """A run that is not confirmed must leave as little behind as a plan."""
    failed(store)
    before = rows(store)["1"]
    work = run_context(store, tmp_path, dry_run=dry_run)

    make_plan(work, first_sweep=0, replan=AGAIN)

    row = rows(store)["1"]
    assert (row["state"], row["decision"]) == (State.PENDING, Decision.CREATE)
    assert (row["was_state"], row["was_reason"]) == (State.FAILED, "refused")
    restore_unconfirmed(store)
    written = {"decided_at", "predicted_state"}
    assert {key: rows(store)["1"][key] for key in before.keys() - written} == {
        key: before[key] for key in before.keys() - written
    }


def test_a_plan_that_nobody_asked_more_of_opens_no_failure(store: Checkpoint, tmp_path: Path) -> None:
    failed(store)

    make_plan(run_context(store, tmp_path, dry_run=True), first_sweep=0)

    assert states(store) == {"1": (State.FAILED, "refused")}


def test_what_may_be_over_is_opened_and_stays_open_once_it_is_confirmed(store: Checkpoint, tmp_path: Path) -> None:
    put(store, "1", state=State.CONFLICT, reason="drifted")

    make_plan(run_context(store, tmp_path), first_sweep=0)
    assert (rows(store)["1"]["state"], rows(store)["1"]["was_reason"]) == (State.PENDING, "drifted")
    store.write(lambda c: keep_opened(c, store))
    restore_unconfirmed(store)

    assert states(store) == {"1": (State.PENDING, None)}
    assert rows(store)["1"]["was_state"] is None


def test_two_users_never_adopt_one(store: Checkpoint, tmp_path: Path) -> None:
    put(store, "1", profile=target("1").to_json())
    put(store, "2", profile=replace(target("2"), login_id="second@example.org").to_json())
    shared = stranger("1", login_ids=("u1@example.org", "second@example.org"))

    make_plan(
        run_context(store, tmp_path, descope=Descope(shared), settings={"policy": {"existing": "link"}}), first_sweep=0
    )

    assert {(row["decision"], row["reason"]) for row in rows(store).values()} == {("conflict", "several_matches")}


def test_a_plan_file_is_applied_and_its_users_alone_are_sent(
    store: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, "1")
    asked: list[Any] = []
    monkeypatch.setattr(planning, "apply_plan", lambda work, path: asked.append((work, path)))
    predicted: list[Any] = []
    monkeypatch.setattr(planning, "store_predictions", lambda store, *, bound, **_: predicted.append((store, bound)))
    bound, free = run_context(store, tmp_path, plan_file=tmp_path / "plan.jsonl"), run_context(store, tmp_path)

    make_plan(bound, first_sweep=0)
    make_plan(free, first_sweep=0)

    assert asked == [(bound, tmp_path / "plan.jsonl")]
    assert predicted == [(store, True), (store, False)]
