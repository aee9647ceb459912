"""report.html in a real browser: it asks nobody, complains of nothing, and can be used by everybody.

Needs Chromium (Debian: apt-get install chromium) and axe-core (npm ci --prefix tests/acceptance).
"""

from __future__ import annotations

import json
import os
import random
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browser import NAMES, Browser, Page
from run_document import document
from stored_users import in_trouble

from migrator.checkpoint.runs.progress import ProgressPoint
from migrator.core.model import State
from migrator.report.page.page import write_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world import Place

    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.report.document import DetailsDocument, FieldRow, RunDocument

# `make test` must run with Python alone; in CI the browser is installed, and its absence is a failure.
pytestmark = pytest.mark.skipif(
    not os.environ.get("CI") and not any(map(shutil.which, NAMES)), reason="no Chromium here; CI has one"
)
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
TO = "\u2013"
EVIL = "<script>alert(1)</script>"
ROWS = "[...document.querySelectorAll('#table tbody tr')]"
STATUS = "document.querySelector('#status').textContent"
BACKGROUND = "getComputedStyle(document.body).backgroundColor"


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One Chromium for all tests here."""
    with Browser(tmp_path_factory.mktemp("browser")) as one:
        yield one


@pytest.fixture
def run_report(place: Place) -> Path:
    """The report of a real run with many problems, one of them with a hostile name, and a time line."""
    place.sandbox.control.reset(users=300, strangers=30, difficult=0.4)
    evil = {"email": "", "first_name": EVIL, "last_name": "=cmd|x", "fullname": EVIL, "username": '"><img src=x>'}
    place.sandbox.control.put_docebo_user(place.sources()[0] | {"user_id": "99999"} | evil)
    assert place.forked("run", "--yes", "--project", place.config.descope.project_id).code == 3
    return place.folder / "reports" / "report.html"


@pytest.fixture
def big_report(tmp_path: Path) -> Path:
    """A page with every section and 100,000 problem users."""
    path = tmp_path / "report.html"
    with path.open("w", encoding="utf-8") as file:
        write_page(file, _document(), _details(), _samples(), _problems(100_000), 1.76e9, redact=False)
    return path


def column(page: Page, key: str) -> list[str]:
    """The texts shown in one column."""
    texts: list[str] = page.evaluate(f"{ROWS}.map(row => row.querySelector('.c-{key}').textContent)")
    return texts


def search(page: Page, text: str) -> None:
    """Type into the search box and wait until the table followed."""
    before = page.evaluate(STATUS)
    page.evaluate("document.querySelector('#search').value = ''; document.querySelector('#search').focus()")
    page.type(text)
    page.until(f"{STATUS} !== {json.dumps(before)}")


def test_r2_the_page_of_a_run_asks_nobody_and_complains_of_nothing(browser: Browser, run_report: Path) -> None:
    """Opened from the disk it makes no request and violates no policy; hostile names are shown as text."""
    page = browser.open(run_report.as_uri())
    search(page, "alert(1)")

    assert column(page, "name") == [f"{EVIL} =cmd|x"]
    assert column(page, "username") == ['"><img src=x>']
    assert page.evaluate("document.querySelectorAll('#table script, #table img').length") == 0
    assert page.requests == [run_report.as_uri()]
    assert page.complaints == []


def test_the_table_searches_sorts_filters_and_pages(browser: Browser, run_report: Path) -> None:
    """Every control does what it says, and the status line tells the result."""
    page = browser.open(run_report.as_uri())
    everybody = page.evaluate("JSON.parse(document.querySelector('#rows').textContent).length")
    assert everybody > 60
    assert page.evaluate(STATUS) == f"1{TO}25 of {everybody}"
    first = column(page, "id")
    assert first == sorted(first, key=lambda one: (len(one), one))

    page.click("#next")
    assert page.evaluate(STATUS).startswith(f"26{TO}50 of")
    assert not set(column(page, "id")) & set(first)
    page.click("#last")
    assert page.evaluate("document.querySelector('#next').disabled")
    page.click("#first")
    assert column(page, "id") == first

    page.click("th[data-key=email] button")
    page.click("th[data-key=email] button")
    assert page.evaluate("document.querySelector('th[data-key=email]').ariaSort") == "descending"
    shown = [email.lower() for email in column(page, "email")]
    assert shown == sorted(shown, reverse=True)

    taken = json.loads(run_report.with_name("summary.json").read_text(encoding="utf-8"))["reasons"]["login_taken"]
    assert 25 < taken < everybody
    page.click("button[data-reason=login_taken]")
    assert set(column(page, "reason")) == {"login_taken"}
    assert page.evaluate(STATUS) == f"1{TO}25 of {taken}, filtered from {everybody}"
    assert page.evaluate("document.querySelector('#advice').textContent").startswith(
        "Another user in Descope already has"
    )
    search(page, "nobody at all")
    assert page.evaluate(STATUS) == f"Nobody, filtered from {everybody}"


def test_the_keyboard_is_enough(browser: Browser, run_report: Path) -> None:
    """Tab leads to the skip link first, Enter sorts by the focused column, and the focus can be seen."""
    page = browser.open(run_report.as_uri())
    page.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"

    page.evaluate("document.querySelector('th[data-key=state] button').focus()")
    page.press("Enter")

    assert page.evaluate("document.querySelector('th[data-key=state]').ariaSort") == "ascending"
    page.press("Tab")
    assert page.evaluate("document.activeElement.closest('th').dataset.key") == "reason"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_the_theme_follows_the_reader_and_can_be_turned(browser: Browser, big_report: Path) -> None:
    """Light or dark as the system says, the other at a click, a picture of each for people to look at."""
    page = browser.open(big_report.as_uri())
    seen = {}
    for scheme in ("light", "dark"):
        page.prefer(scheme)
        seen[scheme] = page.evaluate(BACKGROUND)
        picture = big_report.with_name(f"report-{scheme}.png")
        page.screenshot(picture)
        print(f"picture: {picture}")

    page.click("#theme")

    assert seen["light"] != seen["dark"]
    assert page.evaluate(BACKGROUND) == seen["light"]
    assert page.evaluate("document.querySelector('#theme').textContent") == "Use the dark theme"
    assert page.complaints == []


def test_a_narrow_screen_shows_everything(browser: Browser, big_report: Path) -> None:
    """On a telephone only the tables scroll sideways, never the page."""
    page = browser.open(big_report.as_uri())
    page.call("Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=1, mobile=True)

    assert page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_violation(browser: Browser, big_report: Path, scheme: str) -> None:
    """No violation of axe-core's rules of impact serious or critical, contrast among them."""
    if not AXE.exists() and not os.environ.get("CI"):
        pytest.skip("no npm here to install axe-core with; CI has it")
    assert AXE.exists(), "axe-core is not installed: npm ci --prefix tests/acceptance"
    page = browser.open(big_report.as_uri())
    page.prefer(scheme)
    page.evaluate(AXE.read_text(encoding="utf-8") + "; 0")

    found = page.evaluate("axe.run().then(all => all.violations)")

    heavy = [one for one in found if one["impact"] in ("serious", "critical")]
    assert [(one["id"], [node["html"][:120] for node in one["nodes"]][:5]) for one in heavy] == []


def test_a_hundred_thousand_rows_stay_usable(browser: Browser, big_report: Path) -> None:
    """The page stays small beside its rows, draws one page of them, and finds one person among all."""
    rows = big_report.read_text(encoding="utf-8")
    beside = len(rows) - (rows.index("]</script>") - rows.index('id="rows">'))
    page = browser.open(big_report.as_uri())

    assert beside < 1_000_000
    assert page.evaluate(f"{ROWS}.length") == 25
    search(page, "u54321 rossi")
    assert column(page, "id") == [str(1000 + 54321)]
    page.click("th[data-key=name] button")
    assert page.evaluate(f"{ROWS}.length") == 1
    assert page.requests == [big_report.as_uri()]


def test_paper_shows_the_rows_of_the_filter_up_to_a_stated_limit(browser: Browser, big_report: Path) -> None:
    """Printing draws up to 2,000 rows, says so, and leaves the screen as it was."""
    page = browser.open(big_report.as_uri())

    assert page.pdf().startswith(b"%PDF")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(f"{ROWS}.length") == 2000
    said = page.evaluate("document.querySelector('#printed').textContent")
    assert said == "The first 2,000 of 100,000; all are in problems.csv."
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(f"{ROWS}.length") == 25


# --- a page with everything ------------------------------------------------------------------------


def _document() -> RunDocument:
    counts = {
        "created": 280_000, "updated": 14_000, "unchanged": 4_000, "rejected": 60_000,
        "conflict": 39_000, "failed": 1_000, "vanished": 40, "skipped": 1_900, "pending": 60,
    }  # fmt: skip
    return document("stopped", **counts) | {
        "migration": {"source": "acme.docebosaas.com", "project": "P2abcdefghijklmnopqrstuvwxyz"},
        "reasons": {"no_email": 60_000, "login_taken": 39_000, "refused": 1_000, "not_included": 1_900, "new_code": 1},
        "calls": {"docebo": 2_010, "descope": 9_800, "descope_writes": 4_100, "throttled": 37},
        "seconds": 4_212.0,
        "error": {"message": "Descope is not answering any write.", "fix": "Check its status page.", "exit_code": 4},
        "prediction": {
            "gap": 3,
            "states": {"created": {"predicted": 280_003, "actual": 280_000}, "failed": {"predicted": 0, "actual": 3}},
            "gaps": [{"predicted": "created", "actual": "failed", "reason": "refused", "users": 3}],
        },
        "verify": {
            "classes": {"same": 297_998, "differs": 1, "missing": 1, "extra": 0},
            "read": 298_000,
            "at": "2026-11-27T15:04:05Z",
            "scope": "all",
        },
    }


def _details() -> DetailsDocument:
    field: FieldRow = {
        "name": "field_4",
        "title": "City",
        "goes": [],
        "why": "not mapped",
        "seen": 9,
        "filled": 7,
        "kind": "text",
    }
    mapped = field | {"name": "email", "title": "", "goes": ["loginId", "email"], "why": "", "kind": "e-mail"}
    empty = field | {"name": "field_9", "title": EVIL, "filled": 0, "kind": ""}
    return {
        "xray": {"records": 9, "fields": [mapped, field, empty], "proposal": "    city: field_4  # City: text, 77 %\n"},
        "readiness": {
            "found": 400_000, "ready": 250_000, "verify_first": 0,
            "blocked": {"unverified_email": 90_000, "disabled": 60_000},
        },
    }  # fmt: skip


def _samples() -> list[ProgressPoint]:
    moments = [ProgressPoint(float(at), "read", at * 900, 400_000) for at in range(0, 400, 2)]
    waits = {5: "keeping below the limit of Descope; goes on in 3 s"}
    return moments + [
        ProgressPoint(400.0 + at, "send", at * 90, 300_000, at, at // 100, waits.get(at // 100))
        for at in range(0, 3000, 2)
    ]


def _problems(number: int) -> Iterator[StoredUser]:
    rng = random.Random(1)
    kinds = [(State.REJECTED, "no_email"), (State.CONFLICT, "login_taken"), (State.FAILED, "refused")]
    for index in range(number):
        state, reason = rng.choice(kinds)
        person = {"username": f"u{index}", "email": f"p{index}@example.org", "first_name": "Ana", "last_name": "Rossi"}
        yield in_trouble(str(1000 + index), state, reason, "E062107", raw=json.dumps(person))
