"""`migrator report`: every file rebuilt from the checkpoint alone, with or without personal data."""

from __future__ import annotations

import csv
import json
import stat
from typing import TYPE_CHECKING, Any

import oracle

from migrator.core.errors import StopRun
from migrator.report.lists.crosswalk import Crosswalk
from migrator.sandbox.process import MANAGEMENT_KEY

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from world import Place

FILES = {"report.html", "problems.csv", "crosswalk.csv", "sso.csv", "summary.json"}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def personal(users: list[dict[str, Any]]) -> set[str]:
    """Everything a report could give away about these people."""
    keys = ("username", "email", "first_name", "last_name", "fullname", "uuid", "field_12")
    return {str(user[key]) for user in users for key in keys if len(str(user.get(key) or "")) > 3}


def test_a_run_leaves_four_files_that_agree(any_place: Place) -> None:
    """Summary, problem list and crosswalk tell the same numbers; nobody but the owner can read them."""
    place = any_place
    place.sandbox.control.reset(users=300, strangers=5, difficult=0.2)

    ended = place.forked("run", "--yes", "--json")

    folder = place.folder / "reports"
    counts = ended.document["counts"]
    assert {path.name for path in folder.iterdir()} >= FILES
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert json.loads((folder / "summary.json").read_text(encoding="utf-8"))["counts"] == counts
    problems = rows(folder / "problems.csv")
    assert len(problems) == counts["rejected"] + counts["conflict"] + counts["failed"]
    assert all(problem["fix"] for problem in problems)
    crossed = {row["docebo_user_id"]: row["descope_user_id"] for row in rows(folder / "crosswalk.csv")}
    assert crossed == {user["customAttributes"]["doceboUserId"]: user["userId"] for user in _ours(place)}


def _ours(place: Place) -> list[dict[str, Any]]:
    return [user for user in place.targets() if (user.get("customAttributes") or {}).get("doceboUserId")]


def test_the_report_is_rebuilt_from_the_checkpoint_alone(place: Place) -> None:
    """After the files are lost, `report` writes the same ones again without asking either side."""
    place.sandbox.control.reset(users=120, difficult=0.2)
    place.forked("run", "--yes")
    folder = place.folder / "reports"
    before = {name: (folder / name).read_bytes() for name in FILES - {"report.html"}}
    for name in FILES:
        (folder / name).unlink()
    so_far = len(place.sandbox.control.journal())

    ended = place.forked("report")

    assert (ended.code, ended.err) == (0, "")
    assert set(ended.out.split()) == {str(folder / name) for name in FILES}
    assert {name: (folder / name).read_bytes() for name in before} == before
    assert "Ready to sign in" in (folder / "report.html").read_text(encoding="utf-8")
    assert len(place.sandbox.control.journal()) == so_far


def test_x4_a_redacted_report_names_nobody(place: Place) -> None:
    """With --redact no name, address or number is in any file; without, those of the problem users are."""
    place.sandbox.control.reset(users=200, strangers=5, difficult=0.3)
    place.forked("run", "--yes")
    texts = personal(place.sources())

    redacted = place.forked("report", "--redact", "--out", "for-others")
    full = place.forked("report")

    assert redacted.code == full.code == 0
    everything = "".join((place.folder / "for-others" / name).read_text(encoding="utf-8") for name in FILES)
    assert [text for text in texts if text in everything or json.dumps(text)[1:-1] in everything] == []
    assert "duplicate_email" in everything
    page = (place.folder / "reports" / "report.html").read_text(encoding="utf-8")
    problem = next(row for row in rows(place.folder / "reports" / "problems.csv") if row["username"].isascii())
    assert problem["username"] in page


def test_a_report_of_a_run_that_stopped_says_why(place: Place) -> None:
    """A run that stops early leaves a report that says so; `report` says the same afterwards."""
    place.sandbox.control.reset(users=300, difficult=0)
    place.sandbox.control.set_faults(
        {"kind": "status", "api": "descope", "path": "/v1/mgmt/user/create/batch", "params": {"code": 403}}
    )

    stopped = place.forked("run", "--yes", "--json")
    place.forked("report", "--json")

    assert stopped.code == 4
    page = (place.folder / "reports" / "report.html").read_text(encoding="utf-8")
    assert "Stopped early" in page
    assert "nothing is sent twice" in page.lower()
    assert MANAGEMENT_KEY not in page


def test_a_plan_s_report_speaks_of_what_would_be(place: Place) -> None:
    """Nothing was written, so the page says `would`, and the crosswalk names nobody."""
    place.sandbox.control.reset(users=80, strangers=3, difficult=0)

    place.forked("plan")
    place.forked("report")

    page = (place.folder / "reports" / "report.html").read_text(encoding="utf-8")
    assert "77 of 80 users would be in Descope; 3 need your attention first." in page
    assert rows(place.folder / "reports" / "crosswalk.csv") == []


def test_without_a_checkpoint_there_is_nothing_to_report(place: Place) -> None:
    """Exit code 2 and what to do, and no file is made."""
    ended = place.forked("report")

    assert ended.code == 2
    assert "migrator run" in ended.err
    assert not (place.folder / "reports").exists()


def test_the_crosswalk_is_right_when_the_run_is_killed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """After each stored batch the file holds exactly the users that are in Descope by then."""
    place.configure(descope={"batch_size": 10}, run={"concurrency": 1})
    place.sandbox.control.reset(users=50, difficult=0)
    seen = []
    add = Crosswalk.add

    def look(self: Crosswalk, results: Any) -> None:
        add(self, results)
        crossed = {
            row["docebo_user_id"]: row["descope_user_id"] for row in rows(place.folder / "reports/crosswalk.csv")
        }
        assert crossed == {user["customAttributes"]["doceboUserId"]: user["userId"] for user in _ours(place)}
        seen.append(len(crossed))
        if len(seen) == 3:
            raise StopRun("killed here")

    monkeypatch.setattr(Crosswalk, "add", look)
    start = oracle.before(place)
    place.migrate()

    assert seen == [10, 20, 30]
    monkeypatch.undo()
    place.migrate()
    oracle.check(place, start)
    assert len(rows(place.folder / "reports" / "crosswalk.csv")) == 50
