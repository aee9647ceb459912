"""Whoever reports something meets forms that ask for no personal data, and SECURITY.md for a weakness."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
TEMPLATES = ROOT / ".github" / "ISSUE_TEMPLATE"
FORMS = sorted(path for path in TEMPLATES.glob("*.yml") if path.name != "config.yml")
# The kinds of element that GitHub's forms have, and the attributes that each of ours needs.
NEEDED = {
    "markdown": {"value"},
    "input": {"label"},
    "textarea": {"label"},
    "dropdown": {"label", "options"},
    "checkboxes": {"label", "options"},
}


def form(path: Path) -> dict[str, Any]:
    """The content of one form."""
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_has_what_github_asks_for(path: Path) -> None:
    """A name, a description and elements of known kinds, each with a label and an id of its own."""
    content = form(path)
    asked = [one for one in content["body"] if one["type"] != "markdown"]

    assert content.keys() == {"name", "description", "labels", "body"}
    assert [one for one in content["body"] if not NEEDED[one["type"]] <= one["attributes"].keys()] == []
    assert len({one["id"] for one in asked}) == len({one["attributes"]["label"] for one in asked}) == len(asked)


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_asks_for_no_personal_data_and_has_that_confirmed(path: Path) -> None:
    """It says so first, and cannot be sent before the reporter has said that there is none."""
    content = form(path)
    first, last = content["body"][0], content["body"][-1]

    assert first["attributes"]["value"].startswith("**No personal data and no secrets, please.**")
    assert (last["type"], [one["required"] for one in last["attributes"]["options"]]) == ("checkboxes", [True])


def test_nothing_is_reported_without_a_form_and_no_weakness_in_public() -> None:
    content = form(TEMPLATES / "config.yml")

    assert content["blank_issues_enabled"] is False
    assert "SECURITY.md" in content["contact_links"][0]["about"]


def test_every_link_of_the_security_page_leads_to_a_file() -> None:
    links = re.findall(r"\]\(([^)#:]+)", (ROOT / "SECURITY.md").read_text(encoding="utf-8"))

    assert links
    assert [link for link in links if not (ROOT / link).is_file()] == []


def test_the_release_checklist_names_targets_that_there_are() -> None:
    """Each `make` command of it is one of the Makefile."""
    words = re.findall(r"`make ([a-z ]+)`", (ROOT / "docs" / "release.md").read_text(encoding="utf-8"))
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

    assert {target for one in words for target in one.split()} <= targets
