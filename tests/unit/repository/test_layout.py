"""The layout (docs/architecture.md, "The rooms"): imports go one way, files stay small, tests say what must hold."""

from __future__ import annotations

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

from sources import nodes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "migrator"
# Which rooms a room may import, by folder; `migrator` is what stands beside them (the version, the entry).
PURE = {"core"}
SERVICES = {"core", "config", "log", "http"}
MAY_IMPORT: dict[str, set[str]] = {
    "core": set(),
    "config": PURE,
    "log": PURE,
    "http": {"migrator", "core", "log"},
    "docebo": SERVICES,
    "normalize": {"core", "config", "docebo"},
    "descope": SERVICES,
    "checkpoint": PURE,
    "report": {"core", "config", "normalize", "docebo", "checkpoint"},
    "verify": {"core", "config", "normalize", "docebo", "descope", "checkpoint"},
    "flow": {*SERVICES, "normalize", "docebo", "descope", "checkpoint", "report", "verify"},
    "serve": {"core", "config", "log", "checkpoint", "report", "flow"},
    "cli": {
        "migrator",
        *SERVICES,
        "normalize",
        "docebo",
        "descope",
        "checkpoint",
        "report",
        "verify",
        "flow",
        "serve",
        "sandbox",
    },
    # It imitates the contracts, so it shares nothing with the code it judges but the words of the domain.
    "sandbox": PURE,
    "migrator": {"cli"},
}
# And inside a room: what stands in the folders of one line knows only those before it.
INSIDE = {
    "checkpoint": ("db", "runs", "users"),
    "flow": ("read", "plan", "send", "undo", "sign_in"),
    "report": ("coverage", "lists", "page"),
}
SOURCES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))


def room_of(parts: tuple[str, ...]) -> str:
    """The room of a module: the folder directly below `migrator`."""
    return parts[0] if len(parts) > 1 or (PACKAGE / parts[0]).is_dir() else "migrator"


def imported(path: Path) -> Iterator[tuple[str, ...]]:
    """The modules of the program that a file imports, those for type checkers and inside functions too."""
    for node in nodes_of(path):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        yield from (tuple(name.split(".")[1:]) for name in names if name.startswith("migrator."))


def name_of(path: Path) -> str:
    """How a test report names a file."""
    return str(path.relative_to(ROOT))


def test_imports_go_one_way() -> None:
    """A room knows only the rooms that the table names; the program reaches its sandbox from the command line alone."""
    forbidden = {}
    for path in SOURCES:
        here = room_of(path.relative_to(PACKAGE).with_suffix("").parts)
        forbidden[name_of(path)] = {room_of(module) for module in imported(path)} - {here} - MAY_IMPORT[here]

    assert {name: rooms for name, rooms in forbidden.items() if rooms} == {}


def test_who_judges_records_knows_the_record_alone_and_not_the_api() -> None:
    """`docebo.record` is pure; all else there calls Docebo, which neither a normalizer nor a report may do."""
    judges = [*(PACKAGE / "normalize").rglob("*.py"), *(PACKAGE / "report").rglob("*.py")]

    known = {module[:2] for path in judges for module in imported(path) if module[0] == "docebo"}

    assert known == {("docebo", "record")}


def test_the_record_knows_the_words_of_the_domain_alone() -> None:
    """Whoever imports it gets no session, no configuration and no log with it."""
    assert {room_of(module) for module in imported(PACKAGE / "docebo" / "record.py")} == PURE


def test_inside_a_room_imports_go_one_way() -> None:
    """A step of the flow knows the steps before it; what was stored of runs knows nothing of users."""
    backwards = {}
    for path in SOURCES:
        room, *below = path.relative_to(PACKAGE).parts
        order = INSIDE.get(room, ())
        if below and below[0] in order:
            known = {module[1] for module in imported(path) if module[0] == room and module[1] in order}
            backwards[name_of(path)] = known - set(order[: order.index(below[0]) + 1])

    assert {name: rooms for name, rooms in backwards.items() if rooms} == {}


def test_the_table_of_rooms_has_no_circle() -> None:
    """Whoever may be imported may not import back, directly or over others; the entry and the version aside."""
    graph = {room: below - {"migrator"} for room, below in MAY_IMPORT.items() if room != "migrator"}

    assert list(TopologicalSorter(graph).static_order())


def test_no_file_is_longer_than_400_lines() -> None:
    """A file has one responsibility, and none needs more than 400 lines for it."""
    files = [*SOURCES, *TESTS, *sorted((ROOT / "migrations").rglob("*.py"))]

    assert [name_of(path) for path in files if len(path.read_text(encoding="utf-8").splitlines()) > 400] == []


def test_every_test_says_what_must_hold() -> None:
    """A docstring does, or a name of at least three words."""
    texts = [path.read_text(encoding="utf-8") for path in TESTS if path.name.startswith("test_")]
    tests = [
        test
        for text in texts
        for test in re.findall(r'^def (test_\w+)\([^)]*\) -> None:\n( *""")?', text, re.MULTILINE)
    ]

    assert len(tests) > 1000
    assert [name for name, docstring in tests if not docstring and name.count("_") < 3] == []


def test_no_sleep_and_no_bare_except_in_the_product() -> None:
    """A wait must be interruptible, and an error that nobody named must not vanish."""
    for node in (node for path in SOURCES for node in nodes_of(path)):
        assert not (isinstance(node, ast.ExceptHandler) and node.type is None)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert (node.value.id, node.attr) != ("time", "sleep")
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            assert "sleep" not in {alias.name for alias in node.names}


def test_the_architecture_says_what_each_room_may_import() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1:4] for line in text.partition("| room |")[2].partition("\n\n")[0].splitlines()[2:]]
    said: dict[str, set[str]] = {}
    for room, _, cell in rows:
        named = {name.partition("/")[0] for name in re.findall(r"`([^`]+)`", cell)}
        named |= {"migrator"} if "the version" in cell else set()
        named |= set(said) if "all of the above" in cell else set()
        name = room.strip(" `")
        said[name] = named if "everything" not in cell else {*MAY_IMPORT} - {name}

    assert said == {room: others for room, others in MAY_IMPORT.items() if room != "migrator"}
