"""The parts of the page that are computed: next steps, history, and who is where."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Unpack

import pytest
from run_document import document
from sqlalchemy import insert
from stored import RECORD, holding, move, people
from two_migrations import KEY

from migrator.checkpoint.db.tables import run
from migrator.checkpoint.runs.history import RunHistory, RunRow, read_history
from migrator.checkpoint.runs.runs import store_details
from migrator.checkpoint.runs.verifications import Verification
from migrator.checkpoint.users.erasure import erase_profiles
from migrator.core.model import ARRIVED_STATES, State
from migrator.report.coverage.breakdown import count_groups
from migrator.report.next_steps import next_steps
from migrator.report.page.bars import BAR_WIDTH, NARROWEST_STRIPE, bar_legend, breakdown_tables
from migrator.report.page.history import history_lines

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.checkpoint.runs.history import StoredSummary
    from migrator.report.document import Breakdown, GroupRow, RunDocument

SAME = Verification(0.0, "all", 5, {"same": 5, "differs": 0, "missing": 0, "extra": 0}).document()
WRONG = Verification(0.0, "all", 8, {"same": 5, "differs": 2, "missing": 1, "extra": 0}).document()
IDLE = {"create": 0, "update": 0, "adopt": 0, "disable": 0, "nothing": 9}

# What happened, and the commands that are to be given then, in order ("" for a step without one).
NEXT: dict[str, tuple[RunDocument, list[str]]] = {
    "running": (document("running", pending=1), ["migrator status --watch"]),
    "nothing read": (document("not_started"), ["migrator plan"]),
    "plan": (document("dry_run", created=3), ["migrator run"]),
    "plan that only disables": (document("dry_run", created=3) | {"actions": IDLE | {"disable": 1}}, ["migrator run"]),
    "plan of nothing": (document("dry_run", created=3) | {"actions": IDLE, "verify": SAME}, [""]),
    "plan of nothing, unproven": (document("dry_run", created=3) | {"actions": IDLE}, ["", "migrator verify"]),
    "stopped": (
        document("stopped", pending=2)
        | {"error": {"message": "The disk is full.", "fix": "Free some.", "exit_code": 4}},
        ["", "migrator run"],
    ),
    "killed": (document("stopped", pending=2), ["migrator run"]),
    "no was said": (
        document("stopped", pending=2)
        | {"error": {"message": "You said no.", "fix": "", "exit_code": 4, "kind": "declined"}},
        ["migrator run"],
    ),
    "emptied": (
        document("stopped", created=2)
        | {"error": {"message": "They are gone.", "fix": "", "exit_code": 4, "kind": "missing"}},
        ["migrator verify", "migrator run"],
    ),
    "complete, unproven": (document("complete", created=2), ["migrator verify", "migrator run"]),
    "complete": (document("complete", created=2) | {"verify": SAME}, ["migrator run"]),
    "found wrong": (
        document("needs_person", created=8) | {"verify": WRONG},
        ["migrator run --retry missing --retry differs"],
    ),
    "to correct in Docebo": (
        document("needs_person", created=8, rejected=2) | {"reasons": {"no_email": 2}},
        ["", "migrator run"],
    ),
    "to retry": (
        document("needs_person", created=8, failed=2, conflict=4, rejected=1)
        | {"reasons": {"refused": 2, "login_taken": 3, "duplicate_email": 1, "no_email": 1, "not_included": 9}},
        ["", "", "", "", "migrator run --retry login_taken --retry refused"],
    ),
    "in part": (document("complete", created=2, skipped=7) | {"limited": 7, "verify": SAME}, ["migrator run"]),
}


@pytest.mark.parametrize(("figures", "commands"), NEXT.values(), ids=NEXT)
def test_what_to_do_next_follows_from_how_it_ended(figures: RunDocument, commands: list[str]) -> None:
    """There is always a step, the most urgent one first, and its command can be pasted."""
    assert [step.command for step in next_steps(figures)] == commands


def test_a_run_on_a_search_is_followed_by_one_on_everybody() -> None:
    """Whoever the text did not find was not looked at, so that nothing is ready for the switch yet."""
    told = next_steps(document("complete", created=2) | {"verify": SAME, "searched": True})
    assert [(step.what, step.command) for step in told] == [("Run without --search-text.", "migrator run")]


def test_a_step_names_users_fix_and_reason() -> None:
    """The most frequent reasons by name with what their fix says first, the others as a number."""
    reasons = {"no_email": 1, "login_taken": 3, "duplicate_email": 20, "refused": 2, "gave_up": 1}

    told = next_steps(document("needs_person", created=8, conflict=27) | {"reasons": reasons})

    assert (told[1].what, told[1].code, told[1].command) == ("Correct 3 users:", "login_taken", "")
    assert told[1].how.startswith("Compare the two users. If they are one person, set policy.existing: link")
    assert [step.code for step in told] == ["duplicate_email", "login_taken", "refused", "", ""]
    assert told[3].what == "Correct 2 users for 2 other reasons."


def test_nobody_is_left_to_another_reason() -> None:
    """Four reasons are all named: a step that only counts the last one would take as much room."""
    reasons = {"no_email": 1, "login_taken": 3, "duplicate_email": 20, "refused": 2}

    told = next_steps(document("needs_person", created=8, conflict=26) | {"reasons": reasons})

    assert [step.code for step in told] == ["duplicate_email", "login_taken", "refused", "no_email", ""]
    assert told[-1].command.startswith("migrator run")


# --- history -------------------------------------------------------------------------------------


def row(number: int, outcome: str | None, **summary: Unpack[StoredSummary]) -> RunRow:
    """A run that took 90 seconds, or never ended."""
    return RunRow(number, "run", 1000.0, 1090.0 if outcome else None, outcome, summary)


def test_each_run_is_told_in_words() -> None:
    """What it did and how it ended, the reason of a stop included; nothing is made up for a run that was killed."""
    people_left = {"rejected": 1, "conflict": 0, "failed": 0}
    runs = RunHistory(
        (
            row(7, None),
            row(6, "complete", actions=IDLE | {"create": 3014, "adopt": 2}),
            row(5, "needs_person", actions=IDLE, counts=people_left),
            row(
                4,
                "stopped",
                error={"message": "The disk is full.", "fix": "", "exit_code": 4},
                calls={"descope_writes": 3},
            ),
            row(3, None, calls={"descope_writes": 0}),
            row(2, "dry_run", actions=IDLE | {"create": 5}),
            row(1, "a new word"),
        ),
        runs=7,
        seconds=540.0,
    )

    told = {line.number: (line.did, line.ended, line.seconds) for line in history_lines(runs, running=True)}

    killed = "did not end properly: it was killed, or the machine went down"
    assert told == {
        7: ("not recorded", "still running", None),
        6: ("3,014 created, 2 linked", "complete", 90.0),
        5: ("sent nothing", "finished; 1 user needs attention", 90.0),
        4: ("3 write calls", "stopped: The disk is full.", 90.0),
        3: ("sent nothing", killed, None),
        2: ("sent nothing: a plan", "plan only", 90.0),
        1: ("not recorded", killed, 90.0),
    }
    assert history_lines(runs, running=False)[0].ended == killed


def test_the_newest_runs_are_read_and_all_are_counted(store: Checkpoint) -> None:
    """Twenty of them, newest first; the time is that of all that ended, and another migration's do not count."""
    rows = [
        {"migration": KEY, "number": number, "command": "run", "started_at": number * 100.0, "outcome": "complete"}
        | {"finished_at": number * 100.0 + 7 if number != 3 else None, "summary": json.dumps({"n": number})}
        for number in range(1, 24)
    ]
    rows.append(rows[0] | {"migration": "other", "number": 50})
    store.write(lambda c: c.execute(insert(run), rows))

    found = read_history(store)

    assert [one.number for one in found.newest] == list(range(23, 3, -1))
    assert found.newest[0].summary == {"n": 23}
    assert (found.runs, found.seconds) == (23, 22 * 7.0)


# --- who is where --------------------------------------------------------------------------------


def counted(found: list[GroupRow]) -> dict[str, dict[str, int]]:
    """Value to states."""
    return {one["name"]: one["states"] for one in found}


def test_users_are_counted_by_domain_status_and_level(tmp_path: Path) -> None:
    """Each user once in each; small domains, unknown levels and missing addresses have names of their own."""
    records = [one | {"level": "godadmin"} for one in people(6)]
    records += [
        RECORD | {"user_id": str(10 + n), "email": f"a{n}@small.example", "username": f"a{n}"} for n in range(4)
    ]
    records += [RECORD | {"user_id": "20", "email": "", "level": "Ana Ruiz", "status": "0"}]
    with holding(tmp_path, records) as checkpoint:
        move(checkpoint, [str(n) for n in range(1, 7)], state=State.CREATED)

        found = count_groups(checkpoint, predicted=False)

    assert counted(found["domains"]) == {
        "example.org": {"created": 6}, "other domains": {"pending": 4}, "no usable address": {"rejected": 1},
    }  # fmt: skip
    assert counted(found["levels"]) == {"superadmin": {"created": 6}, "unknown": {"pending": 4, "rejected": 1}}
    assert counted(found["statuses"]) == {"active": {"created": 6, "pending": 4}, "suspended": {"rejected": 1}}
    assert (found["records"], found["found"], found["earlier"]) == (11, 11, False)


def test_only_the_largest_domains_are_named(tmp_path: Path) -> None:
    """Ten of them, and the others together."""
    records = [
        RECORD | {"user_id": str(100 * domain + n), "email": f"a{n}@d{domain}.example", "username": f"{domain}-{n}"}
        for domain in range(1, 13)
        for n in range(4 + domain)
    ]
    with holding(tmp_path, records) as checkpoint:
        found = counted(count_groups(checkpoint, predicted=False)["domains"])

    assert list(found) == [*(f"d{domain}.example" for domain in range(12, 2, -1)), "other domains"]
    assert found["other domains"] == {"pending": 5 + 6}


def test_counts_outlive_the_records(tmp_path: Path) -> None:
    """Who belongs where is known from before the records were erased, with its time; the states are those of now."""
    with holding(tmp_path, people(8)) as checkpoint:
        move(checkpoint, ["1", "2", "3"], state=State.CREATED)
        store_details(checkpoint, 1, {"breakdown": count_groups(checkpoint, predicted=False) | {"at": 5.0}})
        erase_profiles(checkpoint, (State.CREATED,))
        move(checkpoint, ["4"], state=State.FAILED)

        found = count_groups(checkpoint, predicted=False)

    assert counted(found["domains"]) == {"example.org": {"created": 3, "failed": 1, "pending": 4}}
    assert counted(found["statuses"]) == {"active": {"created": 3, "failed": 1, "pending": 4}}
    assert (found["earlier"], found["at"], found["records"]) == (True, 5.0, 8)
    tables = breakdown_tables(found)
    assert [bool(table["note"]) for table in tables] == [True, False, True]
    assert "1 January 1970, 00:00 UTC" in tables[0]["note"]


def erased(checkpoint: Checkpoint, states: dict[str, State], **values: Any) -> None:
    """A look, stored; then these users are where they are, and the records of all who arrived are erased."""
    store_details(checkpoint, 1, {"breakdown": count_groups(checkpoint, predicted=False)})
    for user_id, state in states.items():
        move(checkpoint, [user_id], state=state, **values)
    erase_profiles(checkpoint, tuple(ARRIVED_STATES))


def test_erased_users_in_several_states_are_told_as_arrived(tmp_path: Path) -> None:
    """Nobody knows which of them was created and which updated, so the page says that they are in Descope."""
    with holding(tmp_path, people(8)) as checkpoint:
        erased(checkpoint, {"1": State.CREATED, "2": State.CREATED, "3": State.UPDATED})

        found = count_groups(checkpoint, predicted=False)

    assert counted(found["domains"]) == {"example.org": {"arrived": 3, "pending": 5}}
    (row,) = breakdown_tables(found)[0]["rows"]
    assert (row["users"], row["arrived"], row["people"]) == (8, 3, 0)
    assert row["stripes"][0]["word"] == "in Descope"


def test_a_breakdown_that_cannot_be_brought_up_to_date_is_left_out(tmp_path: Path) -> None:
    """Of two erased users one is missing: nobody knows of which domain, and no table says what is not so."""
    with holding(tmp_path, people(8)) as checkpoint:
        erased(checkpoint, {"1": State.CREATED, "2": State.CREATED})
        move(checkpoint, ["2"], verdict="missing")

        found = count_groups(checkpoint, predicted=False)

    assert found["current"] is False
    (table,) = breakdown_tables(found)
    assert table["key"] == "statuses"
    assert "not shown" in table["note"]


def test_users_found_wrong_are_told_apart(tmp_path: Path) -> None:
    """Who is missing is not counted as in Descope, and needs attention like whoever differs."""
    with holding(tmp_path, people(6)) as checkpoint:
        move(checkpoint, [str(n) for n in range(1, 7)], state=State.CREATED)
        move(checkpoint, ["1"], verdict="missing")
        move(checkpoint, ["2"], verdict="differs")

        tables = breakdown_tables(count_groups(checkpoint, predicted=True))

    assert [(row["users"], row["arrived"], row["people"]) for table in tables for row in table["rows"]] == [
        (6, 5, 2)
    ] * 3
    assert bar_legend(tables) == [
        ("created", "created"),
        ("differs", "in Descope, but not as sent"),
        ("missing", "missing from Descope"),
    ]


def test_a_plan_counts_users_as_what_they_would_become(tmp_path: Path) -> None:
    with holding(tmp_path, people(2)) as checkpoint:
        move(checkpoint, ["1"], decision="create")
        move(checkpoint, ["2"], decision="conflict", reason="login_taken")

        found = count_groups(checkpoint, predicted=True)

    assert counted(found["levels"]) == {"unknown": {"conflict": 1, "created": 1}}


def test_bars_are_as_long_as_their_users_are_many() -> None:
    """The longest fills the width, its stripes add up, and the smallest can still be seen."""
    domains: list[GroupRow] = [
        {"name": "a", "states": {"created": 90_000, "failed": 1}},
        {"name": "b", "states": {"sending": 5}},
    ]
    looked: Breakdown = {
        "domains": domains, "statuses": [], "levels": [], "records": 5, "found": 5, "at": 0.0,
        "earlier": False, "current": True,
    }  # fmt: skip

    (table,) = breakdown_tables(looked)

    large, small = table["rows"]
    assert sum(part["width"] for part in large["stripes"]) == pytest.approx(BAR_WIDTH, abs=0.1)
    assert min(part["width"] for part in (*large["stripes"], *small["stripes"])) >= NARROWEST_STRIPE - 0.1
    assert (large["arrived"], large["people"], small["users"]) == (90_000, 1, 5)
    assert [part["state"] for part in small["stripes"]] == ["pending"]
    assert breakdown_tables(None) == []
