"""Every JSON document that a command prints, and the JSON Schema of each (docs/decisions/0033)."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias, get_args

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from typing_extensions import TypedDict

from migrator.checkpoint.runs.control import ControlDocument
from migrator.cli.commands.check import CheckDocument
from migrator.cli.commands.db import DbDocument
from migrator.cli.commands.explain import CodesDocument, ExplainDocument
from migrator.cli.commands.init import InitDocument
from migrator.cli.commands.purge import PurgeDocument
from migrator.cli.commands.runs import RunsDocument
from migrator.cli.commands.sandbox import SandboxDocument
from migrator.cli.commands.show import PersonDocument
from migrator.cli.commands.status import StatusDocument
from migrator.cli.commands.verify import VerifiedDocument
from migrator.core.errors import ErrorDocument
from migrator.flow.plan.estimate import MigrationEstimateDocument
from migrator.flow.undo.tally import UndoDocument
from migrator.report.document import RunDocument


class StopDocument(TypedDict):
    """Why a command could not start, or could not go on. Every command prints it that has nothing else to tell."""

    schema: Literal["error/1"]
    error: ErrorDocument


class SchemaLine(TypedDict):
    """The name of a document, and what it is about."""

    name: str
    about: str


class SchemasDocument(TypedDict):
    """The name of every document. `migrator schema` prints it."""

    schema: Literal["schemas/1"]
    schemas: list[SchemaLine]


# `Common.print_json` takes these alone, so a document without a name and a schema does not pass the type checker.
PrintedDocument: TypeAlias = (
    RunDocument
    | StatusDocument
    | RunsDocument
    | PersonDocument
    | VerifiedDocument
    | UndoDocument
    | ControlDocument
    | PurgeDocument
    | MigrationEstimateDocument
    | CheckDocument
    | ExplainDocument
    | CodesDocument
    | InitDocument
    | DbDocument
    | SandboxDocument
    | SchemasDocument
    | StopDocument
)


class _Plain(GenerateJsonSchema):
    """Without a title for each key, which would only repeat its name."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 -- pydantic's
        return False


def json_schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema of each document by its name, as in `run/1`; derived from the types of the documents."""
    found = (_json_schema(one) for one in get_args(PrintedDocument))
    return {schema["title"]: schema for schema in found}


def _json_schema(document: type) -> dict[str, Any]:
    schema = TypeAdapter(document).json_schema(schema_generator=_Plain)
    return {"$schema": _Plain.schema_dialect, **schema, "title": schema["properties"]["schema"]["const"]}
