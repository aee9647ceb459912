"""A directory that changes while it is read (docs/reliability.md P1 and P2): 300 seeds, nobody missed."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import oracle
import pytest
from runs import go

if TYPE_CHECKING:
    from figures import Note
    from world import Place

USERS, PAGE = 120, 10
PAGES = USERS // PAGE
ALWAYS = 25  # seeds of every test run; the rest is for the soak


def churn(seed: int) -> dict[str, int]:
    """Deletes, inserts or renames, or all of them, 1 to 5 a page, through one to three sweeps."""
    rng = random.Random(seed)
    kinds = [["deletes"], ["inserts"], ["renames"], ["deletes", "inserts"], ["deletes", "inserts", "renames"]][seed % 5]
    return {
        "seed": seed,
        "pages": rng.randrange(PAGES // 2, 3 * PAGES),
        **{f"{kind}_per_page": rng.choice((1, 1, 2, 5)) for kind in kinds},
    }


@pytest.mark.parametrize("seed", [pytest.param(n, marks=[pytest.mark.soak] * (n >= ALWAYS)) for n in range(300)])
def test_p1_p2_nobody_who_was_there_throughout_is_missed(place: Place, seed: int, note: Note) -> None:
    """However people come, go and move between the pages, everybody there all the time is read and is not `gone`."""
    print(f"replay: .venv/bin/pytest -m '' tests/integration/test_drift.py -k 'throughout and [{seed}]'")
    control = place.sandbox.control
    place.configure(docebo={"page_size": PAGE})
    control.reset(users=USERS, difficult=0, seed=seed + 1)
    start = oracle.before(place)
    control.set_churn(**churn(seed))
    sends = seed % 10 == 0

    run = go(place, dry_run=not sends, accept_shrink=True)  # up to half of them leave while they are read

    assert run.code == 0, run.error
    rows = oracle.read_rows(place.checkpoint, place)
    watched = control.present_throughout()
    assert [user for user in watched["user_ids"] if user not in rows or rows[user]["state"] == "vanished"] == []
    if sends:
        oracle.check(place, start)
        assert sum(run.counts.values()) == 2 * len(rows)  # found, and the states once more
    note("P1", "seeds of a changing directory", 1)
    note("P1", "people there throughout, none missed", len(watched["user_ids"]))


@pytest.mark.parametrize("seed", range(5))
def test_p2_a_platform_that_never_stands_still_is_read_a_bounded_number_of_times(place: Place, seed: int) -> None:
    """With inserts at every page for ever the reading ends, and whoever was there from the start is read."""
    control = place.sandbox.control
    place.configure(docebo={"page_size": PAGE})
    control.reset(users=USERS, difficult=0, seed=seed + 1)
    control.set_churn(seed=seed, inserts_per_page=1, deletes_per_page=1)

    run = go(place)

    assert run.code in (0, 4), run.error
    rows = oracle.read_rows(place.checkpoint, place)
    assert set(control.present_throughout()["user_ids"]) <= set(rows)
    assert len(place.journal("docebo")) < 20 * PAGES
