"""Who writes `state`: `checkpoint/users/moves.py` and nobody else, so that its table of legal moves holds."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sources import nodes_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PACKAGE = Path(__file__).parents[3] / "migrator"
MOVES = "checkpoint/users/moves.py"
SOURCES = sorted((PACKAGE / "checkpoint").rglob("*.py"))


def name_of(path: Path) -> str:
    """How a test report names a file."""
    return path.relative_to(PACKAGE).as_posix()


def _is_state(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value == "state"


def state_writes(nodes: Iterable[ast.AST]) -> Iterator[int]:
    """The lines that give column `state` a value, or store users without `insert_as`.

    That is `.values(state=...)`, a key "state" or `source_user.c.state` of a dict, `x["state"] = ...`, and any
    `insert(source_user)`.
    """
    for node in nodes:
        if isinstance(node, ast.Call):
            named = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            sets = named in ("values", "dict", "ordered_values") and any(one.arg == "state" for one in node.keywords)
            stores = named == "insert" and any(getattr(one, "id", "") == "source_user" for one in node.args)
            if sets or stores:
                yield node.lineno
        if isinstance(node, ast.Dict):
            columns = (isinstance(key, ast.Attribute) and key.attr == "state" for key in node.keys)
            if any(map(_is_state, node.keys)) or any(columns):
                yield node.lineno
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) and _is_state(node.slice):
            yield node.lineno


def test_one_module_writes_states() -> None:
    lines = {name_of(path): list(state_writes(nodes_of(path))) for path in SOURCES}

    assert {name for name, found in lines.items() if found} == {MOVES}


def test_no_other_room_knows_the_tables() -> None:
    others = sorted(set(PACKAGE.rglob("*.py")) - set(SOURCES))

    assert [name_of(path) for path in others if "checkpoint.db.tables" in path.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize(
    "text",
    [
        "update(source_user).where(x).values(reason=None, state=State.PENDING)",
        "values = {'state': State.PENDING}",
        "values = dict(state=State.PENDING)",
        "values['state'] = State.PENDING",
        "update(source_user).values({source_user.c.state: 'pending'})",
        "insert(source_user).values(rows)",
    ],
)
def test_a_write_is_found(text: str) -> None:
    assert list(state_writes(ast.walk(ast.parse(text)))) == [1]


@pytest.mark.parametrize(
    "text",
    ["x.where(source_user.c.state == State.PENDING)", "StoredUser(state=State(row.state))", "select(source_user)"],
)
def test_a_reading_is_no_write(text: str) -> None:
    assert list(state_writes(ast.walk(ast.parse(text)))) == []
