"""Connections that break, answers that never come, in whole runs (docs/reliability.md N1 to N4, N10 to N12)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import oracle
import pytest
from runs import ATTRIBUTES, CREATE, LIST, SEARCH, TOKEN, USER, calls, go, impatient, small
from virtual_clock import VirtualClock

if TYPE_CHECKING:
    from world import Place

USERS = 20  # in 4 batches of 5
FAILURES = (500, 502, 503, 504, 520, 521, 522, 523, 524)
# Every way in which a request can go without a usable answer: kind, and its parameters.
BROKEN: list[tuple[str, dict[str, Any]]] = [
    ("reset", {}),
    ("reset", {"sent": 60}),
    ("close", {}),
    ("html200", {}),
    ("empty200", {}),
    ("wrong_shape", {"text": "[]"}),
    ("wrong_shape", {"text": "null"}),
    ("wrong_shape", {"text": "{}"}),
    ("deep_json", {}),
    ("redirect", {"location": "/elsewhere", "code": 307}),
    ("huge", {"mib": 17}),
    ("gzip_bomb", {"mib": 40}),
    *(("status", {"code": code, "body": "html"}) for code in FAILURES),
]
CUT: list[tuple[str, dict[str, Any]]] = [
    ("cut_length", {}),
    ("cut_chunked", {}),
    ("cut_json", {}),
    ("cut_json", {"valid": True}),
    ("duplicate_keys", {}),
    ("drip", {"seconds": 0.05}),
]


def name(value: object) -> str | None:
    if isinstance(value, tuple):
        return "-".join([value[0], *map(str, value[1].values())])
    return None


def finish(place: Place, start: oracle.Before, clock: VirtualClock | None = None) -> oracle.Verdict:
    """One run must end well, with everybody created exactly once and every fault of the test met."""
    with impatient(0.7):
        run = go(place, clock)
    assert (run.code, run.counts) == (0, {"found": USERS, "created": USERS}), run.error
    verdict = oracle.check(place, start)
    assert verdict.creates == USERS
    assert any(entry["fault"] for entry in place.sandbox.control.journal())
    return verdict


@pytest.mark.parametrize("position", [1, 2, 3, 4])
@pytest.mark.parametrize("fault", [("reset", {}), ("lost", {})], ids=name)
def test_n1_an_answer_lost_after_the_commit_is_read_back(
    place: Place, fault: tuple[str, dict[str, Any]], position: int
) -> None:
    """Whichever create's answer is lost after the server did the work, nobody is sent a second time."""
    start = small(place, USERS)
    place.sandbox.control.set_faults({"kind": fault[0], "path": CREATE, "nth": position, "when": "after"})

    finish(place, start)

    assert len(calls(place, CREATE)) == 4


@pytest.mark.parametrize("position", [1, 2, 3, 4])
def test_n2_a_request_that_was_never_read_is_sent_again_after_two_looks(place: Place, position: int) -> None:
    """Whichever create vanishes before the commit, its users are looked for over 60 s, then alone, then sent again."""
    start = small(place, USERS)
    place.configure(descope={"settle_seconds": 60}, run={"concurrency": 1})
    place.sandbox.control.set_faults({"kind": "reset", "path": CREATE, "nth": position, "when": "before"})
    clock = VirtualClock()

    finish(place, start, clock)

    lost = next(entry for entry in calls(place, CREATE) if entry["fault"])
    for login in [user["loginId"] for user in lost["body"]["users"]]:
        again = next(
            entry["n"]
            for entry in calls(place, CREATE)
            if entry["n"] > lost["n"] and login in [user["loginId"] for user in entry["body"]["users"]]
        )
        searches = [entry["n"] for entry in calls(place, SEARCH) if login in entry["body"].get("loginIds", ())]
        first, *_, last = [search for search in searches if lost["n"] < search < again]
        (alone,) = [entry["n"] for entry in calls(place, USER) if entry["query"]["loginId"] == login]
        assert first < last < alone < again
    assert sum(clock.waits) >= 60 - 5


@pytest.mark.grid
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("fault", BROKEN, ids=name)
def test_n11_a_create_without_a_usable_answer_is_unknown(
    place: Place, fault: tuple[str, dict[str, Any]], when: str
) -> None:
    """Each kind of failure, before or after the commit, on every second create: everybody once."""
    start = small(place, USERS)
    kind, params = fault
    rule = {"kind": kind, "path": CREATE, "every": 2, "times": 3, "when": when, "params": params}
    place.sandbox.control.set_faults(rule)

    finish(place, start)


@pytest.mark.grid
@pytest.mark.parametrize(("path", "nth"), [(CREATE, 2), (LIST, 2), (SEARCH, 1)])
@pytest.mark.parametrize("fault", CUT, ids=name)
def test_n4_a_cut_answer_is_neither_success_nor_the_end(
    place: Place, fault: tuple[str, dict[str, Any]], path: str, nth: int
) -> None:
    """An answer cut by length, in a chunk, inside JSON or at valid JSON costs a repetition and nobody."""
    start = small(place, USERS)
    kind, params = fault
    place.sandbox.control.set_faults({"kind": kind, "path": f"{path}$", "nth": nth, "params": params})

    finish(place, start)


@pytest.mark.parametrize("existing_login", ["reject", "tolerate", "overwrite"])
def test_n4_a_look_up_cut_at_valid_json_hides_no_stranger(place: Place, existing_login: str) -> None:
    """Fewer users shown than counted is not `nobody has this login`: no stranger is sent, whatever the server does."""
    start = small(place, USERS, strangers=6)
    place.sandbox.control.set_switches(descope={"existing_login": existing_login})
    place.sandbox.control.set_faults({"kind": "cut_json", "path": SEARCH, "nth": 1, "params": {"valid": True}})

    run = go(place)

    assert (run.counts, run.reasons) == ({"found": 20, "created": 14, "conflict": 6}, {"login_taken": 6})
    sent = {user["loginId"] for entry in calls(place, CREATE) for user in entry["body"]["users"]}
    assert not sent & {login for user in start.strangers.values() for login in user["loginIds"]}
    oracle.check(place, start)


def test_n4_a_load_cut_at_valid_json_hides_no_user(place: Place) -> None:
    """Users by id, fewer than counted: nobody is said to be deleted at Descope."""
    start = small(place, USERS)
    go(place)
    for user in place.sources()[:6]:
        place.sandbox.control.patch_docebo_user(str(user["user_id"]), fullname="Neuer Name")
    place.sandbox.control.set_faults({"kind": "cut_json", "path": "users/load", "every": 2, "params": {"valid": True}})
    start = oracle.before(place)

    run = go(place)

    assert run.counts == {"found": USERS, "created": USERS - 6, "updated": 6}
    oracle.check(place, start)


@pytest.mark.parametrize(
    ("path", "fault"),
    [(LIST, fault) for fault in BROKEN]
    + [(path, fault) for path in (SEARCH, TOKEN, ATTRIBUTES) for fault in BROKEN[1:-1:3]],
    ids=name,
)
def test_n10_a_read_without_a_usable_answer_is_repeated(
    place: Place, path: str, fault: tuple[str, dict[str, Any]]
) -> None:
    """Each kind of failure of a read, once: the run ends as if nothing had been, or stops with 4 on a redirect."""
    start = small(place, USERS)
    kind, params = fault
    place.sandbox.control.set_faults({"kind": kind, "path": f"{path}$", "nth": 1, "params": params})
    if kind == "redirect":
        assert go(place).code == 4

    finish(place, start)

    assert calls(place, "/elsewhere") == []


@pytest.mark.grid
@pytest.mark.parametrize("path", [LIST, SEARCH, CREATE, TOKEN, ATTRIBUTES])
@pytest.mark.parametrize("fault", [("close", {}), ("status", {"code": 503}), ("html200", {})], ids=name)
def test_n3_n10_a_server_that_stays_away_ends_the_run(
    place: Place, fault: tuple[str, dict[str, Any]], path: str
) -> None:
    """After at most 5 tries and 5 minutes the run ends with 4; the next one, on a mended server, completes it."""
    start = small(place, USERS)
    kind, params = fault
    place.sandbox.control.set_faults({"kind": kind, "path": f"{path}$", "every": 1, "params": params})
    clock = VirtualClock()

    stopped = go(place, clock)

    assert stopped.code == 4
    tries = calls(place, path)
    # Creates: 3 rounds, each ended by 3 unanswered batches with up to 3 more in flight. Else 5 tries for each of
    # 3 look-ups and what was in flight.
    assert len(tries) <= (3 * (3 + 3) if path == CREATE else 5 * 4)
    assert sum(clock.waits) <= 300 * 4
    oracle.check(place, start, whole=False)
    place.sandbox.control.clear_faults()
    finish(place, start)


@pytest.mark.parametrize("api", ["docebo", "descope"])
def test_n3_a_refused_connection_ends_the_run(place: Place, api: str) -> None:
    """Where nobody listens, the run ends with 4 before anything is done, and has not waited for ever."""
    start = small(place, USERS)
    place.configure(**{api: {"base_url": "http://127.0.0.1:9"}})
    clock = VirtualClock()

    assert go(place, clock).code == 4

    assert sum(clock.waits) <= 300
    assert oracle.check(place, start, whole=False).writes == 0
