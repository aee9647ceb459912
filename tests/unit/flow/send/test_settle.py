"""What becomes of requests without an answer, by what Descope shows in several looks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from in_flight import PATIENCE, came, patient, sending, waits
from in_memory import Descope, run_context, told
from read_back import person
from sqlalchemy import update
from structlog.testing import capture_logs
from two_migrations import rows, states, target

from migrator.checkpoint.db.tables import source_user
from migrator.core.errors import StopRun
from migrator.core.fields import SentFields
from migrator.core.model import Decision, State
from migrator.descope.attribute_value import AttributeDefinition
from migrator.flow.context import ProjectAttributes
from migrator.flow.send import settle as settling
from migrator.flow.send.settle import settle_in_flight

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.descope.user import DescopeUser

# --- creations -----------------------------------------------------------------------------------


def test_who_arrived_is_created_at_once(store: Checkpoint, tmp_path: Path) -> None:
    sending(store, "1")
    work, descope = patient(store, tmp_path, person("1"))

    assert came(settle_in_flight(work)) == 1
    row = rows(store)["1"]
    assert (row["state"], row["target_id"], row["sent_hash"], row["origin"]) == ("created", "U1", "hash 1", "created")
    assert SentFields.from_json(row["sent_fields"]) == SentFields.of(target("1"))
    assert waits(work) == []
    assert descope.names("search") == [("u1@example.org",)]


def test_a_stranger_who_has_the_login_was_there_first(store: Checkpoint, tmp_path: Path) -> None:
    sending(store, "1")
    work, _ = patient(store, tmp_path, person("1", attributes={}))

    assert came(settle_in_flight(work)) == 0
    assert states(store) == {"1": (State.CONFLICT, "login_taken")}


def test_who_is_not_listed_yet_is_asked_for_alone(store: Checkpoint, tmp_path: Path) -> None:
    sending(store, "1")
    sending(store, "2")
    work, descope = patient(store, tmp_path, person("1"), person("2"))
    descope.unlisted = {"U2"}

    assert came(settle_in_flight(work)) == 2
    assert descope.names("by_login") == [("u2@example.org",)]


def test_who_is_listed_late_is_found_by_the_next_look(store: Checkpoint, tmp_path: Path) -> None:
    """Search lags by seconds: nobody has to be asked for alone, or to wait for the whole patience."""
    sending(store, "1")
    work, descope = patient(store, tmp_path, person("1"))
    descope.unlisted = {"U1"}
    work.clock.guard(lambda: descope.unlisted.clear() if waits(work) else None)

    assert came(settle_in_flight(work)) == 1
    assert waits(work) == [5]
    assert descope.names("by_login") == []


def test_who_has_another_login_by_now_is_recognised_by_the_mark(store: Checkpoint, tmp_path: Path) -> None:
    """Whoever carries the mark was created, even if a stranger has the login id by now."""
    sending(store, "1")
    sending(store, "2")
    stranger = replace(person("2", attributes={}), user_id="U9")
    moved = [replace(person(user_id), login_ids=(f"moved{user_id}@example.org",)) for user_id in ("1", "2")]
    work, descope = patient(store, tmp_path, *moved, stranger)

    assert came(settle_in_flight(work)) == 2
    assert {row["target_id"] for row in rows(store).values()} == {"U1", "U2"}
    assert descope.names("marked_as") == [("acme.docebosaas.com", "1", "2")]


def test_nobody_is_asked_for_by_a_mark_that_is_not_defined(store: Checkpoint, tmp_path: Path) -> None:
    sending(store, "1")
    work, descope = patient(store, tmp_path)
    work = replace(work, attributes=ProjectAttributes(missing={"doceboUserId": AttributeDefinition(1)}))

    assert came(settle_in_flight(work)) == 0
    assert descope.names("marked_as") == []
    assert descope.names("by_login") == [("u1@example.org",)]


def test_who_is_not_there_is_looked_for_again_before_being_sent_again(store: Checkpoint, tmp_path: Path) -> None:
    sending(store, "1", attempts=4)
    sending(store, "2")
    work, descope = patient(store, tmp_path, person("2"))

    with capture_logs() as logs:
        assert came(settle_in_flight(work)) == 1

    assert states(store) == {"1": (State.PENDING, None), "2": (State.CREATED, None)}
    assert rows(store)["1"]["decision"] == Decision.CREATE
    assert waits(work) == [5, 10, 20, 25]
    assert len(descope.names("search")) == 5
    assert descope.names("by_login") == [("u1@example.org",)]
    assert [(one["event"], one["users"], round(one["seconds"])) for one in logs if one["event"] == "settle_wait"] == [
        ("settle_wait", 1, seconds) for seconds in (5, 10, 20, 25)
    ]
    left = "1 user is not in Descope yet; nothing is sent again for up to {} s."
    assert [text for _, text in told(work)] == [
        (
            "2 users were being sent when the last run ended."
            " Descope may still create them, so nothing is sent again for up to 60 s."
        ),
        *(left.format(seconds) for seconds in (60, 55, 45, 25)),
        "1 user is still missing. Descope is asked for each by login id before anything is sent again.",
        "Descope has 1 of these 2 users as they were sent. Planning 1 of them again.",
    ]
    assert [one["outcomes"] for one in logs if one["event"] == "settled"] == [{"2": "created"}, {"1": "not_done"}]


def test_who_turns_up_while_waiting_is_not_sent_again(store: Checkpoint, tmp_path: Path) -> None:
    sending(store, "1")
    sending(store, "2")
    work, _ = patient(store, tmp_path)
    looked: list[int] = []

    class Late(Descope):
        def search_logins(self, login_ids: Any) -> list[DescopeUser]:
            looked.append(1)
            self.held = [person("1")] if len(looked) > 1 else []
            return super().search_logins(login_ids)

    assert came(settle_in_flight(replace(work, descope=Late()))) == 1
    assert states(store) == {"1": (State.CREATED, None), "2": (State.PENDING, None)}


def test_the_wait_counts_from_the_first_look(
    store: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """User 1 was missed 45 seconds before user 2: the first wait is for user 1, the second for user 2."""
    monkeypatch.setattr(settling, "_AT_ONCE", 1)
    sending(store, "1")
    sending(store, "2")
    work, _ = patient(store, tmp_path)

    class Slow(Descope):
        def search_logins(self, login_ids: Any) -> list[DescopeUser]:
            if login_ids == ["u2@example.org"] and not waits(work):
                work.clock.wait(45)
            return super().search_logins(login_ids)

    descope = Slow()
    asked: list[tuple[float, int]] = []
    work.clock.guard(lambda: asked.append((sum(waits(work)), len(descope.names("by_login")))))

    assert came(settle_in_flight(replace(work, descope=descope))) == 0
    assert sum(waits(work)) == 45 + 60
    assert {alone for after, alone in asked if after < 60} == {0}
    assert {alone for after, alone in asked if 60 < after < 105} == {1}
    assert sorted(descope.names("by_login")) == [("u1@example.org",), ("u2@example.org",)]
    assert {state for state, _ in states(store).values()} == {State.PENDING}


def test_no_patience_is_a_second_look_at_once(store: Checkpoint, tmp_path: Path) -> None:
    sending(store, "1")
    work = run_context(store, tmp_path, settings={"descope": {"settle_seconds": 0}})

    settle_in_flight(work)

    assert waits(work) == []
    assert states(store) == {"1": (State.PENDING, None)}


@pytest.mark.parametrize(
    ("attempts", "may_give_up", "state"),
    [
        (3, True, (State.PENDING, None)),
        (4, True, (State.FAILED, "gave_up")),
        (9, True, (State.FAILED, "gave_up")),
        (9, False, (State.PENDING, None)),
    ],
)
@pytest.mark.parametrize("decision", [Decision.CREATE, Decision.UPDATE])
def test_whoever_never_gets_an_answer_is_given_up_when_others_do(
    store: Checkpoint, tmp_path: Path, attempts: int, may_give_up: bool, state: Any, decision: Decision
) -> None:
    known = {"decision": decision, "target_id": "U1"} if decision == Decision.UPDATE else {}
    sending(store, "1", attempts=attempts, **known)
    work, _ = patient(store, tmp_path, *([person("1", name="Other")] if known else []))
    if known:
        store_profile(store, name="New")

    assert came(settle_in_flight(work, may_give_up=may_give_up)) == 0
    assert states(store) == {"1": state}


def store_profile(store: Checkpoint, **changes: Any) -> None:
    mine = (source_user.c.migration == store.key, source_user.c.user_id == "1")
    profile = target("1", **changes).to_json()
    store.write(lambda c: c.execute(update(source_user).where(*mine).values(profile=profile)))


# --- changes -------------------------------------------------------------------------------------


def test_a_change_that_arrived_is_done(store: Checkpoint, tmp_path: Path) -> None:
    sending(store, "1", decision=Decision.UPDATE, target_id="U1")
    work, descope = patient(store, tmp_path, person("1"))

    assert came(settle_in_flight(work)) == 1
    assert states(store) == {"1": (State.UPDATED, None)}
    assert rows(store)["1"]["sent_hash"] == "hash 1"
    assert descope.names("load") == [("U1", True)]


def test_a_change_that_did_not_is_sent_again_without_waiting(store: Checkpoint, tmp_path: Path) -> None:
    sending(store, "1", decision=Decision.UPDATE, target_id="U1")
    store_profile(store, name="New")
    work, _ = patient(store, tmp_path, person("1"))

    assert came(settle_in_flight(work)) == 0
    assert states(store) == {"1": (State.PENDING, None)}
    assert waits(work) == []


@pytest.mark.parametrize(
    ("there", "reason"), [(False, "deleted_at_descope"), (True, "login_taken")], ids=["gone", "somebody else's"]
)
def test_a_change_of_somebody_who_is_not_ours_any_more(
    store: Checkpoint, tmp_path: Path, there: bool, reason: str
) -> None:
    sending(store, "1", decision=Decision.UPDATE, target_id="U1")
    other = person("1", attributes=dict(target("7").attributes))
    work, _ = patient(store, tmp_path, *([other] if there else []))

    assert came(settle_in_flight(work)) == 0
    assert states(store) == {"1": (State.CONFLICT, reason)}


def test_a_stranger_to_be_adopted_is_settled_by_the_id_agreed_to(store: Checkpoint, tmp_path: Path) -> None:
    sending(store, "1", decision=Decision.ADOPT, adopt_id="U1")
    work, descope = patient(store, tmp_path, person("1"))

    assert came(settle_in_flight(work)) == 1
    assert descope.names("load") == [("U1", True)]
    assert rows(store)["1"]["origin"] == "linked"


def test_users_in_flight_are_settled_page_by_page(
    store: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "_AT_ONCE", 2)
    for user_id in ("1", "2", "3", "4", "5"):
        sending(store, user_id)
    work, descope = patient(store, tmp_path, *(person(user_id) for user_id in ("1", "2", "3", "4", "5")))

    assert came(settle_in_flight(work)) == 5
    assert [len(names) for names in descope.names("search")] == [2, 2, 1]


def test_whoever_is_absent_on_any_page_is_waited_for(
    store: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "_AT_ONCE", 1)
    sending(store, "1")
    sending(store, "2")
    work, _ = patient(store, tmp_path, person("2"))

    assert came(settle_in_flight(work)) == 1
    assert sum(waits(work)) == PATIENCE
    assert states(store)["1"] == (State.PENDING, None)


def test_a_run_that_is_told_to_stop_settles_nobody(store: Checkpoint, tmp_path: Path) -> None:
    sending(store, "1")
    work, descope = patient(store, tmp_path, person("1"))
    work.clock.guard(stop)

    with pytest.raises(StopRun, match="stop"):
        settle_in_flight(work)
    assert not descope.asked


def stop() -> None:
    raise StopRun("stop")
