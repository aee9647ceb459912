"""A kill during the second sweep, or while the reports are written (docs/reliability.md C5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import crash_points
import oracle
import pytest
from crash_trials import database, die_at, first_run, mend, one_of_each, reports_are_whole, rows_of

if TYPE_CHECKING:
    from pathlib import Path

    from figures import Note
    from oracle import Before
    from world import Place


ONCE, EACH = True, pytest.param(False, marks=[pytest.mark.soak, pytest.mark.timeout(3000)])


@pytest.mark.parametrize("once", [ONCE, EACH], ids=["each effect once", "each point"])
def test_c5_a_kill_in_the_second_sweep_loses_nobody_who_comes_in_it(any_place: Place, once: bool, note: Note) -> None:
    """Somebody who appears only between the sweeps is brought over, wherever the second sweep dies."""
    place = any_place
    for _ in range(2):  # the first one makes the tables of a new PostgreSQL, which stay
        late_comer(place)
        points = die_at(0, place.migrate).points
    begin = "before commit checkpoint.users.sweeps.begin_sweep"
    second = points.index(begin, points.index(begin) + 1)
    end = points.index("before commit checkpoint.users.reopening.reopen_users")
    chosen = one_of_each(points, place, begin=second, end=end + 1) if once else range(second + 1, end + 2)
    for at in chosen:
        start = late_comer(place)
        assert die_at(at, place.migrate).killed
        verdict = mend(place, start)
        assert verdict.rows["900001"]["state"] == "created"
    note("C5", f"points in a second sweep, {database(place)}", len(chosen))


def late_comer(place: Place) -> Before:
    """A first run in which one more person turns up behind the first sweep's three pages."""
    start = first_run(place)
    someone = next(user for user in place.sources() if user["email"])
    record = someone | {"user_id": "900001", "username": "late", "email": "late@example.org"}
    place.sandbox.control.set_script({"op": "insert", "before_request": 4, "record": record})
    return start


@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.soak)])
def test_c5_reports_are_the_old_ones_or_the_new_ones(any_place: Place, step: int, note: Note) -> None:
    """Killed at any step of writing them, each report is whole: it tells of before the run, or of this run."""
    place = any_place
    first_run(place)
    place.migrate()
    start = oracle.before(place)
    rows = oracle.read_rows(place.checkpoint, place)
    somebody = next(user_id for user_id, row in rows.items() if row["state"] == "created")
    reports = place.folder / "reports"
    tried = 0
    killed = True
    while killed:
        old = people(reports)
        # One more problem or one less, so that the old report and the new one are not the same.
        email = f"well{tried}@example.org" if tried % 2 else "no address"
        place.sandbox.control.patch_docebo_user(somebody, email=email)
        killed = die_at(1 + tried * step, place.migrate, crash_points.reports).killed
        reports_are_whole(place)
        found = people(reports)
        mend(place, start)
        new = people(reports)
        assert old["problems.csv"] != new["problems.csv"]
        assert [name for name in old if found[name] not in (old[name], new[name])] == []
        tried += killed
    assert tried * step > 20
    assert [path.name for path in reports.iterdir() if path.name.startswith(".")] == [], "leftovers of the dead"
    note("C5", f"steps of writing reports, {database(place)}", tried)


def people(reports: Path) -> dict[str, list[str]]:
    """Whom each list names, in its order."""
    return {name: [row[0] for row in rows_of(reports / name)] for name in ("problems.csv", "crosswalk.csv")}
