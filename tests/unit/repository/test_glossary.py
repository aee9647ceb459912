"""docs/glossary.md: each word once, and every class of the domain under one of them."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

from sources import top_of

ROOT = Path(__file__).parents[3]
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| word")
]
NAMED = [name for _, _, names in ROWS for name in re.findall(r"`(\w+)`", names)]
# Rooms that speak of users, runs and plans; configuration, log and connections have the words of their libraries.
ROOMS = ("checkpoint", "core", "descope", "docebo", "flow", "normalize", "report", "verify")
# Errors are named for what to do next, and these for what every program has.
ORDINARY = {
    "ApiError", "BadAnswer", "Bar", "Cause", "Clock", "ConfigError", "DescopeReader", "DescopeWriter", "DoceboClient",
    "HistoryLine", "Interrupted", "KeyAuth", "LoginRefused", "MigratorError", "NoAnswer", "NotSent", "Panel",
    "ProxyRefused", "Redirected", "Refused", "ServerFailed", "StopRun", "Throttled", "Token", "TokenAuth", "Untrusted",
    "UsersLeft", "UsersMissing",
}  # fmt: skip


def classes() -> set[str]:
    """The public classes of these rooms."""
    paths = [path for room in ROOMS for path in (ROOT / "migrator" / room).rglob("*.py")]
    nodes = [node for path in paths for node in top_of(path)]
    found = {node.name: set(map(ast.unparse, node.bases)) for node in nodes if isinstance(node, ast.ClassDef)}
    documents = {name for name, bases in found.items() if "TypedDict" in bases}
    while derived := {name for name, bases in found.items() if bases & documents} - documents:
        documents |= derived
    return {
        name for name in found if not name.startswith("_")
    } - documents  # a document is named for its place in the JSON, which README.md describes


def test_each_word_stands_once_in_order() -> None:
    """A word has one meaning, and is found where the alphabet puts it."""
    words = [word for word, _, _ in ROWS]

    assert words == sorted(set(words))


def test_every_word_has_a_meaning() -> None:
    assert [word for word, meaning, _ in ROWS if len(meaning) < 20] == []


def test_every_class_of_the_domain_stands_under_one_word() -> None:
    """A class that no word of the glossary explains has a name that nobody can look up."""
    assert (classes() - set(NAMED) - ORDINARY, [name for name, times in Counter(NAMED).items() if times > 1]) == (
        set(),
        [],
    )


def test_the_glossary_names_no_class_that_is_gone() -> None:
    known = {
        node.name
        for path in (ROOT / "migrator").rglob("*.py")
        for node in top_of(path)
        if isinstance(node, ast.ClassDef)
    }

    assert (set(NAMED) | ORDINARY) - known == set()
