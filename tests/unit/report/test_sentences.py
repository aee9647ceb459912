"""What a report says about how a run ended, and what its time line draws."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest
from run_document import document
from stored_users import in_trouble

from migrator.checkpoint.runs.progress import ProgressPoint
from migrator.core.model import State
from migrator.report.page.page import write_page
from migrator.report.page.timeline import MOST_BARS, PANEL_HEIGHT, PANEL_WIDTH, timeline_panels
from migrator.report.sentences import headline

if TYPE_CHECKING:
    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.report.document import RunDocument

ENDS: dict[str, tuple[RunDocument, str, str]] = {
    "complete": (document("complete", created=2), "All 2 users are in Descope.", "Nothing is left to do."),
    "complete, some left out": (
        document("complete", created=2, skipped=1, vanished=1),
        "2 of 4 users are in Descope.",
        "Also: 1 user left out by your own filter, 1 user gone from Docebo.",
    ),
    "one person": (
        document("needs_person", rejected=1),
        "0 of 1 user is in Descope; 1 needs your attention.",
        "run again",
    ),
    "differences only": (document("needs_person", created=3), "3 of 3 users are in Descope.", "not as they should be"),
    "plan": (document("dry_run", created=3), "3 of 3 users would be in Descope.", "Nothing was written to Descope."),
    "some are missing": (
        document("needs_person", created=3) | {"missing": 3, "wrong": 3},
        "0 of 3 users are in Descope, 3 are missing from it; 3 need your attention.",
        "not as they should be",
    ),
    "an emptied project": (
        document("stopped", created=3)
        | {"error": {"message": "Gone.", "fix": "Look.", "exit_code": 4, "kind": "missing"}},
        "Migrated users are missing from Descope.",
        "It is not known how many are still there. Gone. Look.",
    ),
    "a no": (
        document("stopped", pending=3)
        | {"error": {"message": "You said no.", "fix": "", "exit_code": 4, "kind": "declined"}},
        "0 of 3 users are in Descope so far.",
        "You said no.",
    ),
    "a part": (
        document("complete", created=2, skipped=5, rejected=0) | {"limit": 2, "limited": 5},
        "Finished for the 2 users of --limit; 5 more are waiting for a run without it.",
        "2 of 7 users are in Descope. Also: 5 users left for a run without --limit.",
    ),
    "a search": (
        document("complete", created=1) | {"searched": True},
        "Finished: only users found by --search-text were looked at; the others are as before.",
        "1 of 1 user is in Descope.",
    ),
    "nothing yet": (document("not_started"), "Nothing has been run yet.", "migrator plan"),
    "running": (
        document("running", created=1, pending=4),
        "1 of 5 users are in Descope so far.",
        "4 users still pending",
    ),
    "killed": (document("stopped", pending=2), "0 of 2 users are in Descope so far.", "did not end properly"),
    "stopped": (
        document("stopped", pending=2)
        | {"error": {"message": "The disk is full.", "fix": "Free some space.", "exit_code": 4}},
        "0 of 2 users are in Descope so far.",
        "The disk is full. Free some space. Nothing is sent twice.",
    ),
    "interrupted": (
        document("interrupted", created=1, pending=1)
        | {"error": {"message": "You asked to stop.", "fix": "", "exit_code": 130}},
        "1 of 2 users are in Descope so far.",
        "You asked to stop. Run again to continue from here",
    ),
}


@pytest.mark.parametrize(("figures", "expected", "part"), ENDS.values(), ids=ENDS)
def test_an_end_is_told_as_it_was(figures: RunDocument, expected: str, part: str) -> None:
    """Each outcome has its own words; none says more than is true."""
    told = headline(figures)

    assert told.headline == expected
    assert part in told.text


def written(figures: RunDocument, *problems: StoredUser, redact: bool = False) -> str:
    """The page's text."""
    file = io.StringIO()
    write_page(file, figures, {}, [], problems, 0.0, redact=redact)
    return file.getvalue()


@pytest.mark.parametrize("figures", [end[0] for end in ENDS.values()], ids=ENDS)
def test_every_end_has_a_page(figures: RunDocument) -> None:
    """Also with nothing looked at yet: no details, no time line, no prediction."""
    assert headline(figures).headline in written(figures)


@pytest.mark.parametrize("name", ["</script><script>alert(1)</script>", "<!--<script>", "a\u2028\u2029b", "\ud800"])
def test_r2_a_name_cannot_leave_its_place(name: str) -> None:
    """The rows stay one JSON text inside one element, whatever a name says."""
    raw = json.dumps({"first_name": name, "email": "a@example.org"})

    text = written(document("needs_person", rejected=1), in_trouble("7", State.REJECTED, "no_email", raw=raw))

    text.encode()
    inside = text.split('id="rows">')[1].split("</script>")[0]
    assert "<" not in inside
    assert json.loads(inside) == [["7", name.replace("\ud800", "\ufffd"), "a@example.org", "", *_REST]]


_REST = ["rejected", "no_email", "", "", ""]


def test_i8_a_redacted_page_has_no_column_for_names() -> None:
    """Ids and reason codes stay, the person is left out."""
    raw = json.dumps({"first_name": "Ana", "email": "a@example.org"})

    text = written(
        document("needs_person", rejected=1), in_trouble("7", State.REJECTED, "no_email", raw=raw), redact=True
    )

    assert json.loads(text.split('id="rows">')[1].split("</script>")[0]) == [["7", *_REST]]
    assert "a@example.org" not in text


def test_a_time_line_adds_up() -> None:
    """Each stage is drawn over its whole width, at most 150 bars, with its users, throttling and waits."""
    samples = [
        ProgressPoint(10.0, "check", 0, None),
        *(ProgressPoint(10.0 + at, "read", at * 50, None) for at in range(1, 21)),
    ]
    samples += [
        ProgressPoint(
            30.0 + at, "send", at, 1000, 0, at // 10, "Descope asked for a pause; goes on in 3 s" if at < 5 else None
        )
        for at in range(1, 1001)
    ]

    read, send = timeline_panels(samples)

    assert (read.users, read.seconds, read.mean, read.throttled) == (1000, 20.0, 50.0, 0)
    assert (send.users, send.seconds, send.throttled) == (1000, 1000.0, 100)
    assert send.waits == {"Descope asked for a pause": 4.0}
    for panel in (read, send):
        assert len(panel.bars) <= MOST_BARS
        assert sum(bar.width for bar in panel.bars) == pytest.approx(PANEL_WIDTH, abs=2)
        assert max(bar.height for bar in panel.bars) == PANEL_HEIGHT
    assert sum(bar.throttled for bar in send.bars) == send.throttled


def test_a_run_without_samples_has_no_time_line() -> None:
    """Nothing is drawn, and nothing fails, when a run was over before the first sample, or with it."""
    assert timeline_panels([]) == []
    assert timeline_panels([ProgressPoint(1.0, "read", 5, None)]) == []
