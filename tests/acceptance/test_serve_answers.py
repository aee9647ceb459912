"""What `migrator serve` says of whom: known people without a call, others by an exact match at Docebo alone."""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import oracle
import pytest
import wanted
from decided import fill_in
from serving import AT_ONCE, HELD, Reply, Serving, created, looked_up, mark, of, person, question
from world import Place

from migrator.sandbox.process import SandboxProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

LATE = 1.0  # seconds that a busy machine may add


@dataclass(frozen=True)
class World:
    """A migration that was run, its server, and the records of its people by name."""

    place: Place
    server: Serving
    records: dict[str, dict[str, Any]]

    def asked(self, login: str) -> tuple[Reply, list[dict[str, Any]]]:
        """One question, and every call that it cost."""
        since = mark(self.place)
        reply = self.server.resolve(login)
        return reply, self.place.sandbox.control.journal(since)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One for all tests here, of whom each has people of its own."""
    with SandboxProcess(users=0) as sandbox:
        place = Place(tmp_path_factory.mktemp("served"), sandbox, "sqlite:///migrator.db")
        place.configure(docebo={"page_size": 7}, policy={"existing": "link", "include": ["active", "suspended"]})
        records = _everybody(place)
        assert place.forked("run", "--yes").code == 3
        sandbox.control.set_switches(descope={"refuse_logins": []})
        decided = fill_in(place, **{f"u{records['skipped']['user_id']}": "skip"})
        sandbox.control.delete_docebo_user(records["leaver"]["user_id"])
        assert place.forked("run", "--yes", "--decisions", str(decided)).code == 3
        rows = oracle.read_rows(place.checkpoint, place)
        stood = {name: rows[record["user_id"]]["state"] for name, record in records.items() if name in EXPECTED}
        assert stood == EXPECTED
        with Serving(place) as server:
            yield World(place, server, records)
        place.end_all()


EXPECTED = {
    "known": "created", "linked": "updated", "suspended": "created", "expired": "skipped", "twin1": "conflict",
    "twin2": "conflict", "unwelcome": "failed", "addressless": "rejected", "skipped": "skipped", "leaver": "vanished",
}  # fmt: skip


def _everybody(place: Place) -> dict[str, dict[str, Any]]:
    control = place.sandbox.control
    records = {f"plain{number}": person(place, f"plain{number}") for number in range(20)}
    special: dict[str, dict[str, Any]] = {
        "known": {},
        "linked": {},
        "renamed": {},
        "shared": {},
        "suspended": {"status": "0"},
        "suspended_since": {},
        "expired": {"expired": True},
        "twin1": {"email": "twins@example.org"},
        "twin2": {"email": "Twins@example.org"},
        "unwelcome": {},
        "addressless": {"email": ""},
        "skipped": {"email": ""},
        "leaver": {},
        "substring.person": {"first_name": "Zebedee"},
    }
    records |= {name: person(place, name, **keys) for name, keys in special.items()}
    control.put_descope_user({"loginIds": ["linked@example.org"], "email": "linked@example.org", "name": "L"})
    control.set_switches(descope={"refuse_logins": ["unwelcome@example.org"], "poison_mode": "per_user"})
    return records


def _platform(place: Place) -> str:
    return place.sandbox.docebo_url.removeprefix("http://")


def is_held(reply: Reply) -> bool:
    """Whether an answer came when all that are not ready come."""
    return HELD - 0.05 <= reply.seconds <= HELD + LATE


# --- known people ----------------------------------------------------------------------------------


def test_whoever_arrived_is_ready_at_once_and_costs_no_call(world: World) -> None:
    """By address in any letter case, although the profile is erased by then."""
    row = oracle.read_rows(world.place.checkpoint, world.place)[world.records["known"]["user_id"]]
    assert (row["profile"], row["raw"]) == (None, None)
    for login in ("known@example.org", "KNOWN@Example.ORG", " known@example.org "):
        reply, cost = world.asked(login)
        assert reply.outcome == "ready"
        assert reply.document["login_id"] == "known@example.org"  # as Descope has it: the flow signs in with it
        assert reply.document["freshly_migrated"] is True
        assert (cost, reply.seconds < AT_ONCE) == ([], True)


def test_whoever_arrived_is_known_by_user_name_too(world: World) -> None:
    """The login id is no part of it and the profile is erased, so that Descope may be asked, but not Docebo."""
    reply, cost = world.asked("known.user")

    assert (reply.outcome, reply.document["login_id"]) == ("ready", "known@example.org")
    assert {one["api"] for one in cost} <= {"descope"}
    assert len(cost) <= 1


def test_whoever_was_linked_is_ready_and_not_freshly_migrated(world: World) -> None:
    """They were in Descope before and have their credentials."""
    reply, cost = world.asked("linked@example.org")

    assert (reply.outcome, reply.document["freshly_migrated"], cost) == ("ready", False, [])


def test_whom_the_migration_left_out_or_disabled_is_told_so_without_a_call(world: World) -> None:
    """Refused: disabled, outside policy.include, failed, skipped by a person. Conflict: two people with one address."""
    names = {"suspended": "refused", "expired": "refused", "unwelcome": "refused", "skipped": "refused"}
    names |= {"twin1": "conflict", "twin2": "conflict"}
    keys = ("email", "username")
    expected = {str(world.records[name][key]): told for name, told in names.items() for key in keys}
    expected = {login: told for login, told in expected.items() if login} | {"TWINS@example.ORG": "conflict"}
    since = mark(world.place)

    replies = world.server.storm([question(login) for login in expected])

    assert [reply.check().outcome for reply in replies] == list(expected.values())
    assert world.place.sandbox.control.journal(since) == []
    assert all(is_held(reply) for reply in replies)


# --- whom the checkpoint does not have -------------------------------------------------------------


def test_nobody_is_absent_and_remembered(world: World) -> None:
    """Docebo is asked once; the second time, in another spelling too, it is not."""
    first, cost = world.asked("nobody@example.org")
    again, nothing = world.asked("Nobody@Example.org")

    assert (first.outcome, again.outcome) == ("absent", "absent")
    assert {one["api"] for one in cost} == {"docebo"}
    assert nothing == []


PARTS = (
    "substring.person", "ubstring.person@example.org", "substring.person@example.or", "substring", "Zebedee",
    "%", "*", "@", "example.org", "a", "_",
)  # fmt: skip
UNSEEN = (" ", "\u00a0", "\u200b", "\u2060", "\ufeff", "\u3000")


def test_a_part_of_somebody_is_nobody(world: World) -> None:
    """Neither is a name, a sign that means anything in searches, what every address holds, or an id of either side."""
    before = len(world.place.targets())
    since = mark(world.place)
    user = of(world.place, world.records["known"])
    logins = [*PARTS, world.records["known"]["user_id"], user["userId"], user["name"]]

    assert world.server.outcomes(logins) == dict.fromkeys(logins, "absent")
    assert created(world.place, since) == {}
    assert len(world.place.targets()) == before


def test_a_login_that_nobody_sees_lists_nobody(world: World) -> None:
    """An empty search finds everybody at Docebo: it is refused, or absent at the cost of one call at most."""
    since = mark(world.place)

    replies = [reply.check() for reply in world.server.storm([question(login) for login in UNSEEN])]

    assert all(reply.status == 400 or reply.outcome in ("absent", "busy") for reply in replies)
    assert created(world.place, since) == {}
    assert len(looked_up(world.place, since)) <= len(UNSEEN)


def test_newcomers_are_found_created_and_ready(world: World) -> None:
    """By address in any letter case or by user name; once; and from then on without a call."""
    logins = {
        "newcomer1@example.org": "newcomer1",
        "NewComer2@EXAMPLE.org": "newcomer2",
        "newcomer3.user": "newcomer3",
        " newcomer4@example.org ": "newcomer4",
    }
    records = {name: person(world.place, name) for name in logins.values()}
    since = mark(world.place)

    for login, reply in world.server.settle(list(logins)).items():
        name = logins[login]
        assert (reply.outcome, reply.document["freshly_migrated"]) == ("ready", True)
        assert reply.document["login_id"] == f"{name}@example.org"
        user = of(world.place, records[name])
        assert wanted.difference(user, records[name], _platform(world.place)) == {}
    assert created(world.place, since) == {f"{name}@example.org": 1 for name in records}
    for login, name in logins.items():
        again, cost = world.asked(login)
        assert (again.outcome, again.document["login_id"]) == ("ready", f"{name}@example.org")
        assert [one for one in cost if one["api"] == "docebo"] == []
        assert again.seconds < AT_ONCE


def test_exactly_one_of_many_who_match_in_part(world: World) -> None:
    """The one whose user name it is, on whatever page of what Docebo finds."""
    crowd = [person(world.place, f"many{number:02}") for number in range(20)]
    one = person(world.place, "many", username="many")
    since = mark(world.place)

    reply = world.server.settled("many")

    assert (reply.outcome, reply.document["login_id"]) == ("ready", one["email"])
    assert created(world.place, since) == {one["email"]: 1}
    assert len(crowd) > 2 * world.place.config.docebo.page_size


def test_whoever_vanished_is_looked_for_again(world: World) -> None:
    """Absent while Docebo does not have the person."""
    since = mark(world.place)

    reply = world.server.settled("leaver@example.org")

    assert reply.outcome == "absent"
    assert looked_up(world.place, since) != []


def test_whoever_was_rejected_is_refused_until_the_record_is_mended(world: World) -> None:
    """Docebo is searched each time that nobody remembers, since a person may have mended the record."""
    record = world.records["addressless"]
    since = mark(world.place)
    before = world.server.settled(record["username"])
    looked = looked_up(world.place, since)
    world.place.sandbox.control.patch_docebo_user(record["user_id"], email="mended@example.org")

    after = world.server.settled("mended@example.org")

    assert (before.outcome, after.outcome) == ("refused", "ready")
    assert looked != []
    assert created(world.place, since) == {"mended@example.org": 1}


def test_newcomers_who_may_not_sign_in_are_refused(world: World) -> None:
    """Suspended at Docebo: in Descope, disabled, as a run would do it; outside policy.include: not at all."""
    suspended, expired = person(world.place, "late1", status="0"), person(world.place, "late2", expired=True)
    since = mark(world.place)

    told = world.server.outcomes([suspended["email"], expired["email"]])

    assert set(told.values()) == {"refused"}
    assert created(world.place, since) == {suspended["email"]: 1}
    assert of(world.place, suspended)["status"] == "disabled"


def test_a_newcomer_who_is_in_descope_already_is_linked(world: World) -> None:
    """As policy.existing says, and then not freshly migrated."""
    record = person(world.place, "stranger")
    world.place.sandbox.control.put_descope_user({"loginIds": [record["email"]], "email": record["email"], "name": "S"})
    since = mark(world.place)

    reply = world.server.settled(record["email"])

    assert (reply.outcome, reply.document["freshly_migrated"]) == ("ready", False)
    assert created(world.place, since) == {}
    assert of(world.place, record)["loginIds"] == [record["email"]]


def test_two_newcomers_with_one_address_are_a_conflict(world: World) -> None:
    """Nobody is created, whichever way either of them is asked for."""
    for name in ("pair1", "pair2"):
        person(world.place, name, email="pair@example.org")
    since = mark(world.place)

    told = world.server.outcomes(["pair@example.org", "pair1.user", "pair2.user"])

    assert set(told.values()) == {"conflict"}
    assert created(world.place, since) == {}


def test_a_second_person_with_the_address_of_a_known_one(world: World) -> None:
    """The address is still the first one's, who has it in Descope; the second is a conflict and never created."""
    person(world.place, "shared2", email="Shared@example.org")
    since = mark(world.place)

    second = world.server.settled("shared2.user")
    first, cost = world.asked("shared@example.org")

    assert (second.outcome, first.outcome, cost) == ("conflict", "ready", [])
    assert created(world.place, since) == {}
    assert of(world.place, world.records["shared"])["loginIds"] == ["shared@example.org"]


# --- changed at Docebo since -----------------------------------------------------------------------


def test_a_new_address_brings_the_same_person(world: World) -> None:
    """The old one is known until then; the new one is found at Docebo, and the same user of Descope gets it."""
    record = world.records["renamed"]
    before = of(world.place, record)
    world.place.sandbox.control.patch_docebo_user(record["user_id"], email="Married@example.org")
    since = mark(world.place)
    old, cost = world.asked("renamed@example.org")

    new = world.server.settled("married@example.org")

    assert (old.outcome, cost) == ("ready", [])
    assert (new.outcome, new.document["login_id"]) == ("ready", "married@example.org")
    assert created(world.place, since) == {}
    assert of(world.place, record)["userId"] == before["userId"]
    assert of(world.place, record)["loginIds"] == ["married@example.org"]
    assert world.server.settled("renamed@example.org").outcome == "absent"  # no login id of anybody any more


def test_a_suspension_shows_with_the_next_run(world: World) -> None:
    """A known person costs no call, so what changed at Docebo is not seen before a run has read it."""
    world.place.sandbox.control.patch_docebo_user(world.records["suspended_since"]["user_id"], status="0")

    reply, cost = world.asked("suspended_since@example.org")

    assert (reply.outcome, cost) == ("ready", [])


# --- the same execution again, and what nobody can tell apart ---------------------------------------


def test_one_execution_of_a_flow_may_look_up_five_logins(world: World) -> None:
    """The sixth is too many; who is known or remembered is answered all the same; another execution looks up."""
    run = "one-execution"
    first = world.server.storm([question(f"guess{number}@example.org", run) for number in range(5)])
    since = mark(world.place)

    sixth = world.server.resolve("guess5@example.org", run)

    assert {reply.outcome for reply in first} == {"absent"}
    assert sixth.status == 429
    assert 1 <= int(sixth.headers["retry-after"]) <= 600
    assert looked_up(world.place, since) == []
    assert world.server.resolve("known@example.org", run).outcome == "ready"
    assert world.server.resolve("guess1@example.org", run).outcome == "absent"
    assert world.server.resolve("guess5@example.org").outcome == "absent"  # another execution


def test_an_execution_that_is_replayed_changes_nothing(world: World) -> None:
    """The same body, many times: one user, one answer."""
    record = person(world.place, "replayed")
    since = mark(world.place)
    body = json.dumps({"login": record["email"], "execution_id": "the-same"}).encode()

    replies = [world.server.post(body) for _ in range(8)]

    last = {(reply.outcome, reply.document["login_id"]) for reply in replies[4:]}
    assert last == {("ready", record["email"])}
    assert created(world.place, since) == {record["email"]: 1}
    assert len(looked_up(world.place, since)) == 1


def test_known_and_unknown_people_have_one_shape(world: World) -> None:
    """The same keys in the same order and the same headers, so that only the outcome tells."""
    logins = ["known@example.org", "unseen@example.org", "suspended@example.org", "twins@example.org"]
    replies = world.server.storm([question(login) for login in logins])

    assert [reply.check().outcome for reply in replies] == ["ready", "absent", "refused", "conflict"]
    assert len({tuple(reply.document) for reply in replies}) == 1
    assert len({tuple(sorted(reply.headers)) for reply in replies}) == 1


def test_who_exists_nowhere_takes_as_long_as_who_is_remembered(world: World) -> None:
    """Within ten percent, and as long as whoever is refused: no clock tells what the server knows."""
    logins = [f"timed{number}@example.org" for number in range(5)]

    def median(asked: list[str]) -> float:
        replies = world.server.storm([question(login) for login in asked])
        return statistics.median(reply.seconds for reply in replies)

    first, again = median(logins), median(logins)
    refused = median(["suspended@example.org"] * 5)

    assert first == pytest.approx(again, rel=0.1)
    assert refused == pytest.approx(again, rel=0.1)
    assert first < 0.8  # seconds, as promised
