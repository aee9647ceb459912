"""Crowds, broken servers and power cuts: nobody is created twice, and nothing costs more than it may."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import oracle
import pytest
from deadline import until
from runs import CREATE, SEARCH
from serving import AT_ONCE, Serving, created, looked_up, mark, of, person, question, slow_list

if TYPE_CHECKING:
    from collections.abc import Iterable

    from oracle import Before
    from serving import Reply
    from world import Place

LIST = "/manage/v1/user$"
CLIENTS = [f"127.0.0.{number}" for number in range(2, 6)]


def migrated(place: Place, users: int = 5) -> Before:
    """A few people whom a run has brought over; the world before it."""
    place.sandbox.control.reset(users=0, strangers=0)
    start = oracle.before(place)
    for number in range(users):
        person(place, f"known{number}")
    assert place.forked("run", "--yes").code == 0
    return start


def outcomes(replies: Iterable[Reply]) -> set[str]:
    """What was said, errors as their status."""
    return {reply.outcome if reply.status == 200 else str(reply.status) for reply in map(_checked, replies)}


def _checked(reply: Reply) -> Reply:
    return reply.check()


def judged(place: Place, start: Before, server: Serving) -> oracle.Verdict:
    """End the server in order, and let the judge look at everything; a run more has nothing to do."""
    server.stop()
    ended = server.ended()
    assert ended.code == 0, ended.err
    run = place.forked("run", "--yes", "--json")
    assert run.document["calls"]["descope_writes"] == 0, run.err
    return oracle.check(place, start, run)


# --- crowds ----------------------------------------------------------------------------------------


def test_a_thousand_requests_for_one_new_person_create_one_user(any_place: Place) -> None:
    """In three spellings at once; Docebo is asked once for each, and for others with the address of a user name."""
    place = any_place
    start = migrated(place)
    wanted = person(place, "wanted")
    logins = ["wanted@example.org", "WANTED@example.org", "wanted.user"]
    with Serving(place) as server:
        since = mark(place)
        told = outcomes(server.storm([question(logins[number % 3]) for number in range(1000)]))
        last = {server.settled(login).document["login_id"] for login in logins}

        assert told <= {"ready", "busy"}
        assert last == {wanted["email"]}
        assert created(place, since) == {wanted["email"]: 1}
        assert len(looked_up(place, since)) <= 4  # one for each spelling, one for namesakes
        assert judged(place, start, server).states == {"created": 6}


def test_many_new_people_at_once_are_each_created_once(place: Place) -> None:
    """Sixty people, ten requests for each."""
    start = migrated(place)
    everybody = [person(place, f"new{number:02}")["email"] for number in range(60)]
    with Serving(place) as server:
        since = mark(place)
        told = outcomes(server.storm([question(email) for email in everybody * 10]))
        settled = server.settle(everybody)

        assert [settled[email].document["login_id"] for email in everybody] == everybody
        assert told <= {"ready", "busy"}
        assert created(place, since) == dict.fromkeys(everybody, 1)
        assert len(looked_up(place, since)) <= len(everybody)
        assert judged(place, start, server).states == {"created": 65}


@pytest.mark.parametrize("crowd", [300, pytest.param(10_000, marks=pytest.mark.soak)])
def test_a_crowd_of_unknown_logins_costs_no_more_than_the_budget(place: Place, crowd: int) -> None:
    """Half of it from one address, all of it from several; then 429; the known are served all the same."""
    migrated(place)
    with Serving(place, section={"docebo_calls_per_hour": 12}) as server:
        since = mark(place)
        guesses = [question(f"guess{number}@example.org") for number in range(crowd)]
        alone = [reply for some in range(0, crowd, 500) for reply in server.storm(guesses[some : some + 500])]
        half = len(looked_up(place, since))
        others = [
            reply
            for client in CLIENTS
            for reply in server.storm([question(f"more{client}-{number}@example.org") for number in range(3)], client)
        ]
        known = server.resolve("known1@example.org")

        assert outcomes(alone) <= {"absent", "busy", "429"}
        assert half == 6
        assert "429" in outcomes(others)
        assert len(place.journal("docebo", since)) <= 12  # the calls at its start are among them
        assert len(looked_up(place, since)) > half
        assert {1 <= int(one.headers["retry-after"]) <= 3600 for one in alone if one.status == 429} == {True}
        assert (known.outcome, known.seconds < AT_ONCE) == ("ready", True)
        assert created(place, since) == {}


def test_a_login_of_which_everybody_has_a_part_costs_no_more_than_the_budget(place: Place) -> None:
    """A search that finds the whole platform is many calls, and each of them counts."""
    place.configure(docebo={"page_size": 2})
    migrated(place, users=40)
    with Serving(place, section={"docebo_calls_per_hour": 12}) as server:
        since = mark(place)
        told: set[str] = set()
        for client in CLIENTS:
            told |= outcomes(server.storm([question("example.org"), question("example.or")], client))

        assert told <= {"refused", "busy", "429"}  # nobody has looked at everybody
        assert len(place.journal("docebo", since)) <= 12
        assert created(place, since) == {}
        assert server.resolve("known1@example.org").outcome == "ready"
        server.stop()
        assert server.ended(20).code == 0  # nobody waits until there are calls again


def test_a_crowd_before_a_slow_docebo_keeps_no_known_person_out(place: Place) -> None:
    """Hundreds of names wait for Docebo; whoever is known, by address or user name, is ready at once all the same."""
    migrated(place)
    known = ["known1@example.org", "known2.user", "KNOWN3@example.org", "known4.user"]
    with Serving(place) as server, ThreadPoolExecutor(1) as threads:
        since = mark(place)
        place.sandbox.control.set_faults(slow_list(2))
        crowd = threads.submit(server.storm, [question(f"guess{number}@example.org") for number in range(400)])
        until(lambda: looked_up(place, since))
        replies = [server.resolve(login) for login in known]
        guessed = outcomes(crowd.result())
        replies += server.storm([question(login) for login in known])

        assert guessed <= {"absent", "busy", "429"}
        said = [reply.outcome if reply.status == 200 else str(reply.status) for reply in map(_checked, replies)]
        assert said == ["ready"] * 8
        assert max(reply.seconds for reply in replies[:4]) < AT_ONCE


def test_a_crowd_never_starves_the_run_inside(place: Place) -> None:
    """Sign-ins have their share of Docebo's calls and no more, so that the run brings everybody."""
    place.configure(docebo={"calls_per_hour": 60, "page_size": 5})
    migrated(place)
    newcomers = [person(place, f"batch{number:02}") for number in range(15)]
    since = mark(place)
    place.sandbox.control.set_faults(
        {"kind": "slow", "api": "docebo", "path": LIST, "nth": 1, "params": {"seconds": 2}}
    )
    with Serving(place, ("--with-run",), section={"docebo_calls_per_hour": 20}) as server:
        until(lambda: looked_up(place, since))
        for client in CLIENTS:
            told = server.storm([question(f"guess{client}-{number}@example.org") for number in range(100)], client)
            assert outcomes(told) <= {"absent", "busy", "429"}
        until(lambda: len(created(place, since)) == len(newcomers))

        assert len([text for text in looked_up(place, since) if text.startswith("guess")]) <= 20
        assert created(place, since) == {record["email"]: 1 for record in newcomers}


# --- servers that fail -----------------------------------------------------------------------------


def status(code: int, **headers: str) -> dict[str, Any]:
    """An error status."""
    return {"kind": "status", "params": {"code": code, "headers": headers}}


BROKEN: dict[str, dict[str, Any]] = {
    "slow": {"kind": "slow", "params": {"seconds": 1.5}},
    "down": status(503),
    "refusing": status(403),
    "forgetting the token": {"kind": "revoke_tokens"},
    "cutting connections": {"kind": "reset"},
    "throttling": status(429, **{"Retry-After": "2"}),
    "a page of HTML": {"kind": "html200"},
    "half an answer": {"kind": "cut_json"},
    "another shape": {"kind": "wrong_shape", "params": {"text": '{"data": []}'}},
}
MORE: dict[str, dict[str, Any]] = {
    "failing": status(500),
    "silent": {"kind": "lost", "when": "before", "times": 1},
    "nothing": {"kind": "empty200"},
    "deep nests": {"kind": "deep_json"},
    "no items": {"kind": "drop_field", "params": {"path": "data.items"}},
    "a redirect": {"kind": "redirect", "params": {"location": "https://example.org/"}},
}
RIGHT_AFTER_ALL = {"forgetting the token"}


@pytest.mark.parametrize("kinds", [BROKEN, pytest.param(MORE, marks=pytest.mark.soak)], ids=["daily", "soak"])
def test_while_docebo_fails_known_people_are_served_and_others_told_to_wait(
    place: Place, kinds: dict[str, dict[str, Any]]
) -> None:
    """Busy or 429, never 500 and never absent; nobody is created; when it works again, the next try finds the person.

    One server for all kinds of failure: none may leave it worse than it was.
    """
    start = migrated(place)
    with Serving(place) as server:
        for number, (kind, fault) in enumerate(kinds.items()):
            since = mark(place)
            record = person(place, f"patient{number}")
            place.sandbox.control.set_faults({"api": "docebo", "path": LIST, **fault})
            asked, known = server.storm([question(record["email"]), question("known1@example.org")])
            made = created(place, since)
            place.sandbox.control.clear_faults()

            is_right = kind in RIGHT_AFTER_ALL
            assert outcomes([asked]) <= {"busy", "429", *(["ready"] if is_right else [])}, kind
            assert (known.outcome, known.seconds < AT_ONCE) == ("ready", True), kind
            assert made == {} or is_right, kind
            assert _brought(server, record["email"]), kind
            assert created(place, since) == {record["email"]: 1}, kind
        assert judged(place, start, server).states == {"created": 5 + len(kinds)}


def _brought(server: Serving, login: str) -> bool:
    """Whether the person is ready in the end, although a pause or a budget may have to pass."""

    def look() -> bool:
        reply = server.resolve(login)
        assert outcomes([reply]) <= {"busy", "429", "ready"}
        return reply.status == 200 and reply.outcome == "ready"

    return until(look, 60)


def test_a_pause_that_docebo_asks_for_is_kept_and_passed_on(place: Place) -> None:
    """As Docebo does when its hour is used up: it is not asked again, and the flow is told how long that lasts."""
    migrated(place)
    with Serving(place) as server:
        since = mark(place)
        hour = status(429, **{"Retry-After": "3000"})
        place.sandbox.control.set_faults({"api": "docebo", "path": LIST, **hour})
        first = server.resolve("nobody1@example.org")
        others = server.storm([question(f"nobody{number}@example.org") for number in range(2, 20)])

        assert outcomes([first]) <= {"busy", "429"}
        assert outcomes(others) == {"429"}
        assert {int(reply.headers["retry-after"]) > 2000 for reply in others} == {True}
        assert len(looked_up(place, since)) == 1
        assert server.resolve("known1@example.org").outcome == "ready"


def test_while_descope_fails_nobody_is_doubled(place: Place) -> None:
    """Busy until it works again; then ready, and created once, whatever the lost answers did."""
    start = migrated(place)
    faults = [status(503), status(429, **{"Retry-After": "2"}), {"kind": "close", "when": "after"}, {"kind": "html200"}]
    with Serving(place) as server:
        for number, fault in enumerate(faults):
            record = person(place, f"wanted{number}")
            since = mark(place)
            path = CREATE if number % 2 else f"{CREATE}|{SEARCH}"
            place.sandbox.control.set_faults({"api": "descope", "path": path, "times": 1, **fault})
            asked, known = server.storm([question(record["email"]), question("known1@example.org")])

            assert outcomes([asked]) <= {"busy", "ready"}, fault
            assert (known.outcome, known.seconds < AT_ONCE) == ("ready", True), fault
            assert _brought(server, record["email"])
            assert created(place, since) == {record["email"]: 1}, fault
        assert judged(place, start, server).states == {"created": 5 + len(faults)}


def test_a_refusal_by_descope_is_a_refusal(place: Place) -> None:
    """Of one person: refused, then and later, without another look-up; nobody else is affected."""
    migrated(place)
    record, other = person(place, "unwelcome"), person(place, "welcome")
    place.sandbox.control.set_switches(descope={"refuse_logins": [record["email"]]})
    with Serving(place) as server:
        both = server.storm([question(record["email"]), question(other["email"])])
        settled = server.settled(record["email"])
        since = mark(place)

        assert outcomes(both) <= {"busy", "ready", "refused"}
        assert settled.outcome == "refused"
        assert server.resolve(record["email"]).outcome == "refused"
        assert looked_up(place, since) == []
        assert server.settled(other["email"]).outcome == "ready"


# --- power cuts ------------------------------------------------------------------------------------

CUTS: dict[str, dict[str, Any]] = {
    "while Docebo is asked": slow_list(20),
    "before the create is done": {"kind": "lost", "path": CREATE, "when": "before"},
    "after the create is done": {"kind": "lost", "path": CREATE, "when": "after"},
}


@pytest.mark.grid
@pytest.mark.parametrize("moment", CUTS)
def test_a_server_that_is_killed_leaves_nobody_half(any_place: Place, moment: str) -> None:
    """The next one starts at once, settles what was in flight, and the person is created once."""
    place = any_place
    start = migrated(place)
    record = person(place, "wanted")
    with Serving(place) as server:
        since = mark(place)
        place.sandbox.control.set_faults(CUTS[moment])
        assert server.resolve(record["email"]).outcome == "busy"
        fault = CUTS[moment]
        until(lambda: any(one["fault"] == fault["kind"] for one in place.sandbox.control.journal(since)))
        server.kill()
    place.sandbox.control.clear_faults()

    with Serving(place) as server:
        reply = server.settled(record["email"])

        assert (reply.outcome, reply.document["login_id"]) == ("ready", record["email"])
        assert created(place, since) == {record["email"]: 1}
        assert of(place, record)["customAttributes"]["freshlyMigrated"] is True
        assert judged(place, start, server).states == {"created": 6}


def test_a_run_after_a_killed_server_settles_what_it_left(place: Place) -> None:
    """It need not wait for the lease of a process that is gone, and creates nobody again."""
    start = migrated(place)
    record = person(place, "wanted")
    with Serving(place) as server:
        since = mark(place)
        place.sandbox.control.set_faults(CUTS["after the create is done"])
        assert server.resolve(record["email"]).outcome == "busy"
        until(lambda: created(place, since))
        server.kill()
    place.sandbox.control.clear_faults()

    run = place.forked("run", "--yes", "--json")

    assert run.code == 0, run.err
    assert created(place, since) == {record["email"]: 1}
    assert oracle.check(place, start, run).states == {"created": 6}
