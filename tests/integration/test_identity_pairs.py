"""Who counts as one person and who does not: every pair of a table, as the documents class it (docs/decisions/0008)."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import oracle
import pytest
from identity_pairs import CASES, LIVES, MAPPINGS, POLICIES, Life
from virtual_clock import VirtualClock
from wanted import difference, spelled

from migrator.sandbox import people

if TYPE_CHECKING:
    from collections.abc import Sequence

    from identity_pairs import Case
    from world import Place

ORDERS = ("first", "second", "apart")
ARRIVED = ("created", "updated", "unchanged")
# A mapping, a policy and an order of people whose identities move.
LIFE_WORLDS = [
    (mapping, policy, order)
    for mapping in ("email", "username")
    for policy, order in zip(POLICIES, ORDERS, strict=True)
]


def _worlds() -> list[Any]:
    """Every mapping, policy and order; a daily run has all of the first mapping, and of others each value once."""
    places = range(len(POLICIES))
    return [
        pytest.param(
            mapping, POLICIES[one], ORDERS[other], marks=() if mapping == "email" or one == other else pytest.mark.soak
        )
        for mapping, one, other in itertools.product(MAPPINGS, places, places)
    ]


@dataclass(frozen=True)
class Order:
    """Where people stand in Docebo's list, which is by user name, and who of a case is the oldest.

    In `first` the people of a case follow each other, in `second` the other way round, and in `apart` everybody's
    first person comes before anybody's second. The last person of a case is the oldest in `second`.
    """

    kind: str

    def user_id(self, case: int, person: int) -> str:
        """The id of a person, by the number of the case and the place in it."""
        if self.kind == "apart":
            return str(10_000 * (person + 1) + case)
        return str(10_000 + 10 * case + (9 - person if self.kind == "second" else person))

    def age(self, person: int) -> int:
        """The smaller, the older, and the longer away."""
        return 9 - person if self.kind == "second" else person

    def record(self, case: int, person: int, **keys: Any) -> dict[str, Any]:
        """A Docebo record that shares nothing with anybody but what `keys` say."""
        user_id = self.user_id(case, person)
        age = self.age(person)
        own = {
            "user_id": user_id,
            "username": f"name{user_id}",
            "email": f"mail{user_id}@example.net",
            "status": "1",
            "expired": False,
            "creation_date": f"201{age}-01-01 00:00:00",
            "last_access_date": f"202{age}-01-01 00:00:00",
        }
        return people.person(int(user_id), 77).record | own | keys

    def chosen(self, policy: str, candidates: Sequence[int]) -> int | None:
        """Whom of them the policy chooses."""
        if policy == "conflict" or not candidates:
            return None
        return (min if policy == "oldest" else max)(candidates, key=self.age)


def expected(words: str, order: Order, policy: str, mapping: str) -> list[set[str]]:
    """What may become of each person; one answer unless the documents leave it open."""
    shared = "duplicate_login" if mapping == "username" else "duplicate_email"
    parts = words.split()
    candidates = [place for place, word in enumerate(parts) if word.startswith("?")]
    winner = order.chosen(policy, candidates)
    found = []
    for place, word in enumerate(parts):
        lost, won, beaten = (*word.removeprefix("?").split("/"), "", "")[:3]
        told = won or "created" if place == winner else (beaten if winner is not None else "") or lost
        found.append({shared if one == "duplicate" else one for one in told.split("|")})
    return found


def class_of(rows: dict[str, dict[str, Any]], user_id: str) -> str:
    """The reason of a user, or the state of who arrived."""
    row = rows[user_id]
    assert bool(row["reason"]) is (row["state"] not in ARRIVED), (user_id, row["state"], row["reason"])
    return str(row["reason"] or row["state"])


def accounts(place: Place, start: oracle.Before) -> dict[str, list[str]]:
    """Docebo user id to the login ids of the Descope user with its mark, of whom there is one."""
    marked = [user for user in place.targets() if user["customAttributes"].get("doceboPlatform") == start.platform]
    found = {user["customAttributes"]["doceboUserId"]: user["loginIds"] for user in marked}
    assert len(found) == len(marked)
    return found


def configure(place: Place, mapping: str, policy: str, existing: str = "conflict") -> None:
    """Small pages and batches, so that the people of a case meet within a page, over its edge and far away."""
    place.configure(
        docebo={"page_size": 7},
        mapping=MAPPINGS[mapping],
        policy={"duplicate_email": policy, "existing": existing},
    )


def sent_as(record: dict[str, Any], mapping: str) -> str:
    """The login id under which a record arrives."""
    if mapping == "username":
        return spelled(record["username"])
    address = str(record["email"] or "").strip() or f"docebo-{record['user_id']}@made-up.example.org"
    return spelled(address)


def fill(place: Place, cases: Sequence[Case], order: Order) -> dict[str, dict[str, Any]]:
    """Put the people of all cases into Docebo, and the strangers into Descope; the records by id."""
    records = {}
    for number, case in enumerate(cases):
        ids = [order.user_id(number, person) for person in range(len(case.people))]
        for person, keys in enumerate(case.people):
            filled = {key: text.format(*ids) if isinstance(text, str) else text for key, text in keys.items()}
            record = order.record(number, person, **filled)
            records[place.sandbox.control.put_docebo_user(record)] = record
        for stranger in case.strangers:
            place.sandbox.control.put_descope_user(stranger)
    return records


def judge_cases(place: Place, order: Order, mapping: str, policy: str, existing: str = "conflict") -> None:
    """Run twice, and compare what became of everybody with the table, after each run."""
    cases = CASES[mapping]
    configure(place, mapping, policy, existing)
    records = fill(place, cases, order)
    start = oracle.before(place)
    for _ in range(2):
        assert place.migrate(VirtualClock()).error is None

        rows = oracle.read_rows(place.checkpoint, place)
        assert rows.keys() == records.keys()
        told, allowed = {}, {}
        for number, case in enumerate(cases):
            words = case.linked if existing == "link" and case.linked else case.words
            for person, classes in enumerate(expected(words, order, policy, mapping)):
                user_id = order.user_id(number, person)
                told[case.name, user_id] = class_of(rows, user_id)
                allowed[case.name, user_id] = classes
        assert {who: one for who, one in told.items() if one not in allowed[who]} == {}
        arrived = {user_id for (_, user_id), one in told.items() if one in ARRIVED}
        wanted = {user_id: sent_as(records[user_id], mapping) for user_id in arrived}
        assert {user_id: spelled(logins[0]) for user_id, logins in accounts(place, start).items()} == wanted
    if existing == "conflict":
        targets = oracle.check(place, start, whole=False).targets
        known = arrived if mapping in ("email", "extra") else ()  # the mappings whose targets are worked out twice
        assert [one for one in known if difference(targets[one], records[one], start.platform)] == []


@pytest.mark.parametrize(("mapping", "policy", "order"), _worlds())
def test_d1_identity_pairs_are_classed_as_documented(place: Place, mapping: str, policy: str, order: str) -> None:
    """Whoever of a pair is listed first, on whatever page: each policy makes of everybody what the table says."""
    judge_cases(place, Order(order), mapping, policy)


@pytest.mark.parametrize(
    ("mapping", "policy"), [*(("email", policy) for policy in POLICIES), ("username", "oldest"), ("extra", "oldest")]
)
def test_d1_identity_pairs_are_linked_as_documented(place: Place, mapping: str, policy: str) -> None:
    """`existing: link` takes a stranger with the primary login id for the person, and nobody for two people."""
    judge_cases(place, Order("first"), mapping, policy, "link")


@pytest.mark.parametrize("mapping", ["email", "username"])
def test_d1_pairs_that_only_look_alike_are_shown_by_the_plan(any_place: Place, mapping: str) -> None:
    """A plan counts every pair of look-alikes, and none that collide; all of them would be created."""
    configure(any_place, mapping, "conflict")
    cases = [case for case in CASES[mapping] if not case.strangers]
    fill(any_place, cases, Order("first"))

    plan = any_place.forked("plan", "--json").document

    assert plan["look_alikes"]["pairs"] == sum(case.alike for case in cases) > 0


def login_of(life: int, word: str, mapping: str) -> str:
    """The login that a word of a life stands for; each life has its own."""
    return f"life{life}.{word}@example.org" if mapping == "email" else f"life{life}.{word}"


def take_step(place: Place, number: int, life: Life, step: int, order: Order, mapping: str) -> None:
    """What happens to the people of a life in Docebo before a run; beyond its last step, nothing."""
    earlier = {person for before in life.steps[:step] for person in before}
    for person, word in (life.steps[step] if step < len(life.steps) else {}).items():
        user_id = order.user_id(number, person)
        if word is None:
            place.sandbox.control.delete_docebo_user(user_id)
            continue
        keys = {mapping: login_of(number, word, mapping)}
        if person in earlier:
            place.sandbox.control.patch_docebo_user(user_id, **keys)
        else:
            place.sandbox.control.put_docebo_user(order.record(number, person, **keys))


@pytest.mark.parametrize("existing", ["conflict", "link"])
@pytest.mark.parametrize(("mapping", "policy", "order"), LIFE_WORLDS)
def test_d1_identities_that_move_are_classed_as_documented(
    place: Place, mapping: str, policy: str, order: str, existing: str
) -> None:
    """Swapped, moved, given to a newcomer, created again: after each of four runs, everybody is as the table says."""
    places = Order(order)
    configure(place, mapping, policy, existing)
    start = oracle.before(place)
    for step in range(4):
        for number, life in enumerate(LIVES):
            take_step(place, number, life, step, places, mapping)

        assert place.migrate(VirtualClock()).error is None

        rows = oracle.read_rows(place.checkpoint, place)
        told, allowed = {}, {}
        for number, life in enumerate(LIVES):
            all_words = life.linked if existing == "link" and life.linked else life.words
            words = all_words[min(step, len(all_words) - 1)]
            for person, classes in enumerate(expected(words, places, policy, mapping)):
                user_id = places.user_id(number, person)
                told[life.name, user_id] = class_of(rows, user_id)
                allowed[life.name, user_id] = classes
        assert {who: one for who, one in told.items() if one not in allowed[who]} == {}, step
        assert {user_id for _, user_id in told} == rows.keys()
    found, wanted = accounts(place, start), {}
    for number, life in enumerate(LIVES):
        logins = life.linked_logins if existing == "link" and life.linked else life.logins
        for person, word in enumerate(logins.split()):
            wanted[places.user_id(number, person)] = None if word == "-" else [login_of(number, word, mapping)]
    assert {user_id: found.get(user_id) for user_id in wanted} == wanted
    oracle.check(place, start, whole=False)
