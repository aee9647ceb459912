"""The program's and the tests' sources as syntax trees, each parsed once, for tests that read the repository."""

from __future__ import annotations

import ast
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@cache
def top_of(path: Path) -> tuple[ast.stmt, ...]:
    """What stands at the top of a module, in order."""
    return tuple(ast.parse(path.read_text(encoding="utf-8")).body)


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """Everything in a module."""
    return tuple(node for one in top_of(path) for node in ast.walk(one))
