"""Intent before the request, outcome after it (docs/decisions/0003)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, get_args

import pytest
from two_migrations import NOW, put, rows, states, target

from migrator.checkpoint.users import sends
from migrator.checkpoint.users.sends import ClaimedBatch, claim_batch, count_left, in_flight_pages, store_results
from migrator.core.errors import LeaseLost
from migrator.core.fields import SentFields
from migrator.core.model import Decision, State
from migrator.core.outcomes import (
    Outcome,
    UserCreated,
    UserGivenUp,
    UserInConflict,
    UserNotSent,
    UserRefused,
    UserUnknown,
    UserUpdated,
)
from migrator.core.reasons import Reason
from migrator.core.transitions import ALLOWED

if TYPE_CHECKING:
    from collections.abc import Collection

    from migrator.checkpoint.db.checkpoint import Checkpoint


NOTHING = SentFields({})


def ids(batch: ClaimedBatch | None) -> tuple[str, ...]:
    return tuple(user.user_id for user in batch.users) if batch else ()


def to_create(store: Checkpoint, *user_ids: str, **columns: Any) -> None:
    for user_id in user_ids:
        put(store, user_id, **{"decision": Decision.CREATE, **columns})


def test_only_pending_users_with_that_decision_are_claimed_in_the_order_of_their_ids(store: Checkpoint) -> None:
    to_create(store, "30", "1", "20")
    put(store, "2", decision=Decision.UPDATE)
    put(store, "3")
    put(store, "4", state=State.CREATED, decision=Decision.CREATE)
    put(store, "5", state=State.SENDING)

    assert ids(claim_batch(store, Decision.CREATE, 9)) == ("1", "20", "30")
    assert ids(claim_batch(store, Decision.UPDATE, 9)) == ("2",)


def test_a_claim_takes_no_more_than_its_size_and_the_next_one_the_rest(store: Checkpoint) -> None:
    to_create(store, "1", "2", "3")

    assert [ids(claim_batch(store, Decision.CREATE, 2)) for _ in range(3)] == [("1", "2"), ("3",), ()]


@pytest.mark.parametrize(("only", "claimed"), [({"2", "3"}, ("2", "3")), (set(), ()), (None, ("1", "2", "3"))])
def test_a_claim_keeps_to_the_users_it_is_allowed(
    store: Checkpoint, only: Collection[str] | None, claimed: tuple[str, ...]
) -> None:
    to_create(store, "1", "2", "3")

    assert ids(claim_batch(store, Decision.CREATE, 9, only)) == claimed


def test_the_intent_is_stored_with_its_batch_and_time(store: Checkpoint) -> None:
    to_create(store, "1", "2", found_fingerprint="fingerprint", target_id="U", attempts=0, decided_at=5.0)
    to_create(store, "3", decided_at=3.0)

    batch = claim_batch(store, Decision.CREATE, 9)

    assert batch is not None
    assert (batch.decision, batch.decided_at) == (Decision.CREATE, 3.0)
    first = batch.users[0]
    assert (first.target, first.target_hash, first.target_id) == (target("1"), "hash 1", "U")
    assert (first.attempts, first.found_fingerprint) == (0, "fingerprint")
    assert {(row["state"], row["batch"], row["sending_since"]) for row in rows(store).values()} == {
        (State.SENDING, batch.id, NOW)
    }


def test_two_batches_have_two_names(store: Checkpoint) -> None:
    to_create(store, "1", "2")

    one, two = claim_batch(store, Decision.CREATE, 1), claim_batch(store, Decision.CREATE, 1)

    assert one is not None
    assert two is not None
    assert one.id != two.id


def test_a_decision_of_unknown_age_counts_as_the_oldest(store: Checkpoint) -> None:
    to_create(store, "1", decided_at=5.0)
    to_create(store, "2", decided_at=None)

    batch = claim_batch(store, Decision.CREATE, 9)

    assert batch is not None
    assert batch.decided_at == 0


def test_users_that_went_unanswered_come_last_and_in_smaller_batches(store: Checkpoint) -> None:
    to_create(store, "1", "2", "3", "4", "5", attempts=1)
    to_create(store, "6")
    to_create(store, "7", "8", attempts=3)

    batches = [claim_batch(store, Decision.CREATE, 16) for _ in range(5)]

    assert [ids(batch) for batch in batches] == [("6",), ("1", "2", "3", "4"), ("5",), ("7",), ("8",)]
    assert [batch.users[0].attempts for batch in batches if batch] == [0, 1, 1, 3, 3]


def test_a_smaller_batch_is_a_whole_number_of_users_and_at_least_one(store: Checkpoint) -> None:
    to_create(store, "1", "2", "3", attempts=1)

    assert [ids(claim_batch(store, Decision.CREATE, size)) for size in (10, 3)] == [("1", "2"), ("3",)]


def flying(store: Checkpoint, *user_ids: str, **columns: Any) -> None:
    for user_id in user_ids:
        put(store, user_id, **{"state": State.SENDING, "changes": "{}", "attempts": 2, **columns})


@pytest.mark.parametrize("kind", [UserCreated, UserUpdated])
def test_an_arrived_user_is_closed_with_what_was_sent(store: Checkpoint, kind: type[UserCreated | UserUpdated]) -> None:
    flying(store, "1", verdict="same", reason="old", detail="old")
    before = rows(store)["1"]

    store_results(store, [kind("1", "U1", NOTHING)], {"1": "sent 1", "2": "sent 2"})

    assert rows(store)["1"] == before | {
        "state": kind.state, "target_id": "U1", "sent_hash": "sent 1", "sent_fields": NOTHING.to_json(),
        "origin": "created" if kind is UserCreated else None, "attempts": 0, "verdict": None,
        "reason": None, "detail": None, "decision": None, "changes": None, "batch": None, "sending_since": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("outcome", "reason", "detail"),
    [
        (UserRefused("1", "E011003"), Reason.REFUSED, "E011003"),
        (UserRefused("1", ""), Reason.REFUSED, None),
        (UserGivenUp("1"), Reason.GAVE_UP, None),
        (UserInConflict("1", Reason.EMAIL_TAKEN, "E111127"), Reason.EMAIL_TAKEN, "E111127"),
    ],
)
def test_a_user_that_did_not_arrive_is_closed_with_its_reason_and_keeps_what_was_sent_before(
    store: Checkpoint, outcome: Outcome, reason: Reason, detail: str | None
) -> None:
    flying(store, "1", sent_hash="earlier", target_id="U1", verdict="same")
    before = rows(store)["1"]

    store_results(store, [outcome], {"1": "sent 1"})

    assert rows(store)["1"] == before | {
        "state": outcome.state, "reason": reason, "detail": detail,
        "decision": None, "changes": None, "batch": None, "sending_since": None,
    }  # fmt: skip


@pytest.mark.parametrize(("refused_with_all", "refusals"), [(False, 2), (True, 3)])
def test_an_untouched_user_waits_again_with_its_decision(
    store: Checkpoint, refused_with_all: bool, refusals: int
) -> None:
    """Who was refused together with everybody else is counted, and who disabled the user is still known."""
    flying(store, "1", refusals=2, disabled_by_us=1)
    flying(store, "2")
    before = rows(store)

    untouched = [UserNotSent(user_id, refused_with_all=refused_with_all) for user_id in ("1", "2")]
    store_results(store, untouched, {"1": "sent 1"})

    back = {"state": State.PENDING, "batch": None, "sending_since": None}
    assert rows(store) == {
        "1": before["1"] | back | {"refusals": refusals},
        "2": before["2"] | back | {"refusals": refusals - 2},
    }


def test_an_unanswered_user_stays_in_flight_and_is_counted(store: Checkpoint) -> None:
    flying(store, "1")
    before = rows(store)["1"]

    store_results(store, [UserUnknown("1")], {})

    assert rows(store)["1"] == before | {"attempts": 3}


def test_every_outcome_leads_to_a_state_that_may_follow_a_request_and_is_stored() -> None:
    stored = set(sends._VALUES)

    assert {kind.state for kind in get_args(Outcome)} == stored
    assert {to for to, starts in ALLOWED.items() if State.SENDING in starts} == stored


def test_one_record_closes_users_of_every_kind_at_once(store: Checkpoint) -> None:
    flying(store, "1", "2", "3", "4", "5")

    store_results(
        store,
        [
            UserCreated("1", "U1", NOTHING),
            UserUpdated("2", "U2", NOTHING),
            UserInConflict("3", Reason.LOGIN_TAKEN),
            UserNotSent("4"),
        ],
        {"1": "sent 1"},
    )

    assert states(store) == {
        "1": (State.CREATED, None),
        "2": (State.UPDATED, None),
        "3": (State.CONFLICT, "login_taken"),
        "4": (State.PENDING, None),
        "5": (State.SENDING, None),
    }
    assert (rows(store)["1"]["sent_hash"], rows(store)["2"]["sent_hash"]) == ("sent 1", None)


@pytest.mark.parametrize("outcome", [UserCreated("2", "U2", NOTHING), UserUnknown("6"), UserGivenUp("9")])
def test_l4_an_outcome_for_a_user_not_in_flight_writes_nothing_and_ends_the_run(
    store: Checkpoint, outcome: Outcome
) -> None:
    flying(store, "1")
    put(store, "2", state=State.CREATED)
    before = rows(store)

    with pytest.raises(LeaseLost, match=r"^A user in flight was changed by another run\.$") as caught:
        store_results(store, [replace(outcome, user_id="1"), outcome], {})

    assert caught.value.fix == "Run again."
    assert rows(store) == before


def test_users_in_flight_are_found_page_by_page(store: Checkpoint) -> None:
    flying(store, "3", "1", target_id="U")
    flying(store, "2", decision=Decision.UPDATE, attempts=1)
    to_create(store, "4")

    found, rest = in_flight_pages(store, 2)

    first, second = found
    assert [one.decision for one in found] == [Decision.CREATE, Decision.UPDATE]
    assert (first.target, first.target_hash, first.target_id, first.attempts) == (target("1"), "hash 1", "U", 2)
    assert (second.user_id, second.target_id, second.attempts) == ("2", None, 1)
    assert [one.user_id for one in rest] == ["3"]


def test_what_is_left_is_counted_by_decision(store: Checkpoint) -> None:
    to_create(store, "1", "2")
    put(store, "3", decision=Decision.UPDATE)
    put(store, "4", decision=Decision.UNCHANGED)
    put(store, "5", state=State.SENDING)
    put(store, "6")

    assert count_left(store) == {Decision.CREATE: 2, Decision.UPDATE: 1}
    assert count_left(store, {"1", "4"}) == {Decision.CREATE: 1}
    assert count_left(store, ()) == {}
