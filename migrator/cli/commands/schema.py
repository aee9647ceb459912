"""`migrator schema`: the shape of each JSON document that the commands print."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from migrator.cli.command import Common, with_common_options
from migrator.cli.documents import json_schemas
from migrator.cli.wrap import fitted
from migrator.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.cli.documents import SchemasDocument


@click.command()
@click.argument("name", required=False)
@with_common_options
def schema_command(common: Common, name: str | None) -> int:
    """Show the JSON Schema of a document that --json prints.

    Each document has its NAME in the key `schema`, as in "schema": "run/1"; NAME without the number will do. Without
    NAME, all documents are listed. A later version may add keys; when it changes or drops one, the number changes, too.
    It needs no configuration and asks no server.

    \b
    Example:
      migrator schema run > run.schema.json
      migrator schema

    \b
    Exit codes: 0 shown, 2 there is no such document.
    """  # noqa: D301 -- Click's \b
    schemas = json_schemas()
    if name is not None:
        click.echo(json.dumps(_known(name, schemas), indent=2))
        return 0
    lines: SchemasDocument = {
        "schema": "schemas/1",
        "schemas": [{"name": one, "about": _about(schema)} for one, schema in schemas.items()],
    }
    if common.as_json:
        common.print_json(lines)
    else:
        width = max(map(len, schemas))
        click.echo("\n".join(fitted(one["about"], f"{one['name']:<{width}}  ") for one in lines["schemas"]))
    return 0


def _about(schema: Mapping[str, Any]) -> str:
    """The first paragraph of its description."""
    text: str = schema["description"]
    return " ".join(text.partition("\n\n")[0].split())


def _known(name: str, schemas: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The schema of this name, with its number or without.

    Raises:
        ConfigError: there is none.
    """
    known: dict[str, dict[str, Any]] = schemas | {full.partition("/")[0]: schema for full, schema in schemas.items()}
    if name not in known:
        raise ConfigError("There is no document of that name.", fix=f"Name one of these: {', '.join(schemas)}.")
    return known[name]
