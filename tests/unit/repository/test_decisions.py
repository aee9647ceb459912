"""Every page of docs/decisions has the one form, and the index beside them lists it."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "docs" / "decisions"
INDEX = FOLDER / "README.md"
PAGES = sorted(path for path in FOLDER.glob("*.md") if path != INDEX)
OTHER = r"\[\d{4}\]\(\d{4}-[a-z0-9-]+\.md\)"
STATUS = re.compile(rf"accepted(, amended (by {OTHER}( and {OTHER})*|on \d{{4}}-\d\d-\d\d))?|superseded by {OTHER}")
PAGE = re.compile(r"# (\d{4})\. (\S.*)\n\n\* Date: (\d{4}-\d\d-\d\d)\n\* Status: (.+)\n\n## Context\n")


def head_of(page: Path) -> tuple[str, ...]:
    """The number, title, date and status that a page begins with."""
    found = PAGE.match(page.read_text(encoding="utf-8"))
    assert found, f"{page.name} does not begin with a title, a date, a status and its context"
    return found.groups()


def test_there_are_decisions_and_no_number_is_left_out_or_used_twice() -> None:
    """The pages are numbered 1, 2, 3 and so on."""
    assert PAGES
    assert [path.name[:5] for path in PAGES] == [f"{number:04}-" for number in range(1, len(PAGES) + 1)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_decision_begins_with_number_title_date_and_status(page: Path) -> None:
    """The title bears the number of the file's name, the date is one, and the status is one of those allowed."""
    number, _, day, status = head_of(page)

    assert number == page.name[:4]
    date.fromisoformat(day)
    assert STATUS.fullmatch(status)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_decision_has_its_three_sections_and_then_only_dated_additions(page: Path) -> None:
    """Context, Decision and Consequence stand in this order, each with a text."""
    text = page.read_text(encoding="utf-8")
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)

    assert headings[:3] == ["Context", "Decision", "Consequence"]
    assert [one for one in headings[3:] if not re.match(r"Addition of \d{4}-\d\d-\d\d\b", one)] == []
    assert [body for body in re.split(r"^## .*$", text, flags=re.MULTILINE) if not body.strip()] == []


@pytest.mark.parametrize("page", [*PAGES, INDEX], ids=lambda page: page.stem)
def test_links_between_decisions_lead_somewhere(page: Path) -> None:
    """Each link to a file has that file."""
    links = re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8"))

    assert [link for link in links if not link.startswith("https:") and not (FOLDER / link).is_file()] == []


def test_the_index_lists_every_decision_as_its_page_says() -> None:
    """One row for each page, in order, with its title, date and status."""
    rows = re.findall(
        r"^\| \[(\d{4})\]\((.*?)\) \| (.*) \| (.*) \| (.*) \|$", INDEX.read_text(encoding="utf-8"), re.MULTILINE
    )
    heads = [(page.name, head_of(page)) for page in PAGES]

    assert rows == [(number, name, title, day, status) for name, (number, title, day, status) in heads]
