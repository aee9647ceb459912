"""`migrator serve` behind other mappings, partial runs and a purge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import oracle
import pytest
from serving import Serving, created, looked_up, mark, of, person

if TYPE_CHECKING:
    from world import Place


@pytest.fixture
def empty(place: Place) -> Place:
    """Nobody anywhere."""
    place.sandbox.control.reset(users=0, strangers=0)
    return place


def is_known(place: Place, server: Serving, login: str, login_id: str) -> bool:
    """Whether the person is ready under that login id of Descope, and nobody was asked."""
    since = mark(place)
    reply = server.resolve(login)
    assert (reply.outcome, reply.document["login_id"]) == ("ready", login_id)
    return place.sandbox.control.journal(since) == []


@pytest.mark.parametrize(
    ("mapping", "login_id"),
    [
        ({"extra_login_ids": ["username"]}, "ann@example.org"),
        ({"login_id": "username"}, "ann.user"),
        ({"login_id": "username", "extra_login_ids": ["email"]}, "ann.user"),
    ],
    ids=["user name besides", "user name alone", "address besides"],
)
def test_people_are_known_by_address_and_by_user_name(empty: Place, mapping: dict[str, Any], login_id: str) -> None:
    """Whichever of them Descope has; what it answers is one that Descope knows the person by."""
    place = empty
    place.configure(mapping=mapping)
    person(place, "ann")
    assert place.forked("run", "--yes").code == 0
    with Serving(place) as server:
        for login in ("ann@example.org", "ANN@example.org", "ann.user"):
            since = mark(place)
            reply = server.settled(login)
            assert reply.outcome == "ready"
            assert reply.document["login_id"] in of(place, place.sources()[0])["loginIds"]
            asked = [one["api"] for one in place.sandbox.control.journal(since)]
            assert asked in ([], ["descope"])  # where no text of the login id is left
        bob = person(place, "bob")
        since = mark(place)
        assert server.settled("bob@example.org").document["login_id"] in of(place, bob)["loginIds"]
        assert login_id in of(place, place.sources()[0])["loginIds"]
        assert sum(created(place, since).values()) == len(of(place, bob)["loginIds"])


def test_an_address_of_two_people_with_user_names_of_their_own_is_a_conflict(empty: Place) -> None:
    """Where the user name is the login id both are migrated, and the address says which of them nobody can."""
    place = empty
    place.configure(mapping={"login_id": "username"})
    for name in ("ann", "bob"):
        person(place, name, email="family@example.org")
    assert place.forked("run", "--yes").code == 0
    for name in ("cid", "dan"):
        person(place, name, email="newcomers@example.org")
    with Serving(place) as server:
        assert server.settled("ann.user").document["login_id"] == "ann.user"
        assert server.settled("bob.user").document["login_id"] == "bob.user"
        assert server.settled("family@example.org").outcome == "conflict"
        assert server.settled("newcomers@example.org").outcome == "conflict"
        assert server.settled("cid.user").outcome == "ready"


@pytest.mark.parametrize("options", [("--limit", "1"), ("--search-text", "ann")])
def test_whom_a_partial_run_left_out_comes_just_in_time(empty: Place, options: tuple[str, ...]) -> None:
    """Only the one who asks; the others wait for their run, which then brings them."""
    place = empty
    start = oracle.before(place)
    for name in ("ann", "bob", "cid"):
        person(place, name)
    assert place.forked("run", "--yes", *options).code == 0
    here = {user["email"] for user in place.targets()}
    (wanted, other) = sorted({record["email"] for record in place.sources()} - here)
    with Serving(place) as server:
        since = mark(place)
        reply = server.settled(wanted)

        assert (reply.outcome, reply.document["login_id"]) == ("ready", wanted)
        assert looked_up(place, since) != []
        assert created(place, since) == {wanted: 1}
        server.kill()
    run = place.forked("run", "--yes", "--json")
    assert run.code == 0
    assert created(place, since) == {wanted: 1, other: 1}
    assert oracle.check(place, start, run).states == {"created": 3}


def test_after_a_purge_people_are_known_all_the_same(empty: Place) -> None:
    """No personal data is needed to know somebody again."""
    place = empty
    person(place, "ann")
    assert place.forked("run", "--yes").code == 0
    assert place.forked("purge", "--yes").code == 0
    with Serving(place) as server:
        assert is_known(place, server, "ann@example.org", "ann@example.org")
        person(place, "bob")
        assert server.settled("bob@example.org").outcome == "ready"
        assert is_known(place, server, "bob@example.org", "bob@example.org")
        server.stop()
        assert server.ended().code == 0
    assert place.forked("run", "--yes").code == 0  # verifies who came, and erases
    raw = b"".join(path.read_bytes() for path in place.folder.glob("migrator.db*"))
    assert [name for name in (b"ann@example.org", b"bob@example.org") if name in raw] == []
