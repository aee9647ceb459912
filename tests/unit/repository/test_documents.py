"""Every JSON document has a name and a schema (docs/decisions/0033)."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator
from sources import nodes_of, top_of

from migrator.cli.documents import PrintedDocument, json_schemas

PACKAGE = Path(__file__).parents[3] / "migrator"
SCHEMAS = json_schemas()


def objects_of(schema: Any) -> list[dict[str, Any]]:
    """The schema and every schema inside it."""
    below = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    own = [schema] if isinstance(schema, dict) else []
    return own + [one for part in below for one in objects_of(part)]


def test_every_document_type_that_names_a_schema_is_printed_by_print_json_alone() -> None:
    """A document is added in one place, and what is printed there is what `migrator schema` lists."""
    named = {
        node.name
        for path in PACKAGE.rglob("*.py")
        for node in top_of(path)
        if isinstance(node, ast.ClassDef)
        for part in node.body
        if isinstance(part, ast.AnnAssign) and ast.unparse(part.target) == "schema"
    }

    assert named == {one.__name__ for one in get_args(PrintedDocument)}


def test_nothing_else_of_the_command_line_writes_json() -> None:
    """`Common.print_json` takes only documents with a name; schemas have none, and `show` has JSON in its text."""
    writing = {
        path.relative_to(PACKAGE / "cli").as_posix()
        for path in (PACKAGE / "cli").rglob("*.py")
        for node in nodes_of(path)
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("json.dump", "json.dumps")
    }

    assert writing == {"command.py", "commands/schema.py", "commands/show.py"}


def test_names_are_words_with_a_number_and_no_two_are_alike() -> None:
    assert [name for name in SCHEMAS if not re.fullmatch(r"[a-z]+/[1-9][0-9]*", name)] == []
    assert len(SCHEMAS) == len(get_args(PrintedDocument))
    assert len({name.partition("/")[0] for name in SCHEMAS}) == len(SCHEMAS)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_one_that_says_what_the_document_is_and_welcomes_more_keys(name: str) -> None:
    schema = SCHEMAS[name]

    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["description"]
    assert "schema" in schema["required"]
    assert [one for one in objects_of(schema) if one.get("additionalProperties") is False] == []
