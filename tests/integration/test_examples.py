"""The recipes of CONTRIBUTING.md hold: each example in `examples/` is built in a copy, works, and touches few files."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
EXAMPLES_AT, HOUSE, LISTS = "tests/integration/examples", "tests/unit/repository", "tests/unit/report/lists"
# What the product is, and what the tests of a copy need besides.
PRODUCT = ("migrator", "migrations")
NEEDED = (*PRODUCT, "docs", "tests/support", "tests/unit", EXAMPLES_AT)


class Example(NamedTuple):
    """What a recipe promises: its heading, the most product files, and the tests of ours that must pass as well."""

    recipe: str
    most: int
    tests: tuple[str, ...]


EXAMPLES = {
    "field": Example(
        "a field of a user",
        4,
        (
            f"{HOUSE}/test_fields.py",
            f"{HOUSE}/test_names.py::test_docebos_names_of_fields_stand_in_one_file",
            "tests/unit/core/test_fields.py",
            "tests/unit/docebo/test_record.py",
        ),
    ),
    "reason": Example(
        "a reason code",
        2,
        (
            "tests/unit/core/test_reasons.py",
            f"{LISTS}/test_detail_text.py::test_nc24_every_reason_that_needs_a_person_has_a_detail[address_removed]",
        ),
    ),
    "call": Example("a Descope call", 3, ()),
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The program as it is, with its fast tests."""
    for folder in NEEDED:
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path / "tests")
    return tmp_path


def hunks_of(patch: str) -> Iterator[tuple[str, str, str]]:
    """File, old and new text of each piece of a `git diff`; the line numbers are left out, for they move."""
    for part in re.split(r"^diff --git .*\n", patch, flags=re.MULTILINE)[1:]:
        head, *pieces = re.split(r"^@@ .*\n", part, flags=re.MULTILINE)
        path = head.rpartition("+++ b/")[2].strip()
        for lines in (piece.splitlines(keepends=True) for piece in pieces):
            old, new = ("".join(line[1:] for line in lines if line[0] != other) for other in "+-")
            yield path, old, new


def build(patch: str, folder: Path) -> None:
    """Change the files below a folder as the patch says; fails where its old text does not stand exactly once."""
    for name, old, new in hunks_of(patch):
        path = folder / name
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        if text.count(old) != 1:
            pytest.fail(f"The example no longer fits: renew it, see CONTRIBUTING.md. Not once in {name}:\n{old}")
        path.write_text(text.replace(old, new), encoding="utf-8")


def product(folder: Path) -> dict[str, bytes]:
    """Each file of the program but its sandbox."""
    paths = [path for part in PRODUCT for path in (folder / part).rglob("*") if path.is_file()]
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths if path.suffix != ".pyc"}
    return {name: data for name, data in files.items() if not name.startswith("migrator/sandbox/")}


def run_tests(folder: Path, *names: str) -> subprocess.CompletedProcess[str]:
    """The tests of a copy, on the copy's program; nothing of this run's pytest and coverage gets there."""
    own = ("-p", "pytest_timeout", "-p", "no:cacheprovider", "--tb=short", f"--basetemp={folder / 'tmp'}")
    command = [sys.executable, "-m", "pytest", "-q", *own, *names]
    # Half of the time would go into loading plugins that none of these tests needs.
    environment = {"PYTHONPATH": str(folder), "PYTHONUTF8": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False, timeout=120
    )


def proof_of(name: str) -> str:
    """Where an example's own tests stand; as they fail here, no run of ours finds them by their name."""
    return f"{EXAMPLES_AT}/{name}.py"


def recipe_of(heading: str) -> str:
    """A section of CONTRIBUTING.md."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return text.partition(f"\n### ... {heading}\n")[2].partition("\n### ")[0]


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_change_by_the_recipe_works_and_touches_few_product_files(copy: Path, name: str) -> None:
    """It touches no file that the recipe does not name, alone or by its folder."""
    example, before = EXAMPLES[name], product(copy)
    build((ROOT / EXAMPLES_AT / f"{name}.patch").read_text(encoding="utf-8"), copy)

    after = product(copy)
    touched = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    named = tuple(re.findall(r"`(migrator/[\w/.]+)`", recipe_of(example.recipe)))
    assert 0 < len(touched) <= example.most, touched
    assert [path for path in touched if not path.startswith(named)] == []

    run = run_tests(copy, proof_of(name), *example.tests)
    assert run.returncode == 0, run.stdout + run.stderr


def test_no_proof_holds_without_its_change(copy: Path) -> None:
    """Each of its tests fails in one case at least; otherwise it would say nothing about the change."""
    run = run_tests(copy, *map(proof_of, EXAMPLES))

    failed = set(re.findall(r"^FAILED (\S+?)(?:\[| |$)", run.stdout, re.MULTILINE))
    proofs = {name: (copy / proof_of(name)).read_text(encoding="utf-8") for name in EXAMPLES}
    tests = {name: re.findall(r"^def (test_\w+)", text, re.MULTILINE) for name, text in proofs.items()}
    assert failed == {f"{proof_of(name)}::{test}" for name in EXAMPLES for test in tests[name]}, run.stdout


@pytest.mark.parametrize("text", ["a = 2\n", "a = 1\na = 1\n", ""], ids=["changed", "twice", "gone"])
def test_an_example_that_no_longer_fits_says_so(tmp_path: Path, text: str) -> None:
    """It is renewed by hand, rather than applied somewhere near."""
    (tmp_path / "a.py").write_text(text, encoding="utf-8")
    patch = "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -7 +7,2 @@ def f\n a = 1\n+b = 2\n"

    with pytest.raises(pytest.fail.Exception, match=r"The example no longer fits: renew it, see CONTRIBUTING\.md"):
        build(patch, tmp_path)

    (tmp_path / "a.py").write_text("a = 1\nc = 3\n", encoding="utf-8")
    build(patch, tmp_path)
    assert (tmp_path / "a.py").read_text(encoding="utf-8") == "a = 1\nb = 2\nc = 3\n"
