"""When `migrator undo` refuses, and what it tells people while it works and afterwards (docs/decisions/0024)."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import oracle
import pytest
from crash_trials import die_at
from runs import CREATE, calls
from terminal import Terminal
from undo_world import DELETE, arrived_ids, check_undone, migrated, target_of, writes

from migrator.core.clock import Clock
from migrator.flow.options import RunEvents, RunOptions
from migrator.flow.undo.undo import undo_migration

if TYPE_CHECKING:
    from world import Place

NOTHING = {"deleted": 0, "restored": 0, "spared": 0, "gone": 0, "failed": 0}


@pytest.mark.parametrize(
    ("section", "change"),
    [("descope", {"project_id": "P2another000000000000000000"}), ("docebo", {"platform": "other.docebosaas.com"})],
)
def test_another_project_or_platform_is_refused(place: Place, section: str, change: dict[str, str]) -> None:
    """Exit 2, the way out, and nothing asked or changed."""
    migrated(place)
    rows = oracle.read_rows(place.checkpoint, place)
    asked = len(place.journal())
    place.configure(**{section: change})

    refused = place.forked("undo", "--yes")

    assert refused.code == 2
    assert "belongs to" in refused.err
    assert "Fix:" in refused.err
    assert (len(place.journal()), oracle.read_rows(place.checkpoint, place)) == (asked, rows)
    for key in change:
        del place.settings[section][key]
    place.configure()


def test_another_mapping_does_not_hinder_it(place: Place) -> None:
    """What was sent is known by its hashes: a mapping that changed since neither stops an undo nor looks like edits."""
    before = migrated(place)
    place.configure(mapping={"attributes": {"city": "city"}}, policy={"existing": "link"})

    undone = place.forked("undo", "--yes", "--json")

    assert (undone.code, undone.document["counts"]["deleted"]) == (0, 9)
    check_undone(place, before, undone)


def test_while_a_run_is_at_work_nothing_is_undone(place: Place) -> None:
    place.sandbox.control.reset(users=5, difficult=0)
    place.sandbox.control.set_faults({"kind": "slow", "path": CREATE, "when": "after", "params": {"seconds": 8}})
    run = place.start("run", "--yes")
    while not calls(place, CREATE):
        assert run.poll() is None

    assert place.forked("undo", "--yes").code == 5


def test_before_the_first_run_there_is_nothing_to_undo(place: Place) -> None:
    """Without a checkpoint exit 2, and how to begin; behind a plan there is nothing to do."""
    refused = place.forked("undo", "--yes")
    assert refused.code == 2
    assert "There is no checkpoint" in refused.err
    place.sandbox.control.reset(users=5, difficult=0)
    assert place.forked("plan").code == 0

    undone = place.forked("undo", "--yes")

    assert (undone.code, writes(place)) == (0, 0)
    assert "There was nothing to undo." in undone.out


def test_without_an_answer_nothing_is_undone(place: Place) -> None:
    """Nobody at the terminal and no --yes: exit 2, and what to add."""
    migrated(place)
    sent = writes(place)

    asked = place.command("undo")

    assert (asked.code, writes(place)) == (2, sent)
    assert "Add --yes" in asked.err


def test_people_read_what_was_undone(place: Place) -> None:
    """The plan first, then the counts, whom was spared and why, in `runs` as well."""
    migrated(place)
    place.sandbox.control.sign_in(target_of(place, arrived_ids(place)[0]))

    undone = place.forked("undo", "--yes")

    assert "would delete" in undone.err
    assert f"user {arrived_ids(place)[0]}: signed_in" in undone.out
    assert "Finished: 1 user is still in Descope as migrated." in undone.out
    assert "deleted 8. 1 user is still in Descope" in " ".join(place.forked("runs").out.split())
    assert "8 undone: An undo has deleted the user" in " ".join(place.forked("status").out.split())


def test_the_log_says_what_an_undo_did_and_names_nobody(place: Place) -> None:
    """A killed one is settled, each user's decision is told, and no name or address stands in the file."""
    migrated(place, strangers=0)
    alive = arrived_ids(place)[0]
    place.sandbox.control.sign_in(target_of(place, alive))
    people = [str(user["email"]).lower() for user in place.sources()]
    options = RunOptions(command="undo")
    label = f"answered Descope POST {DELETE}"
    killed = die_at(1, lambda: undo_migration(place.config, options, Clock(), RunEvents()), label=label)

    assert place.forked("undo", "--yes", "--log-file", "undo.log").code == 3

    text = (place.folder / "undo.log").read_text()
    events = {line["event"]: line for line in map(json.loads, text.splitlines())}
    assert killed.killed
    assert events["undo_settled"]["outcomes"]["deleted"] == 11
    assert (events["undo_ended"]["counts"]["deleted"], events["undo_ended"]["spared"]) == (11, {alive: "signed_in"})
    assert [address for address in people if address in text.lower()] == []


def test_a_no_is_a_no(place: Place) -> None:
    """A person reads the plan and declines: exit 4, and nothing was written."""
    migrated(place)
    sent = writes(place)

    with Terminal(["undo"], place.folder) as terminal:
        text = terminal.until("It cannot be taken back. [y/N]:")
        terminal.type("n\r")
        assert terminal.ended() == 4
        ending = terminal.text

    assert "would delete          9" in text
    assert "Nothing was undone: you said no." in ending
    assert (writes(place), place.forked("undo", "--dry-run", "--json").document["counts"]["deleted"]) == (sent, 9)


def test_status_and_report_tell_of_an_undo(place: Place) -> None:
    """Whoever looks later is told what happened and who is left, never that something is wrong with the users."""
    migrated(place, strangers=0)
    place.sandbox.control.sign_in(target_of(place, arrived_ids(place)[0]))
    assert place.forked("undo", "--yes").code == 3

    status = " ".join(place.forked("status").out.split())
    report = place.forked("report")
    page = (place.folder / "reports" / "report.html").read_text()

    assert "1 user is still in Descope as migrated: 1 spared, 0 failed." in status
    assert report.code == 0
    assert "11 deleted" in page
    assert (place.folder / "reports" / "crosswalk.csv").read_text().count("\n") == 2


def test_an_undo_tells_while_it_works_and_ends_in_order(place: Place) -> None:
    """Another shell sees its stage; SIGINT ends it with 130, and the next undo does the rest."""
    before = migrated(place)
    place.sandbox.control.set_faults({"kind": "slow", "path": DELETE, "when": "before", "params": {"seconds": 5}})
    undo = place.start("undo", "--yes")
    while not calls(place, DELETE):
        assert undo.poll() is None

    status = place.forked("status", "--json").document
    undo.send_signal(signal.SIGINT)
    undo.communicate(timeout=60)

    assert (status["outcome"], status["progress"]["stage"]) == ("running", "undo")
    assert undo.returncode in (0, 130)
    place.sandbox.control.clear_faults()
    ended = place.forked("undo", "--yes", "--json")
    assert ended.code == 0
    check_undone(place, before, ended)
