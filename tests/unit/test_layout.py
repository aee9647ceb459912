"""The layout of design section 10: imports go one way, files stay small, tests say what must hold."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "migrator"
LAYERS = (
    {
        "__init__",
        "model",
        "fields",
        "normalize",
        "config",
        "config_checks",
        "config_errors",
        "config_yaml",
        "unreachable",
        "errors",
        "packaging",
        "reasons",
    },
    {"activity", "clock", "retry", "pace", "redact", "log", "log_sinks"},
    {"transport", "answer", "http", "deadline"},
    {"docebo", "descope", "checkpoint", "report"},
    {"verify"},
    {"engine"},
    {"cli", "__main__"},
)
RANK = {part: rank for rank, parts in enumerate(LAYERS) for part in parts}
SOURCES = sorted(PACKAGE.rglob("*.py"))
OURS = [path for path in SOURCES if "sandbox" not in path.relative_to(PACKAGE).parts[:-1]]
TESTS = sorted((ROOT / "tests").rglob("*.py"))


def part(path: Path) -> str:
    """The part of the program a file belongs to: its folder or its own name."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def parts_imported(path: Path) -> Iterator[str]:
    """The parts of the program a file imports, those for type checkers and inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "migrator":
            names = [f"migrator.{alias.name}" for alias in node.names if not alias.name.startswith("__")]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            names = [node.module or ""]
        yield from (name.split(".")[1] for name in names if name.startswith("migrator."))


def name_of(path: Path) -> str:
    """How a test report names a file."""
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", OURS, ids=name_of)
def test_imports_go_one_way(path: Path) -> None:
    """cli, engine, verify, {docebo, descope, checkpoint, report}, transport, {retry, pace, log}, the pure ones."""
    here = part(path)

    for there in parts_imported(path):
        if there == "sandbox":
            assert here == "cli"
        elif RANK[there] == RANK["docebo"] == RANK[here] and there != here:
            # The report shows what the checkpoint counted; source, destination and checkpoint know of nobody.
            assert (here, there) == ("report", "checkpoint")
        else:
            assert RANK[there] <= RANK[here], f"{here} imports {there}"


@pytest.mark.parametrize("path", sorted((PACKAGE / "sandbox").rglob("*.py")), ids=name_of)
def test_the_sandbox_does_not_know_the_program(path: Path) -> None:
    """The sandbox imitates the contracts, so it shares nothing with the code it judges but words and settings."""
    assert set(parts_imported(path)) <= {"sandbox", "model", "config"}


@pytest.mark.parametrize("path", [*SOURCES, *TESTS, *sorted((ROOT / "migrations").rglob("*.py"))], ids=name_of)
def test_no_file_is_longer_than_400_lines(path: Path) -> None:
    """A file has one responsibility, and none needs more than 400 lines for it."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("path", [path for path in TESTS if path.name.startswith("test_")], ids=name_of)
def test_every_test_says_what_must_hold(path: Path) -> None:
    """A docstring does, or a name of at least three words."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    tests = [n for n in nodes if isinstance(n, ast.FunctionDef) and n.name.startswith("test_")]

    mute = [test.name for test in tests if not ast.get_docstring(test) and test.name.count("_") < 3]

    assert mute == []


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_sleep_and_no_bare_except_in_the_product(path: Path) -> None:
    """A wait must be interruptible, and an error that nobody named must not vanish."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        assert not (isinstance(node, ast.ExceptHandler) and node.type is None)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert (node.value.id, node.attr) != ("time", "sleep")
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            assert "sleep" not in {alias.name for alias in node.names}
