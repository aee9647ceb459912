"""What report.html tells at a glance: did everybody make it, what now, with whom does somebody collide, what was run.

The parts about the page are looked at in Chromium, as in test_report_page.py.
"""

from __future__ import annotations

import base64
import csv
import json
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browser import NAMES, Browser, Page
from demo_page import write_demo
from run_document import document
from stored_users import in_trouble

from migrator.core.model import State
from migrator.report.page.page import write_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world import Place

chromium = pytest.mark.skipif(
    not os.environ.get("CI") and not any(map(shutil.which, NAMES)), reason="no Chromium here; CI has one"
)
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
DOCS = Path(__file__).parents[2] / "docs"
A4 = {"paperWidth": 8.27, "paperHeight": 11.69}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One Chromium for all tests here."""
    with Browser(tmp_path_factory.mktemp("browser")) as one:
        yield one


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a made-up migration with every section and 54 users on the list."""
    return write_demo(tmp_path_factory.mktemp("demo"))


def rows(path: Path) -> list[dict[str, str]]:
    """A csv file of the report."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def texts(page: Page, selector: str) -> list[str]:
    """What every such element says."""
    found: list[str] = page.evaluate(
        f"[...document.querySelectorAll({json.dumps(selector)})].map(one => one.innerText.trim())"
    )
    return found


# --- who exactly ---------------------------------------------------------------------------------


@chromium
def test_nc24_the_list_says_with_whom_held_by_whom_and_what_is_wrong(browser: Browser, place: Place) -> None:
    """Each listed user's detail names the colliding users, the Descope user or the fault, alike in file and page."""
    place.sandbox.control.reset(users=300, strangers=3, difficult=0.3)
    assert place.forked("run", "--yes").code == 3
    folder = place.folder / "reports"
    listed = rows(folder / "problems.csv")

    assert [one["docebo_user_id"] for one in listed if not one["detail"]] == []
    logins = {login.lower(): user["userId"] for user in place.targets() for login in user["loginIds"]}
    emails: dict[str, list[str]] = {}
    for one in place.sources():
        emails.setdefault(str(one.get("email") or "").lower(), []).append(str(one["user_id"]))
    reasons = set()
    for one in listed:
        reasons.add(one["reason"])
        if one["reason"] == "login_taken":
            assert one["detail"] == f"Descope user {logins[one['email'].lower()]}"
        if one["reason"] == "duplicate_email":
            others = sorted(set(emails[one["email"].lower()]) - {one["docebo_user_id"]}, key=int)
            assert one["detail"] == f"also {', '.join(others)}"
        if one["reason"] in ("no_email", "invalid_email"):
            assert one["detail"].startswith("email: ")
    assert reasons >= {"login_taken", "duplicate_email", "no_email", "invalid_email"}

    page = browser.open((folder / "report.html").as_uri())
    size = "document.querySelector('#size')"
    page.evaluate(f"{size}.value = '250'; {size}.dispatchEvent(new Event('change'))")
    shown = dict(zip(texts(page, "#table .c-id"), texts(page, "#table .c-detail"), strict=True))
    assert shown == {one["docebo_user_id"]: one["detail"] for one in listed}


@chromium
def test_nc24_a_column_without_any_value_is_left_out_of_the_page(browser: Browser, tmp_path: Path) -> None:
    """No blank column takes room from addresses; sorting and searching go by the columns that are left."""
    person = json.dumps({"first_name": "Ana", "username": "ana", "email": ""})
    path = tmp_path / "report.html"
    people = [in_trouble(str(number), State.REJECTED, "no_email", raw=person) for number in (7, 12)]
    with path.open("w", encoding="utf-8") as file:
        write_page(file, document("needs_person", rejected=2), {}, [], people, 0.0, redact=False)

    page = browser.open(path.as_uri())

    assert [text.split()[0] for text in texts(page, "#table th")] == ["Docebo", "Name", "User", "State", "Reason"]
    page.click("th[data-key=id] button")
    assert texts(page, "#table .c-id") == ["12", "7"]
    assert texts(page, "#table .c-detail, #table .c-email") == []


# --- at a glance -----------------------------------------------------------------------------------


@chromium
def test_nc25_the_first_screen_tells_who_made_it_and_what_to_do(browser: Browser, demo: Path) -> None:
    """Headline, bar and the next steps with their commands stand on the first screen, wide and narrow alike."""
    page = browser.open(demo.as_uri())

    assert texts(page, "h1")[0].startswith("1,946 of 2,000 users are in Descope; 54 need")
    steps = texts(page, "#what-next li")
    assert steps[0].startswith("Correct 20 users: login_taken")
    assert texts(page, "#what-next pre") == ["migrator run --retry login_taken"]
    bottom = "document.querySelector('#what-next pre').getBoundingClientRect().bottom"
    assert page.evaluate(bottom) < 800
    assert page.evaluate("document.querySelector('.outcome').getBoundingClientRect().bottom") < 800
    page.click("#what-next a")
    assert page.evaluate("location.hash") == "#reason-login_taken"
    page.call("Emulation.setDeviceMetricsOverride", width=400, height=800, deviceScaleFactor=1, mobile=True)
    page.evaluate("scrollTo(0, 0)")
    assert page.evaluate("document.querySelector('#what-next h2').getBoundingClientRect().bottom") < 800
    assert page.evaluate("document.documentElement.scrollWidth") == 400


@chromium
def test_nc25_the_page_links_the_files_beside_it(browser: Browser, demo: Path) -> None:
    """Every link leads to a place on the page or to a file that is there."""
    page = browser.open(demo.as_uri())

    links = page.evaluate("[...document.querySelectorAll('a[href]')].map(one => one.getAttribute('href'))")

    files = {link for link in links if not link.startswith("#")}
    assert files == {"problems.csv", "crosswalk.csv", "sso.csv", "summary.json"}
    assert [name for name in files if not (demo.parent / name).is_file()] == []
    targets = {link for link in links if link.startswith("#")}
    assert [one for one in targets if page.evaluate(f"!document.getElementById({one[1:]!r})")] == []


@chromium
def test_nc25_every_run_is_told_with_what_it_did_and_how_it_ended(browser: Browser, place: Place) -> None:
    """The history has a row for each run and plan, newest first, with the reason of a stop and the time in all."""
    place.sandbox.control.reset(users=60, difficult=0)
    place.forked("plan")
    place.sandbox.control.set_faults(
        {"kind": "status", "api": "descope", "path": "/v1/mgmt/user/create/batch", "params": {"code": 403}}
    )
    assert place.forked("run", "--yes").code == 4
    place.sandbox.control.set_faults()
    assert place.forked("run", "--yes").code == 0

    page = browser.open((place.folder / "reports" / "report.html").as_uri())

    assert texts(page, "#runs tbody th") == ["3", "2", "1"]
    assert texts(page, "#runs tbody code") == ["run", "run", "plan"]
    ended = texts(page, "#runs .ended")
    assert (ended[0], ended[2]) == ("complete", "plan only")
    stop = json.loads((place.folder / "reports" / "summary.json").read_text(encoding="utf-8"))
    assert stop["outcome"] == "complete"
    assert ended[1].startswith("stopped: ")
    assert "3 runs and plans took" in texts(page, "#runs .hint")[0]


@chromium
def test_nc25_the_breakdown_survives_erased_records(browser: Browser, place: Place) -> None:
    """Domain and level are counted before records are erased; a later run tells the same, and when it was counted."""
    place.sandbox.control.reset(users=200, strangers=5, difficult=0.1)
    place.forked("run", "--yes")
    path = place.folder / "reports" / "report.html"
    page = browser.open(path.as_uri())
    before = {key: texts(page, f".who.{key} tbody tr") for key in ("domains", "statuses", "levels")}
    domains: dict[str, int] = {}
    for one in place.sources():
        domain = str(one.get("email") or "").lower().partition("@")[2]
        domains[domain] = domains.get(domain, 0) + 1

    place.forked("run", "--yes")
    again = browser.open(path.as_uri())

    for row in before["domains"]:
        name, users = row.split("\t")[0], int(row.split("\t")[2])
        assert name == "no usable address" or domains[name] == users, row
    assert {key: texts(again, f".who.{key} tbody tr") for key in ("domains", "levels")} == {
        key: before[key] for key in ("domains", "levels")
    }
    assert "when the Docebo records were still kept" in texts(again, ".who.domains .hint")[0]
    for rows_ in before.values():
        assert sum(int(row.split("\t")[2].replace(",", "")) for row in rows_) == 200


@chromium
def test_nc25_the_breakdown_agrees_with_the_headline(browser: Browser, place: Place) -> None:
    """After a run on a few users and one on all, each table has as many users in Descope as the headline."""
    place.sandbox.control.reset(users=120, difficult=0.1)
    place.forked("run", "--yes", "--limit", "15")
    place.forked("run", "--yes")

    page = browser.open((place.folder / "reports" / "report.html").as_uri())

    said = re.search(r"([\d,]+) of ([\d,]+) users", texts(page, ".lede")[0])
    assert said
    numbers = [int(number.replace(",", "")) for number in said.groups()]
    for key in ("domains", "statuses", "levels"):
        cells = [row.split("\t") for row in texts(page, f".who.{key} tbody tr")]
        assert [sum(int(row[column].replace(",", "")) for row in cells) for column in (3, 2)] == numbers, key


@chromium
def test_nc25_the_theme_button_says_what_it_will_do(browser: Browser, demo: Path) -> None:
    """It offers the other theme, whichever is on."""
    page = browser.open(demo.as_uri())
    page.prefer("dark")
    page.until("document.querySelector('#theme').textContent === 'Use the light theme'")
    page.click("#theme")
    assert texts(page, "#theme") == ["Use the dark theme"]


@chromium
def test_nc25_what_is_empty_is_said_in_a_sentence(browser: Browser, place: Place) -> None:
    """Neither a list without users nor a search without a match leaves bare headers."""
    place.sandbox.control.reset(users=10, difficult=0)
    assert place.forked("run", "--yes").code == 0

    page = browser.open((place.folder / "reports" / "report.html").as_uri())

    assert texts(page, "#people .hint") == [
        "There is nobody on this list: no user was rejected, is in conflict, has failed or was found wrong in Descope."
    ]
    assert page.complaints == []


@chromium
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 400)])
def test_nc25_everybody_can_use_every_section(browser: Browser, demo: Path, scheme: str, width: int) -> None:
    """No violation of axe-core's rules of impact serious or critical on a page that has every section."""
    if not AXE.exists() and not os.environ.get("CI"):
        pytest.skip("no npm here to install axe-core with; CI has it")
    page = browser.open(demo.as_uri())
    page.call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 500)
    page.prefer(scheme)
    page.evaluate(AXE.read_text(encoding="utf-8") + "; 0")

    found = page.evaluate("axe.run().then(all => all.violations)")

    heavy = [one for one in found if one["impact"] in ("serious", "critical")]
    assert [(one["id"], [node["html"][:120] for node in one["nodes"]][:5]) for one in heavy] == []
    assert page.complaints == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


# --- on paper, and large ---------------------------------------------------------------------------


@chromium
@pytest.mark.parametrize("paper", [{}, A4], ids=["letter", "a4"])
def test_nc25_fifty_four_users_fit_on_three_printed_pages(
    browser: Browser, demo: Path, paper: dict[str, float]
) -> None:
    """Paper has no controls and no time line, every address in one piece or broken behind its @, in three pages."""
    page = browser.open(demo.as_uri())

    pdf = base64.b64decode(page.call("Page.printToPDF", printBackground=True, **paper)["data"])

    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 3
    page.prefer("light", "print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("document.querySelectorAll('#table tbody tr').length") == 54
    for selector in (".controls", ".pager", "#theme", "#pace", "nav"):
        assert page.evaluate(f"document.querySelector('{selector}').getClientRects().length") == 0
    lines = """cell => {
        const all = document.createRange();
        all.selectNodeContents(cell);
        return new Set([...all.getClientRects()].map(one => one.top)).size;
    }"""
    assert page.evaluate(f"Math.max(...[...document.querySelectorAll('#table .c-email')].map({lines}))") <= 2


@chromium
def test_nc25_fifty_thousand_rows_are_data_of_which_one_page_is_drawn(browser: Browser, tmp_path: Path) -> None:
    """The rows come as one JSON text, 25 of them are elements, and each control answers with such a page."""
    number = 50_000
    path = tmp_path / "report.html"
    people = (
        in_trouble(
            str(1000 + index),
            State.CONFLICT,
            "duplicate_email",
            f"also {2000 + index}",
            raw='{"email":"a@example.org"}',
        )
        for index in range(number)
    )
    with path.open("w", encoding="utf-8") as file:
        write_page(file, document("needs_person", conflict=number), {}, [], people, 0.0, redact=False)

    page = browser.open(path.as_uri())

    assert path.stat().st_size < 200 * number
    assert page.evaluate("JSON.parse(document.querySelector('#rows').textContent).length") == number
    for control in ("#next", "#last", "th[data-key=detail] button"):
        page.click(control)
        assert page.evaluate("document.querySelectorAll('#table tbody tr').length") == 25
    assert page.evaluate("document.querySelectorAll('*').length") < 1500


def test_nc25_the_pictures_are_there_and_shown() -> None:
    """docs/report.md shows each kept picture of the page, and none is heavy."""
    text = (DOCS / "report.md").read_text(encoding="utf-8")
    kept = sorted((DOCS / "screenshots").glob("*.png"))

    assert {path.name.partition("-")[0] for path in kept} == {"light", "dark", "400px", "print"}
    assert [path.name for path in kept if f"screenshots/{path.name}" not in text] == []
    assert [path.name for path in kept if path.stat().st_size >= 150_000] == []
    assert [
        name for name in re.findall(r"screenshots/([\w.-]+)", text) if not (DOCS / "screenshots" / name).is_file()
    ] == []


def test_nc25_a_redacted_page_names_ids_and_counts_only(place: Place) -> None:
    """With --redact the page keeps details, history and breakdown, and shows no domain of a few people."""
    place.sandbox.control.reset(users=60, strangers=2, difficult=0.2)
    lone = place.sources()[0] | {"user_id": "99999", "username": "lone", "email": "ana@one-family.example"}
    place.sandbox.control.put_docebo_user(lone)
    place.forked("run", "--yes")

    assert place.forked("report", "--redact", "--out", "for-others").code == 0

    text = (place.folder / "for-others" / "report.html").read_text(encoding="utf-8")
    assert "one-family" not in text
    assert "other domains" in text
    assert "also " in text.split('id="rows">')[1]
    assert [one["email"] for one in place.sources() if len(one.get("email") or "") > 3 and one["email"] in text] == []


def test_nc24_users_found_missing_are_on_the_list(place: Place) -> None:
    """Whoever `migrator verify` misses has a row in problems.csv and on the page, with the command that helps."""
    place.sandbox.control.reset(users=20, difficult=0)
    assert place.forked("run", "--yes").code == 0
    gone = next(one for one in place.targets() if (one.get("customAttributes") or {}).get("doceboUserId"))
    place.sandbox.control.delete_descope_user(gone["userId"])

    assert place.forked("verify").code == 3

    folder = place.folder / "reports"
    (row,) = rows(folder / "problems.csv")
    assert row["docebo_user_id"] == gone["customAttributes"]["doceboUserId"]
    assert (row["state"], row["reason"], row["detail"]) == ("created", "missing", f"Descope user {gone['userId']}")
    assert "migrator run --retry missing" in row["fix"]
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert f'"{row["docebo_user_id"]}",' in text.split('id="rows">')[1]
    assert "There is nobody on this list" not in text
    assert place.forked("run", "--yes", "--retry", "missing").code == 0
    assert rows(folder / "problems.csv") == []
