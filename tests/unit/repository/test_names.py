"""Names and codes of the program: each public name means one thing, and no reason or source field is a bare text."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from sources import nodes_of, top_of

from migrator.core.reasons import Note, Reason
from migrator.docebo.record import ADDITIONAL_PREFIX, DoceboField

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(__file__).parents[3] / "migrator"
OURS = [path for path in sorted(PACKAGE.rglob("*.py")) if "sandbox" not in path.relative_to(PACKAGE).parts[:-1]]
CODES = {*map(str, Reason), *map(str, Note)}
# Words that are a code by chance: keys of documents, options and parameters.
NO_CODES = {
    "descope/reader.py": {"limit"},
    "descope/trail.py": {"limit"},
    "docebo/client.py": {"search_text"},
    "flow/plan/estimate.py": {"limit"},
    "flow/sign_in/answer.py": {"refused"},  # what the flow is told
    "report/gather.py": {"limit"},
    "report/sentences.py": {"limit"},
    "report/summary.py": {"limit"},
}

# Words that are a field of Docebo by chance, by room: columns, keys of documents, fields of Descope, words of the
# configuration (`login_id: username`) and of its defaults.
NO_FIELDS = {
    "checkpoint": {"user_id", "status", "actions"},
    "cli": {"actions"},
    "config": {"email", "username", "expired", "field_[0-9]{1,18}"},  # the condition of a rule that names a field
    "core": {"email", "status", "expired"},
    "descope": {"email", "status", "actions"},
    "flow": {"user_id"},  # a key of a plan file
    "log": {"level"},
    "normalize": {"email", "username", "expired", "language", "level", "status"},  # the last three are conditions
    "report": {"email", "username", "actions"},
    "serve": {"status"},  # of an answer
    "verify": {"email", "status"},
}


def name_of(path: Path) -> str:
    """How a test report names a file."""
    return path.relative_to(PACKAGE).as_posix()


def public_names(path: Path) -> Iterator[str]:
    """What a module defines at its top without an underscore before it."""
    for node in top_of(path):
        names: list[ast.expr] = []
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names = [ast.Name(node.name)]
        elif isinstance(node, ast.Assign):
            names = [part for target in node.targets for part in getattr(target, "elts", [target])]
        elif isinstance(node, ast.AnnAssign):
            names = [node.target]
        yield from (one.id for one in names if isinstance(one, ast.Name) and not one.id.startswith("_"))


def texts_of(path: Path) -> set[str]:
    """Every text that a module writes out."""
    return {node.value for node in nodes_of(path) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_no_two_public_names_are_alike() -> None:
    """A name stands for one thing, in whichever room; who reads it needs no module in front of it."""
    homes = defaultdict(list)
    for path in OURS:
        for name in set(public_names(path)):
            homes[name].append(name_of(path))

    assert {name: files for name, files in homes.items() if len(files) > 1} == {}


def test_no_reason_is_a_bare_text() -> None:
    """A code that is misspelled must not pass the type checker and show an empty meaning."""
    bare = {name_of(path): texts_of(path) & CODES for path in OURS if name_of(path) != "core/reasons.py"}

    assert {name: codes for name, codes in bare.items() if codes} == NO_CODES


def test_docebos_names_of_fields_stand_in_one_file() -> None:
    """A field that Docebo renames is one line to change: `docebo.record`."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in OURS:
        own = {text for text in texts_of(path) if text in set(DoceboField) or text.startswith(ADDITIONAL_PREFIX)}
        found[name_of(path).partition("/")[0]] |= own

    assert {room: words for room, words in found.items() if words and room != "docebo"} == NO_FIELDS
