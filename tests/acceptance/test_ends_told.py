"""How a run ended is told as it was: why it stopped, a no, a part of the users, who can sign in."""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING

from runs import CREATE
from terminal import PATIENCE, Terminal
from told import actions, ours, page, status, summary
from virtual_clock import VirtualClock

if TYPE_CHECKING:
    from world import Place

QUESTION = "Send this to Descope now?"


def test_nc6_an_address_to_be_verified_at_the_first_sign_in_keeps_nobody_out(place: Place) -> None:
    """Whoever has an unverified address is ready to sign in, and told apart, as the documented flow verifies it."""
    place.sandbox.control.reset(users=20, difficult=0)
    for user in place.sources():
        place.sandbox.control.patch_docebo_user(user["user_id"], status="1", expired=False, email_validation_status="1")
    unproven = [user["user_id"] for user in place.sources()][:6]
    for user_id in unproven:
        place.sandbox.control.patch_docebo_user(user_id, email_validation_status="0")

    place.forked("run", "--yes")

    told = "20 of 20 users can sign in; 6 of them verify their address at their first sign-in"
    assert f"{told}, which the documented flow handles." in page(place)
    assert "unverified_email" not in page(place).split("Ready to sign in")[1]


# --- why it stopped --------------------------------------------------------------------------------


def test_nc7_a_run_that_never_reached_docebo_says_so_everywhere(place: Place) -> None:
    """Without a connection the reason stands in the last lines, status, summary and page; nobody was "killed"."""
    place.sandbox.control.reset(users=10, difficult=0)
    place.configure(docebo={"base_url": "http://127.0.0.1:9"})

    ended = place.forked("run", "--yes")

    reason = ended.err.split("Error: ")[1].splitlines()[0]
    assert ended.code == 4
    assert f"Stopped early: {reason}" in ended.out
    told = status(place)
    assert (told["outcome"], told["error"]["message"], told["error"]["exit_code"]) == ("stopped", reason, 4)
    assert f"Stopped early: {reason}" in place.forked("status").out
    assert summary(place)["error"] == told["error"]
    assert place.forked("report").code == 0
    assert reason in page(place)
    assert "killed" not in page(place) + ended.out


def test_nc7_a_stop_while_sending_keeps_its_reason(place: Place) -> None:
    """A run that Descope refuses stops with its reason, and a rebuilt report keeps it; success later forgets it."""
    place.sandbox.control.reset(users=30, difficult=0)
    place.sandbox.control.set_faults({"kind": "status", "path": CREATE, "params": {"code": 403}})

    stopped = place.forked("run", "--yes", "--json")
    told = status(place)
    place.forked("report")
    reported = page(place)
    place.sandbox.control.clear_faults()
    done = place.forked("run", "--yes", "--json")

    assert stopped.code == 4
    assert told["error"] == stopped.document["error"]
    assert told["error"]["message"] in reported
    assert told["error"]["fix"] in reported
    assert done.code == 0
    assert "error" not in status(place)


def test_nc7_what_never_began_is_no_run_that_stopped(place: Place) -> None:
    """A wrong configuration (exit 2) leaves no run behind: before the first one, and after a complete one."""
    place.sandbox.control.reset(users=10, difficult=0)
    place.configure(docebo={"client_secret": "wrong"})
    first = place.forked("run", "--yes")
    nothing, text = status(place), place.forked("status").out
    del place.settings["docebo"]["client_secret"]
    place.configure()
    assert place.forked("run", "--yes").code == 0
    done = status(place)
    place.configure(descope={"management_key": "wrong-key"})

    second = place.forked("run", "--yes")

    assert (first.code, second.code) == (2, 2)
    assert nothing["outcome"] == "not_started"
    assert "Nothing has been run yet." in text
    assert "killed" not in text
    assert status(place) == done


def test_nc7_a_second_run_that_finds_the_lease_held_is_no_run_that_stopped(place: Place) -> None:
    """Exit 5 leaves no trace: the first run's end is what is told."""
    place.sandbox.control.reset(users=30, difficult=0)
    place.sandbox.control.set_faults(
        {"kind": "slow", "path": CREATE, "when": "after", "nth": 1, "params": {"seconds": 10}}
    )
    first = place.start("run", "--yes")
    deadline = time.monotonic() + PATIENCE
    while not ours(place):
        assert first.poll() is None
        assert time.monotonic() < deadline

    second = place.forked("run", "--yes")
    first.send_signal(signal.SIGTERM)
    first.wait(timeout=PATIENCE * 2)

    told = status(place)
    assert second.code == 5
    assert (told["outcome"], told["error"]["exit_code"]) == ("interrupted", 143)


# --- a no ------------------------------------------------------------------------------------------


def test_nc10_a_no_sends_nothing_and_says_so_once(place: Place) -> None:
    """Answering n ends with "Nothing was sent: you said no.", once, with 4 and without any talk of stopping."""
    place.sandbox.control.reset(users=20, difficult=0)

    with Terminal(["run"], place.folder) as terminal:
        terminal.until(QUESTION)
        terminal.type("n\n")
        code = terminal.ended()

    after = terminal.text.split(QUESTION)[1]
    assert code == 4
    assert after.count("Nothing was sent: you said no.") == 1
    for word in ("Stopped early", "users/s", "Error", "Running again"):
        assert word not in after
    assert place.targets() == []
    assert "Nothing was sent: you said no." in place.forked("status").out
    assert "Not sent 0 of 20 users are in Descope so far. Nothing was sent: you said no." in page(place)


def test_nc10_the_time_a_person_thinks_is_not_the_runs(place: Place) -> None:
    """Seconds and rate leave out the wait at a question."""
    place.sandbox.control.reset(users=20, difficult=0)
    clock = VirtualClock()

    def think(_figures: object) -> bool:
        clock.wait(100_000)
        return True

    figures = place.migrate(clock, confirm=think)

    assert clock.waits[-1] == 100_000 or 100_000 in clock.waits
    assert figures.seconds < 50_000


# --- a part is not all -----------------------------------------------------------------------------


def test_nc23_a_run_with_a_limit_is_not_finished(place: Place) -> None:
    """With --limit the end says for whom it is finished and how many wait, on screen, in status and on the page."""
    place.sandbox.control.reset(users=40, difficult=0)

    ended = place.forked("run", "--yes", "--limit", "15")

    told = "Finished for the 15 users of --limit; 25 more are waiting for a run without it."
    assert ended.code == 0
    assert told in ended.out
    assert "Complete" not in ended.out
    assert told in place.forked("status").out
    assert f"Finished in part {told}" in page(place)
    document = summary(place)
    assert (document["limited"], document["counts"]["skipped"], document["outcome"]) == (25, 25, "complete")
    assert status(place)["limited"] == 25
    rest = place.forked("run", "--yes")
    assert "Complete: all 40 users are in Descope." in rest.out
    assert status(place)["limited"] == 0


def test_nc23_a_run_on_a_search_is_not_finished(place: Place) -> None:
    """With --search-text everybody else is waiting, whether they were read already or not."""
    place.sandbox.control.reset(users=30, difficult=0)
    email = str(place.sources()[3]["email"])

    ended = place.forked("run", "--yes", "--search-text", email)

    told = "Finished: only users found by --search-text were looked at; the others are as before."
    assert ended.code == 0
    assert told in ended.out
    assert told in place.forked("status").out
    assert told in page(place)
    assert email not in json.dumps(status(place))


def test_nc23_a_plan_with_a_limit_says_who_is_left(place: Place) -> None:
    """The plan of a part names those who are left for a run without --limit."""
    place.sandbox.control.reset(users=40, difficult=0)

    ended = place.forked("plan", "--limit", "15", "--json")

    assert actions(ended)["create"] == ended.document["counts"]["created"] == 15
    assert ended.document["limited"] == 25
    assert "Also: 25 users left for a run without --limit." in page(place)
