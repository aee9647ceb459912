"""`pause`, `resume` and `set`: a running run is steered from another shell (docs/decisions/0020)."""

from __future__ import annotations

import json
import re
import signal
import time
from typing import TYPE_CHECKING, Any

import oracle
import pytest
from deadline import until
from steering_shell import PROMISED, arrivals, let_pass, pause, resume, status
from terminal import Terminal
from watching import Watched

if TYPE_CHECKING:
    from oracle import Before
    from world import Place

LIST, SEARCH, CREATE, LOAD = "/manage/v1/user$", "user/search$", "user/create/batch$", "users/load$"
AT_ONCE = 5.0  # seconds
USERS = 40


def slow(path: str, seconds: float = 2.0, **which: int) -> dict[str, Any]:
    """Calls of a path take their time, so that the other shell has time too, until somebody clears the faults."""
    return {"kind": "slow", "path": path, "params": {"seconds": seconds}, **which}


def people(place: Place, *faults: dict[str, Any], users: int = USERS) -> Before:
    """So many people on pages and in batches of ten, one at a time."""
    place.configure(docebo={"page_size": 10, "concurrency": 1}, descope={"batch_size": 10}, run={"concurrency": 1})
    place.sandbox.control.reset(users=users, difficult=0)
    place.sandbox.control.set_faults(*faults)
    return oracle.before(place)


def seen(path: str, times: int = 1) -> Any:
    """The moment at which so many requests of a path have arrived."""
    return lambda entries: sum(bool(re.search(path, entry["path"])) for entry in entries) >= times


def everybody_arrives(place: Place, start: Before, running: Watched, users: int = USERS) -> None:
    """The run ends, and the judge finds everybody in Descope once."""
    place.sandbox.control.clear_faults()
    ended = running.ended(60)
    assert ended.code == 0, ended.err
    assert oracle.check(place, start, ended).states == {"created": users}


# --- pause and resume ------------------------------------------------------------------------------


def test_a_paused_run_calls_nobody_until_it_is_resumed(any_place: Place) -> None:
    """While it sends and confirms beside that: silence within two seconds, told by `status`; then it completes."""
    place = any_place
    start = people(place, slow(CREATE), slow(LIST, 3, nth=5, times=9))  # of the second reading, which confirms
    with Watched(place) as running:
        assert running.until_seen(seen(CREATE))
        watch = place.start("status", "--watch", "--interval", "0.2")
        said = place.command("pause")
        begun = time.time()
        now, line = status(place), place.forked("status").out.splitlines()[0]
        again = place.forked("pause")
        held = resume(place, begun)
        after = status(place)
        everybody_arrives(place, start, running)

    assert (said.code, again.code) == (0, 0)
    assert said.out == "Paused: requests in flight are finished, and no other begins. `migrator resume` goes on.\n"
    assert re.match(r"It is already paused. Paused since \d\d:\d\d. `migrator resume` goes on.\n", again.out)
    assert held.is_silent(place)
    assert held.goes_on(place)
    assert any(at > held.ended for path, at in arrivals(place) if re.search(LIST, path))  # the sweep was not over
    assert (now["outcome"], now["paused"], now["rate"], now["concurrency"]) == ("running", True, None, None)
    assert abs(time.mktime(time.strptime(now["paused_since"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone - begun) < 30
    assert now["progress"]["eta_seconds"] is now["progress"]["run_eta_seconds"] is None
    assert re.search(r": paused since \d\d:\d\d. `migrator resume` goes on. ", line)
    assert (after["paused"], after["paused_since"]) == (False, None)
    out, _ = watch.communicate(timeout=30)
    assert ": paused since " in out
    assert ": running. " in out.partition(": paused since ")[2]


@pytest.mark.parametrize(
    "path", [LIST, pytest.param(SEARCH, marks=pytest.mark.soak), LOAD], ids=["reading", "planning", "reading back"]
)
def test_a_run_can_be_paused_at_every_step(place: Place, path: str) -> None:
    """Silence within two seconds, and everybody once in the end, whatever it was doing."""
    start = people(place, slow(path, 3))
    with Watched(place) as running:
        # The spot check loads nobody in a first run, so that the first load is of the read-back.
        assert running.until_seen(seen(path))
        held = resume(place, pause(place))
        everybody_arrives(place, start, running)

    assert held.is_silent(place)
    assert held.goes_on(place)


def test_a_pause_outlasts_the_one_that_a_server_asked_for(any_place: Place) -> None:
    """A run that waits for a 429 and is paused meanwhile sends nothing when that wait is over."""
    place = any_place
    asks = {"kind": "status", "path": CREATE, "nth": 2, "params": {"code": 429, "headers": {"Retry-After": "5"}}}
    start = people(place, asks)
    with Watched(place) as running:
        assert running.until_seen(lambda entries: any(entry["status"] == 429 for entry in entries))
        held = resume(place, pause(place), held=8)
        everybody_arrives(place, start, running)

    assert held.is_silent(place)
    assert held.goes_on(place)


def test_a_pause_outlasts_the_wait_before_unanswered_requests_are_looked_up(place: Place) -> None:
    """The second look at users in flight waits for `resume`, too."""
    start = people(place, {"kind": "close", "path": CREATE, "when": "before", "nth": 1})
    place.configure(descope={"settle_seconds": 5})
    with Watched(place) as running:
        running.until_said("not in Descope yet")
        held = resume(place, pause(place), held=8)
        everybody_arrives(place, start, running)

    assert held.is_silent(place)
    assert held.goes_on(place)


def test_a_run_can_be_paused_before_it_has_read_anybody(place: Place) -> None:
    """While both sides are checked; the token's call counts as any other."""
    start = people(place, slow("/oauth2/token$"))
    with Watched(place) as running:
        assert running.until_seen(seen("/oauth2/token$"))
        held = resume(place, pause(place))
        everybody_arrives(place, start, running)

    assert held.is_silent(place)


@pytest.mark.parametrize(
    ("any_place", "number"), [("sqlite", signal.SIGINT), ("postgres", signal.SIGTERM)], indirect=["any_place"]
)
def test_a_signal_ends_a_paused_run_at_once(any_place: Place, number: signal.Signals) -> None:
    """In order, with the signal's exit code and without another call; the next run is not paused."""
    place = any_place
    start = people(place, slow(CREATE))
    with Watched(place) as running:
        assert running.until_seen(seen(CREATE))
        begun = pause(place)
        let_pass(PROMISED)
        running.send(number)
        ended = running.ended(AT_ONCE)

    assert ended.code == 128 + number
    assert ended.document["outcome"] == "interrupted"
    assert [path for path, at in arrivals(place) if at > begun + PROMISED] == []
    oracle.check(place, start, ended, whole=False)
    assert status(place)["paused"] is False
    place.sandbox.control.clear_faults()
    again = place.command("run", "--yes", "--json")
    assert again.code == 0
    assert oracle.check(place, start, ended, again).states == {"created": USERS}


@pytest.mark.parametrize(
    "any_place", [pytest.param("sqlite", marks=pytest.mark.soak), "postgres"], indirect=["any_place"]
)
def test_a_run_that_was_killed_while_paused_is_not_paused_when_it_is_run_again(any_place: Place) -> None:
    """The pause was that run's; nobody needs `resume` to go on."""
    place = any_place
    start = people(place, slow(CREATE))
    with Watched(place) as running:
        assert running.until_seen(seen(CREATE))
        pause(place)
        let_pass(PROMISED)
        running.send(signal.SIGKILL)
        running.ended(AT_ONCE)

    assert status(place)["paused"] is False
    place.sandbox.control.set_faults(slow(LIST))
    pages = sum(bool(re.search(LIST, path)) for path, _ in arrivals(place))
    with Watched(place) as running:
        assert running.until_seen(seen(LIST, pages + 1))
        assert status(place)["paused"] is False
        everybody_arrives(place, start, running)


def test_nobody_can_be_paused_when_no_run_is_at_work(any_place: Place) -> None:
    """It is refused, so that no later run is held up by surprise; `resume` has nothing to do and says so."""
    place = any_place
    place.sandbox.control.reset(users=10, difficult=0)
    assert place.forked("pause").code == 2  # there is no checkpoint yet
    assert place.migrate().error is None

    paused, resumed, changed = place.forked("pause"), place.forked("resume"), place.forked("set", "rate=50%")

    assert (paused.code, changed.code, resumed.code) == (2, 2, 0)
    assert "No run is at work on this checkpoint, so there is nothing to pause." in paused.err
    assert "No run is at work on this checkpoint, so there is nothing to set." in changed.err
    assert resumed.out == "No run is at work, so nothing is paused.\n"
    later = place.forked("run", "--yes", "--json")
    assert later.code == 0
    assert later.document["outcome"] == "complete"


def test_a_run_on_a_terminal_says_that_it_is_paused(place: Place) -> None:
    """Since when, and which command ends it, instead of an end that nobody knows; and when it goes on."""
    people(place, slow(CREATE))
    with Terminal(["run", "--yes"], place.folder, columns=120) as terminal:
        terminal.until("Sending to Descope")
        pause(place)
        line = r"^ {8}Paused since \d\d:\d\d\. `migrator resume` goes on\.$"
        text = terminal.until(lambda text: bool(re.search(line, text, re.MULTILINE)))
        assert "ends in" not in text
        place.forked("resume")
        terminal.until("Resumed after ")
        place.sandbox.control.clear_faults()
        assert terminal.ended() == 0

    assert re.search(r"^Paused since \d\d:\d\d\. `migrator resume` goes on\.$", terminal.text, re.MULTILINE)


def test_an_answer_does_not_end_a_pause(place: Place) -> None:
    """A run that was paused while it asked sends nothing before `resume`, whatever the answer is."""
    people(place)
    with Terminal(["run"], place.folder) as terminal:
        terminal.until("Send this to Descope now? [y/N]:")
        begun = pause(place)
        let_pass(PROMISED)
        terminal.type("y\r")
        terminal.until("Paused since ")
        assert place.targets() == []
        held = resume(place, begun)
        assert terminal.ended() == 0

    assert held.is_silent(place)
    assert len(place.targets()) == USERS


# --- set -------------------------------------------------------------------------------------------


def test_a_rate_holds_the_run_back_until_it_is_set_again(place: Place) -> None:
    """At one per cent of 100 create calls a minute, one goes out; at a hundred per cent, the rest at once."""
    start = people(place, slow(LIST))
    limits = {"create": 100, "search": 200, "user": 500}
    place.configure(descope={"rate_limits": limits})
    with Watched(place) as running:
        assert running.until_seen(seen(LIST))
        slower = place.forked("set", "rate=1%", "--json")
        running.until_said("Staying below 1 % of Descope's limit of ")
        said, now = place.forked("status").out.splitlines()[0], status(place)
        creates = len([path for path, _ in arrivals(place) if re.search(CREATE, path)])
        assert place.forked("set", "rate=100%").code == 0
        everybody_arrives(place, start, running)

    assert slower.document == {
        "schema": "control/1",
        "paused": False,
        "paused_since": None,
        "rate": 0.01,
        "concurrency": None,
    }
    assert "rate changes nothing at Docebo, because the configuration sets no limit there." in slower.err
    assert said.endswith(". Set: rate 1 %")
    assert (now["rate"], now["concurrency"]) == (0.01, None)
    assert creates <= 2


def test_a_concurrency_is_the_number_of_batches_in_flight_from_then_on(place: Place) -> None:
    """One at a time first; when four were set, four arrive while none is answered."""
    start = people(place, slow(CREATE), users=80)
    with Watched(place) as running:
        assert running.until_seen(seen(CREATE))
        answer = place.forked("set", "concurrency=4")
        assert running.until_seen(seen(CREATE, 8))
        everybody_arrives(place, start, running, 80)

    assert answer.out == "Set until this run ends: concurrency 4.\n"
    times = [at for path, at in arrivals(place) if re.search(CREATE, path)]
    together = [sum(begun <= at < begun + 2 for at in times) for begun in times]
    assert together[0] == 1
    assert max(together) == 4


def test_what_was_set_ends_with_its_run(place: Place) -> None:
    """It stands beside a pause, outlives it, and means nothing to the next run; the log tells all of it."""
    people(place, slow(LIST))
    first = place.start("run", "--yes", "--log-file", "night.log")
    until(lambda: seen(LIST)(place.sandbox.control.journal()))
    assert place.forked("set", "rate=50%", "concurrency=3").code == 0
    resume(place, pause(place))
    now = status(place)
    place.sandbox.control.clear_faults()
    first.communicate(timeout=60)

    assert (now["rate"], now["concurrency"], now["paused"]) == (0.5, 3, False)
    after = status(place)
    assert (after["outcome"], after["rate"], after["concurrency"]) == ("complete", None, None)
    events = [json.loads(line) for line in (place.folder / "night.log").read_text(encoding="utf-8").splitlines()]
    told = [event for event in events if event["event"] in ("steered", "paused", "resumed")]
    assert [event["event"] for event in told] == ["steered", "paused", "resumed"]
    assert (told[0]["rate"], told[0]["concurrency"], told[2]["seconds"] > PROMISED) == (0.5, 3, True)


def test_a_bad_setting_is_named_and_nothing_is_changed(place: Place) -> None:
    """Exit 2, with what is allowed, although a run is at work and another word may be right."""
    start = people(place, slow(LIST))
    bad = [("speed=3",), ("rate=0%",), ("concurrency=17",), ("rate=50%", "concurrency=99")]
    with Watched(place) as running:
        assert running.until_seen(seen(LIST))
        refused = [place.forked("set", *words) for words in bad]
        now = status(place)
        everybody_arrives(place, start, running)

    for words, ended in zip(bad, refused, strict=True):
        told = " ".join(ended.err.split())
        assert ended.code == 2
        assert f"{words[-1]} cannot be set. Allowed: rate=1% to rate=100%, concurrency=1 to concurrency=16." in told
    assert (now["rate"], now["concurrency"]) == (None, None)


@pytest.mark.parametrize(
    ("words", "why"),
    [((), "Missing argument 'SETTING...'."), (("rate=50%", "rate=60%"), "rate can be set only once at a time.")],
)
def test_set_needs_words_each_of_them_once(place: Place, words: tuple[str, ...], why: str) -> None:
    """A usage error, before anything is looked at."""
    refused = place.forked("set", *words)

    assert refused.code == 2
    assert "Usage: migrator set" in refused.err
    assert why in refused.err
