"""What code and tests cite is in this repository: the file, and the heading or table row named behind it."""

from __future__ import annotations

import io
import re
import tokenize
from functools import cache
from itertools import groupby
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FOUND = [path for folder in ("migrator", "migrations", "tests") for path in (ROOT / folder).rglob("*.py")]
# The examples in this file are dead on purpose.
SOURCES = sorted(path for path in FOUND if path.name != Path(__file__).name and "node_modules" not in path.parts)
# Sections, rows and documents of nothing that is kept here.
UNKNOWN = re.compile(
    r"\bdesign\s+sections?\b|\bmatrix\s+[A-Z]\d|\bcontract\s+(?:descope|docebo|section|\d)"
    r"|(?<!docs/contract/)\b(?:descope|docebo)\.md\b|(?<!docs/)\bdecisions?\s+\d{4}\b"
)
WORDS = (".md", "contract", "decision", "design", "matrix")
FILE = r"docs/decisions/\d{4}\b(?!-)|docs/[\w/.-]+\.md\b|(?<![\w/])README\.md\b"
PLACE = r'"[^"]+"|[A-Z]\d+\b|\d+(?:\.\d+)*\b'
CITATION = re.compile(rf"({FILE})((?:,? (?:(?:and|to) )?(?:{PLACE}))*)")


def prose_of(path: Path) -> str:
    """All comments and texts of a source, each on a line of its own; comments below each other are one.

    Nothing, where no word stands that every citation has: taking a source apart is slow.
    """
    text = path.read_text(encoding="utf-8")
    if not any(word in text for word in WORDS):
        return ""
    with io.StringIO(text) as source:
        tokens = [one for one in tokenize.generate_tokens(source.readline) if one.type != tokenize.NL]
    pieces = []
    for kind, group in groupby(tokens, key=lambda token: token.type):
        texts = [token.string.lstrip("#") for token in group]
        if kind in (tokenize.COMMENT, tokenize.STRING):
            pieces.append(" ".join(" ".join(texts).split()))
    return "\n".join(pieces)


def file_of(cited: str) -> list[Path]:
    """The files that a citation may mean: a decision goes by its number alone."""
    if re.fullmatch(r"docs/decisions/\d{4}", cited):
        return list(ROOT.glob(f"{cited}-*.md"))
    return [ROOT / cited] if (ROOT / cited).is_file() else []


@cache
def places_of(page: Path) -> frozenset[str]:
    """What may be named behind a file: headings in quotes, their numbers, and what table rows begin with."""
    text = page.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    numbers = re.findall(r"^#+ (\d+(?:\.\d+)*)\.? ", text, re.MULTILINE)
    rows = re.findall(r"^\| ([A-Z]\d+) \|", text, re.MULTILINE)
    return frozenset((*(f'"{heading}"' for heading in headings), *numbers, *rows))


def name_of(path: Path) -> str:
    """How a test report names a file."""
    return str(path.relative_to(ROOT))


def dead_citations(text: str) -> list[str]:
    """The citations in a text whose file, or whose place in it, is not there."""
    dead = []
    for cited, behind in CITATION.findall(text):
        pages = file_of(cited)
        places = places_of(pages[0]) if len(pages) == 1 else frozenset()
        dead += [f"{cited} {place}" for place in re.findall(PLACE, behind) if place.rstrip(",") not in places]
        dead += [cited] if len(pages) != 1 else []
    return dead


def test_every_citation_leads_somewhere() -> None:
    """It begins with a file of this repository, and each heading, number or row named behind that is there too."""
    prose = {name_of(path): prose_of(path) for path in SOURCES}

    assert {name: cited for name, text in prose.items() if (cited := UNKNOWN.findall(text))} == {}
    assert {name: dead for name, text in prose.items() if (dead := dead_citations(text))} == {}


@pytest.mark.parametrize(
    ("text", "dead"),
    [
        ("docs/contract/descope.md 3.3, 3.8 and 10.11", []),
        ('docs/reliability.md N1 to N4; docs/decisions/0013, "Leaving comes first".', []),
        ("docs/contract/descope.md 3.3 and 3.99", ["docs/contract/descope.md 3.99"]),
        ("docs/reliability.md N1, N99", ["docs/reliability.md N99"]),
        ('README.md, "No such heading"', ['README.md "No such heading"']),
        ("docs/decisions/9999", ["docs/decisions/9999"]),
        ("docs/nowhere.md", ["docs/nowhere.md"]),
    ],
)
def test_a_dead_citation_is_found(text: str, dead: list[str]) -> None:
    """One of a file, a number, a row or a heading that is not there is found, and no other."""
    assert dead_citations(text) == dead


@pytest.mark.parametrize(
    "text",
    ["(design section 2)", "matrix N13", "contract docebo 2.3", "contract 1.7", "(docebo.md 2.4)", "decision 0012"],
)
def test_a_citation_without_a_file_is_found(text: str) -> None:
    """Sections, rows and numbers without a file of this repository before them are not accepted."""
    assert UNKNOWN.search(text)
