"""The documentation site: it builds without a warning, leaves nothing out, and no link of it is dead."""

from __future__ import annotations

import doctest
import json
import subprocess
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import unquote, urlsplit

import click
import pytest
from click.testing import CliRunner
from guide import blocks_of, practise
from pydantic import BaseModel
from readme import PAGES, renewed

from migrator.cli.main import main
from migrator.config.mapped_attribute import MappedAttribute
from migrator.config.rules import RoleRule, TenantRule
from migrator.config.schema import Config

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("README.md")])
Site: TypeAlias = "dict[Path, Shown]"


@dataclass
class Shown(HTMLParser):
    """One page: its anchors, where its links lead, what a browser loads for it, and its words."""

    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the tag names."""
        named = {name: value for name, value in attrs if value}
        self.anchors |= {named["id"]} if "id" in named else set()
        self.links += [named["href"]] if tag == "a" and "href" in named else []
        self.loaded += [value for name, value in named.items() if name == "src" or (tag == "link" and name == "href")]

    def handle_data(self, data: str) -> None:
        """Note the words."""
        self.text += data


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The pages as built, as `make docs` does; a warning fails it."""
    folder = tmp_path_factory.mktemp("docs").resolve()
    options = ("-W", "--keep-going", "-E", "-q", "-b", "html", "-d", folder / "doctrees", "-c", ROOT / "docs")
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, ROOT, folder / "site"],
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert (built.returncode, built.stderr) == (0, "")
    pages = {}
    for path in (folder / "site").rglob("*.html"):
        pages[path] = page = Shown()
        page.feed(path.read_text(encoding="utf-8"))
    return pages


def shown(site: Site, name: str) -> Shown:
    """The page made from docs/`name`.md."""
    (page,) = (page for path, page in site.items() if path.parts[-3:] == ("site", "docs", f"{name}.html"))
    return page


def led_to(page: Path, link: str) -> tuple[Path, str]:
    """The file and the anchor that a link inside the site means, "" for none."""
    parts = urlsplit(link)
    return (page.parent / unquote(parts.path)).resolve() if parts.path else page, unquote(parts.fragment)


def dead_links(site: Site) -> Iterator[str]:
    """Links, pictures, styles and scripts of pages that lead to no file, or to no anchor of it."""
    for path, page in site.items():
        for link in (one for one in (*page.links, *page.loaded) if not urlsplit(one).scheme):
            target, anchor = led_to(path, link)
            if not target.is_file() or (anchor and anchor not in site[target].anchors):
                yield f"{path.name}: {link}"


def commands_of(command: click.Command, words: tuple[str, ...] = ("migrator",)) -> Iterator[tuple[str, click.Command]]:
    """Every command with the words that call it, joined by a hyphen."""
    yield "-".join(words), command
    for name, below in command.commands.items() if isinstance(command, click.Group) else ():
        yield from commands_of(below, (*words, name))


def keys_of(model: type[BaseModel]) -> Iterator[str]:
    """Every key below a section of the configuration, as it is written."""
    for name, one in model.model_fields.items():
        yield one.alias or name
        if isinstance(one.annotation, type) and issubclass(one.annotation, BaseModel):
            yield from keys_of(one.annotation)


def test_no_link_is_dead_and_nothing_comes_from_elsewhere(site: Site) -> None:
    """Whoever opens the site from a disk, without a network, sees all of it."""
    assert list(dead_links(site)) == []
    assert [(page, one) for page in site for one in site[page].loaded if urlsplit(one).netloc] == []


def test_a_dead_link_is_found(tmp_path: Path) -> None:
    """One to no file, and one to no heading; a good one is passed over, and so is one to another site."""
    page = Shown()
    page.feed(
        '<p id="here"><a href="#here"></a><a href="#gone"></a><a href="gone.html"></a><a href="https://a.example/"></a>'
    )
    (tmp_path / "page.html").touch()

    assert list(dead_links({tmp_path / "page.html": page})) == ["page.html: #gone", "page.html: gone.html"]


def test_every_page_of_the_repository_is_on_the_site_and_in_its_contents(site: Site) -> None:
    """That a page is missing from the contents is a warning; here, that the site's rules pass none over."""
    (home,) = (path for path in site if path.parts[-3:] == ("site", "docs", "index.html"))
    contents = {led_to(home, link)[0] for link in site[home].links}

    built = {source: home.parents[1] / source.relative_to(ROOT).with_suffix(".html") for source in SOURCES}
    assert [source for source, page in built.items() if page not in contents or page not in site] == []


def test_every_command_and_option_is_on_its_page(site: Site) -> None:
    """Each has an anchor of its own, which a colleague can be sent."""
    anchors = shown(site, "commands").anchors

    for words, command in commands_of(main):
        assert words in anchors or words == "migrator"
        for option in command.params:
            if isinstance(option, click.Option):
                assert f"cmdoption-{words}-{option.opts[0].lstrip('-')}" in anchors


def test_every_key_of_the_configuration_is_on_its_page(site: Site) -> None:
    """Also those of statuses, attributes and rules, which stand inside a key."""
    page = shown(site, "configuration")

    for name, section in Config.model_fields.items():
        assert name in page.anchors
        assert isinstance(section.annotation, type)
        for key in section.annotation.model_fields:
            assert f"{name}-{key.replace('_', '-')}" in page.anchors
        assert [key for key in keys_of(section.annotation) if key not in page.text] == []
    inside = [key for model in (MappedAttribute, TenantRule, RoleRule) for key in keys_of(model)]
    assert [key for key in inside if key not in page.text] == []


def test_every_code_that_explain_knows_is_on_its_page(site: Site) -> None:
    """Reasons, notes, classes and Descope's errors, each with its meaning and what to do."""
    listed = CliRunner().invoke(main, ["explain", "--json"])
    text = " ".join(shown(site, "reason-codes").text.replace("`", "").split())

    for one in json.loads(listed.stdout)["codes"]:
        assert one["code"] in text
        assert one["kind"] == "error" or one["state"] is None or one["state"] in text


def test_no_page_has_an_example_in_python_that_does_something_else() -> None:
    """Whatever looks like a Python session is run."""
    assert [page for page in SOURCES if doctest.testfile(str(page), module_relative=False).failed] == []


def test_the_tour_can_be_taken(tmp_path: Path) -> None:
    """Its commands work in their order, and find what the pictures show."""
    tour = practise(blocks_of("tour.md"), tmp_path)

    assert "1,946 of 2,000 users are in Descope; 54 need your attention" in " ".join(tour.shown.split())
    assert "login_taken (a reason: conflict)" in tour.shown
    assert (tmp_path / "demo" / "reports" / "report.html").is_file()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_screens_of_a_page_are_those_that_were_recorded(page: Path) -> None:
    """`make readme` renews them."""
    text = page.read_text(encoding="utf-8")

    assert "<!-- screen: " in text
    assert renewed(text) == text
