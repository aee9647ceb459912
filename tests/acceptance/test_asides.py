"""What is told beside a run: by `status` while it asks, by commands that need no secrets, and by `-q`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deadline import until
from terminal import Terminal

if TYPE_CHECKING:
    from world import Place

QUESTION = "Send this to Descope now?"


def test_status_says_that_a_run_waits_for_an_answer(place: Place) -> None:
    """While a question is open, `status` says so, and how many users were looked up."""
    place.sandbox.control.reset(users=30, difficult=0)

    with Terminal(["run"], place.folder) as terminal:
        terminal.until(QUESTION)
        until(lambda: "the question at the terminal is unanswered" in place.forked("status").out)
        told = place.forked("status", "-q").out
        terminal.type("n\r")
        assert terminal.ended() == 4

    assert "Searching Descope: 30" in told
    assert "Waiting: the question at the terminal is unanswered" in told


def test_what_reads_the_checkpoint_only_needs_no_secrets(place: Place) -> None:
    """`status` and `report` work in a shell without the servers' secrets; a run names the variable it lacks."""
    place.sandbox.control.reset(users=3, difficult=0)
    assert place.forked("run", "--yes").code == 0
    place.configure(
        docebo={"client_secret": "${NOT_SET_1}", "password": "${NOT_SET_2}"},
        descope={"management_key": "${NOT_SET_3}"},
    )

    assert [place.forked(*words).code for words in (("status",), ("report", "--redact"), ("db", "current"))] == [0] * 3
    ended = place.forked("run", "--yes")

    assert ended.code == 2
    assert "the environment variable NOT_SET_3 is not set" in ended.err


def test_a_quiet_check_shows_only_what_fails(place: Place) -> None:
    """`check -q` says nothing where all is right, and one line with its fix where something is not."""
    assert (place.forked("check", "-q").out, place.forked("check", "-q").code) == ("", 0)
    place.configure(descope={"management_key": "wrong"})

    ended = place.forked("check", "-q")

    assert ended.code == 2
    assert [line.split(":")[0] for line in ended.out.splitlines()] == ["FAIL descope", "     fix"]


def test_a_quiet_plan_says_what_a_run_would_do(place: Place) -> None:
    """`plan -q` says in one line what a run would send, and that nothing was written."""
    place.sandbox.control.reset(users=3, difficult=0)

    out = place.forked("plan", "-q").out

    assert out.splitlines() == ["A run would create 3. Plan only: nothing was written to Descope."]


def test_a_server_that_is_not_descope_is_told_by_its_setting(place: Place) -> None:
    """With Docebo's address as Descope's, the fix names the key of the address, not the network."""
    place.configure(descope={"base_url": place.config.docebo.base_url})

    out = place.forked("check").out

    assert "descope: A request to Descope failed: GET " in out
    assert "Check that descope.base_url (or descope.project_id, which it comes from) names Descope's API." in out
