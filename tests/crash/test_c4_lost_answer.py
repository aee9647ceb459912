"""The server did the work, its answer never came: read back by mark, never sent twice (docs/reliability.md C4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import oracle
import pytest
from crash_trials import database, new_world
from virtual_clock import VirtualClock
from watching import Watched

if TYPE_CHECKING:
    from figures import Note
    from oracle import Before, Verdict
    from world import Place

CREATE = "user/create/batch$"
CHANGES = {"user/patch/batch$": 1, "user/update/email$": 2, "user/update/loginid$": 2}


def first(place: Place) -> Before:
    """27 users for three batches."""
    return new_world(place, users=27, difficult=0)


def lose(place: Place, kind: str, path: str, nth: int) -> None:
    """The nth request of this path is done, its answer is spoilt."""
    place.sandbox.control.set_faults({"kind": kind, "path": path, "nth": nth, "when": "after"})


def go(place: Place, start: Before) -> Verdict:
    """One run, whose waits cost nothing, over a fault that did meet a request which had done its work."""
    figures = place.migrate(VirtualClock())
    assert figures.error is None
    assert [entry["n"] for entry in place.journal() if entry["fault"] and entry["committed"]]
    return oracle.check(place, start)


@pytest.mark.grid
@pytest.mark.parametrize("kind", ["close", "reset", "cut_length", "cut_chunked", "cut_json", "html200", "empty200"])
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_c4_a_lost_answer_to_a_create_is_read_back(any_place: Place, kind: str, nth: int, note: Note) -> None:
    """Whichever batch's answer is lost, its users are found by their mark, and no create is repeated."""
    place = any_place
    start = first(place)
    lose(place, kind, CREATE, nth)

    verdict = go(place, start)

    assert verdict.states == {"created": 27}
    assert verdict.creates == 27
    assert len([entry for entry in place.journal() if entry["path"].endswith("create/batch")]) == 3
    note("C4", f"lost answers to a create, {database(place)}", 1)


@pytest.mark.parametrize("kind", ["close", "reset", "cut_json"])
def test_c4_a_lost_answer_to_a_change_is_read_back(any_place: Place, kind: str, note: Note) -> None:
    """Whichever answer to a change is lost, the user ends as wanted."""
    place = any_place
    first(place)
    place.migrate()
    people = [str(user["user_id"]) for user in place.sources()]
    tried = 0
    for path, requests in CHANGES.items():
        for nth in range(1, requests + 1):
            tried += 1
            place.sandbox.control.clear_journal()
            for user_id in people[:2]:
                place.sandbox.control.patch_docebo_user(
                    user_id, fullname=f"Name {tried}", email=f"{user_id}.{tried}@example.org"
                )
            start = oracle.before(place)
            lose(place, kind, path, nth)
            assert go(place, start).states["updated"] == 2
    note("C4", f"lost answers to a change, {database(place)}", tried)


@pytest.mark.grid
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_c4_killed_while_it_waits_for_the_answer(any_place: Place, nth: int, note: Note) -> None:
    """Killed between the server's work and its answer, the next run reads the batch back."""
    place = any_place
    start = first(place)
    lose(place, "lost", CREATE, nth)

    with Watched(place) as running:
        assert running.until_seen(lambda entries: any(entry["committed"] and entry["fault"] for entry in entries))
    again = place.forked("run", "--yes", "--json")

    verdict = oracle.check(place, start, again)
    assert again.document["counts"]["created"] == verdict.creates == 27
    note("C4", f"kills behind the server's work, {database(place)}", 1)
