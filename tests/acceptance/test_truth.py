"""What is told of a migration is so: who is there, what is sent, what was proven."""

from __future__ import annotations

import re
import signal
import time
from typing import TYPE_CHECKING

import pytest
from runs import CREATE
from terminal import PATIENCE, Terminal
from told import actions, ours, page, status, summary

if TYPE_CHECKING:
    from world import Place

NOTHING_SENT = {"create": 0, "update": 0, "adopt": 0, "disable": 0}
QUESTION = "Send this to Descope now?"
AT = r"20\d\d-\d\d-\d\d \d\d:\d\d UTC"


def migrated(place: Place, users: int = 40) -> None:
    """A complete migration of plain people."""
    place.sandbox.control.reset(users=users, difficult=0)
    assert place.forked("run", "--yes").code == 0


def wipe(place: Place, number: int | None = None) -> None:
    """Delete migrated users at Descope, behind everybody's back."""
    for user in ours(place)[:number]:
        place.sandbox.control.delete_descope_user(user["userId"])


# --- an emptied project ----------------------------------------------------------------------------


@pytest.mark.parametrize("command", [("run", "--yes"), ("plan",)])
def test_nc1_an_emptied_project_stops_run_and_plan_and_nobody_is_said_to_be_there(
    place: Place, command: tuple[str, ...]
) -> None:
    """After a wipe, run and plan stop with 4 and name `migrator verify`; status, summary and page say so, too."""
    migrated(place)
    wipe(place)

    ended = place.forked(*command)

    reason = "Of 40 migrated users, chosen at random, more than 4 are no longer in Descope."
    assert ended.code == 4
    assert reason in ended.err
    assert "migrator verify" in ended.err
    assert reason in ended.out
    assert "Some migrated users are no longer in Descope" in ended.out
    told = status(place)
    assert (told["outcome"], told["error"]["message"]) == ("stopped", reason)
    assert "migrator verify" in told["error"]["fix"]
    assert reason in place.forked("status").out
    assert summary(place)["error"]["message"] == reason
    assert f"Migrated users are missing from Descope. It is not known how many are still there. {reason}" in page(place)
    assert "40 of 40 users are in Descope" not in page(place)


def test_nc1_a_single_user_deleted_in_descope_is_named(place: Place) -> None:
    """A run names whoever of those it asks for is missing, and ends with 3."""
    migrated(place)
    wipe(place, 1)

    ended = place.forked("run", "--yes", "--json")

    assert ended.code == 3
    assert ended.document["reasons"] == {"deleted_at_descope": 1}
    assert "39 of 40 users are in Descope; 1 needs your attention." in page(place)


def test_nc1_after_a_failed_verification_nobody_counts_as_being_there_until_sent_again(place: Place) -> None:
    """What `verify` misses leaves the headline at once; `verify` says how to send them again, and that does it."""
    migrated(place)
    wipe(place)

    verified = place.forked("verify")
    told, before = status(place), page(place)
    ended = place.forked("run", "--yes", "--json")
    again = place.forked("run", "--yes", "--json", "--retry", "missing")

    assert verified.code == 3
    assert "migrator run --retry missing" in verified.out
    assert (told["missing"], told["outcome"]) == (40, "needs_person")
    assert "0 of 40 users are in Descope, 40 are missing from it; 40 need your attention." in before
    assert ended.code == 3
    assert actions(ended) == NOTHING_SENT | {"nothing": 0}
    assert again.code == 0
    assert actions(again) == NOTHING_SENT | {"create": 40, "nothing": 0}
    assert len(ours(place)) == 40


# --- what only looks changes nothing ---------------------------------------------------------------


def remapped(place: Place) -> None:
    """A second configuration that differs in one attribute."""
    original = place.config_path.read_text(encoding="utf-8")
    place.configure(mapping={"attributes": {"city": "field_4"}})
    place.config_path.rename(place.folder / "remap.yaml")
    place.config_path.write_text(original, encoding="utf-8")


def test_nc2_a_plan_with_another_mapping_leaves_everything_as_it_was(any_place: Place) -> None:
    """After `plan --remap` the original configuration goes on working, and the counts are as before."""
    place = any_place
    migrated(place)
    remapped(place)
    before = status(place)["counts"]

    planned = place.forked("plan", "--remap", "--config", "remap.yaml", "--json")

    assert planned.code == 0
    assert actions(planned)["update"] > 0
    assert status(place)["counts"] == before
    ended = place.forked("run", "--yes", "--json")
    assert (ended.code, actions(ended)) == (0, NOTHING_SENT | {"nothing": 40})
    assert place.forked("verify").code == 0


def test_nc2_a_run_that_ends_with_2_changed_nothing(place: Place) -> None:
    """`run --remap` with a plan of another mapping is refused; status and later runs know nothing of it."""
    migrated(place)
    remapped(place)
    assert place.forked("plan", "--out", "plan.jsonl").code == 0
    before = status(place)

    ended = place.forked("run", "--yes", "--remap", "--config", "remap.yaml", "--plan", "plan.jsonl")

    assert ended.code == 2
    assert status(place) == before
    assert place.forked("run", "--yes").code == 0


# --- what is sent ----------------------------------------------------------------------------------


def test_nc3_a_plan_tells_what_would_be_sent_apart_from_the_books(place: Place) -> None:
    """`actions` and the text speak of this run alone: created, updated, disabled; an unchanged world asks nothing."""
    place.sandbox.control.reset(users=40, difficult=0)

    first = place.forked("plan", "--json")
    ran = place.forked("run", "--yes", "--json")
    unchanged = place.forked("plan", "--json")
    people = sorted((user for user in place.sources() if user["status"] == "1"), key=lambda user: user["user_id"])
    place.sandbox.control.patch_docebo_user(people[0]["user_id"], first_name="Changed", fullname="Changed")
    leaver = people[1]["user_id"]
    place.sandbox.control.patch_docebo_user(leaver, status="0", email="")
    place.sandbox.control.put_docebo_user({**people[2], "user_id": "99901", "email": "n@example.org", "username": "n"})
    changed, text = place.forked("plan", "--json"), place.forked("plan")
    sent = place.forked("run", "--yes")

    assert actions(first) == actions(ran) == NOTHING_SENT | {"create": 40, "nothing": 0}
    assert actions(unchanged) == NOTHING_SENT | {"nothing": 40}
    assert not any(unchanged.document["estimate"]["calls"].values())
    assert actions(changed) == NOTHING_SENT | {"create": 1, "update": 1, "disable": 1, "nothing": 38}
    assert changed.document["estimate"]["calls"] == {"create": 1, "search": 2, "general": 4}
    assert "would create 1, update 1, disable 1; nothing to do for 38" in text.out
    assert "would create 1, update 1, disable 1; nothing to do for 38" in sent.err
    assert "this run created 1, updated 1, disabled 1; nothing to do for 38" in sent.out
    assert status(place)["actions"] == NOTHING_SENT | {"create": 1, "update": 1, "disable": 1, "nothing": 38}
    assert "the last run created 1, updated 1, disabled 1" in place.forked("status").out


def test_nc3_linked_users_count_as_adopted(any_place: Place) -> None:
    """Whoever is linked rather than created is counted so, in the plan and in the run."""
    place = any_place
    place.configure(policy={"existing": "link"})
    place.sandbox.control.reset(users=30, difficult=0, strangers=4)

    planned = place.forked("plan", "--json")
    ran = place.forked("run", "--yes")

    adopted = actions(planned)["adopt"]
    assert adopted > 0
    assert actions(planned) == NOTHING_SENT | {"create": 30 - adopted, "adopt": adopted, "nothing": 0}
    assert f"this run created {30 - adopted}, linked {adopted}" in ran.out
    assert status(place)["actions"] == actions(planned)


def test_nc3_with_nothing_to_send_a_run_asks_nothing(place: Place) -> None:
    """On a terminal a run of an unchanged world says "Nothing to send.", asks no question and writes nothing."""
    migrated(place)
    so_far = len(place.journal())

    with Terminal(["run"], place.folder) as terminal:
        code = terminal.ended()

    assert code == 0
    assert "Nothing to send." in terminal.text
    assert QUESTION not in terminal.text
    assert "this run sent nothing; 40 users are up to date" in terminal.text
    assert [entry for entry in place.journal()[so_far:] if entry["path"] == CREATE] == []


def test_nc3_a_killed_run_and_the_one_after_it_count_their_own_sends(place: Place) -> None:
    """`actions` of a killed run is what it had an answer for, and the next run's what that one sent itself."""
    place.configure(descope={"batch_size": 10}, run={"concurrency": 1})
    place.sandbox.control.reset(users=40, difficult=0)
    place.sandbox.control.set_faults(
        {"kind": "slow", "path": CREATE, "when": "after", "nth": 2, "params": {"seconds": 60}}
    )
    run = place.start("run", "--yes")
    deadline = time.monotonic() + PATIENCE
    while len(ours(place)) < 20 or status(place)["actions"]["create"] < 10:
        assert run.poll() is None
        assert time.monotonic() < deadline
    run.send_signal(signal.SIGKILL)
    run.wait()
    place.sandbox.control.clear_faults()

    killed, text = status(place), place.forked("status").out
    ended = place.forked("run", "--yes", "--json")

    assert (killed["outcome"], killed["actions"]["create"]) == ("stopped", 10)
    assert "it was killed, or the machine went down" in text
    assert "error" not in killed
    assert (ended.code, actions(ended)) == (0, NOTHING_SENT | {"create": 20, "nothing": 20})


# --- what was read back ----------------------------------------------------------------------------


def test_nc4_the_last_verification_is_told_with_time_and_scope(place: Place) -> None:
    """A run's own reading back, a sample and a whole `verify` replace one another everywhere they are told."""
    migrated(place, 40)
    own = status(place)["verify"]
    own_page, own_status = page(place), place.forked("status").out
    again = place.forked("run", "--yes")
    assert place.forked("verify", "--sample", "7").code == 0
    sample = status(place)["verify"]
    whole = place.forked("verify")

    same = {"same": 40, "differs": 0, "missing": 0, "extra": 0}
    assert (own["classes"], own["read"], own["scope"]) == (same, 40, "sent")
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", own["at"])
    sent = f"Last verified {AT}: 40 users read back by a run, all as sent."
    assert re.search(sent, own_page)
    assert re.search(sent, own_status)
    assert "There was nobody to read back." in again.out
    assert re.search(sent, again.out)
    assert (sample["read"], sample["scope"]) == (7, "sample")
    assert re.search(f"Verified {AT}: all 40 users read back, no differences.", whole.out)
    told = f"Last verified {AT}: all 40 users read back, no differences."
    assert re.search(told, page(place))
    assert re.search(told, place.forked("status").out)
    assert summary(place)["verify"] == status(place)["verify"]
    assert summary(place)["verify"]["scope"] == "all"
    assert place.forked("plan", "--json").document["verify"] == summary(place)["verify"]


def test_nc4_a_failed_verification_reaches_the_report(any_place: Place) -> None:
    """Who differs or is missing by `verify` stands in page, summary and status until a newer one; a report keeps it."""
    place = any_place
    migrated(place, 40)
    changed, gone = ours(place)[:2]
    place.sandbox.control.put_descope_user({**changed, "familyName": "Wrong"})
    place.sandbox.control.delete_descope_user(gone["userId"])

    verified = place.forked("verify")
    place.forked("report")

    told = "40 users read back; 1 differs, 1 is missing."
    assert verified.code == 3
    assert told in verified.out
    assert "migrator run --retry missing --retry differs" in verified.out
    assert told in page(place)
    assert told in place.forked("status").out
    assert summary(place)["verify"]["classes"] == {"same": 38, "differs": 1, "missing": 1, "extra": 0}
    crosswalk = (place.folder / "reports" / "crosswalk.csv").read_text(encoding="utf-8")
    assert len(crosswalk.splitlines()) == 41


def test_nc4_nobody_is_said_to_be_proven_before_anybody_was_read(place: Place) -> None:
    """Before the first reading back, and with --no-verify, no sentence stands over four zeros."""
    place.sandbox.control.reset(users=20, difficult=0)

    planned = place.forked("plan")
    ended = place.forked("run", "--yes", "--no-verify")

    for text in (planned.out, ended.out, place.forked("status").out, page(place)):
        assert "Nobody has been read back from Descope yet." in text
        assert "all as sent" not in text
    never = {"same": 0, "differs": 0, "missing": 0, "extra": 0}
    assert status(place)["verify"] == {"classes": never, "read": 0, "at": None, "scope": "none"}


def test_nc4_a_run_ends_with_what_it_read_back(place: Place) -> None:
    """Success is said with its number; a gap between plan and end gets a line that names it, and no gap gets none."""
    place.sandbox.control.reset(users=30, difficult=0)
    bad = str(place.sources()[0]["email"]).lower()
    place.sandbox.control.set_switches(descope={"refuse_logins": [bad]})

    refused = place.forked("run", "--yes")
    place.sandbox.control.set_switches(descope={"refuse_logins": []})
    ended = place.forked("run", "--yes", "--retry", "refused")

    assert refused.code == 3
    assert "29 read back: all as sent." in refused.out
    assert "Not as planned: 1 failed instead of created (refused)." in refused.out
    assert "Finished: 29 of 30 users are in Descope; 1 needs your attention." in refused.out
    assert ended.code == 0
    assert "1 read back: all as sent." in ended.out
    assert "Not as planned" not in ended.out
    assert "Complete: all 30 users are in Descope." in ended.out
