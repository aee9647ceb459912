"""`migrator purge` leaves no personal data in the checkpoint, and forgets nobody (README.md, "Privacy")."""

from __future__ import annotations

from typing import TYPE_CHECKING

import oracle
import pytest
from crash_trials import die_at, first_run
from runs import CREATE, calls
from undo_world import DELETE

from migrator.cli.main import main
from migrator.core.clock import Clock
from migrator.flow.options import RunEvents, RunOptions
from migrator.flow.undo.undo import undo_migration

if TYPE_CHECKING:
    from world import Place

OPTIONS = RunOptions(command="undo")
DATA = ("raw", "profile", "changes", "was_row")


def kept(place: Place) -> list[str]:
    """The users of whom a row or, on SQLite, any byte of the checkpoint still says something personal."""
    rows = oracle.read_rows(place.checkpoint, place)
    raw = b"".join(path.read_bytes() for path in place.folder.glob("migrator.db*")).lower()
    texts = {str(user["user_id"]): str(user.get("email") or "").lower() for user in place.sources()}
    told = [user_id for user_id, text in texts.items() if "@" in text and text.encode() in raw]
    return told + [user_id for user_id, row in rows.items() if any(row[name] for name in DATA)]


def test_nothing_personal_is_kept_and_the_next_run_changes_nothing(any_place: Place) -> None:
    """Whoever has a problem is named in the reports again as soon as Docebo was read again; nobody is sent twice."""
    place = any_place
    start = first_run(place)
    assert place.forked("run", "--yes").code == 3
    problems = (place.folder / "reports" / "problems.csv").read_bytes()
    counts = place.forked("status", "--json").document["counts"]
    with_data = len([row for row in oracle.read_rows(place.checkpoint, place).values() if row["raw"] or row["profile"]])

    purged = place.forked("purge", "--yes", "--json")

    assert (purged.code, purged.document) == (0, {"schema": "purge/1", "erased": with_data})
    assert kept(place) == []
    assert place.forked("status", "--json").document["counts"] == counts
    again = place.forked("run", "--yes", "--json")
    assert (again.code, again.document["calls"]["descope_writes"]) == (3, 0)
    assert (place.folder / "reports" / "problems.csv").read_bytes() == problems
    oracle.check(place, start, again=True)


def test_whoever_waits_to_be_sent_is_read_again_and_sent_once(any_place: Place) -> None:
    """A purge behind a plan, or behind a run of a few, loses nobody."""
    place = any_place
    start = first_run(place)
    assert place.forked("plan").code == 0
    assert place.forked("purge", "--yes").code == 0
    assert kept(place) == []
    assert place.forked("run", "--yes", "--limit", "5").code in (0, 3)
    assert place.forked("purge", "--yes").code == 0

    assert place.forked("run", "--yes").code == 3

    oracle.check(place, start, again=True)


def test_a_changed_person_is_still_followed(place: Place) -> None:
    """An update behind a purge changes what changed in Docebo, and nothing else."""
    start = first_run(place)
    assert place.forked("run", "--yes").code == 3
    assert place.forked("purge", "--yes").code == 0
    arrived = next(key for key, row in oracle.read_rows(place.checkpoint, place).items() if row["state"] == "created")
    place.sandbox.control.patch_docebo_user(arrived, fullname="Neue Frau", last_name="Frau")

    again = place.forked("run", "--yes", "--json").document

    assert again["actions"]["update"] == 1
    oracle.check(place, start)


def test_a_purge_is_mended_by_another_after_a_kill_at_every_effect(any_place: Place) -> None:
    """Wherever it dies, the next purge erases the rest, and the run behind it changes nothing."""
    place = any_place
    start = first_run(place)
    assert place.forked("run", "--yes").code == 3

    def purge() -> None:
        with pytest.raises(SystemExit) as ended:
            main(["purge", "--yes", "--config", str(place.config_path)], standalone_mode=False)
        assert ended.value.code == 0

    number = 1
    while die_at(number, purge).killed:
        assert place.forked("purge", "--yes").code == 0
        assert kept(place) == []
        assert place.forked("run", "--yes").code == 3  # which names whoever has a problem again
        number += 1

    assert number > 4
    oracle.check(place, start)


def test_users_in_flight_are_settled_first(place: Place) -> None:
    """What became of a request is told by the user's data: exit 2, nothing erased, and the way out."""
    first_run(place)
    assert die_at(1, place.migrate, label=f"answered Descope POST {CREATE}").killed
    rows = oracle.read_rows(place.checkpoint, place)

    refused = place.forked("purge", "--yes")

    assert refused.code == 2
    assert "Run `migrator run`, which finds out" in refused.err
    assert oracle.read_rows(place.checkpoint, place) == rows


def test_a_purge_waits_for_no_run(place: Place) -> None:
    """While a run is at work, exit 2 with what to do, and nothing is erased."""
    first_run(place)
    place.sandbox.control.set_faults({"kind": "slow", "path": CREATE, "when": "after", "params": {"seconds": 8}})
    run = place.start("run", "--yes")
    while not calls(place, CREATE):
        assert run.poll() is None

    refused = place.forked("purge", "--yes")

    assert refused.code == 2
    assert f"Another run is in progress on this checkpoint (process {run.pid}). Nothing was erased." in refused.err
    assert kept(place) != []


def test_without_an_answer_nothing_is_erased(place: Place) -> None:
    """Nobody at the terminal and no --yes: it asks, hears nothing, and erases nothing."""
    first_run(place)
    assert place.forked("plan").code == 0

    asked = place.command("purge")

    assert asked.code == 130
    assert "Erase the personal data of" in asked.err
    assert "Nothing was erased: the input ended before you answered." in asked.err
    assert kept(place) != []


def test_a_second_purge_has_nothing_to_erase(place: Place) -> None:
    first_run(place)
    assert place.forked("plan").code == 0
    first = place.forked("purge", "--yes")
    second = place.forked("purge")

    assert "These files may still name people:" in first.out
    assert (second.code, second.out) == (0, "The checkpoint has no personal data.\n")


def test_behind_a_killed_undo_it_says_how_to_find_out_without_undoing_more(place: Place) -> None:
    """Whoever wants to keep the others must not be sent to the command that deletes them."""
    place.sandbox.control.reset(users=5, difficult=0)
    assert place.forked("run", "--yes").code == 0
    users = place.targets()
    label = f"send Descope POST {DELETE}"
    assert die_at(1, lambda: undo_migration(place.config, OPTIONS, Clock(), RunEvents()), label=label).killed

    refused = place.forked("purge", "--yes")

    assert refused.code == 2
    assert "Run `migrator undo --dry-run`, which finds out" in refused.err
    assert place.forked("undo", "--dry-run").code == 0
    assert place.forked("purge", "--yes").code == 0
    assert place.targets() == users
