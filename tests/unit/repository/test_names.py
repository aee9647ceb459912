"""Names and codes of the program: each public name means one thing, and no reason is a bare text."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from migrator.core.reasons import Note, Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(__file__).parents[3] / "migrator"
OURS = [path for path in sorted(PACKAGE.rglob("*.py")) if "sandbox" not in path.relative_to(PACKAGE).parts[:-1]]
CODES = {*map(str, Reason), *map(str, Note)}
# Words that are a code by chance: keys of documents, options and parameters.
NO_CODES = {
    "descope/reader.py": {"limit"},
    "docebo/client.py": {"search_text"},
    "report/gather.py": {"limit"},
    "report/sentences.py": {"limit"},
    "report/summary.py": {"limit"},
}


def name_of(path: Path) -> str:
    """How a test report names a file."""
    return path.relative_to(PACKAGE).as_posix()


def public_names(path: Path) -> Iterator[str]:
    """What a module defines at its top without an underscore before it."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        names: list[ast.expr] = []
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names = [ast.Name(node.name)]
        elif isinstance(node, ast.Assign):
            names = [part for target in node.targets for part in getattr(target, "elts", [target])]
        elif isinstance(node, ast.AnnAssign):
            names = [node.target]
        yield from (one.id for one in names if isinstance(one, ast.Name) and not one.id.startswith("_"))


def test_no_two_public_names_are_alike() -> None:
    """A name stands for one thing, in whichever room; who reads it needs no module in front of it."""
    homes = defaultdict(list)
    for path in OURS:
        for name in set(public_names(path)):
            homes[name].append(name_of(path))

    assert {name: files for name, files in homes.items() if len(files) > 1} == {}


@pytest.mark.parametrize("path", [path for path in OURS if name_of(path) != "core/reasons.py"], ids=name_of)
def test_no_reason_is_a_bare_text(path: Path) -> None:
    """A code that is misspelled must not pass the type checker and show an empty meaning."""
    texts = {
        node.value for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Constant)
    }

    assert texts & CODES == NO_CODES.get(name_of(path), set())
